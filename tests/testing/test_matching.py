"""What is expected of a value, and how a value that is something else is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.expressions import EvaluationError, Json, compile_template
from maestrale.lang.reader import Reader
from maestrale.lang.report import Report
from maestrale.lang.yaml_tree import read_yaml
from maestrale.testing.cases.evaluation import Evaluator
from maestrale.testing.cases.matching import Matcher, plain, shown
from maestrale.testing.stage import Stage

STAGE = Stage("version: '2.0'\nw: {tasks: {a: {}}}\n")
STAGE.start("w")


def expected(text: str) -> Reader:
    report = Report("expected", text)
    node = read_yaml(text, report)
    assert node is not None and not report.has_errors
    return Reader(node, (), report)


def evaluate(text: str, value: Json) -> Json:
    from contextlib import nullcontext

    return Evaluator(STAGE, nullcontext).evaluate(compile_template(text), value)


def differences(text: str, actual: Json) -> list[tuple[str, str | None, str | None]]:
    """The place, what was expected and what is there, of each difference of the value `it`."""
    found = Matcher(evaluate).differences(expected(text), "it", actual)
    return [(each.what, each.expected, each.actual) for each in found]


@pytest.mark.parametrize(
    ("text", "actual"),
    [
        ("1", 1),
        ("1", 1.0),
        ("null", None),
        ("{a: [1, {b: x}]}", {"a": [1, {"b": "x"}]}),
        ("{a: <% $ > 1 %>}", {"a": 2}),
        ("'{{ _ | length == 2 }}'", [1, 2]),
        ("{matches: ^ab+$}", "abb"),
        ("{a: {matches: b}}", {"a": "abc"}),
        ("{contains: b}", "abc"),
        ("{contains: [2, {a: 1}]}", [1, {"a": 1}, 2]),
        ("{contains: {a: {b: 1}}}", {"a": {"b": 1, "c": 2}, "d": 3}),
        ("{contains: {a: <% $ > 1 %>}}", {"a": 2, "b": 3}),
        ("{contains: {a: {matches: x}}}", {"a": "xx", "b": 3}),
        ("{equals: {matches: x}}", {"matches": "x"}),
        ("{equals: <% $ %>}", "<% $ %>"),
        ("{matches: x, contains: y}", {"matches": "x", "contains": "y"}),
        ("{}", {}),
    ],
)
def test_what_is_expected_is_found(text: str, actual: Json) -> None:
    assert differences(text, actual) == []


@pytest.mark.parametrize(
    ("text", "actual", "told"),
    [
        ("1", 2, [("it", "1", "2")]),
        ("1", True, [("it", "1", "true")]),
        ("'1'", 1, [("it", '"1"', "1")]),
        ("{a: 1}", {"a": 2}, [("it.a", "1", "2")]),
        ("{a: 1}", {}, [("it.a", "1", None)]),
        ("{}", {"a": 1}, [("it.a", None, "1")]),
        ("{}", {"a b": 1}, [('it["a b"]', None, "1")]),
        ("[1, 2]", [1, 3], [("it[1]", "2", "3")]),
        ("[1]", [1, 2], [("it", "[1]", "[1,2]")]),
        ("{a: {b: 1}, c: 2}", {"a": {"b": 0}, "c": 0}, [("it.a.b", "1", "0"), ("it.c", "2", "0")]),
        ("<% $ > 1 %>", 1, [("it", "<% $ > 1 %> to be true", "1")]),
        ("{matches: ^b}", "ab", [("it", 'text that matches "^b"', '"ab"')]),
        ("{matches: b}", None, [("it", 'text that matches "b"', "null")]),
        ("{contains: x}", "ab", [("it", 'text with "x" in it', '"ab"')]),
        ("{contains: x}", None, [("it", 'text with "x" in it', "null")]),
        ("{contains: [3]}", [1], [("it", "a list with 3 in it", "[1]")]),
        ("{contains: {a: 1}}", {"b": 1}, [("it.a", "1", None)]),
        ("{contains: {a: ab}}", {"a": "abc"}, [("it.a", '"ab"', '"abc"')]),
        ("{equals: <% $ > 1 %>}", 2, [("it", '"<% $ > 1 %>"', "2")]),
    ],
)
def test_what_differs_is_told_by_its_place(
    text: str, actual: Json, told: list[tuple[str, str | None, str | None]]
) -> None:
    assert differences(text, actual) == told


def test_a_condition_that_fails_is_told_with_the_reason() -> None:
    (found,) = Matcher(evaluate).differences(expected("<% $.a.b > 1 %>"), "it", {})

    assert (found.expected, found.actual) == ("<% $.a.b > 1 %> to be true", "{}")
    with pytest.raises(EvaluationError) as reason:
        evaluate("<% $.a.b > 1 %>", {})
    assert found.reason == reason.value.message


DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
)


@given(DATA, DATA)
def test_data_is_as_expected_exactly_where_its_json_is_the_same(one: Json, other: Json) -> None:
    reader = expected(f"{{equals: {shown(one)}}}")

    same = not list(Matcher(evaluate).differences(reader, "it", plain(other)))

    assert same == (shown(_sorted(one)) == shown(_sorted(other)))


def _sorted(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
