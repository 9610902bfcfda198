"""The `@action` decorator, and what it learns from a function."""

import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from maestrale.actions import results
from maestrale.actions.context import ActionContext, Settings
from maestrale.actions.inputs import WrongInput, check_names, convert
from maestrale.core.catalogue import ActionSpec, Result
from maestrale.errors import InvalidInput
from maestrale.expressions.scope import Json
from maestrale.lang.model import Parameter

DISPATCH = object()
"""What a stand-in for a pure action returns to say: not at once, run the action itself."""

NAME = re.compile(r"[A-Za-z_][\w-]*(\.[\w-]+)*")

_DECLARATIONS = "__maestrale_actions__"

SafeRerun = bool | Callable[[Mapping[str, Json]], bool]
F = TypeVar("F", bound=Callable[..., Any])


class DeclarationError(InvalidInput):
    """A function cannot be an action as it is declared."""

    code = "invalid-action-declaration"


def action(
    name: str,
    *,
    safe_rerun: SafeRerun = False,
    asynchronous: bool = False,
    pure: bool | Callable[..., object] = False,
    secret: Sequence[str] = (),
    secret_result: bool = False,
) -> Callable[[F], F]:
    """Declare a function to be the action `name`. The function itself stays what it was.

    Parameters, which of them are required, defaults and the description come from the signature, the
    annotations and the docstring. The decorator may be repeated: one function, several names.

    Args:
        name: Dotted, with a prefix of your own: `acme.deploy`.
        safe_rerun: An attempt that was cut off by a crash may be repeated. A function gets the input
            and decides.
        asynchronous: Returning only means that it was started; it ends through the API.
        pure: True: a plain function without effect outside, quick, giving the same for the same input
            for ever; it runs inside the engine's turn. Or such a function with the same parameters,
            that returns `DISPATCH` where the action itself has to run.
        secret: The parameters that nobody may look at, such as `password`: they are masked wherever inputs
            are shown, and so is what expressions make of them.
        secret_result: What the action gives is such a value.

    Raises:
        DeclarationError: The name is no name, or an option does not fit the function.
    """
    if not NAME.fullmatch(name):
        raise DeclarationError(
            f"`{name}` is no name of an action", hint="letters, digits, `_`, `-`, parts joined by dots"
        )

    def declare(function: F) -> F:
        declared = Action(
            name,
            function,
            safe_rerun=safe_rerun,
            asynchronous=asynchronous,
            pure=pure,
            secret=secret,
            secret_result=secret_result,
        )
        # Decorators apply from the bottom up; the list reads from the top down.
        setattr(function, _DECLARATIONS, [declared, *declarations_of(function)])
        return function

    return declare


def declarations_of(function: object) -> "list[Action]":
    """The actions that a function was declared to be; none for anything else."""
    found = getattr(function, _DECLARATIONS, None) if inspect.isfunction(function) else None
    return list(found) if found else []


