"""Every function of the yaql library in every form: as a method, by position, by name, with wrong values."""

from collections.abc import Iterator
from typing import Any

import pytest
from yaql.language import yaqltypes

from maestrale.expressions.yaql.signatures import OVERLOADS

from .yaql_oracle import Failed, agree, computed, expected, library

SCOPE_FUNCTIONS = {
    "env", "execution", "executions", "global", "json_dump", "json_parse", "task", "tasks", "uuid",
    "yaml_dump", "yaml_parse",
}  # fmt: skip
"""Mistral's own functions, which the library does not have; see `test_functions`."""

SCOPED = {"now", "random", "localtz"}
"""What gives something else each time, or on another machine."""

ENDLESS = {"cycle", "generate", "generateMany", "repeat", "sequence"}

COMPILED = {"let", "with", "def", "unpack", "call"}
"""What the compiler writes code for. `test_yaql_differences` has them."""

SAMPLES: dict[str, tuple[str, ...]] = {
    "String": ("'a b'", "''", "b", "`(a)(x)?`"),
    "Iterable": ("[3, 1, 2]", "range(3)", "[[b, 1], [a, 2]]", "set(1)", "[a, b].orderBy($)",
                 "{a => 1}.values()"),
    "Iterator": ("range(3)", "[1].select($)"),
    "Sequence": ("[3, 1, 2]", "'a b'.split()"),
    "Number": ("2", "-1.5", "0"),
    "Integer": ("2", "-1"),
    "int": ("2", "0", "-1", "true"),
    "bool": ("true", "false"),
    "object": ("1", "null", "[1]", "a", "{a => 1}", "range(2)"),
    "Mapping": ("{a => 1, b => [2]}", "{a => 3, c => {}}", "dict([[a, 1]]).delete(b)", "{}"),
    "Set": ("set(1)", "set(1, null)", "{a => 1}.keys()"),
    "Pattern": ("regex('a')", "regex('(b)|(x)')"),
    "timedelta": ("timespan(hours => 1)", "timespan()"),
    "DateTime": ("datetime(2024, 2, 29)", "datetime(1.5, timespan(hours => 1))"),
    "OrderingIterable": ("[3, 1, 2].orderBy($ mod 2)", "[3, 1, 2].orderBy($ > 1)"),
    "Lambda": ("$", "$ > 1", "str($)", "[$]", "$1 + $2"),
    "MappingRule": ("a => 1", "1 > 2 => b", "$ => $"),
}  # fmt: skip
"""Expressions by the type of the parameter they are for. Those of other types are the wrong ones."""

_NAMES = {"kwargs": "default"}
"""`zipLongest` takes any names, and reads only this one. We refuse the others."""

WRONG = ("null", "1", "x", "[1]", "2.5")


def _type_name(parameter: Any) -> str:
    kind = parameter.value_type
    if type(kind) is not yaqltypes.PythonType:
        return type(kind).__name__
    return str(kind.python_type.__name__)


def _visible(definition: Any) -> list[Any]:
    """The parameters that callers see, those without a position last."""
    seen = [
        parameter
        for parameter in definition.parameters.values()
        if not isinstance(parameter.value_type, yaqltypes.HiddenParameterType)
    ]
    return sorted(seen, key=lambda parameter: (parameter.position is None, parameter.position))


def _definitions() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    context = library()
    while context is not None:
        for name, definitions in context._functions.items():
            if not name.startswith(("#", "*")):
                found.setdefault(name, []).extend(definitions)
        context = context.parent
    return found


DEFINITIONS = _definitions()


def _calls(name: str, definition: Any) -> Iterator[str]:
    """Calls of one overload: each argument in turn is varied, and each is given by position and by name."""
    parameters = _visible(definition)
    samples = [SAMPLES[_type_name(parameter)] for parameter in parameters]
    for number in range(len(parameters) + 1):
        first = [options[0] for options in samples[:number]]
        yield from _forms(name, definition, first)
        for index in range(number):
            for other in (*samples[index][1:], *WRONG):
                yield from _forms(name, definition, [*first[:index], other, *first[index + 1 :]])
    if parameters and "*" in definition.parameters:
        yield from _forms(name, definition, [*(options[0] for options in samples), samples[-1][-1]])


def _forms(name: str, definition: Any, arguments: list[str]) -> Iterator[str]:
    names = [
        _NAMES.get(parameter.name, parameter.alias or parameter.name) for parameter in _visible(definition)
    ]
    pairs = [f"{known} => {argument}" for known, argument in zip(names, arguments, strict=False)]
    if definition.is_function:
        yield f"{name}({', '.join(arguments)})"
        yield f"{name}({', '.join(reversed(pairs))})"
    if definition.is_method and arguments:
        receiver, *others = arguments
        yield f"({receiver}).{name}({', '.join(others)})"
        yield f"({receiver}).{name}({', '.join(pairs[1:])})"
        yield f"({receiver}).{name}({', '.join([*others[:1], *pairs[2:]])})"


@pytest.mark.parametrize("name", sorted(DEFINITIONS.keys() - SCOPE_FUNCTIONS - SCOPED - COMPILED))
def test_a_function_does_what_the_librarys_does_in_all_its_forms(name: str) -> None:
    end = ".limit(5)" if name in ENDLESS else ""
    calls = dict.fromkeys(call + end for definition in DEFINITIONS[name] for call in _calls(name, definition))

    outcomes = {call: (computed(call, {}), expected(call, {})) for call in calls}

    assert calls
    assert [(call, *both) for call, both in outcomes.items() if not agree(*both)] == []
    assert not all(isinstance(theirs, Failed) for _, theirs in outcomes.values())


def test_there_is_each_function_of_the_library_in_its_forms_and_no_other() -> None:
    theirs = {
        (name, definition.is_function, definition.is_method)
        for name, definitions in DEFINITIONS.items()
        for definition in definitions
    }
    mine = {
        (name, overload.is_function, overload.is_method)
        for name, overloads in OVERLOADS.items()
        for overload in overloads
        if not name.startswith(("#", "*"))
    }

    assert {one for one in mine if one[0] not in SCOPE_FUNCTIONS} == {
        one for one in theirs if one[0] not in SCOPE_FUNCTIONS | COMPILED
    }
    assert {one for one in mine if one[0] in SCOPE_FUNCTIONS} == {
        (name, True, False) for name in SCOPE_FUNCTIONS
    }
