"""Marks go through expressions: what depends on a secret is marked, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from maestrale.expressions import EvaluationError, Json, compile_template, has_marks, mask, reveal
from maestrale.expressions.disguises import compared, disguise, disguised
from maestrale.testing.scopes import FixedScope, a_scope

PASSWORD = "Correct-Horse-77"
DATA: dict[str, Any] = {
    "pw": {"$secret": PASSWORD},
    "site": {"host": "db", "owner": {"$secret": {"user": "alice", "id": 12345}}},
    "list": [1, {"$secret": "two-two"}, 3],
    "plain": [3, 1, 2],
}


def scope(data: Json = None, **options: Any) -> FixedScope:
    return a_scope(DATA if data is None else data, has_secrets=True, **options)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<% $.plain.orderBy($) %>", [1, 2, 3]),
        ("<% $.site.host %>", "db"),
        ("<% $.pw %>", {"$secret": PASSWORD}),
        ("{{ _.pw }}", {"$secret": PASSWORD}),
        ("{{ _.pw | upper }}", {"$secret": PASSWORD.upper()}),
        ("a <% $.pw %> b", {"$secret": f"a {PASSWORD} b"}),
        ("a {{ _.pw }} b", {"$secret": f"a {PASSWORD} b"}),
        ("<% $.site %>", DATA["site"]),
        ("{{ _.site }}", DATA["site"]),
        ("<% $.list %>", DATA["list"]),
        ("<% $.list.reverse() %>", [3, {"$secret": "two-two"}, 1]),
        ("<% $.list.where($ != 1) %>", [{"$secret": "two-two"}, 3]),
        ("<% {user => $.pw, host => $.site.host} %>", {"user": {"$secret": PASSWORD}, "host": "db"}),
        ("<% $.site.owner.id + 1 %>", {"$secret": 12346}),
        ("<% $.site.owner.keys().toList() %>", {"$secret": ["user", "id"]}),
        ("<% $.pw.len() %>", {"$secret": 16}),
        ("<% $.pw.toLower().toCharArray()[0] %>", {"$secret": "c"}),
        ("<% $.pw = 'Correct-Horse-77' %>", {"$secret": True}),
        ("<% $ %>", DATA),
        ("{% for x in _.list %}{{ x }}{% endfor %}", {"$secret": "1two-two3"}),
        ("{% for x in _.plain %}{{ x }}{% endfor %}", "312"),
        ("<% isString($.pw) %>", True),
        (
            ["<% $.pw %>", "x", {"$secret": "<% $.plain %>"}],
            [{"$secret": PASSWORD}, "x", {"$secret": [3, 1, 2]}],
        ),
    ],
)
def test_marks_stand_on_what_depends_on_a_secret(text: Json, value: Json) -> None:
    assert compile_template(text).evaluate(scope()) == value


def test_what_functions_give_keeps_its_marks() -> None:
    asked = {"name": "a", "result": {"$secret": "from-a"}, "state": "SUCCESS"}
    here = scope(
        env={"key": {"$secret": "of-env"}, "url": "here"},
        execution={"input": {"pw": {"$secret": "of-input"}}, "id": "1"},
        tasks=[asked],
        global_variables={"g": {"$secret": "of-global"}},
    )
    values = {
        "<% env() %>": {"key": {"$secret": "of-env"}, "url": "here"},
        "<% env().url %>": "here",
        "<% json_dump(env()).len() > 3 %>": True,
        "{{ env().key }}": {"$secret": "of-env"},
        "<% execution().input.pw %>": {"$secret": "of-input"},
        "<% execution().id %>": "1",
        "<% task(a).result %>": {"$secret": "from-a"},
        "<% tasks().select($.result) %>": [{"$secret": "from-a"}],
        "<% tasks().select($.name) %>": ["a"],
        "<% global(g) %>": {"$secret": "of-global"},
        "{{ json_dump(execution().input) }}": {"$secret": '{"pw": "of-input"}'},
    }

    found = {text: compile_template(text).evaluate(here) for text in values}
    found["{{ json_dump(execution().input) }}"] = {
        "$secret": json.dumps(json.loads(found["{{ json_dump(execution().input) }}"]["$secret"]))
    }
    assert found == values


def test_both_evaluations_draw_the_same_chance_and_later_ones_draw_on() -> None:
    here = scope()
    first = compile_template("<% [uuid(), random(), $.pw] %>").evaluate(here)
    second = compile_template("<% uuid() %>").evaluate(here)

    assert [has_marks(item) for item in first] == [False, False, True]
    assert second != first[0]


@pytest.mark.parametrize(
    "text",
    [
        "<% int($.pw) %>",
        "{{ _.pw.nothing.at.all }}",
        "<% json_parse($.pw) %>",
        "<% $.pw.foo() %>",
        "<% $.site.owner.nothing %>",
        "<% assert($.pw, $ = 1) %>",
        "{{ _.pw + 1 }}",
        "<% regex($.pw + '(') %>",
    ],
)
def test_an_expression_that_fails_tells_nothing_of_the_secret(text: str) -> None:
    with pytest.raises(EvaluationError) as failed:
        compile_template(text).evaluate(scope())

    told = f"{failed.value} {failed.value.message} {failed.value.reason} {failed.value.lines}"
    assert [secret for secret in (PASSWORD, "alice", "12345") if secret in told] == []


def test_a_failure_that_only_the_secret_explains_is_told_without_its_reason() -> None:
    with pytest.raises(EvaluationError) as failed:
        compile_template("<% switch($.pw = 'Correct-Horse-77' => int(x), true => 1) %>").evaluate(scope())

    assert failed.value.reason == "it fails on a secret value"


# Whatever is written.

_YAQL = (
    "{0}",
    "{0}.toUpper()",
    "{0}.toLower()",
    "str({0})",
    "[{0}, 1]",
    "{{a => {0}}}",
    "json_dump({0})",
    "[{0}].toList()",
    "concat(x, {0}, y)",
    "{0} + {1}",
    "{0}.split('-')",
    "{0}.replace(a, b)",
    "{0}.substring(1)",
    "list({0}, {1})",
    "switch({1} = 1 => 2, true => {0})",
    "dict({0} => {1})",
    "[{0}, {1}].orderBy(str($))",
    "coalesce(null, {0})",
    "let(x => {0}) -> $x",
    "yaml_dump([{0}])",
    "' '.join([{0}, b])",
    "{0}.toCharArray().join('')",
    "{{x => [{0}]}}.x",
    "[[{0}], {1}].select($)",
    "str({0}) + str({1})",
    "json_parse(json_dump({0}))",
    "{0}.trim('a')",
)
_JINJA = (
    "{0}",
    "({0})|upper",
    "({0})|lower",
    "({0})|list",
    "[{0}, {1}]",
    "({0})|tojson",
    "({0})|string",
    "({0}) ~ ({1})",
    "({0})|replace('a', 'b')",
    "({0})|title",
    "({0})|reverse|list",
    "{{'a': {0}}}",
    "({0})|default('x')",
    "json_dump({0})",
    "({0})|string|truncate(12)",
    "[{0}]|join('-')",
    "({0})|string|wordwrap(3)",
    "({0}) if {1} else 1",
    "({0})|string|center(30)",
)
_SECRETS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=["C"]), min_size=8, max_size=20
) | st.from_regex(r"[a-zA-Z0-9]{8,16}", fullmatch=True)


def _nested(forms: tuple[str, ...], leaves: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from(leaves),
        lambda inner: st.builds(str.format, st.sampled_from(forms), inner, inner),
        max_leaves=4,
    )


_TEXTS = st.one_of(
    _nested(_YAQL, ("$.pw", "$.other", "$", "env()", "1", "task(a).result")).map("<% {} %>".format),
    _nested(_JINJA, ("_.pw", "_.other", "_", "env()", "1", "task('a').result")).map("{{{{ {} }}}}".format),
    _nested(_JINJA, ("_.pw", "_.other")).map("say {{{{ {} }}}}!".format),
)


@settings(max_examples=150, deadline=None)
@given(_TEXTS, _SECRETS)
def test_no_secret_text_comes_through_any_expression(text: str, secret: str) -> None:
    assume(secret.lower() not in text.lower() and secret.strip())
    mark = {"$secret": secret}
    here = scope(
        {"pw": mark, "other": "open", "in": [{"it": mark}]},
        env={"key": mark, "n": 1},
        tasks=[{"name": "a", "result": {"r": mark}}],
    )
    try:
        value = compile_template(text).evaluate(here)
    except EvaluationError as error:
        told = str(error)
    else:
        told = str(mask(value))
        assert not has_marks(reveal(value))

    for shown in (
        secret,
        secret.upper(),
        secret.lower(),
        secret.title(),
        secret[::-1],
        json.dumps(secret)[1:-1],
    ):
        assert shown not in told


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(_VALUES)
def test_a_disguise_is_another_value_with_no_character_in_common(value: Json) -> None:
    other = disguise(value)

    assert compared(value, other) == {"$secret": value}
    assert value is None or type(other) is type(value)
    if isinstance(value, str):
        assert not {*value.casefold(), *value.upper()} & {*other.casefold(), *other.upper()}
        assert len(other) == len(value) + 1


@given(_VALUES)
def test_data_compared_with_itself_disguised_has_its_marks_again(value: Json) -> None:
    data = {"a": [1, {"$secret": value}], "b": value}
    assume(not has_marks(value))

    assert compared(reveal(data), disguised(data)) == data
