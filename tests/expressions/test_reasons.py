"""What an error says: the expression, the place, a reason in words, and an excerpt without secrets."""

import logging
from pathlib import Path

import pytest

from maestrale.expressions import EvaluationError, compile_template
from maestrale.testing.scopes import a_scope

SECRET = "hunter2"
DATA = {
    "secret": SECRET,
    "secrets": f"a'{SECRET}'b",
    "nested": {"token": SECRET, "x": {"x": 1}},
    "list": [{"password": SECRET}],
    "number": 1,
    "broken": f"{{{SECRET}",
}


def error_of(text: str) -> EvaluationError:
    with pytest.raises(EvaluationError) as caught:
        compile_template(text).evaluate(a_scope(DATA))
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "<% int($.secret) %>",
        "<% $[$.secret] %>",
        "<% $.nested[$.secret + x] %>",
        "<% $.secret.nothing() %>",
        "<% $.nested.nothing() %>",
        "<% $.list.single().nothing %>",
        "<% json_parse($.secret) %>",
        "<% json_parse($.broken) %>",
        "<% yaml_parse($.broken) %>",
        "<% yaml_parse('!!' + $.secret + ' x') %>",
        "<% datetime($.secret) %>",
        "<% datetime(`2024`, $.secret) %>",
        "<% regex('(' + $.secret) %>",
        "<% call($.secret, [], {}) %>",
        "<% 1.assert($ = 2, $.secret) %>",
        "<% int($.nested) %>",
        "<% $.nested.nope %>",
        "<% $.list + 1 %>",
        "<% $.list.select($ + 1) %>",
        "<% $.list[9] %>",
        "<% $ + 1 %>",
        "{{ _.list[9] }}",
        "{{ _.nested.nope }}",
        "{{ _.list.nope }}",
        "<% $.list.unpack(a, b) %>",
        "<% float($.secrets) %>",
        "{{ _[_.secret] }}",
        "{{ _[_.secrets].x }}",
        "{{ _.number[_.secret] }}",
        "{{ _.number|attr(_.secret) }}",
        "{{ json_dump(**{_.secret: 1}) }}",
        "{{ json_parse(_.secret) }}",
        "{{ dict(_.secret) }}",
        "{{ _.secret|map(_.secrets)|list }}",
        "{{ '%d' % _.secret }}",
        "{{ _.secret.index('zzz') }}",
        "{{ ('{' ~ _.secret ~ '}').format(1) }}",
        "{{ range(**{_.secret: 1}) }}",
    ],
)
def test_an_error_never_shows_data(text: str, caplog: pytest.LogCaptureFixture) -> None:
    error = error_of(text)

    assert SECRET not in str(error)
    assert SECRET not in error.reason
    with caplog.at_level(logging.ERROR):
        logging.getLogger(__name__).error("failed", exc_info=error)
    assert SECRET not in caplog.text
    assert (error.__cause__, error.__context__) == (None, None)


ERRORS = Path(__file__).parent / "cases" / "errors.txt"
"""Expressions, each with the whole text of its error below it, as a person reads it."""

PEOPLE = {
    "vm": {"id": 7, "name": "web", "state": "ACTIVE", "password": SECRET},
    "vms": [{"id": 1, "name": "a", "token": SECRET}, {"id": 2}],
    "none": None,
    "list": [1, 2],
    "text": "abc",
    "port": 8080,
    "long": "x" * 500,
    "log": "\n".join(["line"] * 3),
}


def recorded_errors() -> list[tuple[str, str]]:
    blocks = ERRORS.read_text(encoding="utf-8").strip().split("\n\n")
    return [(text.removeprefix("> "), said) for text, said in (block.split("\n", 1) for block in blocks)]


@pytest.mark.parametrize(("text", "said"), recorded_errors(), ids=[text for text, _ in recorded_errors()])
def test_an_error_says_what_is_wrong_where_and_what_was_there(text: str, said: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        compile_template(text.replace("\\n", "\n")).evaluate(a_scope(PEOPLE))

    assert str(caught.value) == said


def test_the_place_of_an_expression_stands_before_its_error_and_nothing_else_changes() -> None:
    error = error_of("<% 1 / 0 %>")

    placed = error.placed("`input`")

    assert placed.message == f"`input`: {error.message}"
    assert (placed.expression, placed.reason, placed.offset, placed.lines) == (
        "1 / 0",
        "division by zero",
        2,
        ("1 / 0", "  ^"),
    )
    assert placed.explained("It failed") == "It failed\n  1 / 0\n    ^"


def test_of_a_long_line_the_part_around_the_fault_is_shown() -> None:
    error = error_of(f"<% [{'1, ' * 100}$.nope, {'1, ' * 100}1] %>")

    assert len(error.lines[0]) <= 100
    column = error.lines[1].index("^")
    assert error.lines[0][column : column + 4] == "nope"


def test_of_many_keys_a_few_are_told_the_closest_first() -> None:
    scope = a_scope({f"key_{number}": number for number in range(1000)})

    with pytest.raises(EvaluationError) as caught:
        compile_template("<% $.kye_500 %>").evaluate(scope)

    assert caught.value.reason == "there is no key `kye_500`: did you mean `key_500`?"
    assert caught.value.lines[-1] == (
        "found: a mapping with the keys `key_500`, `key_0`, `key_1`, `key_2`, `key_3`, `key_4` and 994 more"
    )


def test_a_very_long_expression_is_cut_in_the_message() -> None:
    error = error_of(f"<% $.nope{' ' * 2000}+ 1 %>")

    assert len(error.message) < 1200
    assert len(error.expression) > 2000
