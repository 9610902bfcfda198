"""Find and list what is stored, across trees."""

from datetime import timedelta

import pytest

from maestrale.core.status import ExecutionState, TaskState
from maestrale.errors import InvalidInput, NotFound
from maestrale.store import Document, RootSummary, Store, open_store

from .rows import NOON, FixedClock, a_new_tree, a_run, a_task, an_execution

HOUR = timedelta(hours=1)


@pytest.fixture
def family(store: Store) -> Store:
    """A root with two generations below it, and an older root that failed."""
    root = an_execution("root")
    calls = a_task("root", 1, type="WORKFLOW")
    child = an_execution("root", id="child", number=2, parent_task_id=calls.id, created_at=NOON + HOUR)
    calls_again = a_task("root", 3, execution_id="child", type="WORKFLOW", created_at=NOON + HOUR)
    grandchild = an_execution(
        "root",
        id="grandchild",
        number=4,
        parent_task_id=calls_again.id,
        state=ExecutionState.SUCCESS,
        created_at=NOON + 2 * HOUR,
    )
    leaf = a_task("root", 5, execution_id="grandchild", state=TaskState.SUCCESS, created_at=NOON + 2 * HOUR)
    failed = an_execution("failed", state=ExecutionState.ERROR, created_at=NOON - HOUR, state_info="why")
    store.commit(
        [
            a_new_tree("root", root, calls, child, calls_again, grandchild, leaf),
            a_new_tree("failed", failed, a_task("failed", 1, created_at=NOON - HOUR)),
        ]
    )
    return store


@pytest.mark.parametrize("text", ["root", "roo", "r"])
def test_an_execution_is_found_by_its_id_or_the_beginning_of_it(family: Store, text: str) -> None:
    assert family.find_execution(text) == an_execution("root")


@pytest.mark.parametrize("text", ["x", "rootx", "%", "ROOT", "\U0010ffff"])
def test_no_execution_is_found_by_another_text(family: Store, text: str) -> None:
    assert family.find_execution(text) is None


def test_an_id_that_begins_another_id_is_still_that_execution(store: Store) -> None:
    store.commit([a_new_tree("run"), a_new_tree("run-2")])

    assert store.find_execution("run") == an_execution("run")


def test_the_rest_of_an_id_may_be_any_characters(store: Store) -> None:
    store.commit([a_new_tree("run-é\U0001f600")])

    assert store.find_execution("run-") == an_execution("run-é\U0001f600")


def test_a_beginning_that_several_ids_share_is_refused(store: Store) -> None:
    store.commit([a_new_tree(f"run-{number}") for number in range(7)])

    with pytest.raises(InvalidInput) as caught:
        store.find_execution("run-")

    assert (caught.value.code, caught.value.message) == (
        "ambiguous-id",
        "several executions begin with `run-`: `run-0`, `run-1`, `run-2`, `run-3`, `run-4`, …",
    )


