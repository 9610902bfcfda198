"""What an error says: the expression, a reason in words, and never any data."""

import logging

import pytest

from maestrale.expressions import EvaluationError, compile_template
from maestrale.testing.scopes import a_scope

SECRET = "hunter2"
DATA = {
    "secret": SECRET,
    "quoted": f"a'{SECRET}'b",
    "nested": {SECRET: {"x": 1}},
    "list": [SECRET],
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
        "<% $.list.unpack(a, b) %>",
        "<% float($.quoted) %>",
        "{{ _[_.secret] }}",
        "{{ _[_.quoted].x }}",
        "{{ _.number[_.secret] }}",
        "{{ _.number|attr(_.secret) }}",
        "{{ json_dump(**{_.secret: 1}) }}",
        "{{ json_parse(_.secret) }}",
        "{{ dict(_.secret) }}",
        "{{ _.secret|map(_.quoted)|list }}",
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<% $.nope %>", "YAQL expression [expression=$.nope, error=there is no key `nope`]"),
        ("x <% 1 / 0 %>", "YAQL expression [expression=1 / 0, error=division by zero]"),
        ("<% nope() %>", "YAQL expression [expression=nope(), error=there is no function `nope`]"),
        ("<% 1.nope() %>", "YAQL expression [expression=1.nope(), error=there is no method `nope`]"),
        (
            "<% len(1) %>",
            "YAQL expression [expression=len(1), error=function `len` does not take these arguments]",
        ),
        (
            "<% 1 + a %>",
            "YAQL expression [expression=1 + a, error=operator `+` does not work on these values]",
        ),
        ("<% -a %>", "YAQL expression [expression=-a, error=operator `-` does not work on these values]"),
        (
            "<% a[0] %>",
            "YAQL expression [expression=a[0], error=operator `indexer` does not work on these values]",
        ),
        (
            "<% null.x %>",
            "YAQL expression [expression=null.x, error=there is no `x` in a value that is no mapping]",
        ),
        ("<% $.list[5] %>", "YAQL expression [expression=$.list[5], error=an index is out of range]"),
        ("<% 1.assert($ = 2, 'must be two') %>", "error=an assertion failed: must be two]"),
        ("<% [].first() %>", "error=a collection has too few items, or for `single` too many]"),
        ("<% json_parse('[') %>", "error=the text is no JSON: Expecting value at line 1, column 2]"),
        ("<% yaml_parse('[') %>", "error=the text is no YAML that is understood, at its line 1, column 2]"),
        ("<% 1 + %>", "error=Parse error: unexpected end of statement]"),
        (
            "{{ _.nope }}",
            "[expression=_.nope, error=a value is undefined: 'dict object' has no attribute 'nope']",
        ),
        (
            "x{{ nope }}",
            "Jinja expression [expression=x{{ nope }}, error=a value is undefined: 'nope' is undefined]",
        ),
        ("{{ 1|nope }}", "Jinja expression [expression=1|nope, error=No filter named 'nope'.]"),
        (
            "{{ 1 + 'a' }}",
            "error=a value is of the wrong type: unsupported operand type(s) for +: 'int' and 'str']",
        ),
        (
            "{{ ''.__class__ }}",
            "error=this is not allowed: access to attribute '__class__' of 'str' object is unsafe.]",
        ),
        ("{{ env() }}", "Jinja expression [expression=env(), error=there is no environment here]"),
    ],
)
def test_an_error_says_what_is_wrong_and_where(text: str, message: str) -> None:
    error = error_of(text)

    assert str(error).startswith("Can not evaluate ")
    assert message in str(error)
    assert str(error).endswith(" [expression-error]")


def test_a_very_long_expression_is_cut_in_the_message() -> None:
    error = error_of(f"<% $.nope{' ' * 2000}+ 1 %>")

    assert len(error.message) < 1200
    assert len(error.expression) > 2000
