"""What authors do with functions at run time: `call`, names given by `def`, and contexts as values."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from maestrale.expressions.scope import Scope
from maestrale.expressions.yaql.delegates import delegate, hidden_parameters, named, site_of
from maestrale.expressions.yaql.failures import Failure, NoOverload
from maestrale.expressions.yaql.kinds import CONTEXT, ITERABLE, KINDS, LIST, MAPPING, SET, TEXT
from maestrale.expressions.yaql.overloads import (
    Resolution,
    Slot,
    ambiguous,
    find_overloads,
    resolve,
    unsuitable,
)
from maestrale.expressions.yaql.scopes import Context, numbered
from maestrale.expressions.yaql.signatures import ASKS_SCOPE
from maestrale.expressions.yaql.tree import Constant, Pair
from maestrale.expressions.yaql.values import loosen

_WORD = re.compile(r"(?!__)[^\W\d]\w*")
_CAMEL = re.compile(r"(?!^)_(\w)")


def function_name(name: str) -> str:
    """The name under which `def` makes a function known: in camel case, without `_` at its end."""
    name = name.rstrip("_")
    if name and not name[0].isalpha():
        second = name.find(name[0], 1)
        if second <= 1:
            return name
        return name[: second + 1] + _in_camel_case(name[second + 1 :])
    return _in_camel_case(name)


def _in_camel_case(name: str) -> str:
    return _CAMEL.sub(lambda match: match[1].upper(), name)


def invoke(
    scope: Scope,
    variables: dict[str, Any],
    functions: dict[str, Callable[..., Any]],
    name: Any,
    arguments: Any,
    options: Any,
    *receiver: Any,
) -> Any:
    """`call(name, arguments, options, receiver)`.

    Args:
        variables: Those of the author that are visible where `call` stands, and `functions` likewise.
    """
    for value, mask in ((name, TEXT), (arguments, LIST), (options, MAPPING)):
        if not KINDS[type(value)] & mask:
            raise unsuitable("call", is_method=False)
    if not all(isinstance(key, str) and _WORD.match(key) for key in options):
        raise Failure("the names of arguments that `call` is given have to be words")
    if not receiver and name.rstrip("_") in functions:
        return _own(functions[name.rstrip("_")], name, arguments, options)
    form = _FORMS.get((name.rstrip("_"), bool(receiver)))
    if form is not None:
        return form(variables, functions, [*receiver, *arguments], options)
    return _invoke_library(scope, functions, name, [*receiver, *arguments], options, bool(receiver))


def _own(function: Callable[..., Any], name: str, arguments: Any, options: Mapping[str, Any]) -> Any:
    check_shadowing(name, [*map(_constant, arguments), *_pairs(options)])
    return function(*arguments, **options)


def check_shadowing(name: str, arguments: Sequence[Any]) -> None:
    """Refuse to call a function of the author whose name means something incompatible in the library.

    Raises:
        Failure: The library's function takes rules, or does not evaluate one of these arguments.
    """
    known = find_overloads(name, is_method=False)
    if not known:
        return
    if any(overload.rules for overload in known):
        raise ambiguous(name, is_method=False)
    try:
        lazy = resolve(name, arguments, is_method=False).lazy
    except NoOverload:
        return
    if lazy:
        raise ambiguous(name, is_method=False)


def _constant(value: Any) -> Constant:
    return Constant(value, 0)


def _pairs(options: Mapping[str, Any]) -> list[Pair]:
    return [Pair(Constant(key, 0, True), _constant(value), 0) for key, value in options.items()]


def _invoke_library(
    scope: Scope,
    functions: dict[str, Callable[..., Any]],
    name: str,
    arguments: list[Any],
    options: Mapping[str, Any],
    is_method: bool,
) -> Any:
    try:
        resolution, values, chosen = _choose(name, arguments, options, is_method)
    except NoOverload:
        problem: Failure | None = NoOverload("`call` names a function that does not take these arguments")
    except Failure:
        problem = Failure("`call` names a function that there is not, or that could be one of several")
    else:
        problem = None
    if problem is not None:
        raise problem  # The name may be data, so it is not told.
    for slot in resolution.lazy:
        values[slot] = _always(values[slot])
    hidden = [
        scope if parameter.use == ASKS_SCOPE else functions.get(parameter.name) or delegate(*named(parameter))
        for parameter in hidden_parameters(resolution)
    ]
    result = chosen(*hidden, *values)
    return loosen(result) if resolution.candidates[0].overload.loose else result


def _choose(
    name: str, arguments: list[Any], options: Mapping[str, Any], is_method: bool
) -> tuple[Resolution, list[Any], Callable[..., Any]]:
    """What a call with these values is known to be, the values of its slots, and what it calls."""
    slots: list[Slot] = [*map(_constant, arguments), *_pairs(options)]
    resolution = resolve(name, slots, is_method=is_method)
    values: list[Any] = [slot.value if isinstance(slot, Constant) else slot for slot in resolution.slots]
    checked = [slot for slot in range(len(values)) if slot not in resolution.lazy]
    return resolution, values, site_of(resolution, checked).choose(*(values[slot] for slot in checked))


def _always(value: Any) -> Callable[..., Any] | None:
    return None if value is None else lambda *_: value


def _let(variables: Any, functions: Any, arguments: list[Any], options: Mapping[str, Any]) -> Context:
    return Context({**variables, **numbered(arguments), **options}, functions)


def _with(variables: Any, functions: Any, arguments: list[Any], options: Mapping[str, Any]) -> Context:
    if options:
        raise unsuitable("with", is_method=False)
    return Context({**variables, **numbered(arguments)}, functions)


def _unpack(variables: Any, functions: Any, arguments: list[Any], options: Mapping[str, Any]) -> Context:
    if options:
        raise unsuitable("unpack", is_method=True)
    return Context({**variables, **unpacked(*arguments)}, functions)


def _define(variables: Any, functions: Any, arguments: list[Any], options: Mapping[str, Any]) -> Context:
    given = dict(zip(("name", "func"), arguments, strict=False))
    if (
        len(arguments) > 2
        or given.keys() & options.keys()
        or given.keys() | options.keys() != {"name", "func"}
    ):
        raise unsuitable("def", is_method=False)
    name, value = (given | dict(options)).values() if "name" in given else (options["name"], options["func"])
    if not isinstance(name, str):
        raise unsuitable("def", is_method=False)
    return Context(dict(variables), {**functions, function_name(name): lambda *_, **__: value})


_FORMS: dict[tuple[str, bool], Callable[..., Context]] = {
    ("let", False): _let,
    ("with", False): _with,
    ("unpack", True): _unpack,
    ("def", False): _define,
}
"""The functions that give contexts, and whether they are methods."""


def unpacked(items: Any, *names: Any) -> dict[str, Any]:
    """The variables that `items.unpack(names)` sets.

    Without names an iterator loses its first item, as it does in the yaql library.
    """
    if not KINDS[type(items)] & ITERABLE or not all(isinstance(name, str) for name in names):
        raise unsuitable("unpack", is_method=True)
    if not names:
        if not KINDS[type(items)] & (LIST | SET):
            items = iter(items)
        for _ in islice(items, 1):
            break
        return numbered(items)
    first = tuple(islice(items, len(names) + 1))
    if len(first) != len(names):
        raise Failure("`unpack` needs as many names as there are items")
    return dict(zip(map(normal, names), first, strict=True))


def normal(name: str) -> str:
    """The name of a variable as it is kept: without `$`, and `$` itself as `1`."""
    return name.removeprefix("$") or "1"


def in_context(left: Any) -> Context:
    """What stands on the left of `->`."""
    if KINDS[type(left)] != CONTEXT:
        raise unsuitable("#operator_->", is_method=False, values=(left,))
    context: Context = left
    return context
