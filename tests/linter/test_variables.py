"""What the linter says of variables and of `task(…)`."""

import pytest

from .linting import findings, found, told, workflow

UNDEFINED = "undefined-variable"


def names(body: str) -> list[str]:
    """The names of the variables that are reported, in order of place."""
    reported = findings(workflow(body))
    assert {each.code for each in reported} <= {UNDEFINED}
    return [each.message.split("`")[1] for each in reported]


@pytest.mark.parametrize(
    "body",
    [
        "input: [x]\ntasks: {t: {action: std.echo output=<% $.x %>}}\n",
        "input: [{x: 1}]\nvars: {y: <% $.x %>}\ntasks: {t: {action: std.echo output=<% $.y %>}}\n",
        "tasks:\n  a: {publish: {x: 1}, on-success: b}\n  b: {on-success: c}\n"
        "  c: {publish: {y: <% $.x %>}}\n",
        "tasks:\n  a: {publish-on-error: {x: 1}, on-error: b}\n  b: {publish: {y: <% $.x %>}}\n",
        "tasks:\n  a: {publish-on-skip: {x: 1}, on-skip: b}\n  b: {publish: {y: <% $.x %>}}\n",
        "tasks:\n  a: {publish: {x: 1}, fail-on: <% $.get(y) %>, on-error: b}\n"
        "  b: {publish: {y: <% $.x %>}}\n",
        "tasks:\n  a: {on-complete: {publish: {branch: {x: 1}}, next: b}}\n  b: {publish: {y: <% $.x %>}}\n",
        "tasks:\n  a: {on-success: {publish: {global: {x: 1}}}}\n  b: {publish: {y: <% $.x %>}}\n",
        "tasks:\n  a: {publish: {x: 1}, on-success: [b: <% $.x %>]}\n  b: {}\n",
        "tasks:\n  a: {publish: {x: 1}, on-success: ['fail msg=<% $.x %>']}\n",
        "tasks:\n  a: {publish: {x: 1}, retry: {count: 1, delay: 1, continue-on: <% $.x %>}}\n",
        "tasks:\n  a: {with-items: 'x in [1]', action: std.echo, input: {output: <% $.x %>}}\n",
        "tasks:\n  a: {publish: {x: 1}, on-success: j}\n  b: {on-success: j}\n"
        "  j: {join: all, publish: {y: <% $.x %>}}\n",
        "tasks:\n  a: {publish: {x: 1}, on-success: [c]}\n  b: {on-success: c}\n"
        "  c: {publish: {y: <% $.x %>}}\n",
        "type: reverse\ntasks:\n  a: {publish: {x: 1}}\n  b: {requires: a, publish: {y: <% $.x %>}}\n",
        "output: {y: <% $.x %>}\ntasks:\n  a: {publish: {x: 1}}\n",
        "output-on-error: {y: <% $.x %>}\ntasks:\n  a: {publish-on-error: {x: 1}}\n",
        "task-defaults: {timeout: <% $.x %>}\ntasks:\n  a: {publish: {x: 1}}\n",
        "tasks:\n  a: {action: std.noop, target: <% $.x %>}\n",
        "tasks:\n  a: {publish: {y: '{{ _.__env.z }}', z: '{{ _.__execution.id }}'}}\n",
        # A round of a loop sees what the one before has published.
        "tasks:\n  s: {on-success: a}\n"
        "  a: {publish: {x: <% $.get(x, 0) + 1 %>}, on-success: [a: <% $.x < 3 %>]}\n",
    ],
)
def test_a_variable_that_some_way_brings_is_defined(body: str) -> None:
    assert names(body) == []


@pytest.mark.parametrize(
    "body",
    [
        "tasks: {t: {action: std.echo output=<% $.x %>}}\n",
        "tasks: {t: {action: std.echo, input: {output: [{deep: 'a <% $.x %>'}]}}}\n",
        "tasks: {t: {action: std.echo, input: {output: '{{ _.x.y }}'}}}\n",
        "tasks: {t: {action: std.echo, input: {output: \"{{ _['x'] }}\"}}}\n",
        "tasks: {t: {with-items: 'i in <% $.x %>'}}\n",
        "tasks: {t: {retry: count=<% $.x %> delay=1}}\n",
        "tasks: {t: {timeout: <% $.x %>}}\n",
        "tasks: {t: {on-success: [{noop: <% $.x %>}]}}\n",
        "tasks: {t: {on-success: ['fail msg=\"<% $.x %>\"']}}\n",
        "vars: {y: 1, z: <% $.x %>}\ntasks: {t: {}}\n",
        "output: {z: <% $.x %>}\ntasks: {t: {}}\n",
        "tasks:\n  a: {publish: {x: 1}, on-error: b}\n  b: {publish: {y: <% $.x %>}}\n",
        "tasks:\n  a: {publish: {x: 1}}\n  b: {publish: {y: <% $.x %>}}\n",
        "tasks:\n  a: {publish: {x: 1, y: <% $.x %>}}\n",
        "tasks:\n  a: {with-items: 'x in [1]', publish: {y: <% $.x %>}}\n",
        "type: reverse\ntasks:\n  a: {publish: {x: 1}}\n  b: {publish: {y: <% $.x %>}}\n",
        "tasks: {t: {publish: {y: '{{ x }}'}}}\n",
    ],
)
def test_a_variable_that_no_way_brings_is_reported(body: str) -> None:
    assert names(body) == ["x"]


