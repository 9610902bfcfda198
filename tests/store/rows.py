"""Builders of rows, and of the commits that store them."""

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from maestrale.core.events import Entry, TurnContinued
from maestrale.core.state import ActionRun, Changes, Execution, Task, Timer, TimerKind, Tree
from maestrale.core.status import ExecutionState, RunState, TaskState
from maestrale.store import Store, TreeCommit, TreeRows
from maestrale.store.records import (
    ActionRecord,
    CronTriggerRecord,
    DynamicActionRecord,
    EnvironmentRecord,
    EventTriggerRecord,
    MemberRecord,
    WorkflowRecord,
)

NOON = datetime(2025, 3, 30, 12, 0, 0, 123456, tzinfo=UTC)


class FixedClock:
    """It is always noon."""

    def now(self) -> datetime:
        return NOON


def an_execution(root_id: str = "root", **fields: Any) -> Execution:
    given: dict[str, Any] = {
        "id": root_id,
        "root_id": root_id,
        "number": 0,
        "workflow": "greet",
        "document": "d0c",
        "state": ExecutionState.RUNNING,
        "input": {},
        "params": {},
        "context": {},
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Execution(**(given | fields))


def a_task(root_id: str = "root", number: int = 1, **fields: Any) -> Task:
    given: dict[str, Any] = {
        "id": f"{root_id}-task-{number}",
        "execution_id": root_id,
        "root_id": root_id,
        "number": number,
        "name": "hello",
        "type": "ACTION",
        "state": TaskState.RUNNING,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Task(**(given | fields))


def a_run(root_id: str = "root", number: int = 2, **fields: Any) -> ActionRun:
    given: dict[str, Any] = {
        "id": f"{root_id}-run-{number}",
        "task_id": f"{root_id}-task-1",
        "execution_id": root_id,
        "root_id": root_id,
        "number": number,
        "name": "std.echo",
        "action": "std.echo",
        "state": RunState.RUNNING,
        "input": {"output": "hi"},
        "created_at": NOON,
        "updated_at": NOON,
    }
    return ActionRun(**(given | fields))


def a_timer(root_id: str = "root", **fields: Any) -> Timer:
    given: dict[str, Any] = {
        "id": f"{root_id}-timer",
        "root_id": root_id,
        "task_id": f"{root_id}-task-1",
        "kind": TimerKind.RETRY,
        "due_at": NOON,
        "seconds": 5,
    }
    return Timer(**(given | fields))


def an_entry() -> Entry:
    return Entry(TurnContinued(), NOON, "seed")


def a_new_tree(root_id: str = "root", *rows: Execution | Task | ActionRun | Timer) -> TreeCommit:
    """The first commit of a tree: with a running root execution, unless `rows` has one."""
    after = changes(Tree(id=root_id, sequence=1), *rows)
    if root_id not in after.executions:
        after.executions[root_id] = an_execution(root_id)
    return TreeCommit(root_id, Changes(), after, [(1, an_entry())])


def the_next(commit: TreeCommit, *rows: Execution | Task | ActionRun | Timer) -> TreeCommit:
    """The commit after `commit`, in which `rows` are new or have a next version."""
    tree = commit.after.tree
    assert tree is not None
    next_tree = replace(tree, sequence=tree.sequence + 1)
    return TreeCommit(
        commit.root_id, commit.after, changes(next_tree, *rows), [(next_tree.sequence, an_entry())]
    )


def changes(tree: Tree | None, *rows: Execution | Task | ActionRun | Timer) -> Changes:
    result = Changes(tree=tree)
    for row in rows:
        match row:
            case Execution():
                result.executions[row.id] = row
            case Task():
                result.tasks[row.id] = row
            case ActionRun():
                result.runs[row.id] = row
            case Timer():
                result.timers[row.id] = row
    return result


def rows_of(after: Changes) -> TreeRows:
    """What a store holds of a tree whose first commit is its only one."""
    assert after.tree is not None
    return TreeRows(
        after.tree,
        sorted(after.executions.values(), key=lambda row: row.number),
        sorted(after.tasks.values(), key=lambda row: row.number),
        sorted(after.runs.values(), key=lambda row: row.number),
        [timer for _, timer in sorted(after.timers.items()) if timer is not None],
    )


def load(store: Store, root_id: str = "root") -> TreeRows:
    rows = store.load_tree(root_id)
    assert rows is not None
    return rows


def a_lone_run(run_id: str = "lone", **fields: Any) -> TreeCommit:
    """The first commit of an action run that no task asked for: a tree of its own."""
    run = a_run(run_id, 0, **{"id": run_id, "task_id": "", "execution_id": ""} | fields)
    after = changes(Tree(id=run_id, project_id=run.project_id, sequence=1), run)
    return TreeCommit(run_id, Changes(), after, [(1, an_entry())])


def a_workflow(name: str = "greet", **fields: Any) -> WorkflowRecord:
    return WorkflowRecord(**_record(name, definition="d", document=f"text of {name}") | fields)


def an_action(name: str = "shout", **fields: Any) -> ActionRecord:
    return ActionRecord(**_record(name, definition="d", document=f"text of {name}") | fields)


def a_dynamic_action(name: str = "shout", **fields: Any) -> DynamicActionRecord:
    given = _record(name, class_name="C", code_source_id="s", code_source_name="s", document="made")
    return DynamicActionRecord(**given | fields)


def an_environment(name: str = "test", **fields: Any) -> EnvironmentRecord:
    return EnvironmentRecord(**_record(name) | fields)


def a_member(resource_id: str, member_id: str, **fields: Any) -> MemberRecord:
    given: dict[str, Any] = {
        "id": f"{resource_id} to {member_id}",
        "resource_id": resource_id,
        "project_id": "mine",
        "member_id": member_id,
        "created_at": NOON,
    }
    return MemberRecord(**given | fields)


def a_cron_trigger(name: str = "daily", **fields: Any) -> CronTriggerRecord:
    given = _record(name, workflow_id="w", workflow_name="greet", next_execution_time=NOON)
    return CronTriggerRecord(**given | fields)


def an_event_trigger(name: str = "", **fields: Any) -> EventTriggerRecord:
    given = _record(name, workflow_id="w", exchange="nova", topic="notifications", event="create")
    return EventTriggerRecord(**given | fields)


def _record(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"id of {name}", "name": name, "project_id": "mine", "created_at": NOON} | fields
