"""What publishers are told: every change of a state, and which event it is. Section 7.6."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from maestrale.core import Execution, Notice, Publisher, State, Task, decide
from maestrale.core.events import (
    PauseRequested,
    ResumeRequested,
    StopRequested,
    TaskRerunRequested,
    TaskSkipRequested,
)
from maestrale.core.notices import Move
from maestrale.core.publishers import EVENTS
from maestrale.core.status import EXECUTION_MOVES, TASK_MOVES, ExecutionState, TaskState
from maestrale.testing.happenings import Happening, Play, scripts
from maestrale.testing.stage import ROOT, Stage
from maestrale.testing.workflows import Program, programs

from ..store.rows import a_task, an_execution
from .staging import DONE, FAILED, tasks

ALL = {"type": "noop"}
CHILD = """
child:
  tasks:
    t: {action: std.async_noop}
"""

EVENTS_OF_EXECUTIONS = {
    (None, "RUNNING"): "WORKFLOW_LAUNCHED",
    ("RUNNING", "PAUSED"): "WORKFLOW_PAUSED",
    ("RUNNING", "SUCCESS"): "WORKFLOW_SUCCEEDED",
    ("RUNNING", "ERROR"): "WORKFLOW_FAILED",
    ("RUNNING", "CANCELLED"): "WORKFLOW_CANCELLED",
    ("PAUSED", "RUNNING"): "WORKFLOW_RESUMED",
    ("PAUSED", "CANCELLED"): "WORKFLOW_CANCELLED",
    ("ERROR", "RUNNING"): "WORKFLOW_RERUN",
    ("CANCELLED", "RUNNING"): "WORKFLOW_LAUNCHED",
}

EVENTS_INTO_RUNNING = {
    "IDLE": "TASK_LAUNCHED",
    "DELAYED": "TASK_LAUNCHED",
    "CANCELLED": "TASK_LAUNCHED",
    "WAITING": "TASK_RESUMED",
    "PAUSED": "TASK_RESUMED",
    "ERROR": "TASK_RERUN",
}

EVENTS_INTO = {
    "PAUSED": "TASK_PAUSED",
    "SUCCESS": "TASK_SUCCEEDED",
    "ERROR": "TASK_FAILED",
    "CANCELLED": "TASK_CANCELLED",
    "SKIPPED": "TASK_SKIPPED",
    "DELAYED": None,
    "WAITING": None,
    "IDLE": None,
}


def told(stage: Stage) -> list[tuple[str, str, str | None]]:
    """The name, the state and the event of everything told so far."""
    bodies = [json.loads(notice.body) for notice in stage.notices]
    return [(body["name"], body["state"], body["event"]) for body in bodies]


def told_of(stage: Stage, name: str) -> list[str | None]:
    return [event for told_name, _, event in told(stage) if told_name == name]


def notifying(text: str, *publishers: Mapping[str, Any], more: str = "") -> Stage:
    return tasks(text, more=more, params={"notify": list(publishers or [ALL])})


# Which event a change is.


def test_every_move_of_an_execution_is_the_event_of_the_table() -> None:
    moves: list[tuple[ExecutionState | None, ExecutionState]] = [(None, ExecutionState.RUNNING)]
    moves += [(before, after) for before, states in EXECUTION_MOVES.items() for after in states]

    found = {
        (before, after): Move(an_execution(state=before) if before else None, an_execution(state=after)).event
        for before, after in moves
    }

    assert found == EVENTS_OF_EXECUTIONS


def test_every_move_of_a_task_is_the_event_of_the_table() -> None:
    moves = [(before, after) for before, states in TASK_MOVES.items() for after in states]

    found = {move: Move(a_task(state=move[0]), a_task(state=move[1])).event for move in moves}

    assert found == {
        (before, after): EVENTS_INTO_RUNNING[before] if after == "RUNNING" else EVENTS_INTO[after]
        for before, after in moves
    }


def test_a_publisher_can_name_exactly_the_events_that_there_are() -> None:
    events = {*EVENTS_OF_EXECUTIONS.values(), *EVENTS_INTO_RUNNING.values(), *EVENTS_INTO.values()}

    assert {*EVENTS} == events - {None}
    assert len(EVENTS) == 15


def test_a_task_that_a_policy_held_is_resumed() -> None:
    held, runs = a_task(state=TaskState.IDLE, held=True), a_task(state=TaskState.RUNNING)

    assert Move(held, runs).event == "TASK_RESUMED"


# Every move is seen.


def test_a_plain_execution_tells_of_its_beginning_its_tasks_and_its_end() -> None:
    stage = notifying("a: {on-success: b}\nb: {}")

    assert told(stage) == [
        ("w", "RUNNING", "WORKFLOW_LAUNCHED"),
        ("a", "RUNNING", "TASK_LAUNCHED"),
        ("a", "SUCCESS", "TASK_SUCCEEDED"),
        ("b", "RUNNING", "TASK_LAUNCHED"),
        ("b", "SUCCESS", "TASK_SUCCEEDED"),
        ("w", "SUCCESS", "WORKFLOW_SUCCEEDED"),
    ]


def test_each_failure_that_a_retry_follows_is_told() -> None:
    stage = notifying("a: {action: std.fail, retry: {count: 1, delay: 0}}")

    assert told(stage) == [
        ("w", "RUNNING", "WORKFLOW_LAUNCHED"),
        ("a", "RUNNING", "TASK_LAUNCHED"),
        ("a", "ERROR", "TASK_FAILED"),
        ("a", "DELAYED", None),
        ("a", "RUNNING", "TASK_LAUNCHED"),
        ("a", "ERROR", "TASK_FAILED"),
        ("w", "ERROR", "WORKFLOW_FAILED"),
    ]


def test_the_waits_before_and_after_a_task_are_told() -> None:
    stage = notifying("a: {wait-before: 1, wait-after: 2}")

    stage.pass_time(3)

    assert told_of(stage, "a") == [
        "TASK_LAUNCHED",
        None,
        "TASK_LAUNCHED",
        "TASK_SUCCEEDED",
        None,
        "TASK_SUCCEEDED",
    ]


def test_a_join_waits_and_is_resumed() -> None:
    stage = notifying("a: {on-success: j}\nb: {on-success: j}\nj: {join: all}")

    assert told_of(stage, "j") == [None, "TASK_RESUMED", "TASK_SUCCEEDED"]


def test_a_task_held_by_a_policy_pauses_the_workflow_and_goes_on_with_it() -> None:
    stage = notifying("a: {pause-before: true}")

    stage.send(ResumeRequested(ROOT))

    assert told(stage) == [
        ("w", "RUNNING", "WORKFLOW_LAUNCHED"),
        ("a", "RUNNING", "TASK_LAUNCHED"),
        ("a", "IDLE", None),
        ("w", "PAUSED", "WORKFLOW_PAUSED"),
        ("w", "RUNNING", "WORKFLOW_RESUMED"),
        ("a", "RUNNING", "TASK_RESUMED"),
        ("a", "SUCCESS", "TASK_SUCCEEDED"),
        ("w", "SUCCESS", "WORKFLOW_SUCCEEDED"),
    ]


def test_a_rerun_and_a_skip_are_told() -> None:
    stage = notifying("a: {action: std.async_noop}")
    stage.complete("a", FAILED)
    stage.send(TaskRerunRequested(stage.task("a").id))
    stage.complete("a", FAILED)
    before = len(stage.notices)

    stage.send(TaskSkipRequested(stage.task("a").id))

    assert told(stage)[3:before] == [
        ("w", "ERROR", "WORKFLOW_FAILED"),
        ("w", "RUNNING", "WORKFLOW_RERUN"),
        ("a", "RUNNING", "TASK_RERUN"),
        ("a", "ERROR", "TASK_FAILED"),
        ("w", "ERROR", "WORKFLOW_FAILED"),
    ]
    assert told(stage)[before:] == [
        ("w", "RUNNING", "WORKFLOW_RERUN"),
        ("a", "SKIPPED", "TASK_SKIPPED"),
        ("w", "SUCCESS", "WORKFLOW_SUCCEEDED"),
    ]


def test_a_sub_workflow_tells_the_publishers_of_the_root() -> None:
    stage = notifying("a: {workflow: child}", more=CHILD)

    stage.send(PauseRequested(ROOT))
    stage.send(ResumeRequested(ROOT))
    stage.complete("t", DONE)

    assert told(stage) == [
        ("w", "RUNNING", "WORKFLOW_LAUNCHED"),
        ("a", "RUNNING", "TASK_LAUNCHED"),
        ("child", "RUNNING", "WORKFLOW_LAUNCHED"),
        ("t", "RUNNING", "TASK_LAUNCHED"),
        ("child", "PAUSED", "WORKFLOW_PAUSED"),
        ("a", "PAUSED", "TASK_PAUSED"),
        ("w", "PAUSED", "WORKFLOW_PAUSED"),
        ("child", "RUNNING", "WORKFLOW_RESUMED"),
        ("a", "RUNNING", "TASK_RESUMED"),
        ("w", "RUNNING", "WORKFLOW_RESUMED"),
        ("t", "SUCCESS", "TASK_SUCCEEDED"),
        ("child", "SUCCESS", "WORKFLOW_SUCCEEDED"),
        ("a", "SUCCESS", "TASK_SUCCEEDED"),
        ("w", "SUCCESS", "WORKFLOW_SUCCEEDED"),
    ]


def test_a_cancellation_is_told() -> None:
    stage = notifying("a: {action: std.async_noop}")

    stage.send(StopRequested(ROOT, "CANCELLED", "enough"))

    assert told_of(stage, "w") == ["WORKFLOW_LAUNCHED", "WORKFLOW_CANCELLED"]


@given(programs(), scripts())
def test_what_is_told_leads_from_move_to_move_to_where_everything_stands(
    program: Program, script: tuple[Happening, ...]
) -> None:
    play = Play(program)
    play.perform(script)
    state, notices = retold(play)
    paths: dict[str, list[str]] = {}
    for notice in notices:
        body = json.loads(notice.body)
        paths.setdefault(body["id"], []).append(body["state"])

    for id, path in paths.items():
        moves: Mapping[Any, Any] = TASK_MOVES if id in state.tasks else EXECUTION_MOVES
        first = "IDLE" if id in state.tasks and path[0] != "WAITING" else None
        steps = zip([first, *path] if first else path, path if first else path[1:], strict=False)
        assert all(after in moves[before] for before, after in steps), (id, path)
    rows: list[Execution | Task] = [*state.executions.values(), *state.tasks.values()]
    states = {row.id: str(row.state) for row in rows}
    silent = dict.fromkeys(states.keys() - paths.keys(), "IDLE")
    assert {id: path[-1] for id, path in paths.items()} | silent == states


def retold(play: Play) -> tuple[State, list[Notice]]:
    """The history once more, in a world in which somebody wants to hear of it."""
    world = replace(play.world, publishers=(Publisher(type="noop"),))
    state = State()
    notices: list[Notice] = []
    for entry in play.history:
        decision = decide(world, state, entry)
        state.apply(decision.changes)
        notices.extend(decision.notices)
    return state, notices


# What is told to whom.


def test_a_notice_of_an_execution_has_its_attributes_in_the_forms_of_the_api() -> None:
    stage = notifying(
        "a: {workflow: child}", {"type": "noop", "event_types": ["WORKFLOW_LAUNCHED"]}, more=CHILD
    )
    child = next(each for each in stage.state.executions.values() if each.id != ROOT)

    assert [json.loads(notice.body) for notice in stage.notices] == [
        {
            "id": id,
            "name": name,
            "workflow_name": name,
            "workflow_namespace": "",
            "workflow_id": "",
            "state": "RUNNING",
            "state_info": None,
            "project_id": "<default-project>",
            "task_execution_id": parent,
            "root_execution_id": root,
            "created_at": "2026-03-01 12:00:00",
            "updated_at": "2026-03-01 12:00:00",
            "event": "WORKFLOW_LAUNCHED",
        }
        for id, name, parent, root in (
            (ROOT, "w", None, None),
            (child.id, "child", stage.task("a").id, ROOT),
        )
    ]


def test_a_notice_of_a_task_has_its_attributes_in_the_forms_of_the_api() -> None:
    stage = notifying("a: {action: std.async_noop}", {"type": "noop", "event_types": ["TASK_FAILED"]})
    stage.pass_time(61)

    stage.complete("a", FAILED)

    assert [json.loads(notice.body) for notice in stage.notices] == [
        {
            "id": stage.task("a").id,
            "name": "a",
            "workflow_execution_id": ROOT,
            "workflow_name": "w",
            "workflow_namespace": "",
            "workflow_id": "",
            "state": "ERROR",
            "state_info": "it failed",
            "type": "ACTION",
            "project_id": "<default-project>",
            "created_at": "2026-03-01 12:00:00",
            "updated_at": "2026-03-01 12:01:01",
            "started_at": "2026-03-01 12:00:00",
            "finished_at": "2026-03-01 12:01:01",
            "event": "TASK_FAILED",
        }
    ]


def test_only_publishers_that_name_no_events_hear_of_moves_without_one() -> None:
    everything, some = {"type": "noop"}, {"type": "webhook", "url": "http://some/", "event_types": [*EVENTS]}

    stage = notifying("a: {wait-before: 1}", everything, some)

    assert [(json.loads(it.address)["type"], it.event) for it in stage.notices] == [
        ("noop", "WORKFLOW_LAUNCHED"),
        ("webhook", "WORKFLOW_LAUNCHED"),
        ("noop", "TASK_LAUNCHED"),
        ("webhook", "TASK_LAUNCHED"),
        ("noop", None),
    ]


def test_one_target_is_told_once_and_other_headers_are_another_target() -> None:
    hook = {"type": "webhook", "url": "http://hook/"}
    launched = hook | {"event_types": ["WORKFLOW_LAUNCHED"]}
    other = hook | {"headers": {"X-Team": "b"}}

    stage = notifying("a: {action: std.async_noop}", hook, launched, other)

    assert [(it.event, json.loads(it.address).get("headers")) for it in stage.notices] == [
        ("WORKFLOW_LAUNCHED", None),
        ("WORKFLOW_LAUNCHED", {"X-Team": "b"}),
        ("TASK_LAUNCHED", None),
        ("TASK_LAUNCHED", {"X-Team": "b"}),
    ]


def test_a_notice_has_one_id_for_all_targets_and_another_one_than_every_other() -> None:
    stage = notifying("a: {on-success: b}\nb: {}", ALL, {"type": "webhook", "url": "http://hook/"})

    by_place: dict[tuple[int, int], set[str]] = {}
    for notice in stage.notices:
        by_place.setdefault((notice.sequence, notice.position), set()).add(notice.id)
    assert len(stage.notices) == 12
    assert [len(ids) for ids in by_place.values()] == [1] * 6
    assert len(set.union(*by_place.values())) == 6


def test_publishers_of_the_service_come_on_top() -> None:
    stage = tasks("a: {action: std.async_noop}", params={"notify": [ALL]})
    stage.world = replace(stage.world, publishers=(Publisher(type="webhook", url="http://all/"),))

    stage.complete("a", DONE)

    assert [(it.event, json.loads(it.address)["type"]) for it in stage.notices[2:]] == [
        (event, type) for event in ("TASK_SUCCEEDED", "WORKFLOW_SUCCEEDED") for type in ("noop", "webhook")
    ]


@pytest.mark.parametrize("params", [{}, {"notify": None}, {"notify": []}, {"notify": ["noop", 5, None]}])
def test_nobody_is_told_where_nobody_asked(params: Mapping[str, Any]) -> None:
    stage = tasks("a: {on-success: b}\nb: {}", params=params)

    assert stage.notices == []


def test_a_replay_tells_the_same() -> None:
    stage = notifying("a: {action: std.fail, on-error: b}\nb: {}")
    state = State()

    def decided() -> Iterator[Notice]:
        for entry in stage.history:
            decision = decide(stage.world, state, entry)
            state.apply(decision.changes)
            yield from decision.notices

    assert list(decided()) == stage.notices
