"""What the linter says of the graph: tasks that never run, joins, loops."""

import pytest

from .linting import findings, found, told, workflow

BOTH = """\
tasks:
  a: {on-success: [b: %s, c: %s]}
  b: {on-success: j}
  c: {on-success: j}
  j: {join: all}
"""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<% $.get(x) %>", "<% not $.get(x) %>"),
        ("<% $.get(x) = 1 %>", "<% $.get(x) != 1 %>"),
        ("<% $.get(x) = one %>", "<% $.get(x) = two %>"),
        ("<% $.get(x) > 1 %>", "<% ($.get(x) <= 1) %>"),
        ("<% not ($.get(x) = 1) %>", "<% $.get(x) = 1 %>"),
        ("\"{{ _.get('x') }}\"", "\"{{ not _.get('x') }}\""),
        ("\"{{ _.get('x') == 1 }}\"", "\"{{ _.get('x') == 2 }}\""),
    ],
)
def test_a_join_of_all_behind_conditions_that_exclude_each_other_never_fires(one: str, other: str) -> None:
    assert found(BOTH % (one, other)) == ["5:7 join-never-fires"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<% $.get(x) %>", "<% $.get(y) %>"),
        ("<% $.get(x) > 1 %>", "<% $.get(x) > 2 %>"),
        ("<% $.get(x) = 1 %>", "<% $.get(x) = $.get(y) %>"),
        ("<% $.get(x) = 1 %>", "<% $.get(x) = '1' or true %>"),
        ("<% random() > 0.5 %>", "<% random() <= 0.5 %>"),
        ("<% $.get(x) %>", "\"{{ not _.get('x') }}\""),
    ],
)
def test_conditions_that_may_hold_together_are_left_alone(one: str, other: str) -> None:
    assert found(BOTH % (one, other)) == []


def test_a_join_that_waits_for_a_success_and_the_failure_of_one_task_never_fires() -> None:
    clauses = "{on-success: b, on-error: c}"
    body = f"tasks:\n  a: {clauses}\n  b: {{on-success: j}}\n  c: {{on-success: j}}\n  j: {{join: 2}}\n"

    assert told(body) == [
        (
            "the join `j` never runs: `b` and `c` never lead to it in the same run",
            "`join: one` runs it for the first task that comes",
        )
    ]


def test_what_follows_from_a_dead_join_is_not_reported_again() -> None:
    body = BOTH % ("<% $.get(x) %>", "<% not $.get(x) %>")
    behind = body.replace("j: {join: all}", "j: {join: all, on-success: k}\n  k: {on-success: l}\n  l: {}")

    assert found(behind) == ["5:7 join-never-fires"]


def test_what_the_failure_of_a_dead_join_leads_to_runs() -> None:
    body = BOTH % ("<% $.get(x) %>", "<% not $.get(x) %>")

    assert found(body.replace("{join: all}", "{join: all, on-error: k}\n  k: {}")) == ["5:7 join-never-fires"]


@pytest.mark.parametrize(
    "task",
    [
        "{on-success: [fail, b]}",
        "{on-success: [succeed, b]}",
        "{on-success: [b: <% false %>]}",
        "{on-success: [b: <% 1 > 2 %>]}",
        '{on-complete: [b: "{{ 1 > 2 }}"]}',
        "{action: std.fail, on-success: b}",
        "{fail-on: true, on-success: b}",
    ],
)
def test_a_task_that_no_run_comes_to_is_reported(task: str) -> None:
    assert found(f"tasks:\n  a: {task}\n  b: {{}}\n") == ["3:3 task-never-runs"]


@pytest.mark.parametrize(
    "task",
    [
        "{on-success: [pause, b]}",
        "{on-success: [noop, b]}",
        "{on-success: [fail: <% $.get(x) %>, b: <% $.get(y) %>]}",
        "{on-error: b}",
        "{on-skip: b}",
        "{action: std.fail, on-complete: b}",
        "{action: std.fail, retry: {count: 1, delay: 1}, on-error: b}",
        "{fail-on: <% $.get(x) %>, on-success: b}",
        "{with-items: 'i in <% $.get(x) %>', action: std.fail, on-success: b}",
        "{pause-before: true, on-success: b}",
    ],
)
def test_a_task_that_some_run_comes_to_is_left_alone(task: str) -> None:
    assert found(f"tasks:\n  a: {task}\n  b: {{}}\n") == []


def test_a_task_may_run_before_another_one_ends_the_workflow() -> None:
    assert (
        found("tasks:\n  a: {on-complete: fail}\n  b: {on-success: c}\n  c: {on-success: d}\n  d: {}\n") == []
    )


def test_a_join_of_one_behind_a_task_that_runs_twice_can_run_twice() -> None:
    body = "tasks:\n  a: {on-success: c}\n  b: {on-success: c}\n  c: {on-success: j}\n  j: {join: one}\n"

    assert found(body) == ["5:7 join-fires-twice"]


