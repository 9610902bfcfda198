"""The check of expressions in a definition, before anything is evaluated."""

import pytest

from maestrale.expressions import SyntaxProblem, check_text


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "<% $.a.b %>",
        "<% $.a + unknown(1).other() %> and <% 1 %>",
        "{{ _.a|unknown }}",
        "{% if x %}yes{% endif %}",
        "{{ {'a': {'b': 1}} }}",
        "<% broken over\n two lines( %>",
        "{{ unclosed",
    ],
)
def test_what_can_be_read_has_no_problem(text: str) -> None:
    assert check_text(text) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "x: <% $.a + * %> y",
            SyntaxProblem(
                code="yaql-syntax",
                message="Parse error: unexpected '*' at position 6 of expression '$.a + *'; "
                "expected: a value",
                expression="$.a + *",
                offset=12,
            ),
        ),
        (
            "<% $.a %> <% 1 + %>",
            SyntaxProblem(
                code="yaql-syntax",
                message="Parse error: unexpected end of statement; expected: a value",
                expression="1 +",
                offset=16,
            ),
        ),
        (
            "<%   ä ; b %>",
            SyntaxProblem(
                code="yaql-syntax",
                message="Lexical error: illegal character ';' at position 2",
                expression="ä ; b",
                offset=7,
            ),
        ),
        (
            "<% %>",
            SyntaxProblem(
                code="yaql-syntax",
                message="Parse error: unexpected end of statement; expected: a value",
                expression="",
                offset=0,
            ),
        ),
        (
            "a\n  {{ 1 + }}",
            SyntaxProblem(
                code="jinja-syntax",
                message="unexpected 'end of print statement'",
                expression="a\n  {{ 1 + }}",
                offset=4,
            ),
        ),
        (
            "{% if x %}\n{{ 1 }}\n{% endfor %}",
            SyntaxProblem(
                code="jinja-syntax",
                message="Encountered unknown tag 'endfor'. Jinja was looking for the following tags: "
                "'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'.",
                expression="{% if x %}\n{{ 1 }}\n{% endfor %}",
                offset=19,
            ),
        ),
        (
            "<% $.a %> {{ _.b }}",
            SyntaxProblem(
                code="mixed-languages",
                message="one text cannot hold both YAQL `<% %>` and Jinja `{{ }}`: use one of them",
                expression="<% $.a %> {{ _.b }}",
                offset=10,
            ),
        ),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, problem: SyntaxProblem) -> None:
    assert check_text(text) == problem


@pytest.mark.parametrize(
    "text", [f"<% {'(' * 5000} %>", f"{{{{ {'(' * 5000} }}}}", f"<% {'9' * 5000} %>", r"<% '\xZZ' %>"]
)
def test_an_absurd_text_is_a_problem_and_not_a_crash(text: str) -> None:
    problem = check_text(text)

    assert problem is not None
    assert problem.code in ("yaql-syntax", "jinja-syntax")
