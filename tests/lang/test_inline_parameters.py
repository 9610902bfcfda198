"""`name a=1 b="x"` in one line (section 1.5)."""

from typing import Any

import pytest

from maestrale.lang import parse_or_raise
from maestrale.lang.inline import EXPRESSION_HINT, VALUE_HINT, find_parameters

from .reading import parse_body, plain, task_codes, task_problems, the_task


@pytest.mark.parametrize(
    ("line", "parameters"),
    [
        ('x d="two words"', {"d": "two words"}),
        ('x d="12"', {"d": "12"}),
        ("x d='it is \"so\"'", {"d": 'it is "so"'}),
        ("x d={{ _.a }}", {"d": "{{ _.a }}"}),
        ("x d=<% $.a = 1 %>", {"d": "<% $.a = 1 %>"}),
        ('x d=[1, "a"]', {"d": [1, "a"]}),
        ("x d=[1, a]", {"d": "[1, a]"}),
        ("x d=[NaN]", {"d": "[NaN]"}),
        ("x a=true b=false c=null d=12", {"a": True, "b": False, "c": None, "d": 12}),
        ("x d=007", {"d": 7}),
        ("x break-on=1 _a=2", {"break-on": 1, "_a": 2}),
        ("x a=1 a=2", {"a": 2}),
        ("x a=1, b=2", {"a": 1, "b": 2}),
        ('x("a" b=1)', {"b": 1}),
        ("a=1 b=2", {"a": 1, "b": 2}),
        ("x a=b=1", {"b": 1}),
        ("x", {}),
    ],
)
def test_a_parameter_has_one_of_the_forms_of_a_value(line: str, parameters: dict[str, Any]) -> None:
    found = find_parameters(line)

    assert (found.values, len(found.lost)) == (parameters, 1 if "a=b=" in line else 0)


@pytest.mark.parametrize(
    ("line", "parameters", "lost_at"),
    [
        ("x output=hello", {}, [2]),
        ("x url=http://x", {}, [2]),
        ("x d=1.5", {"d": 1}, [2]),
        ("x d=-3", {}, [2]),
        ("x d=12abc", {"d": 12}, [2]),
        ("x d=nullable", {"d": None}, [2]),
        ('x d={"a": 1}', {}, [2]),
        ("x a=[1,2] b=[3]", {"a": "[1,2] b=[3]"}, []),
        ("x a = 1", {}, [4]),
        ('x a="open', {}, [2]),
    ],
)
def test_a_value_that_gets_lost_is_noted_at_its_place(
    line: str, parameters: dict[str, Any], lost_at: list[int]
) -> None:
    found = find_parameters(line)

    assert (found.values, [offset for offset, _ in found.lost]) == (parameters, lost_at)


def test_a_lost_value_is_a_warning_that_points_at_it() -> None:
    assert task_problems("action: std.echo output=hello") == [("inline-value-dropped", 1, 18)]
    assert task_problems("action: 'std.echo output=hello'") == [("inline-value-dropped", 1, 19)]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("std.echo output=hello", VALUE_HINT),
        ("std.echo output=a$", VALUE_HINT),
        ("std.echo output=$.a", EXPRESSION_HINT),
        ("std.echo output=_.a", EXPRESSION_HINT),
    ],
)
def test_who_forgets_the_delimiters_of_an_expression_is_told_of_them(line: str, hint: str) -> None:
    problems = parse_body(f"tasks: {{t: {{action: '{line}'}}}}").problems

    assert [problem.hint for problem in problems] == [hint]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("std.echo", "std.echo"),
        ("std.echo(output=1)", "std.echo(output=1)"),
        ('std.echo output="a"', "std.echo"),
        ("<% $.name %>", "<% $.name %>"),
        ("<% $.name %> a=1", "<% $.name %>"),
        ("{{ _.name }} a=1", "{{ _.name }}"),
        ("std.<%$.x%>", "std.<%$.x%>"),
    ],
)
def test_the_name_is_the_first_word_or_the_first_expression(line: str, name: str) -> None:
    assert plain(the_task(f"action: {line!r}").action) == name


def test_an_equals_sign_within_the_name_makes_no_parameter() -> None:
    assert plain(the_task("action: <% switch($.x=1 => a) %> b=2").input) == {"b": 2}


@pytest.mark.parametrize("line", [" std.noop", '"std.noop" a=1', "= a=1", "std.<% $.x %>"])
def test_a_line_without_a_readable_name_is_refused(line: str) -> None:
    assert task_codes(f"action: {line!r}") == ["inline-syntax"]


def test_parameters_are_merged_over_the_input_and_win() -> None:
    task = the_task(
        """\
        action: std.echo output="line" more=[1]
        input: {output: mapping, other: {a: 1}}
        """
    )

    assert plain(task.input) == {"output": "line", "other": {"a": 1}, "more": [1]}


def test_parameters_cannot_be_added_to_an_expression() -> None:
    assert task_problems('action: std.echo output="a"\ninput: <% $.all %>') == [
        ("inline-with-expression-input", 2, 8)
    ]


def test_an_expression_in_a_line_is_checked_where_it_stands() -> None:
    assert task_problems('action: std.echo output="<% $.a + %>"')[0][:2] == ("yaql-syntax", 1)
    assert task_codes('action: std.echo output=["<% $.a + %>"]') == ["yaql-syntax"]
    assert task_codes("action: <% $.a + %> a=1") == ["yaql-syntax"]


def test_a_sub_workflow_takes_parameters_like_an_action() -> None:
    task = the_task("workflow: mailer subject='hi'")

    assert (task.action, plain(task.workflow), plain(task.input)) == (None, "mailer", {"subject": "hi"})


def test_the_base_of_an_ad_hoc_action_takes_parameters_too() -> None:
    action = parse_or_raise(
        "version: '2.0'\na: {base: 'std.echo output=\"x\"', base-input: {output: y, b: {c: <% $.d %>}}}"
    ).actions["a"]

    assert (action.base, plain(action.base_input)) == ("std.echo", {"output": "x", "b": {"c": "<% $.d %>"}})


def test_only_the_first_lost_values_of_a_line_are_named() -> None:
    assert len(parse_body("tasks: {t: {action: 'x " + "a=b " * 1000 + "'}}").problems) == 20
