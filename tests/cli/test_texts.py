"""Values, durations and inputs in words and out of words."""

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.cli.definitions import choose_workflow
from maestrale.cli.inputs import read_pairs
from maestrale.cli.texts import duration, one_line, to_json
from maestrale.errors import InvalidInput
from maestrale.lang import parse_or_raise


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.9, "1 h 00 min"),
        (7800, "2 h 10 min"),
        (86_399.9, "1 d 0 h"),
        (273_600, "3 d 4 h"),
    ],
)
def test_a_duration_is_told_in_the_units_one_reads(seconds: float, told: str) -> None:
    assert duration(timedelta(seconds=seconds)) == told


@given(st.text(), st.integers(1, 50))
def test_a_line_is_one_printable_line_of_a_bounded_length(text: str, most: int) -> None:
    line = one_line(text, most=most)

    assert line.isprintable()
    assert len(line) <= most * 10 + 40  # Each character that cannot be printed takes ten at most.


def test_a_long_text_says_how_long_it_is() -> None:
    assert one_line("ab " * 500, most=5) == "ab ab… (1,500 characters)"


def test_what_json_does_not_have_is_null() -> None:
    assert to_json({"a": [math.inf, 1.5], "b": math.nan}) == '{"a": [null, 1.5], "b": null}'


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("k=v", "v"),
        ("k=", ""),
        ("k=1", 1),
        ("k=1.5", 1.5),
        ("k=true", True),
        ("k=null", None),
        ('k="1"', "1"),
        ("k=[1, 2]", [1, 2]),
        ('k={"a": "b=c"}', {"a": "b=c"}),
        ("k=a=b", "a=b"),
        ("k=NaN", "NaN"),
        ("k=True", "True"),
        ("k=01", "01"),
        ("k=[1,", "[1,"),
        ("k=@file", "@file"),
        ("k=<% $.a %>", "<% $.a %>"),
        ("k=" + "[" * 100_000, "[" * 100_000),
    ],
)
def test_the_value_of_a_pair_is_json_if_it_is_json_and_text_otherwise(pair: str, value: Any) -> None:
    assert read_pairs([pair]) == {"k": value}


@pytest.mark.parametrize("pair", ["", "k", "=v", "k=\udcff", "\udcff=v"])
def test_what_is_no_pair_of_texts_is_refused(pair: str) -> None:
    with pytest.raises(InvalidInput):
        read_pairs([pair])


def test_workflows_that_call_each_other_leave_no_one_to_choose() -> None:
    definitions = parse_or_raise(
        "version: '2.0'\na: {tasks: {t: {workflow: b}}}\nb: {tasks: {t: {workflow: a}}}\n"
    )

    with pytest.raises(InvalidInput) as raised:
        choose_workflow(definitions, None, path="f.yaml")

    assert (raised.value.code, "`a`, `b`" in raised.value.message) == ("which-workflow", True)


def test_a_workflow_that_calls_itself_is_still_the_one_to_run() -> None:
    definitions = parse_or_raise(
        "version: '2.0'\n"
        "a: {tasks: {t: {workflow: a}, u: {workflow: b}}}\n"
        "b: {tasks: {t: {workflow: <% $.x %>}}}\n"
    )

    assert choose_workflow(definitions, None, path="f.yaml").name == "a"
