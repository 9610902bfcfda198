"""What the expressions in a text name."""

import pytest

from maestrale.expressions.references import Kind, find_comparison, find_references


def names(text: str) -> list[str]:
    """Kind and name of each, with a `?` where the expression can do without it."""
    return [f"{each.kind} {each.name}{'?' * each.is_safe}".strip() for each in find_references(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", []),
        ("<% $.a.b %>", ["variable a"]),
        ("<% $['a'] %>", ["variable a"]),
        ("<% $.get(a) %>", ["variable a?", "function get"]),
        ("<% $ %>", ["data"]),
        ("<% $.a.where($.q = $.z) %>", ["variable a", "function where"]),
        ("<% where($.a, $.z > 1) %>", ["function where", "variable a"]),
        ("<% task(t).result + env().k %>", ["function task", "task t", "environment k", "function env"]),
        ("<% $.a -> $.b %>", ["variable a"]),
        ("a <% $.a %> b <% $.b %>", ["variable a", "variable b"]),
        ("<% $.a + %>", []),
        ("{{ _.a.b }}", ["variable a"]),
        ("{{ _['a'] }}", ["variable a"]),
        ("{{ _.a | default(_.b) }}", ["function default", "variable a?", "variable b"]),
        ("{{ _ | task('t') }}", ["function task", "task t"]),
        ("{{ env().k }}", ["environment k", "function env"]),
        ("{{ a }}", ["free a"]),
        ("{{ _.keys() }}", ["data"]),
        ("{% set _ = 1 %}{{ _.a }}", ["data", "variable a?"]),
        ("{{ _.a + }}", []),
        ("{{ _.a | uper }}", ["function uper", "variable a"]),
        ("{{ _.a is evven }}", ["variable a"]),
    ],
)
def test_names_are_found_by_kind(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [("<% 1 + $.abc %>", "abc"), ("x <% $.a %> <% len($.abc) %>", "abc"), ("x {{ _.ab }}{{ _.abc }}", "abc")],
)
def test_the_offset_is_that_of_the_name(text: str, place: str) -> None:
    [found] = [each for each in find_references(text) if (each.kind, each.name) == (Kind.VARIABLE, place)]

    assert text[found.offset :].startswith(place)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<% $.a = 1 %>", "<% ($.a) = 1 %>"),
        ("<% not $.a = 1 %>", "<% $.a != 1 %>"),
        ("<% not not $.a %>", "<% $.a %>"),
        ("{{ _.a == 1 }}", "{{ not _.a != 1 }}"),
    ],
)
def test_conditions_that_say_the_same_compare_the_same(one: str, other: str) -> None:
    assert find_comparison(one) == find_comparison(other) is not None


def test_what_is_not_one_expression_compares_nothing() -> None:
    texts = ("plain", "<% $.a %><% $.b %>", "{{ _.a }} {{ _.b }}", "<% $.a + %>", "{% if _.a %}1{% endif %}")

    assert [find_comparison(text) for text in texts] == [None] * 5
