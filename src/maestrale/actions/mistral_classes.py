"""Classes written for Mistral, as actions: a constructor whose parameters are the input, and a `run`.

They work unchanged, with the package `mistral-lib` they are written against and without it. What is asked of
them is what Mistral asks: no more than that the methods are there. Source: Mistral v2, section 5.1.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from maestrale.actions.context import ActionContext, Settings
from maestrale.actions.declare import Action, DeclarationError
from maestrale.actions.inputs import check_names
from maestrale.actions.python_runner import SECURITY
from maestrale.actions.results import ActionFailed, NotJson, message_of, to_json
from maestrale.core.catalogue import ActionSpec, Result
from maestrale.expressions.scope import Json
from maestrale.lang.model import Parameter


class ClassAction(Action):
    """A class, as an action.

    Args:
        description: What the action does; empty: what the class's docstring says.
        parameters: As generators tell them, such as `a, b=null`; None: those of the constructor.

    Raises:
        DeclarationError: It is no class with a `run`.
    """

    def __init__(
        self, name: str, class_: object, *, description: str = "", parameters: str | None = None
    ) -> None:
        run = getattr(class_, "run", None)
        if not isinstance(class_, type) or not callable(run):
            raise DeclarationError(f"`{name}` is no class with a method `run`")
        self.class_: Any = class_
        self._description = description
        self._parameters = parameters
        waits = inspect.iscoroutinefunction(run)
        is_asynchronous = _is_asynchronous(lambda: self.class_.__new__(self.class_))
        super().__init__(name, _run_async if waits else _run, asynchronous=is_asynchronous)

    @property
    def origin(self) -> object:
        return self.class_

    @cached_property
    def spec(self) -> ActionSpec:
        text = self._description or inspect.getdoc(self.class_) or ""
        return ActionSpec(
            name=self.name,
            parameters=self._declared,
            accepts_any=self._accepts_any,
            asynchronous=self._asynchronous,
            description=" ".join(text.split("\n\n")[0].split()),
        )

    def arguments(
        self, input: Mapping[str, Json], context: ActionContext, settings: Mapping[type, Settings]
    ) -> dict[str, Any]:
        required = {parameter.name: parameter.required for parameter in self._declared}
        check_names(self.name, input, known=required, accepts_any=self._accepts_any)
        return {"action": self, "input": input, "context": context}

    @cached_property
    def _declared(self) -> tuple[Parameter, ...]:
        if self._parameters is not None:
            return tuple(_read_parameters(self._parameters))
        return tuple(
            Parameter(each.name, required=each.default is each.empty, default=_shown(each.default))
            for each in _constructor(self.class_)
            if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
        )

    @cached_property
    def _accepts_any(self) -> bool:
        if self._parameters is not None:
            return "**" in self._parameters
        return any(each.kind is each.VAR_KEYWORD for each in _constructor(self.class_))


def _run(action: ClassAction, input: Mapping[str, Json], context: ActionContext) -> Result:
    instance = _make(action, input)
    return _as_result(instance.run(*_passed(instance, context)))


async def _run_async(action: ClassAction, input: Mapping[str, Json], context: ActionContext) -> Result:
    instance = _make(action, input)
    return _as_result(await instance.run(*_passed(instance, context)))


def _make(action: ClassAction, input: Mapping[str, Json]) -> Any:
    try:
        instance = action.class_(**input)
    except (Exception, SystemExit) as error:
        reason = message_of(error)
        raise ActionFailed(f"Failed to instantiate an action [action={action.name}]: {reason}") from error
    if _is_asynchronous(lambda: instance) != action.spec.asynchronous:
        raise ActionFailed(
            f"Action `{action.name}` answers `is_sync()` differently for different inputs; the engine has to "
            "know before it runs"
        )
    return instance


def _is_asynchronous(get: Callable[[], Any]) -> bool:
    """Whether somebody else ends the action. A class is asked by an object that was never constructed."""
    try:
        return not get().is_sync()
    except Exception:  # There is no such method, or it needs what the constructor sets.
        return False


def _passed(instance: Any, context: ActionContext) -> tuple[Any, ...]:
    """The context, if `run` takes one: the oldest plugins are from before there was any."""
    kinds = [each.kind for each in inspect.signature(instance.run).parameters.values()]
    fillable = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    )
    return (_mistral_context(context),) if any(kind in fillable for kind in kinds) else ()


def _mistral_context(context: ActionContext) -> Any:
    """The context of `mistral-lib` where that is installed, otherwise one with the same attributes."""
    execution: dict[str, Any] = {
        "workflow_execution_id": context.workflow_execution_id or None,
        "task_execution_id": context.task_execution_id or None,
        "action_execution_id": context.action_execution_id,
        "workflow_name": context.workflow_name or None,
        "callback_url": context.callback_url,
        "with_items_index": context.item_index or 0,
    }
    security = dict.fromkeys(SECURITY) | {"project_id": context.project_id or None}
    try:
        from mistral_lib.actions.context import ActionContext as Context
        from mistral_lib.actions.context import ExecutionContext, SecurityContext
    except ImportError:
        execution["task_id"] = execution["task_execution_id"]
        place = SimpleNamespace(**execution)
        told: Any = SimpleNamespace(execution=place, security=SimpleNamespace(**security))
    else:
        place = ExecutionContext(**execution)
        told = Context(SecurityContext(**security), place)
    # Ours, beyond what Mistral has.
    place.attempt, place.idempotency_key = context.attempt, context.idempotency_key
    return told


def _as_result(value: Any) -> Result:
    if all(hasattr(value, name) for name in ("data", "error", "cancel")):  # `mistral_lib`'s `Result`.
        data, error, cancelled = _plain(value.data), _plain(value.error), bool(value.cancel)
        return Result(value=data, error=error, cancelled=cancelled)
    return Result(value=_plain(value))


def _plain(value: Any) -> Json:
    """The value as JSON. Mistral lets a library turn dates, sets and the like into it, which is used where it
    is there; otherwise what JSON does not have is told later."""
    try:
        return to_json(value)
    except NotJson:
        try:
            from oslo_serialization import jsonutils
        except ImportError:
            return value
        try:
            return jsonutils.loads(jsonutils.dumps(value))
        except Exception:
            return value


def _constructor(class_: Any) -> list[inspect.Parameter]:
    if class_.__init__ is object.__init__:
        return []
    [_, *parameters] = inspect.signature(class_.__init__).parameters.values()
    return parameters


def _shown(default: object) -> Json:
    """A default for the list of actions. It is never filled in: the constructor does that."""
    try:
        return None if default is inspect.Parameter.empty else to_json(default)
    except NotJson:
        return None


def _read_parameters(text: str) -> Iterator[Parameter]:
    """`a, b=null, c="x"`: Mistral's form, in which a comma always separates."""
    for part in text.split(","):
        name, equals, default = (each.strip() for each in part.partition("="))
        if name and not name.startswith("*"):
            yield Parameter(name, required=not equals, default=_default(default) if equals else None)


def _default(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text.strip("'\"")