class Action:
    """A function that was declared to be an action."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        *,
        safe_rerun: SafeRerun = False,
        asynchronous: bool = False,
        pure: bool | Callable[..., object] = False,
        secret: Sequence[str] = (),
        secret_result: bool = False,
    ) -> None:
        self.name = name
        self.function = function
        self.is_async = inspect.iscoroutinefunction(function)
        self._safe_rerun = safe_rerun
        self._asynchronous = asynchronous
        self._pure = function if pure is True else pure
        self._secret = (secret,) if isinstance(secret, str) else tuple(secret)
        self._secret_result = secret_result
        if inspect.iscoroutinefunction(self._pure) or (self._pure and asynchronous):
            raise DeclarationError(f"Action `{name}` is declared pure, but it has to wait")

    @property
    def origin(self) -> object:
        """What was declared to be this action: two with the same origin are one."""
        return self.function

    @cached_property
    def spec(self) -> ActionSpec:
        """What the engine must know.

        Raises:
            DeclarationError: The signature has something that no input can fill, or lacks a parameter that
                is declared secret.
        """
        signature = self._signature
        if self._pure and signature.injected:
            raise DeclarationError(f"Action `{self.name}` is declared pure, but it reads its context")
        unknown = [name for name in self._secret if name not in signature.parameters]
        if unknown and not signature.accepts_any:
            raise DeclarationError(
                f"Action `{self.name}` declares `{unknown[0]}` to be secret, and has no such parameter",
                hint=f"its parameters are: {', '.join(signature.parameters) or 'none'}",
            )
        return ActionSpec(
            name=self.name,
            parameters=tuple(signature.parameters.values()),
            accepts_any=signature.accepts_any,
            asynchronous=self._asynchronous,
            safe_rerun=self._safe_rerun,
            pure=self._run_pure if self._pure else None,
            secret=self._secret,
            secret_result=self._secret_result,
            description=_first_paragraph(self.function),
        )

    def arguments(
        self, input: Mapping[str, Json], context: ActionContext, settings: Mapping[type, Settings]
    ) -> dict[str, Any]:
        """The keyword arguments for one call.

        Raises:
            WrongInput: The input does not fit.
        """
        arguments = self._checked(input)
        for name, wanted in self._signature.injected.items():
            arguments[name] = context if wanted is ActionContext else settings.get(wanted) or wanted()
        return arguments

    def _checked(self, input: Mapping[str, Json]) -> dict[str, Any]:
        signature = self._signature
        check_names(self.name, input, known=signature.required, accepts_any=signature.accepts_any)
        taken = [name for name in input if name in signature.injected]
        if taken:
            raise WrongInput(f"Invalid input [name={self.name}, missing=[], unexpected={taken}]")
        return {
            # A null says "as if it were not given" where that is what the default says too.
            name: value
            if value is None and name in signature.nullable
            else convert(self.name, name, value, signature.annotations.get(name, Any))
            for name, value in input.items()
        }

    def _run_pure(self, input: Mapping[str, Json]) -> Result | None:
        assert callable(self._pure)
        try:
            value = self._pure(**self._checked(input))
        except WrongInput as error:
            return Result(error=str(error))
        except Exception as error:
            return results.storable(results.from_exception(error, action=self.name), action=self.name)
        if value is DISPATCH:
            return None
        return results.storable(results.from_return(value), action=self.name)

    @cached_property
    def _signature(self) -> "_Signature":
        return _Signature(self.name, self.function)


class _Signature:
    """The parameters of a function, sorted by who fills them."""

    def __init__(self, action: str, function: Callable[..., Any]) -> None:
        self.parameters: dict[str, Parameter] = {}
        self.annotations: dict[str, Any] = {}
        self.injected: dict[str, type[Any]] = {}
        self.accepts_any = False
        try:
            hints = typing.get_type_hints(function, include_extras=True)
        except Exception as error:
            raise DeclarationError(
                f"Action `{action}` has an annotation that cannot be read: {error}"
            ) from error
        for parameter in inspect.signature(function).parameters.values():
            self._add(action, parameter, hints.get(parameter.name, Any))
        declared = self.parameters.values()
        self.required = {parameter.name: parameter.required for parameter in declared}
        self.nullable = {
            parameter.name for parameter in declared if not parameter.required and parameter.default is None
        }

    def _add(self, action: str, parameter: inspect.Parameter, annotation: Any) -> None:
        if parameter.kind is parameter.VAR_KEYWORD:
            self.accepts_any = True
            return
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            raise DeclarationError(
                f"Action `{action}` has the parameter `{parameter.name}`, which no input can fill",
                hint="inputs have names: no `*args`, nothing before a `/`",
            )
        if _is_injected(annotation):
            if parameter.kind is not parameter.KEYWORD_ONLY:
                raise DeclarationError(
                    f"Action `{action}`: `{parameter.name}` is filled by the runner and must be keyword-only",
                    hint=f"put it after a `*`: `*, {parameter.name}: {annotation.__name__}`",
                )
            self.injected[parameter.name] = annotation
            return
        required = parameter.default is parameter.empty
        default = None if required else _default(action, parameter)
        self.parameters[parameter.name] = Parameter(parameter.name, required=required, default=default)
        self.annotations[parameter.name] = annotation


def _is_injected(annotation: Any) -> bool:
    return isinstance(annotation, type) and (annotation is ActionContext or issubclass(annotation, Settings))


def _default(action: str, parameter: inspect.Parameter) -> Json:
    try:
        return results.to_json(parameter.default)
    except results.NotJson as problem:
        raise DeclarationError(
            f"Action `{action}`: the default of `{parameter.name}` is {problem.what}"
        ) from None


def _first_paragraph(function: Callable[..., Any]) -> str:
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("\n\n")[0].split())
