"""What the code of compiled expressions calls, and all that it can call."""

from collections.abc import Callable
from typing import Any, NoReturn

from maestrale.expressions.budget import ticking
from maestrale.expressions.scope import Layers
from maestrale.expressions.yaql import kinds
from maestrale.expressions.yaql.failures import Failure, MissingKey, NoOverload, NotReadable
from maestrale.expressions.yaql.invocation import function_name, in_context, invoke, unpacked
from maestrale.expressions.yaql.kinds import ITERABLE, KINDS, MAPPING
from maestrale.expressions.yaql.lazy import mapped
from maestrale.expressions.yaql.overloads import is_operator, shown
from maestrale.expressions.yaql.scopes import Context, numbered, special
from maestrale.expressions.yaql.signatures import ATTRIBUTES, Parameter
from maestrale.expressions.yaql.values import MISSING, FrozenDict, Rule, as_key, equal, loosen


def fail(failure: Failure) -> NoReturn:
    """Fail where the compiler knew that it would."""
    raise failure.with_traceback(None)  # It is raised each time, and must not gather all tracebacks.


def read(value: Any, name: str) -> Any:
    """`value.name`: a key of a mapping, of each mapping in a collection, or a property."""
    kind = KINDS[type(value)]
    if kind == MAPPING:
        if name not in value:
            raise MissingKey(name, value)
        return value[name]
    if kind & ITERABLE:
        return mapped(_reader(name), value)
    for mask, compute in ATTRIBUTES.get(name, ()):
        if kind & mask:
            return compute(value)
    reason = f"there is no `{name}` in a value that is no mapping: {kinds.describe(kind)}"
    raise NotReadable(reason, name, value)


def known_as(name: Any) -> str:
    """The name of a function that `def` is given at run time."""
    if not isinstance(name, str):
        raise Failure("function `def` does not take these arguments: a name is text")
    return function_name(name)


def _reader(name: str) -> Callable[[Any], Any]:
    def read_item(item: Any) -> Any:
        return item[name] if type(item) is dict and name in item else read(item, name)

    return read_item


def wrong_argument(name: str, is_method: bool, parameter: Parameter, value: Any) -> NoReturn:
    """Fail because an argument is not of the kind that its parameter takes."""
    wanted, found = kinds.describe(parameter.mask), kinds.describe(kinds.kind_of(value))
    if is_operator(name):
        reason = f"operator `{shown(name)}` does not work on these values: it takes {wanted}, not {found}"
    else:
        form = "method" if is_method else "function"
        what = f"`{parameter.name}` has to be {wanted}, not {found}"
        reason = f"{form} `{name}` does not take these arguments: {what}"
    raise NoOverload(reason, name=name, is_method=is_method, found=value)


NAMES: dict[str, Any] = {
    "__builtins__": {"dict": dict, "float": float, "int": int, "len": len, "list": list, "str": str,
                     "tuple": tuple, "type": type},
    "Context": Context,
    "FrozenDict": FrozenDict,
    "KINDS": KINDS,
    "Layers": Layers,
    "MISSING": MISSING,
    "ORDERED": frozenset({int, float, str}),
    "Rule": Rule,
    "SCALARS": frozenset({str, int, float, bool, type(None)}),
    "as_key": as_key,
    "equal": equal,
    "fail": fail,
    "in_context": in_context,
    "invoke": invoke,
    "known_as": known_as,
    "loosen": loosen,
    "numbered": numbered,
    "read": read,
    "special": special,
    "ticking": ticking,
    "unpacked": unpacked,
}  # fmt: skip
"""The names that the code of expressions may use, and the only ones."""
