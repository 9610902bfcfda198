"""What each collection shows of its rows, and to whom."""

from typing import Any

import pytest
from msgspec.structs import asdict

from maestrale.core.state import Items, Outcome, Trigger
from maestrale.core.status import ExecutionState, RunState, TaskState
from maestrale.errors import InvalidInput
from maestrale.ids import DEFAULT_PROJECT
from maestrale.store import Access, Condition, Order, Query, Store, listing_tables
from maestrale.store.blobs import BLOB_BYTES
from maestrale.store.listing_tables import ACTION_RUNS, EXECUTIONS, MEMBERS, TASKS, WORKFLOWS, Listing
from maestrale.store.visibility import Visibility

from .rows import (
    NOON,
    a_cron_trigger,
    a_dynamic_action,
    a_lone_run,
    a_member,
    a_new_tree,
    a_run,
    a_task,
    a_workflow,
    an_action,
    an_environment,
    an_event_trigger,
    an_execution,
)

ME = Access()
ADMIN = Access("staff", is_admin=True)

ROOT = an_execution(workflow_id="w1", namespace="n", description="why", tags=("t",), params={"env": {"a": 1}})
CALL = a_task(
    number=1,
    type="WORKFLOW",
    tags=("x", "y"),
    triggered_by=(Trigger("root-task-0", "on-success"),),
    items=Items(3, 2, 1),
    waiting_outcome=Outcome(TaskState.SUCCESS),
    published={"v": 1},
    started_at=NOON,
    attempt=2,
)
CHILD = an_execution(
    id="child", number=2, workflow="part", parent_task_id=CALL.id, index=0, input={"i": 1}, output={"o": 2}
)
RUN = a_run(number=3, task_id=CALL.id, index=1, result={"r": 1}, state=RunState.SUCCESS, accepted=True)


@pytest.fixture
def family(store: Store) -> Store:
    store.commit([a_new_tree("root", ROOT, CALL, CHILD, RUN)])
    return store


def ids(store: Store, listing: Listing, access: Access = ME, *conditions: Condition) -> list[str]:
    rows = store.list_page(listing, access, Query(conditions=conditions, attributes=("id",)))
    return [row["id"] for row in rows]


def test_an_execution_is_listed_without_what_is_large(family: Store) -> None:
    common: dict[str, Any] = {
        "state": ExecutionState.RUNNING,
        "state_info": None,
        "created_at": NOON,
        "updated_at": NOON,
        "finished_at": None,
        "project_id": DEFAULT_PROJECT,
    }
    root = common | {
        "id": "root",
        "workflow_id": "w1",
        "workflow_name": "greet",
        "workflow_namespace": "n",
        "description": "why",
        "tags": ("t",),
        "params": {"env": {"a": 1}},
        "task_execution_id": None,
        "root_execution_id": None,
        "input": {},
    }
    child = common | {
        "id": "child",
        "workflow_id": "",
        "workflow_name": "part",
        "workflow_namespace": "",
        "description": "",
        "tags": (),
        "params": {},
        "task_execution_id": CALL.id,
        "root_execution_id": "root",
        "input": {"i": 1},
    }

    assert family.list_page(EXECUTIONS, ME, Query(order=(Order("id", True),))) == [root, child]
    assert family.find_row(EXECUTIONS, ME, "child") == child
    assert family.find_row(EXECUTIONS, ME, "child", ["output", "context", "root_id"]) == {
        "output": {"o": 2},
        "context": {},
        "root_id": "root",
    }


def test_a_task_is_listed_with_the_workflow_of_its_execution(family: Store) -> None:
    row = family.find_row(TASKS, ME, CALL.id)

    assert row == {
        "id": CALL.id,
        "name": "hello",
        "type": "WORKFLOW",
        "workflow_name": "greet",
        "workflow_namespace": "n",
        "workflow_id": "w1",
        "workflow_execution_id": "root",
        "tags": ("x", "y"),
        "state": TaskState.RUNNING,
        "state_info": None,
        "project_id": DEFAULT_PROJECT,
        "published": {"v": 1},
        "published_global": None,
        "processed": False,
        "created_at": NOON,
        "updated_at": NOON,
        "started_at": NOON,
        "finished_at": None,
        "triggered_by": (Trigger("root-task-0", "on-success"),),
        "next_tasks": (),
        "has_next_tasks": False,
        "error_handled": False,
        "attempt": 2,
        "retried": False,
        "reruns": 0,
        "waited_before": False,
        "waited_after": False,
        "waiting_outcome": Outcome(TaskState.SUCCESS),
        "concurrency": 0,
        "arrived": 0,
        "late": (),
        "items": Items(3, 2, 1),
    }


def test_an_action_run_is_listed_with_its_task_and_its_workflow(family: Store) -> None:
    row = family.find_row(ACTION_RUNS, ME, RUN.id, [*ACTION_RUNS.default_attributes, "result"])

    assert row == {
        "id": RUN.id,
        "workflow_name": "greet",
        "workflow_namespace": "n",
        "task_execution_id": CALL.id,
        "task_name": "hello",
        "state": RunState.SUCCESS,
        "tags": ("x", "y"),
        "name": "std.echo",
        "description": "",
        "project_id": DEFAULT_PROJECT,
        "accepted": True,
        "input": {"output": "hi"},
        "created_at": NOON,
        "updated_at": NOON,
        "finished_at": None,
        "index": 1,
        "attempt": 1,
        "asynchronous": False,
        "result": {"r": 1},
    }


