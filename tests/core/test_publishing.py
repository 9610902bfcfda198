"""What a task makes known. Sections 2.5, 4.3 and 4.4."""

import json
from typing import Any

import pytest

from maestrale.core import Result

from .staging import DONE, FAILED, tasks


def test_on_complete_wins_over_the_task_and_that_over_the_clause_of_the_state() -> None:
    stage = tasks("""
        a:
          publish: {x: task, y: task}
          on-success: {publish: {branch: {x: clause, y: clause, z: clause}}}
          on-complete: {publish: {branch: {x: complete}}}
    """)

    assert stage.task("a").published == {"x": "complete", "y": "task", "z": "clause"}


SECTIONS: dict[str, dict[str, Any]] = {
    "clause": {"on-success": {"publish": {"branch": {"x": "clause"}}}},
    "clause everywhere": {"on-success": {"publish": {"branch": {"x": "clause"}, "global": {"x": "clause"}}}},
    "clause for all": {"on-success": {"publish": {"global": {"x": "clause"}}}},
    "task": {"publish": {"x": "task"}},
    "complete": {"on-complete": {"publish": {"branch": {"x": "complete"}}}},
    "complete everywhere": {
        "on-complete": {"publish": {"branch": {"x": "complete"}, "global": {"x": "complete"}}}
    },
    "complete for all": {"on-complete": {"publish": {"global": {"x": "complete"}}}},
}
BRANCH = ("complete", "complete everywhere", "task", "clause", "clause everywhere")
GLOBAL = ("complete for all", "complete everywhere", "clause for all", "clause everywhere")


@pytest.mark.parametrize("complete", [None, "complete", "complete everywhere", "complete for all"])
@pytest.mark.parametrize("task", [None, "task"])
@pytest.mark.parametrize("clause", [None, "clause", "clause everywhere", "clause for all"])
def test_in_each_scope_the_strongest_section_that_has_the_variable_counts(
    clause: str | None, task: str | None, complete: str | None
) -> None:
    chosen = [section for section in (clause, task, complete) if section is not None]
    body = {key: value for section in chosen for key, value in SECTIONS[section].items()}

    stage = tasks(f"a: {json.dumps(body)}")

    branch = next((section.split()[0] for section in BRANCH if section in chosen), None)
    everywhere = next((section.split()[0] for section in GLOBAL if section in chosen), None)
    assert stage.root.output == ({} if branch is None else {"x": branch})
    assert stage.root.context == ({} if everywhere is None else {"x": everywhere})


def test_mappings_of_several_sections_are_merged_as_they_were_written() -> None:
    stage = tasks("""
        a:
          publish: {m: {one: 1, deep: {a: 1}}}
          on-success: {publish: {branch: {m: {two: 2, deep: {a: 0, b: 2}}}}}
    """)

    assert stage.task("a").published == {"m": {"one": 1, "two": 2, "deep": {"a": 1, "b": 2}}}


def test_no_scope_of_any_section_is_lost() -> None:
    stage = tasks("""
        a:
          publish: {x: 1}
          on-success: {publish: {global: {g: 1}}}
          on-complete: {publish: {global: {h: 2}}}
    """)

    assert (stage.task("a").published, stage.root.context) == ({"x": 1}, {"g": 1, "h": 2})


@pytest.mark.parametrize(
    ("result", "published"),
    [(DONE, {"s": 1, "os": 1, "oc": 1}), (FAILED, {"e": 1, "oe": 1, "oc": 1}), (Result(cancelled=True), {})],
)
def test_the_state_of_a_task_says_what_is_published(result: Result, published: dict[str, int]) -> None:
    stage = tasks("""
        a:
          action: std.async_noop
          publish: {s: 1}
          publish-on-error: {e: 1}
          on-success: {publish: {branch: {os: 1}}}
          on-error: {publish: {branch: {oe: 1}}, next: noop}
          on-complete: {publish: {branch: {oc: 1}}}
    """)

    stage.complete("a", result)

    assert stage.task("a").published == published


def test_only_global_variables_leave_nothing_in_the_branch() -> None:
    stage = tasks("a: {on-success: {publish: {global: {g: {x: 1}}}}}")

    assert (stage.task("a").published, stage.task("a").published_global) == (None, {"g": {"x": 1}})


def test_a_branch_variable_hides_the_global_one_of_its_name() -> None:
    stage = tasks("""
        a:
          publish: {x: branch}
          on-success: {publish: {global: {x: global}}, next: b}
        b: {publish: {seen: ["<% $.x %>", "<% global(x) %>"]}}
    """)

    assert stage.task("b").published == {"seen": ["branch", "global"]}


def test_parallel_branches_do_not_see_each_other_but_global_variables() -> None:
    stage = tasks(
        """
        a: {publish: {x: 1}, on-success: {publish: {global: {g: 1}}}}
        b: {action: std.async_noop, publish: {seen: ["<% $.get(x) %>", "<% $.get(g) %>"]}}
        """
    )

    stage.complete("b", DONE)

    assert stage.task("b").published == {"seen": [None, 1]}


def test_the_value_that_was_published_more_often_wins_at_a_join_leaf_by_leaf() -> None:
    stage = tasks("""
        start: {publish: {m: {a: 0, b: 0}, x: old}, on-success: [left, right]}
        left: {publish: {m: {a: 1}, x: new}, on-success: j}
        right: {publish: {y: 1}, on-success: j}
        j: {join: all, publish: {seen: ["<% $.m.a %>", "<% $.x %>", "<% $.y %>"]}}
    """)

    assert stage.task("j").published == {"seen": [1, "new", 1]}


def test_a_published_expression_that_fails_fails_the_workflow_past_on_error() -> None:
    stage = tasks("a: {publish: {x: <% $.no.such.thing + 1 %>}, on-error: b}\nb: {}")

    assert (stage.states(), str(stage.root.state)) == ({"a": "ERROR"}, "ERROR")
    assert [str(run.state) for run in stage.runs()] == ["SUCCESS"]


def test_a_chain_of_a_thousand_tasks_hands_its_variables_on() -> None:
    chain = "\n".join(
        f"t{number}: {{publish: {{v{number}: {number}}}, on-success: t{number + 1}}}"
        for number in range(1_000)
    )

    stage = tasks(chain + "\nt1000: {}")

    output = stage.root.output
    assert output is not None and (len(output), output["v0"], output["v999"]) == (1_000, 0, 999)
