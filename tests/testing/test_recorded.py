"""Files of recorded cases: read, evaluated, compared."""

import pytest

from maestrale.errors import InvalidInput
from maestrale.testing.recorded import Verdict, judge, parse_cases


def test_a_case_passes_if_its_value_or_its_error_comes() -> None:
    cases = parse_cases(
        """
        - {expr: <% $.a %>, data: &shared {a: 1}, value: 1}
        - {expr: "{{ _.a }}", data: *shared, value: 1.0}
        - {expr: <% $.b %>, data: *shared, error: true}
        - {expr: <% $.a %>, data: *shared, error: true}
        - {expr: <% now() %>, value: null}
        - {expr: "<% set(1, 2) %>", value: !!set {2: null, 1: null}}
        """
    )

    assert [judge(case).passed for case in cases] == [True, False, True, False, False, True]


def test_a_verdict_has_what_came_instead() -> None:
    gives, fails = parse_cases(
        "- {expr: <% 1 %>, data: {}, error: true}\n- {expr: <% $.x %>, data: {}, value: 1}\n"
    )

    verdict = judge(fails)

    assert judge(gives) == Verdict(gives, passed=False, value=1)
    assert verdict == Verdict(fails, passed=False, failure=verdict.failure)
    assert "`x`" in str(verdict.failure)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1", "it is no list"),
        ("- 1", "case 1 is no mapping with a text `expr`"),
        ("- {expr: a, value: 1}\n- {expr: b}", "case 2 must have either `value` or `error: true`"),
        ("- {expr: a, value: 1, error: true}", "case 1 must have either `value` or `error: true`"),
        ("- {expr: a, valeu: 1}", "case 1 has the unknown key `valeu`"),
        ("[", "it is no YAML"),
    ],
)
def test_a_file_that_holds_something_else_is_refused_with_the_place(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_cases(text)

    assert caught.value.code == "cases-file"
    assert reason in caught.value.message
