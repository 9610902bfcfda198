"""The events of an execution on a server as rows that displays can draw."""

from datetime import timedelta
from typing import Any

from maestrale.cli.progress import Step
from maestrale.cli.remote.mirror import Mirror
from maestrale.cli.rows import Picture, Row
from maestrale.client import ExecutionChanged, TaskChanged
from maestrale.core import Execution
from maestrale.errors import NotFound
from maestrale.lang import Workflow

from .trees import NOON, SECOND


def execution(id: str = "root", state: str = "RUNNING", **fields: Any) -> ExecutionChanged:
    return ExecutionChanged(**{"at": NOON, "cause": "C", "id": id, "name": "w", "state": state, **fields})


def task(id: str, state: str = "RUNNING", **fields: Any) -> TaskChanged:
    defaults = {"at": NOON, "cause": "C", "id": id, "name": id, "execution_id": "root"}
    return TaskChanged(**{**defaults, "state": state, **fields})


def unknown(execution: Execution) -> Workflow:
    raise NotFound("it is on the server")


def rows_of(mirror: Mirror) -> list[Row]:
    return Picture(mirror.progress, unknown).rows(limit=40, now=NOON + 2 * SECOND)


def mirror_of(*changes: ExecutionChanged | TaskChanged) -> Mirror:
    mirror = Mirror("root")
    for change in changes:
        mirror.take(change)
    return mirror


def paths(steps: list[Step], mirror: Mirror) -> list[str]:
    return [mirror.progress.path(step.row) for step in steps]


def test_tasks_stand_in_the_order_in_which_they_were_told() -> None:
    mirror = mirror_of(execution(), task("b"), task("a"), task("b", "SUCCESS", at=NOON + SECOND))

    assert rows_of(mirror) == [Row(0, "SUCCESS", "b", ("1.0 s",)), Row(0, "RUNNING", "a", ("2.0 s",))]


def test_sub_executions_stand_below_their_task() -> None:
    mirror = mirror_of(
        execution(),
        task("call"),
        execution("child", parent_task_id="call"),
        task("step", "ERROR", execution_id="child", state_info="it broke", at=NOON + SECOND),
    )

    assert rows_of(mirror) == [
        Row(0, "RUNNING", "call", ("2.0 s",)),
        Row(1, "ERROR", "step", ("it broke",)),
    ]


def test_a_change_that_comes_before_its_parent_is_kept_for_it() -> None:
    mirror = mirror_of(execution())
    early = mirror.take(execution("child", parent_task_id="call"))
    earlier = mirror.take(task("step", execution_id="child"))

    steps = mirror.take(task("call"))

    assert (early, earlier) == ([], [])
    assert paths(steps, mirror) == ["call", "call", "call/step"]


def test_a_sub_execution_can_be_watched_by_itself() -> None:
    mirror = Mirror("child")
    mirror.take(execution("child", parent_task_id="elsewhere"))
    steps = mirror.take(task("step", execution_id="child"))

    assert paths(steps, mirror) == ["step"]
    assert mirror.progress.root is not None


def test_a_task_that_runs_again_begins_anew() -> None:
    later = NOON + timedelta(hours=1)
    mirror = mirror_of(execution(), task("a"), task("a", "ERROR"), task("a", at=later))

    row = mirror.progress.state.tasks["a"]

    assert (row.started_at, row.finished_at) == (later, None)


def test_the_end_of_the_execution_is_seen() -> None:
    mirror = mirror_of(execution(), execution(state="ERROR", state_info="why", at=NOON + SECOND))
    root = mirror.progress.root

    assert mirror.progress.has_ended
    assert root is not None
    assert (root.state_info, root.finished_at) == ("why", NOON + SECOND)


def test_a_join_that_waits_is_drawn_without_its_definition() -> None:
    mirror = mirror_of(execution(), task("meet", "WAITING"))

    assert rows_of(mirror) == [Row(0, "WAITING", "meet", ("waits for other tasks",))]


def test_the_sub_executions_of_a_loop_are_told_apart_by_their_item() -> None:
    mirror = mirror_of(
        execution(),
        task("call"),
        execution("first", parent_task_id="call", index=0),
        execution("second", parent_task_id="call", index=1),
    )

    steps = mirror.take(task("step", execution_id="second"))

    assert paths(steps, mirror) == ["call[1]/step"]
