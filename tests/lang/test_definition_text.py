"""Text → data: the dialect, the limits, and the place of every fault."""

from typing import Any

import pytest

from maestrale.lang import Severity, parse
from maestrale.lang.report import Report
from maestrale.lang.yaml_tree import Node, read_yaml

from .reading import codes


def read(text: str) -> tuple[Any, list[tuple[str, int, int]]]:
    """The data of a text, and the code and place of every problem."""
    report = Report("<text>", text)
    node = read_yaml(text, report)
    problems = [(problem.code, problem.line, problem.column) for problem in report.problems()]
    return node.value if node is not None else None, problems


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("&x foo", "&x foo"),
        ("*x", "*x"),
        ("@home", "@home"),
        ("'*x & @y'", "*x & @y"),
        ('"\\ue000*"', "\ue000*"),
        ("[&a, *b, {@c: *d}]", ["&a", "*b", {"@c": "*d"}]),
        ("|\n  *x\n  &y", "*x\n&y"),
        ("\ue000 & \ue001", "\ue000 & \ue001"),
    ],
)
def test_ampersand_asterisk_and_at_begin_ordinary_text(written: str, value: Any) -> None:
    assert read(f"a: {written}") == ({"a": value}, [])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", True),
        ("off", False),
        ("012", 10),
        ("1e3", "1e3"),
        ("1.5", 1.5),
        ("1:30", 90),
        ("~", None),
        ("", None),
        ("''", ""),
        ("=", "="),
        ("<<", "<<"),
        ("2020-01-01", "2020-01-01"),
        ("2020-01-01 10:00:00Z", "2020-01-01T10:00:00+00:00"),
        ("!!str 12", "12"),
        ("! 12", 12),
        ("!!int '12'", 12),
        ("'12'", "12"),
    ],
)
def test_plain_scalars_have_the_types_of_yaml_1_1_and_dates_become_text(written: str, value: Any) -> None:
    assert read(f"a: {written}") == ({"a": value}, [])


def test_an_empty_text_is_an_empty_mapping() -> None:
    assert [read(text) for text in ("", "\n\n", "# nothing\n")] == [({}, [])] * 3


def test_of_a_key_written_twice_the_last_counts_and_a_warning_names_both_places() -> None:
    data, problems = read("a: 1\nb: 2\na: 3\n")

    assert (data, problems) == ({"a": 3, "b": 2}, [("duplicate-key", 3, 1)])
    problem = parse("version: 2\nversion: 2\n").problems[-1]
    assert "first at line 1, column 1" in problem.message
    assert problem.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [1\n", ("yaml-syntax", 2, 1)),
        ("a: b: c\n", ("yaml-syntax", 1, 5)),
        ("a: &x\n  b: 1\n", ("yaml-syntax", 2, 4)),
        ("a: 1\n---\nb: 2\n", ("several-documents", 2, 1)),
        ("a: !!python/object:os.system x\n", ("custom-tag", 1, 4)),
        ("a: !mine [1]\n", ("custom-tag", 1, 4)),
        ("a: !!set {b}\n", ("custom-tag", 1, 4)),
        ("a: !!binary aGk=\n", ("custom-tag", 1, 4)),
        ("a: {<<: *x}\n", ("merge-key", 1, 5)),
        ("on: 1\n", ("key-not-text", 1, 1)),
        ("a: {1: x}\n", ("key-not-text", 1, 5)),
        ("? 2020-01-01\n: x\n", ("key-not-text", 1, 3)),
        ("? [a]\n: x\n", ("key-not-text", 1, 3)),
        ("a: .nan\n", ("not-json", 1, 4)),
        ("a: [1, -.inf]\n", ("not-json", 1, 8)),
        ("a: 1.0e+999\n", ("not-json", 1, 4)),
        ("a: 2020-13-45\n", ("unreadable-value", 1, 4)),
        ("a: !!int many\n", ("unreadable-value", 1, 4)),
        ("a: !!bool 7\n", ("unreadable-value", 1, 4)),
        ("a: 1" + "0" * 200 + "\n", ("unreadable-value", 1, 4)),
    ],
)
def test_what_is_no_plain_data_is_a_problem_at_its_place(text: str, problem: tuple[str, int, int]) -> None:
    assert read(text)[1] == [problem]


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("a: &x\n  b: 1\n", True),
        ("a:\r\n- &x\r\n  b: 1\r\n", True),
        ("a:\n- *x\n  b: 1\n", True),
        ("a: x & y\n  b: 1\n", False),
        ("a: &x\nb: c: d\n", True),
        ("a: &x\n\nb: c: d\n", False),
    ],
)
def test_who_writes_an_anchor_is_told_that_there_are_none(text: str, is_told: bool) -> None:
    hints = [problem.hint for problem in parse(text).problems if problem.code == "yaml-syntax"]

    told = "there are no anchors in this language: `&` and `*` begin ordinary text; write the values out"
    assert (told in hints) == is_told