@pytest.mark.parametrize(
    "text",
    [
        "<% $.get(x) %>",
        "<% $.get(x, 1) %>",
        "<% $.containsKey(x) and $.x > 1 %>",
        "<% switch($.containsKey(x) => $.x, true => 0) %>",
        "<% 'x' in $.keys() and $.x > 1 %>",
        "<% [].where($.x = 1) %>",
        "<% [].select($.x).len() %>",
        "<% let(x => 1) -> $x %>",
        "<% global(x) %>",
        "{{ _.x | default(1) }}",
        "{{ _.x is defined }}",
        "{{ _.x if _.x is defined else 1 }}",
        "{{ _.get('x') }}",
        "{% for x in [1] %}{{ x }}{% endfor %}",
        "{% if x is defined %}{{ x }}{% endif %}",
        "{{ range(3) | list }}",
        "{{ uuid() }}",
    ],
)
def test_an_expression_that_can_do_without_a_variable_is_safe(text: str) -> None:
    assert names(f'tasks: {{t: {{publish: {{y: "{text}"}}}}}}\n') == []


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("input: [name]\ntasks: {t: {publish: {y: <% $.nmae %>}}}\n", "did you mean `name`?"),
        (
            "tasks: {t: {publish: {x: 1, y: <% $.x %>}}}\n",
            "task `t` publishes it, but sees it only in its transitions",
        ),
        (
            "tasks:\n  a: {publish: {x: 1}}\n  b: {publish: {y: <% $.x %>}}\n",
            "task `a` publishes it, but no way leads from there to here",
        ),
        ("vars: {x: 1, y: <% $.x %>}\ntasks: {t: {}}\n", "`vars` do not see each other"),
        (
            "tasks: {t: {with-items: 'x in [1]', publish: {y: <% $.x %>}}}\n",
            "a loop variable is there only in the task's `input`",
        ),
        ("tasks: {t: {publish: {y: '{{ x }}'}}}\n", "did you mean `_.x`?"),
        (
            "tasks: {t: {publish: {y: <% $.x %>}}}\n",
            "declare it under `input` or `vars`, or publish it in a task before",
        ),
    ],
)
def test_the_hint_says_how_to_bring_a_variable(body: str, hint: str) -> None:
    assert [each for _, each in told(body)] == [hint]


def test_the_place_is_that_of_the_name_in_the_text() -> None:
    assert found("tasks:\n  t: {action: std.echo output='a <% 1 + $.x %> <% $.get(z) + $.y %>'}\n") == [
        f"2:43 {UNDEFINED}",
        f"2:64 {UNDEFINED}",
    ]


def test_nothing_is_said_of_tasks_that_no_path_leads_to() -> None:
    assert (
        names("tasks:\n  s: {}\n  a: {on-success: b}\n  b: {on-success: a, publish: {y: <% $.x %>}}\n") == []
    )


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ("output: {y: <% task(gone).result %>}\ntasks: {t: {}}\n", ["1:21 unknown-task-name"]),
        ("vars: {y: <% task(t).result %>}\ntasks: {t: {}}\n", ["1:19 task-not-run-yet"]),
        (
            "tasks:\n  a: {publish: {y: <% task(b).id %>}, on-success: b}\n  b: {}\n",
            ["2:28 task-not-run-yet"],
        ),
        ("tasks:\n  a: {on-success: [b: <% task(b) %>]}\n  b: {}\n", ["2:31 task-not-run-yet"]),
        ("tasks:\n  a: {on-success: b}\n  b: {publish: {y: <% task(a).id + task(b).id %>}}\n", []),
        ("tasks:\n  a: {publish: {y: <% task(b).id %>}}\n  b: {}\n", []),
        ("type: reverse\ntasks:\n  a: {requires: b, publish: {y: <% task(b).id %>}}\n  b: {}\n", []),
        ("tasks:\n  a: {publish: {y: <% task($.get(x)).id %>}}\n", []),
    ],
)
def test_tasks_that_are_asked_for_by_name_are_checked(body: str, codes: list[str]) -> None:
    assert found(body) == codes
