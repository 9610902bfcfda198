"""What expressions see of tasks and executions, in the tree and outside it. Section 4.8."""

import json

from maestrale.core.events import ResumeRequested
from maestrale.expressions import Json
from maestrale.testing.stage import ROOT

from .staging import DONE, tasks


def test_task_gives_the_latest_of_a_name_and_nothing_for_one_that_never_ran() -> None:
    stage = tasks(
        """
        a: {publish: {n: <% $.n + 1 %>}, on-success: [{a: <% $.n < 3 %>}, {b: <% $.n = 3 %>}]}
        s: {on-success: a}
        b: {publish: {latest: <% task(a).published.n %>, never: <% task(c) %>, own: <% task().name %>}}
        c: {action: std.noop, join: all}
        d: {action: std.async_noop, on-success: c}
        """,
        head="vars: {n: 0}",
    )

    assert stage.task("b").published == {"latest": 3, "never": None, "own": "b"}


def test_tasks_lists_those_of_an_execution_of_the_tree_without_asking_anybody() -> None:
    def answer(question: str) -> Json:
        raise AssertionError(question)

    stage = tasks(
        """
        a: {workflow: child, on-success: b}
        b:
          publish:
            own: <% tasks(execution().id).select($.name) %>
            all: <% tasks(execution().id, true).select($.name) %>
            done: <% tasks(execution().id, true, SUCCESS).select($.name) %>
            flat: <% tasks(execution().id, true, SUCCESS, true).select($.name) %>
        """,
        more="child:\n  tasks:\n    t: {}\n",
        answer=answer,
    )

    assert stage.task("b").published == {
        "own": ["a", "b"],
        "all": ["a", "b", "t"],
        "done": ["a", "b", "t"],
        "flat": ["b", "t"],
    }


def test_what_is_outside_the_tree_is_asked_for_and_kept_with_the_event() -> None:
    asked: list[str] = []

    def answer(question: str) -> Json:
        asked.append(question)
        return [{"id": "other", "created_at": "2026-03-01 12:00:00"}]

    stage = tasks(
        """
        a:
          publish:
            x: <% tasks('elsewhere').select($.id) %>
            y: <% executions(null, null, ERROR).len() %>
        """,
        answer=answer,
    )

    kinds = [question.partition(" ")[0] for question in asked]
    assert (stage.task("a").published, kinds) == ({"x": ["other"], "y": 1}, ["tasks", "executions"])
    assert json.loads(asked[1].partition(" ")[2])["state"] == "ERROR"
    (entry,) = stage.history
    assert [fact.question for fact in entry.facts] == asked
    stage.replayed()
    assert len(asked) == 2, "a replay asks nobody"


def test_executions_and_tasks_of_the_tree_are_found_as_they_are_at_this_moment() -> None:
    asked: list[Json] = []

    def answer(question: str) -> Json:
        kind, _, about = question.partition(" ")
        asked.append(json.loads(about))
        return [{"created_at": "1999-12-31 00:00:00", "name": "old"}] if kind == "executions" else []

    stage = tasks(
        """
        a: {workflow: child, on-error: b}
        b:
          publish:
            all: <% executions().select([$.name, $.get(state)]) %>
            below: <% executions(rootExecutionId => execution().id).select([$.name, $.state]) %>
            failed: "{{ executions(root_execution_id=execution().id, state='ERROR') | count }}"
            self: "{{ executions(id=execution().id)[0].state }}"
            tasks: <% tasks().select([$.name, $.state]) %>
            since: <% executions(id => execution().id, fromTime => execution().created_at).len() %>
            before: <% executions(id => execution().id, toTime => execution().created_at).len() %>
        """,
        head="vars: {first: <% executions(id => execution().id).state %>}",
        more="child:\n  tasks:\n    t: {action: std.fail}\n",
        answer=answer,
    )

    assert stage.root.context == {"first": ["RUNNING"]}
    assert stage.task("b").published == {
        "all": [["old", None], ["w", "RUNNING"], ["child", "ERROR"]],
        "below": [["child", "ERROR"]],
        "failed": 1,
        "self": "RUNNING",
        "tasks": [["a", "ERROR"], ["b", "SUCCESS"], ["t", "ERROR"]],
        "since": 1,
        "before": 0,
    }
    assert [about["beyond"] for about in asked] == [ROOT, ROOT]


def test_an_execution_knows_itself_even_in_its_first_variables() -> None:
    stage = tasks(
        "a: {workflow: child, publish: {c: <% task().result %>}}",
        head="vars: {me: <% execution().id %>}",
        more="""
child:
  vars: {me: <% execution().name %>, above: <% execution().root_execution_id %>}
  output: {me: <% $.me %>, above: <% $.above %>}
  tasks:
    t: {}
""",
    )

    assert stage.root.context["me"] == ROOT
    assert stage.root.output == {"c": {"me": "child", "above": ROOT}}


def test_values_of_chance_are_the_same_in_a_replay_and_others_in_another_task() -> None:
    stage = tasks("a: {publish: {u: <% uuid() %>}, on-success: b}\nb: {publish: {v: <% uuid() %>}}")

    output = stage.root.output
    assert output is not None and output["u"] != output["v"]
    assert stage.replayed().root.output == output


def test_the_environment_is_evaluated_once_against_itself() -> None:
    stage = tasks(
        "a: {on-success: [pause, b]}\nb: {publish: {x: <% env().y %>}}",
        params={"env": {"x": 1, "y": "<% env().x %>"}},
    )
    stage.send(ResumeRequested(ROOT, {"x": 2}))

    assert stage.root.output == {"x": 1}


def test_the_result_of_a_task_that_still_runs_is_nothing_yet() -> None:
    stage = tasks(
        "a: {action: std.async_noop}\nb: {publish: {x: <% task(a).result %>, s: <% task(a).state %>}}"
    )
    stage.complete("a", DONE)

    assert stage.task("b").published in ({"x": [], "s": "RUNNING"}, {"x": None, "s": "RUNNING"})