@pytest.mark.parametrize(
    ("text", "is_told"),
    [("a:\n\tb: 1\n", True), ("a:\n  \tb: 1\n", True), ("a: b\tc: d\n", False)],
)
def test_who_indents_with_tabs_is_told_to_take_spaces(text: str, is_told: bool) -> None:
    hints = [problem.hint for problem in parse(text).problems if problem.code == "yaml-syntax"]

    assert hints == ["a tab stands in the indentation, and YAML takes only spaces there" if is_told else None]


def test_every_key_and_value_keeps_its_place() -> None:
    node = read_yaml("a:\n  - x\n  - b: y\n", Report("<text>", ""))

    assert node is not None
    field = (node.fields or {})["a"]
    assert (field.line, field.column, field.node.line, field.node.column) == (1, 1, 2, 3)
    first, second = field.node.elements or []
    assert (first, second.column) == (Node("x", 2, 5), 5)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting_that_would_overflow_a_stack_is_refused(opening: str) -> None:
    assert codes(opening * 1_000_000) == ["too-deep"]


def test_values_may_be_nested_a_hundred_deep() -> None:
    assert read("[" * 100 + "]" * 100)[1] == []
    assert read("[" * 101 + "]" * 101)[1] == [("too-deep", 1, 101)]


@pytest.mark.parametrize("text", ["x" * 50_000_000, b"x" * 50_000_000])
def test_a_huge_text_is_refused_before_it_is_read(text: str | bytes) -> None:
    (problem,) = parse(text).problems

    assert (problem.code, problem.message) == (
        "too-large",
        "the text has 50,000,000 bytes; a definition may have 4,194,304",
    )


def test_the_size_of_a_text_is_counted_in_bytes() -> None:
    assert codes("€" * 1_400_000) == ["too-large"]


def test_more_values_than_a_definition_may_have_are_refused() -> None:
    assert codes("[" + "1," * 600_000 + "]") == ["too-large"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"a: 1\nb: \xff\n", (2, 4)),
        (b"a: 1\nb: x\x00\n", (2, 5)),
        ("version: '2.0'".encode("utf-16"), (1, 1)),
        ("a: \ud800", (1, 4)),
        ("ä: ä\x07", (1, 5)),
    ],
)
def test_what_is_not_text_is_refused_at_its_place(text: str | bytes, place: tuple[int, int]) -> None:
    (problem,) = parse(text).problems

    assert (problem.code, problem.line, problem.column) == ("not-text", *place)


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    text = "version: '2.0'\nw: {tasks: {t: {}}}"

    assert parse(b"\xef\xbb\xbf" + text.encode()) == parse("\ufeff" + text)
    assert codes("\ufeff" + text) == []


def test_a_text_with_thousands_of_mistakes_lists_a_thousand_and_counts_the_rest() -> None:
    text = "version: '2.0'\nw:\n  tasks:\n" + "".join(
        f"    t{i}: {{on-success: x{i}}}\n" for i in range(1500)
    )

    problems = parse(text).problems

    assert len(problems) == 1001
    assert (problems[-1].code, problems[-1].message) == (
        "more-problems",
        "there are 500 more problems than the 1000 listed",
    )


@pytest.mark.parametrize(
    "value",
    ["a=[" * 300_000, 'a="b' * 300_000, "a" * 1_000_000, "a=<%" * 300_000, "a=1 " * 300_000, "=" * 1_000_000],
)
@pytest.mark.parametrize("key", ["action", "with-items", "on-success", "retry", "target"])
def test_no_line_takes_more_time_than_its_length_asks_for(key: str, value: str) -> None:
    text = f"version: '2.0'\nw:\n  tasks:\n    t:\n      {key}: 'x {value}'\n"

    # What grows with the square of the length takes hours here: the time limit of all tests ends it.
    parsed = parse(text)

    assert (parsed.definitions is None) == bool(parsed.errors)
