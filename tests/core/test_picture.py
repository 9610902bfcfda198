"""An execution as a graph: what its definition says, and what has come of it so far."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.core.edges import Edge
from maestrale.core.events import PauseRequested, ResumeRequested, TaskRerunRequested
from maestrale.core.picture import MOST_LISTED, LoopProgress, Node, Picture, SubExecution, picture
from maestrale.core.status import ExecutionState, TaskState
from maestrale.errors import NotFound
from maestrale.lang.model import WorkflowType
from maestrale.testing import laws
from maestrale.testing.happenings import Happening, Play, scripts
from maestrale.testing.stage import ROOT, Stage
from maestrale.testing.workflows import Program, programs

from .staging import DONE, FAILED, document, tasks


def drawn(stage: Stage, execution_id: str = ROOT) -> Picture:
    return picture(stage.world, stage.state, execution_id)


def node(stage: Stage, name: str) -> Node:
    (found,) = (node for node in drawn(stage).nodes if node.name == name)
    return found


def taken(stage: Stage) -> dict[str, int | None]:
    """How often each edge was taken."""
    return {f"{edge.source} {edge.event} {edge.target}": edge.taken for edge in drawn(stage).edges}


def test_a_picture_shows_every_task_and_every_way_of_the_definition() -> None:
    stage = tasks("""
        fetch: {action: std.async_noop, on-success: [{store: <% $.a > 0 %>}, check], on-error: fail}
        check: {on-success: store}
        store: {join: all}
    """)
    stage.complete("fetch", FAILED)
    (task,) = stage.tasks()

    assert drawn(stage) == Picture(
        execution_id=ROOT,
        workflow="w",
        type=WorkflowType.DIRECT,
        state=ExecutionState.ERROR,
        state_info=None,
        nodes=(
            Node(
                name="fetch",
                type="ACTION",
                target="std.async_noop",
                state=TaskState.ERROR,
                state_info="it failed",
                started_at=task.started_at,
                finished_at=task.finished_at,
                run_count=1,
                task_ids=(task.id,),
            ),
            Node(name="check", type="ACTION", target="std.noop"),
            Node(name="store", type="ACTION", target="std.noop", join="all"),
            Node(name="fail", type="COMMAND"),
        ),
        edges=(
            Edge(source="fetch", target="store", event="on-success", condition="<% $.a > 0 %>", taken=0),
            Edge(source="fetch", target="check", event="on-success", taken=0),
            Edge(source="fetch", target="fail", event="on-error", is_command=True, taken=1),
            Edge(source="check", target="store", event="on-success", taken=0),
        ),
    )


def test_a_way_counts_each_time_it_was_taken() -> None:
    stage = tasks(
        """
        start: {on-success: work}
        work: {publish: {n: <% $.n + 1 %>}, on-success: [{work: <% $.n < 4 %>}, {end: <% $.n = 4 %>}]}
        end: {}
        """,
        head="vars: {n: 0}",
    )

    assert taken(stage) == {
        "start on-success work": 1,
        "work on-success work": 3,
        "work on-success end": 1,
    }
    assert node(stage, "work").run_count == 4
    assert node(stage, "work").task_ids == tuple(task.id for task in reversed(stage.tasks("work")))


def test_a_way_that_stands_twice_in_a_clause_is_one_edge_with_both_conditions() -> None:
    stage = tasks("a: {on-success: [{b: <% true %>}, {b: <% 1 = 1 %>}]}\nb: {}")

    assert drawn(stage).edges == (
        Edge(source="a", target="b", event="on-success", condition="<% true %> or <% 1 = 1 %>", taken=2),
    )


def test_branches_that_have_come_to_a_join_are_seen_while_it_waits() -> None:
    stage = tasks("""
        a: {on-success: j, on-complete: j}
        b: {action: std.async_noop, on-success: j}
        j: {join: all}
    """)

    assert taken(stage) == {"a on-success j": 1, "a on-complete j": 1, "b on-success j": 0}


def test_a_branch_that_came_too_late_for_a_join_was_taken_all_the_same() -> None:
    stage = tasks("""
        a: {on-success: j}
        b: {action: std.async_noop, on-success: j}
        j: {join: one}
    """)
    stage.complete("b", DONE)

    assert (taken(stage), node(stage, "j").run_count) == ({"a on-success j": 1, "b on-success j": 1}, 1)


def test_a_branch_that_failed_a_join_was_not_taken() -> None:
    stage = tasks("""
        a: {on-success: j}
        b: {action: std.fail, on-success: j}
        j: {join: all}
    """)

    assert (taken(stage), node(stage, "j").state) == (
        {"a on-success j": 1, "b on-success j": 0},
        TaskState.ERROR,
    )


def test_what_a_pause_holds_back_is_not_taken_before_the_resume() -> None:
    stage = tasks("""
        a: {on-success: [pause, j, b]}
        b: {on-success: j}
        c: {on-success: j}
        j: {join: all}
    """)

    before = taken(stage)
    stage.send(ResumeRequested(ROOT))

    ways = ["a on-success pause", "a on-success j", "a on-success b", "b on-success j", "c on-success j"]
    assert before == dict.fromkeys(ways, 0) | {"a on-success pause": None}
    assert taken(stage) == dict(zip(ways, [None, 1, 1, 1, 1], strict=True))


def test_a_way_that_a_failed_run_took_stays_taken_when_the_task_is_run_again() -> None:
    stage = tasks("""
        a: {action: std.async_noop, on-error: [b, j], on-success: c}
        b: {}
        c: {action: std.async_noop}
        j: {join: one, on-success: fail}
    """)
    stage.complete("a", FAILED)
    stage.send(TaskRerunRequested(stage.task("a").id))
    stage.complete("a", DONE)

    assert taken(stage) == {
        "a on-success c": 1,
        "a on-error b": 1,
        "a on-error j": 1,
        "j on-success fail": 1,
    }


# Commands.


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ("on-success: noop", 1),
        ("on-success: [noop, succeed]", 1),
        ("on-error: fail", 0),
        ("on-success: [{fail: <% false %>}]", None),
        ("on-success: [{pause: <% false %>}, fail]", None),
        ("on-success: [{noop: <% 1 + no %>}], on-error: fail", 0),
    ],
)
def test_how_often_a_command_was_met_is_told_where_it_is_certain(clauses: str, expected: int | None) -> None:
    stage = tasks(f"a: {{{clauses}}}")

    assert drawn(stage).edges[-1].taken == expected


# What nodes run.


def test_a_node_shows_how_far_its_loop_has_come() -> None:
    stage = tasks("""
        each: {with-items: 'i in [1, 2, 3, 4, 5]', concurrency: 2, action: std.async_noop}
    """)
    stage.complete("each", DONE)
    stage.complete("each", FAILED)

    assert node(stage, "each").items == LoopProgress(total=5, running=2, succeeded=1, failed=1, cancelled=0)


def test_a_node_lists_the_latest_of_its_sub_workflows_and_counts_all() -> None:
    stage = tasks(
        "each: {with-items: i in <% range(25) %>, workflow: child}",
        more="child: {tasks: {ask: {action: std.async_noop}}}",
    )
    stage.complete("ask", DONE)

    found = node(stage, "each")

    children = stage.state.children[stage.task("each").id]
    assert (found.type, found.target, found.sub_execution_count) == ("WORKFLOW", "child", 25)
    assert found.sub_executions == tuple(
        SubExecution(id, "child", ExecutionState.RUNNING) for id in reversed(children[-MOST_LISTED:])
    )


def test_a_sub_workflow_has_a_picture_of_its_own() -> None:
    stage = tasks("call: {workflow: child}", more="child: {tasks: {ask: {action: std.async_noop}}}")
    (child,) = node(stage, "call").sub_executions

    found = drawn(stage, child.id)

    assert (found.workflow, [each.name for each in found.nodes]) == ("child", ["ask"])


def test_the_ways_of_a_reverse_workflow_lead_from_what_is_required() -> None:
    stage = document(
        """
        w:
          type: reverse
          tasks:
            a: {}
            b: {action: std.async_noop}
            c: {requires: [a, b]}
            unwanted: {requires: [a]}
        """,
        params={"task_name": "c"},
    )

    before = taken(stage)
    stage.complete("b", DONE)

    assert drawn(stage).type is WorkflowType.REVERSE
    assert before == {"a requires c": 0, "b requires c": 0, "a requires unwanted": 0}
    assert taken(stage) == {"a requires c": 1, "b requires c": 1, "a requires unwanted": 0}


def test_an_execution_that_does_not_exist_cannot_be_drawn() -> None:
    with pytest.raises(NotFound) as caught:
        drawn(tasks("a: {}"), "nobody")

    assert caught.value.code == "unknown-execution"


# Properties.


@given(programs(), scripts(), st.sampled_from([250, 3, 1]))
def test_whatever_happens_a_picture_agrees_with_the_rows(
    program: Program, script: tuple[Happening, ...], steps: int
) -> None:
    play = Play(program, steps=steps)
    play.perform(script)
    before = laws.copy_of(play.state)

    for execution in play.state.executions.values():
        found = picture(play.world, play.state, execution.id)

        rows = [play.state.tasks[id] for id in play.state.tasks_in[execution.id]]
        shown = {node.name: node for node in found.nodes if node.type != "COMMAND"}
        assert sum(node.run_count for node in shown.values()) == len(rows)
        assert {task.name: task.state for task in rows} == {
            name: node.state for name, node in shown.items() if node.state is not None
        }
        into: dict[str, int] = dict.fromkeys(shown, 0)
        for edge in found.edges:
            if not edge.is_command:
                assert edge.taken is not None
                into[edge.target] += edge.taken
        if found.type is WorkflowType.DIRECT:
            for name, node in shown.items():
                begun_by_others = [task for task in rows if task.name == name and task.triggered_by]
                if node.join is None:
                    assert into[name] == len(begun_by_others)
                elif not play.reopened:  # Who came to a join that failed is forgotten when it is run again.
                    assert (into[name] > 0) == (node.run_count > 0)
        assert msgspec.json.decode(msgspec.json.encode(found), type=Picture) == found

    laws.check_same(before, laws.copy_of(play.state), "drawing changes nothing")


def test_a_pause_is_seen_in_the_picture() -> None:
    stage = tasks("a: {action: std.async_noop}")
    stage.send(PauseRequested(ROOT, "look"))

    found = drawn(stage)

    assert (found.state, found.state_info) == (ExecutionState.PAUSED, "look")