@pytest.mark.parametrize(("text", "code"), [("", "empty-id"), ("\udcff", "text-not-unicode")])
def test_a_text_that_can_be_no_id_is_refused(store: Store, text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        store.find_execution(text)

    assert caught.value.code == code


def test_the_latest_execution_is_the_youngest_root(family: Store) -> None:
    family.commit([a_new_tree("done", an_execution("done", state="SUCCESS", created_at=NOON + 9 * HOUR))])

    assert [
        execution and execution.id
        for execution in (
            family.latest_execution(),
            family.latest_execution(unfinished_only=True),
        )
    ] == ["done", "root"]


def test_an_empty_store_has_no_latest_execution(store: Store) -> None:
    assert store.latest_execution() is None


def test_roots_are_listed_from_the_latest_on(family: Store) -> None:
    expected = RootSummary(
        id="failed",
        workflow="greet",
        namespace="",
        state=ExecutionState.ERROR,
        state_info="why",
        created_at=NOON - HOUR,
        updated_at=NOON,
        finished_at=None,
        node_id=family.node_id,
        pid=family.list_roots()[0].pid,
        is_alive=True,
    )

    assert [root.id for root in family.list_roots()] == ["root", "failed"]
    assert [root.id for root in family.list_roots(limit=1)] == ["root"]
    assert family.list_roots({ExecutionState.ERROR, ExecutionState.CANCELLED}) == [expected]
    assert family.list_roots([]) == []


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, ["failed", "root", "child", "grandchild"]),
        ({"id": "child"}, ["child"]),
        ({"root_id": "root"}, ["root", "child", "grandchild"]),
        ({"state": "RUNNING"}, ["root", "child"]),
        ({"state": "NONSENSE"}, []),
        ({"from_time": NOON}, ["root", "child", "grandchild"]),
        ({"to_time": NOON}, ["failed"]),
        ({"from_time": NOON, "to_time": NOON + 2 * HOUR}, ["root", "child"]),
        ({"root_id": "root", "state": "SUCCESS", "from_time": NOON}, ["grandchild"]),
    ],
)
def test_executions_are_listed_by_every_filter_that_is_given(
    family: Store, filters: dict[str, object], ids: list[str]
) -> None:
    assert [execution.id for execution in family.list_executions(**{"project_id": None} | filters)] == ids  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, [1, 1, 3, 5]),
        ({"state": "SUCCESS"}, [5]),
        ({"execution_id": "root"}, [1]),
        ({"execution_id": "child", "recursive": True}, [3, 5]),
        ({"execution_id": "root", "recursive": True}, [1, 3, 5]),
        ({"execution_id": "root", "recursive": True, "state": "RUNNING"}, [1, 3]),
        ({"execution_id": "nobody", "recursive": True}, []),
    ],
)
def test_tasks_are_listed_by_every_filter_that_is_given(
    family: Store, filters: dict[str, object], numbers: list[int]
) -> None:
    assert [task.number for task in family.list_tasks(**{"project_id": None} | filters)] == numbers  # type: ignore[arg-type]


def test_executions_and_tasks_are_listed_for_one_project(store: Store) -> None:
    for project in ("mine", "yours"):
        root = an_execution(project, project_id=project)
        store.commit([a_new_tree(project, root, a_task(project, project_id=project))])

    assert [execution.id for execution in store.list_executions(project_id="mine")] == ["mine"]
    assert [task.id for task in store.list_tasks(project_id="mine")] == ["mine-task-1"]
    asked = {"execution_id": "yours", "recursive": True}
    assert store.list_tasks(project_id="mine", **asked) == []  # type: ignore[arg-type]
    assert [task.id for task in store.list_tasks(project_id="yours", **asked)] == ["yours-task-1"]  # type: ignore[arg-type]


def test_runs_are_listed_by_task_or_by_execution(store: Store) -> None:
    runs = [a_run(number=2), a_run(number=3), a_run(number=4, task_id="another")]
    store.commit([a_new_tree("root", *runs)])

    assert store.list_runs(task_id="root-task-1") == runs[:2]
    assert store.list_runs(execution_id="root") == runs


def test_a_document_is_kept_once_by_its_content() -> None:
    with open_store("sqlite://", clock=FixedClock()) as store:
        first = store.put_document("greet.yaml", "version: '2.0'")
        again = store.put_document("copy.yaml", "version: '2.0'")
        another = store.put_document("greet.yaml", "version: '2.0'\n")

        assert (first == again, first == another) == (True, False)
        assert store.get_document(first) == Document(first, "greet.yaml", "version: '2.0'", NOON)


def test_a_document_that_does_not_exist_is_an_error(store: Store) -> None:
    with pytest.raises(NotFound) as caught:
        store.get_document("nothing")

    assert caught.value.code == "document-unknown"


def test_a_document_with_half_a_character_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInput) as caught:
        store.put_document("odd.yaml", "name: \ud800")

    assert caught.value.code == "text-not-unicode"
