"""Expressions that never end, or would take all memory in one step, fail at once and say why."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestrale.expressions import EvaluationError, compile_template, limits
from maestrale.expressions.weights import contains, equal
from maestrale.testing.scopes import a_scope

TEXT = "more than 16777216 characters"
ITEMS = "more than 1000000 items"
ENDLESS = "more than 1000000 items"
BITS = "more than 100000 bits"
WIDTH = "more than 100000 characters"
VALUES = "more than 1000000 values"
STEPS = "it would take more than 1000000 steps"
DEPTH = "it recurses too deeply"
COMPARED = "compare more than 2000000 values"

DOUBLED = "range(60).aggregate([$1, $1], 1)"
SET_TEXT = "{{% set ns = namespace(s={0}) %}}{{% for i in range(60) %}}{{% set ns.s = {1} %}}{{% endfor %}}"

YAQL = [
    ("'a' * 10000000000", TEXT),
    ("10000000000 * [0]", ITEMS),
    ("call('#operator_*', [a, 10000000000], {})", TEXT),
    ("pow(10, 1000000000)", BITS),
    ("shiftBitsLeft(1, 100000000000)", BITS),
    ("range(60).aggregate($1 * $1, 3)", BITS),
    ("range(60).aggregate($1 + $1, a).len()", TEXT),
    ("range(60).aggregate($1 + $1, [1]).len()", ITEMS),
    ("sequence().toList()", ENDLESS),
    ("sequence().len()", ENDLESS),
    ("sequence().last()", ENDLESS),
    ("sequence().skip(10000000000).first()", ENDLESS),
    ("set(sequence())", ENDLESS),
    ("1.repeat().len()", ENDLESS),
    ("[1].cycle().toSet()", ENDLESS),
    ("range(10000000000000).orderBy($)", ENDLESS),
    ("range(10000000000000)", VALUES),
    ("generateMany(1, sequence())", ENDLESS),
    ("1 in sequence(2)", ENDLESS),
    (DOUBLED, VALUES),
    (f"{DOUBLED} = {DOUBLED}", COMPARED),
    (f"{DOUBLED} != {DOUBLED}", COMPARED),
    (f"set({DOUBLED})", COMPARED),
    (f"[{DOUBLED}].distinct()", COMPARED),
    (f"{{{DOUBLED} => 1}}", COMPARED),
    (f"dict([[{DOUBLED}, 1]])", COMPARED),
    (f"[1].toDict({DOUBLED})", COMPARED),
    (f"[1].groupBy({DOUBLED})", COMPARED),
    (f"{DOUBLED} in [{DOUBLED}]", COMPARED),
    (f"[[1]].indexOf({DOUBLED})", COMPARED),
    (f"$.get({DOUBLED})", COMPARED),
    (f"$.containsKey({DOUBLED})", COMPARED),
    (f"$.set({DOUBLED}, 1)", COMPARED),
    (f"{{a => [{DOUBLED}]}}.mergeWith({{a => [{DOUBLED}]}})", COMPARED),
    (f"generate({DOUBLED}, true, $, decycle => true)", COMPARED),
    (f"json_dump({DOUBLED})", ITEMS),
    ("let(s => 'ab' * 5000000) -> 1.repeat(1000000).select($s).join('')", TEXT),
    ("let(s => 'ab' * 5000000) -> $s.replace(a, $s)", TEXT),
    ("let(s => 'ab' * 5000000) -> $s.replace({a => $s})", TEXT),
    ("let(s => 'ab' * 5000000) -> $s.toCharArray()", ITEMS),
    ("let(s => 'a ' * 5000000) -> $s.split()", ITEMS),
    ("let(s => 'ab' * 5000000) -> regex(a).split($s)", ITEMS),
    ("let(s => 'ab' * 5000000) -> concat($s, $s, $s)", TEXT),
    ("regex(a).replace('a' * 20000, 'b' * 1000)", TEXT),
    ("regex('a+').replace('a' * 10000, `\\g<0>` * 2000)", TEXT),
    ("let(s => 'a' * 5000000) -> regex('^|$').replaceBy($s, $s + $s)", TEXT),
    ("def(f, f($)) -> f(1)", DEPTH),
    *(
        (f"range(60000).aggregate({step}, range(2)).count()", DEPTH)
        for step in (
            *("$1.select($)", "$1.where(true)", "$1.append(1)", "$1 + range(1)", "$1.zip($1)", "$1.a"),
            *("$1.cycle()", "$1.memorize()", "$1.select($).memorize()", "$1.defaultIfEmpty([1])"),
            *("[$1].selectMany($)", "[$1].flatten()", "$1.orderBy($)", "$1.takeWhile(true)", "$1.distinct()"),
        )
    ),
    ("range(10000).select(range(10000).where($ = 1).len()).len()", STEPS),
    ("range(10000).select(range(10000).any($ < 0))", STEPS),
    ("range(1000).join(range(10000), false, 1).len()", STEPS),
    ("range(10000).select(range(10000).aggregate($1, 0))", STEPS),
    ("range(10000).select(range(10000).orderBy($).first())", STEPS),
    ("range(10000).select(range(10000).groupBy($).len()).len()", STEPS),
    ("def(f, $ < 2 and 1 or f($ - 1) + f($ - 2)) -> f(60)", STEPS),
    ("let(a => let(x => 1)) -> ($a -> range(10000).select(range(10000).where(false).len()))", STEPS),
    ("json_parse('[' + '1,' * 3000000 + '1]')", "a document of more than 4194304 characters"),
    ("(" * 3000 + "1" + ")" * 3000, DEPTH),
    ("-" * 3000 + "1", DEPTH),
    ("json_parse('[' * 100000)", DEPTH),
]

JINJA = [
    ("{{ 'a' * 10000000000 }}", TEXT),
    ("{{ [0] * 10000000000 }}", ITEMS),
    ("{{ (0,) * 10000000000 }}", ITEMS),
    ("{{ 10 ** 1000000000 }}", BITS),
    ("{{ '%10000000000d' % 1 }}", WIDTH),
    ("{{ '%.10000000000f' % 1 }}", WIDTH),
    ("{{ '%*d' % (10000000000, 1) }}", WIDTH),
    ("{{ '%(a(b))10000000000d' % {'a(b)': 1} }}", WIDTH),
    ("{{ '%10000000000d'|format(1) }}", WIDTH),
    ("{{ '{:>10000000000}'.format(1) }}", WIDTH),
    ("{{ '{:>{w}}'.format(1, w=10000000000) }}", WIDTH),
    ("{{ '{a:>10000000000}'.format_map({'a': 1}) }}", WIDTH),
    ("{{ ('{a}' * 100).format(a='a' * 1000000) }}", TEXT),
    ("{{ ('%s' * 100) % (('a' * 1000000,) * 100) }}", TEXT),
    ("{{ 'a'|center(10000000000) }}", WIDTH),
    ("{{ 'a'|indent(10000000000) }}", WIDTH),
    ("{{ 'a'.center(10000000000) }}", WIDTH),
    ("{{ 'a'['ljust'](10000000000) }}", WIDTH),
    ("{{ ('a'|attr('rjust'))(10000000000) }}", WIDTH),
    ("{{ 'a'.zfill(10000000000) }}", WIDTH),
    ("{{ 'a'.expandtabs(10000000000) }}", WIDTH),
    ("{{ (1).to_bytes(10000000000, 'big') }}", WIDTH),
    ("{{ [1]|map('center', 10000000000)|list }}", WIDTH),
    ("{{ 1|round(10000000000, 'ceil') }}", BITS),
    ("{{ [1]|batch(10000000000, 'x')|list }}", ITEMS),
    ("{{ [1]|slice(10000000000)|list }}", ITEMS),
    ("{{ [1]|tojson(10000000000) }}", "indent by more than 100"),
    ("{{ range(10000000)|list }}", "a number is too large"),
    ("{{ lipsum(100000000) }}", ITEMS),
    (SET_TEXT.format("'a'", "ns.s + ns.s") + "{{ 1 }}", TEXT),
    (SET_TEXT.format("'a'", "ns.s ~ ns.s") + "{{ 1 }}", TEXT),
    (SET_TEXT.format("[1]", "ns.s + ns.s") + "{{ 1 }}", ITEMS),
    (SET_TEXT.format("[1]", "[ns.s, ns.s]") + "{{ ns.s == [1] or ns.s == ns.s }}", COMPARED),
    (SET_TEXT.format("[1]", "[ns.s, ns.s]") + "{{ ns.s in [1] }}", COMPARED),
    (SET_TEXT.format("(1,)", "(ns.s, ns.s)") + "{{ {ns.s: 1} }}", COMPARED),
    (SET_TEXT.format("(1,)", "(ns.s, ns.s)") + "{{ _[ns.s] }}", COMPARED),
    (SET_TEXT.format("(1,)", "(ns.s, ns.s)") + "{{ _.get(ns.s) }}", COMPARED),
    (SET_TEXT.format("(1,)", "(ns.s, ns.s)") + "{{ [ns.s]|unique|list }}", COMPARED),
    (SET_TEXT.format("(1,)", "(ns.s, ns.s)") + "{{ [ns.s, ns.s]|sort }}", COMPARED),
    (SET_TEXT.format("(1,)", "(ns.s, ns.s)") + "{{ [ns.s]|select('eq', 1)|list }}", COMPARED),
    (SET_TEXT.format("(1,)", "(ns.s, ns.s)") + "{{ [1].index(ns.s) }}", COMPARED),
    ("{% set l = [1] %}{% for i in range(60) %}{% if l.extend(l) %}{% endif %}{% endfor %}{{ 1 }}", ITEMS),
    ("{% for a in range(9999) %}{% for b in range(9999) %}{{ 'a' * 10000 }}{% endfor %}{% endfor %}", TEXT),
    ("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}{{ 1 }}", STEPS),
    ("{% for a in [1] recursive %}{{ loop([1, 1]) }}{% endfor %}", DEPTH),
    ("{{ (['x' * 10000000] * 1000)|tojson }}", TEXT),
    ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", DEPTH),
    ("{{ ([range(100000)|list] * 100)|sum(start=[]) }}", ITEMS),
    ("{{ (['a' * 1000000] * 100)|join }}", TEXT),
    ("{{ ''.join(['a' * 1000000] * 100) }}", TEXT),
    ("{{ ('a' * 1000000).replace('a', 'bb' * 10000) }}", TEXT),
    ("{{ ('a' * 1000000)|replace('a', 'bb' * 10000) }}", TEXT),
    ("{{ ('a' * 1000000).translate({97: 'b' * 10000}) }}", TEXT),
    ("{{ ('a b ' * 1000000)|wordwrap(2, wrapstring='x' * 1000) }}", TEXT),
    ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", DEPTH),
    ("{{ " + "1" + "+1" * 20000 + " }}", DEPTH),
]


@pytest.mark.parametrize(
    ("text", "reason"), [(f"<% {text} %>", reason) for text, reason in YAQL] + JINJA,
    ids=lambda value: value[:50],
)  # fmt: skip
def test_an_expression_that_would_never_end_fails_and_says_which_limit_it_met(text: str, reason: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        compile_template(text).evaluate(a_scope())

    assert reason in caught.value.reason
    assert caught.value.message.startswith("Can not evaluate ")


texts = st.text(alphabet="ab ,", max_size=12)


@settings(deadline=None)
@given(texts, st.sampled_from(["a", "ab", " ", ","]), texts, st.integers(-1, 3))
def test_within_the_limits_text_is_treated_as_python_treats_it(
    text: str, old: str, new: str, count: int
) -> None:
    assert limits.replace(text, old, new, count) == text.replace(old, new, count)
    assert limits.split(text, old, count) == text.split(old, count)
    assert limits.split(text, None, count, right=True) == text.rsplit(None, count)
    assert limits.join(old, [text, new]) == old.join([text, new])


@settings(deadline=None)
@given(st.integers(), st.integers(-40, 40))
def test_within_the_limits_numbers_are_treated_as_python_treats_them(number: int, small: int) -> None:
    assert limits.round_number(number, small) == round(number, small)
    assert limits.multiply(number, small) == number * small
    if small >= 0:
        assert limits.power(number, small) == number**small
        assert limits.shift_left(number, small) == number << small


@settings(deadline=None)
@given(
    st.sampled_from(["%s|%5d|%%", "%-5s%(x)", "%.2f", "%5", "100 % sure", "%s"]),
    st.integers() | st.tuples(st.integers()),
)
def test_within_the_limits_a_percent_format_does_what_python_does(template: str, values: Any) -> None:
    def outcome(function: Any) -> Any:
        try:
            return function()
        except (TypeError, ValueError) as error:
            return type(error)

    assert outcome(lambda: limits.format_percent(template, values)) == outcome(lambda: template % values)


values = st.recursive(st.integers(0, 2), lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)


@settings(deadline=None)
@given(values, st.lists(values, max_size=4))
def test_weighed_comparisons_are_comparisons(value: Any, others: list[Any]) -> None:
    assert contains(others, value) == (value in others)
    assert contains(iter(others), value) == (value in others)
    assert [equal(value, other) for other in others] == [value == other for other in others]
