"""How the library's functions are declared, in words: what an error offers instead of a wrong call."""

from collections.abc import Iterator

from maestrale.expressions.yaql import kinds
from maestrale.expressions.yaql.overloads import find_overloads, is_operator, shown
from maestrale.expressions.yaql.signatures import (
    LAZY,
    LAZY_RULES,
    OVERLOADS,
    REQUIRED,
    RULES,
    Overload,
    Parameter,
)

_FORMS = {
    "call": ("call(name, list of arguments, mapping of named arguments)",),
    "def": ("def(name, expression)",),
    "let": ("let(name => value, …)",),
    "with": ("with(value, …)",),
    "unpack": ("collection.unpack(name, …)",),
}
"""What the compiler handles itself, as it is about scopes."""

_MOST = 6


def declared(name: str, *, is_method: bool) -> tuple[str, ...]:
    """The forms that a function has, as its caller writes them: `text.substring(start: an integer)`."""
    known = find_overloads(name, is_method=is_method)
    forms = dict.fromkeys(_form(overload, is_method) for overload in known)
    return (*_FORMS.get(name.rstrip("_"), ()), *forms)[:_MOST]


def names(*, is_method: bool) -> Iterator[str]:
    """The names that authors can call."""
    for name, overloads in OVERLOADS.items():
        if not is_operator(name) and any(
            overload.is_method if is_method else overload.is_function for overload in overloads
        ):
            yield name
    yield from (name for name in _FORMS if is_method == (name == "unpack"))


def _form(overload: Overload, is_method: bool) -> str:
    visible = overload.visible
    if is_operator(overload.name):
        return _operation(shown(overload.name), [_noun(parameter) for parameter in visible])
    if is_method:
        receiver, visible = visible[0], visible[1:]
        return f"{_noun(receiver)}.{overload.name}({', '.join(map(_parameter, visible))})"
    return f"{overload.name}({', '.join(map(_parameter, visible))})"


def _operation(sign: str, operands: list[str]) -> str:
    if sign == "[]":
        return f"{operands[0]}[{', '.join(operands[1:])}]"
    return f"{sign}{operands[0]}" if len(operands) == 1 else f"{operands[0]} {sign} {operands[1]}"


def _parameter(parameter: Parameter) -> str:
    if parameter.many:
        return f"{_noun(parameter)}, …"
    noun = _noun(parameter)
    told = parameter.name if noun in (parameter.name, "value") else f"{parameter.name}: {noun}"
    return told if parameter.default is REQUIRED else f"[{told}]"


def _noun(parameter: Parameter) -> str:
    """What a parameter takes, without an article."""
    if parameter.use in (RULES, LAZY_RULES):
        return "a => b"
    if parameter.use == LAZY:
        return "expression"
    if parameter.mask & ~kinds.NULL == kinds.ANYTHING & ~kinds.NULL:
        return "value"
    nouns = kinds.describe(parameter.mask & ~kinds.NULL or kinds.NULL).split(" or ")
    return " or ".join(noun.split(" ", 1)[-1] for noun in nouns)