def test_an_action_run_that_no_task_asked_for_has_no_task_and_no_workflow(store: Store) -> None:
    store.commit([a_lone_run("lone", namespace="n", description="by hand")])

    row = store.find_row(ACTION_RUNS, ME, "lone")

    assert row is not None
    absent = ("workflow_name", "task_execution_id", "task_name", "tags")
    assert [row[name] for name in absent] == [None, None, None, None]
    assert (row["workflow_namespace"], row["description"]) == ("n", "by hand")
    assert ids(store, ACTION_RUNS, ME, Condition("task_execution_id", "is-null")) == ["lone"]
    assert ids(store, ACTION_RUNS, ME, Condition("task_execution_id", "eq", "")) == []


@pytest.mark.parametrize(
    ("listing", "condition", "expected"),
    [
        (EXECUTIONS, Condition("task_execution_id", "eq", CALL.id), ["child"]),
        (EXECUTIONS, Condition("root_execution_id", "eq", "root"), ["child"]),
        (EXECUTIONS, Condition("root_execution_id", "in", ["root", "x"]), ["child"]),
        (EXECUTIONS, Condition("root_execution_id", "in", []), []),
        (EXECUTIONS, Condition("root_id", "eq", "root"), ["child", "root"]),
        (EXECUTIONS, Condition("root_execution_id", "is-null"), ["root"]),
        (EXECUTIONS, Condition("root_execution_id", "neq", "root"), []),
        (EXECUTIONS, Condition("task_execution_id", "in", [CALL.id, "x"]), ["child"]),
        (TASKS, Condition("workflow_execution_id", "eq", "root"), [CALL.id]),
        (TASKS, Condition("workflow_execution_id", "eq", "child"), []),
        (TASKS, Condition("workflow_name", "has", "ree"), [CALL.id]),
        (TASKS, Condition("processed", "eq", False), [CALL.id]),
        (TASKS, Condition("processed", "eq", True), []),
        (TASKS, Condition("attempt", "gte", 3), []),
        (TASKS, Condition("published", "eq", {"v": 1}), [CALL.id]),
        (ACTION_RUNS, Condition("task_execution_id", "eq", CALL.id), [RUN.id]),
        (ACTION_RUNS, Condition("task_name", "eq", "hello"), [RUN.id]),
        (ACTION_RUNS, Condition("tags", "all-of", ["y"]), [RUN.id]),
        (ACTION_RUNS, Condition("result", "eq", {"r": 1}), [RUN.id]),
        (ACTION_RUNS, Condition("workflow_name", "eq", "part"), []),
    ],
)
def test_rows_are_filtered_by_what_is_in_other_tables_too(
    family: Store, listing: Listing, condition: Condition, expected: list[str]
) -> None:
    assert ids(family, listing, ME, condition) == expected
    assert ids(family, listing, ADMIN, condition) == expected
    assert ids(family, listing, Access("nobody"), condition) == []


def test_a_large_value_is_read_and_compared_wherever_it_is_kept(store: Store) -> None:
    large = {"text": "x" * BLOB_BYTES}
    store.commit([a_new_tree("root", an_execution(input=large), a_task(), a_run(result=large))])

    assert store.find_row(EXECUTIONS, ME, "root", ["input"]) == {"input": large}
    assert ids(store, EXECUTIONS, ME, Condition("input", "eq", large)) == ["root"]
    assert ids(store, ACTION_RUNS, ME, Condition("result", "eq", large)) == ["root-run-2"]


@pytest.mark.parametrize(
    "record",
    [
        a_workflow(interface={"input": ["a"], "output": []}, tags=("x",)),
        an_action(description="loud"),
        a_dynamic_action(),
        an_environment(variables={"a": 1}),
        a_cron_trigger(pattern="* * * * *", first_execution_time=NOON, remaining_executions=2),
        an_event_trigger("on create", workflow_params={"env": {}}),
        a_member("w", "yours"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_is_listed_with_all_its_fields(store: Store, record: Any) -> None:
    store.insert_record(record)
    tables = [it for it in vars(listing_tables).values() if isinstance(it, Listing)]
    names = set(asdict(record))
    (listing,) = [
        table for table in tables if set(table.default_attributes) == names and table.source[-1] == "r"
    ]

    assert store.list_page(listing, Access("mine"), Query()) == [asdict(record)]
    assert store.list_page(listing, Access("nobody"), Query()) == []


def test_shared_workflows_are_listed_once_they_are_accepted(store: Store) -> None:
    for name in ("offered", "accepted", "public"):
        store.insert_record(a_workflow(name, scope="public" if name == "public" else "private"))
    store.insert_record(a_member("id of offered", "yours"))
    store.insert_record(a_member("id of accepted", "yours", status="accepted"))

    assert ids(store, WORKFLOWS, Access("yours")) == ["id of accepted", "id of public"]
    assert ids(store, WORKFLOWS, Access("theirs")) == ["id of public"]
    assert len(ids(store, WORKFLOWS, ADMIN)) == 3
    assert ids(store, MEMBERS, ADMIN) == []


def test_a_listing_of_rows_with_a_project_never_shows_those_of_another(family: Store) -> None:
    for listing in (EXECUTIONS, TASKS, ACTION_RUNS):
        assert listing.visibility is Visibility.OWN
        assert ids(family, listing, Access("nobody")) == []
        assert family.find_row(listing, Access("nobody"), ids(family, listing)[0]) is None


def test_only_the_attributes_that_are_asked_for_are_read(family: Store) -> None:
    assert family.find_row(EXECUTIONS, ME, "root", ["state", "id"]) == {"state": "RUNNING", "id": "root"}
    with pytest.raises(InvalidInput) as caught:
        family.find_row(EXECUTIONS, ME, "root", ["colour"])
    assert caught.value.message == "executions have no attribute `colour`"