@pytest.mark.parametrize(
    "body",
    [
        # The ways exclude each other.
        "tasks:\n  a: {on-success: [b: <% $.get(x) %>, c: <% not $.get(x) %>]}\n"
        "  b: {on-success: d}\n  c: {on-success: d}\n  d: {on-success: j}\n  j: {join: all}\n",
        # One task leads there, whether it fails or not.
        "tasks:\n  a: {on-success: b, on-error: b}\n  b: {on-success: j}\n  j: {join: all}\n",
        # The first of the two ends the workflow.
        "tasks:\n  a: {on-success: [b, c]}\n  b: {on-success: j}\n  c: {on-success: j}\n  j: {join: one}\n",
        # A cycle comes round again.
        "tasks:\n  a: {on-success: j}\n  j: {join: one, publish: {n: 1}, on-success: [b: <% $.n < 2 %>]}\n"
        "  b: {on-success: j}\n",
    ],
)
def test_a_join_that_runs_twice_on_a_cycle_or_not_for_certain_is_left_alone(body: str) -> None:
    assert found(body) == []


@pytest.mark.parametrize(
    "body",
    [
        "tasks:\n  s: {on-success: a}\n  a: {on-success: b}\n  b: {on-success: a}\n",
        "tasks:\n  s: {on-success: a}\n  a: {on-complete: [noop, a]}\n",
        "tasks:\n  s: {on-success: a}\n  a: {on-success: [a: <% $.get(x) %>, b: <% not $.get(x) %>]}\n"
        "  b: {on-success: a}\n",
        "tasks:\n  s: {on-success: a}\n  a: {action: std.fail, on-error: a}\n",
        "vars: {x: 1}\ntasks:\n  s: {on-success: a}\n  a: {on-success: [a: <% $.x > 0 %>]}\n",
    ],
)
def test_a_loop_without_a_way_out_is_reported(body: str) -> None:
    assert [each.split()[1] for each in found(body)] == ["endless-loop"]


@pytest.mark.parametrize(
    "body",
    [
        # It is left when something works.
        "tasks:\n  s: {on-success: a}\n  a: {action: std.async_noop, on-error: w}\n  w: {on-success: a}\n",
        # It is left when the condition changes.
        "vars: {x: 1}\ntasks:\n  s: {on-success: a}\n"
        "  a: {publish: {x: <% $.x - 1 %>}, on-success: [a: <% $.x > 0 %>]}\n",
        "vars: {x: 1}\ntasks:\n  s: {on-success: a}\n  a: {on-success: [a: <% task().result > 0 %>]}\n",
        # Another task changes it.
        "vars: {x: 1}\ntasks:\n  s: {on-success: {next: [a], publish: {global: {x: 0}}}}\n"
        "  a: {on-success: [a: <% $.x > 0 %>]}\n",
        # It is left by a command.
        "tasks:\n  s: {on-success: a}\n  a: {publish: {x: 1}, on-success: [{succeed: <% $.x %>}, a]}\n",
        # Another branch ends the workflow.
        "tasks:\n  s: {on-success: a}\n  a: {on-success: a}\n  b: {on-success: succeed}\n",
    ],
)
def test_a_loop_with_a_way_out_is_left_alone(body: str) -> None:
    assert found(body) == []


def test_tasks_that_are_asked_for_by_name_may_have_begun_in_a_branch_beside() -> None:
    assert found("tasks:\n  a: {publish: {x: <% task(b).state %>}}\n  b: {}\n") == []


def test_the_workflows_of_a_document_share_one_budget() -> None:
    """It would take minutes if each had its own."""
    wide = (
        "".join(f"    t{n}: {{on-success: [fail: <% $.get(a) %>, x]}}\n" for n in range(20)) + "    x: {}\n"
    )
    text = "version: '2.0'\n" + "".join(f"w{n}:\n  tasks:\n{wide}" for n in range(200))

    assert findings(text) == []


def test_a_workflow_that_is_too_large_to_be_tried_out_is_left_alone() -> None:
    tasks = "".join(f"  t{n}: {{on-success: t{n + 1}}}\n" for n in range(2000))

    assert findings(workflow(f"tasks:\n{tasks}  t2000: {{on-success: [fail, x]}}\n  x: {{}}\n")) == []


def test_a_join_behind_a_cycle_may_run_as_often_as_it_likes() -> None:
    loop = "tasks:\n  s: {on-success: a}\n  a: {on-success: [a, j]}\n  j: {join: one}\n"

    assert [each.split()[1] for each in found(loop)] == ["endless-loop"]


def test_a_task_that_is_started_again_and_again_does_not_use_up_more_than_the_budget() -> None:
    """Each round of the cycle doubles the tasks that are under way."""
    assert [
        each.split()[1]
        for each in found("tasks:\n  s: {on-success: a}\n  a: {on-complete: [b, a]}\n  b: {}\n")
    ]
    assert (
        found("tasks:\n  s: {on-success: [a, b]}\n  a: {on-error: [a, b]}\n  b: {on-error: [a, b]}\n") == []
    )
