"""A page of a long list is a walk along an index, not a look at everything."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from maestrale.ids import DEFAULT_PROJECT
from maestrale.store import Access, Condition, Order, Query, Store, open_store
from maestrale.store.listing_tables import ACTION_RUNS, EXECUTIONS, TASKS, Listing

from .rows import NOON, FixedClock, a_new_tree, a_run, a_task

ME = Access()
ADMIN = Access("staff", is_admin=True)
STATE = Condition("state", "eq", "ERROR")
SINCE = Condition("created_at", "gte", NOON)
MINE = Condition("project_id", "eq", DEFAULT_PROJECT)
UNTIL = Condition("created_at", "lt", NOON)
NEWEST, OLDEST = Order("created_at", True), Order("created_at")


class PlanSpy:
    """A database that notes how SQLite means to answer the queries it gets."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.plans: list[list[str]] = []

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        plan = self._database.rows(f"EXPLAIN QUERY PLAN {sql}", parameters)
        self.plans.append([detail for *_, detail in plan])
        found: list[tuple[Any, ...]] = self._database.rows(sql, parameters)
        return found

    def chunks(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        yield self.rows(sql, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


@pytest.fixture
def store() -> Iterator[Store]:
    """What a plan looks like does not depend on where the database is."""
    with open_store("sqlite://", clock=FixedClock()) as opened:
        yield opened


@pytest.fixture
def spy(store: Store, monkeypatch: pytest.MonkeyPatch) -> PlanSpy:
    store.commit([a_new_tree("root", a_task(), a_run())])
    spy = PlanSpy(store._database)
    for asking in (store, store._ownership):
        monkeypatch.setattr(asking, "_database", spy)
    return spy


@pytest.mark.parametrize("after", [None, "root"])
@pytest.mark.parametrize("order", [OLDEST, NEWEST], ids=["oldest first", "newest first"])
@pytest.mark.parametrize(
    ("access", "conditions", "index"),
    [
        (ME, (), "executions_by_project (project_id=?"),
        (ME, (SINCE, UNTIL), "executions_by_project (project_id=?"),
        (ME, (STATE,), "executions_by_project_state (project_id=? AND state=?"),
        (ME, (STATE, SINCE, UNTIL), "executions_by_project_state (project_id=? AND state=?"),
        (ADMIN, (SINCE, UNTIL), "executions_by_age ("),
        (ADMIN, (STATE,), "executions_by_state (state=?"),
        (ADMIN, (STATE, SINCE, UNTIL), "executions_by_state (state=? AND "),
        (
            ADMIN,
            (MINE, STATE),
            "executions_by_project_state (project_id=?",
        ),
    ],
)
def test_a_page_of_executions_is_a_walk_along_the_index_of_what_is_asked(
    store: Store,
    spy: PlanSpy,
    access: Access,
    conditions: tuple[Condition, ...],
    order: Order,
    index: str,
    after: str | None,
) -> None:
    query = Query(conditions=conditions, order=(order,), limit=10, after=after)

    store.list_page(EXECUTIONS, access, query)

    (search, *sorting) = spy.plans[-1]
    assert search.startswith(f"SEARCH e USING INDEX {index}")
    # Rows of one instant are sorted by their id, which is all that may be sorted.
    assert sorting in ([], ["USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"])


@pytest.mark.parametrize("listing", [EXECUTIONS, TASKS, ACTION_RUNS], ids=lambda listing: listing.name)
@pytest.mark.parametrize("access", [ME, ADMIN], ids=["project", "admin"])
def test_an_unfiltered_page_never_sorts_everything(
    store: Store, spy: PlanSpy, listing: Listing, access: Access
) -> None:
    store.list_page(listing, access, Query(order=(OLDEST,), limit=10))

    assert not [step for step in spy.plans[-1] if "TEMP B-TREE" in step]
    assert "_by_project (project_id=?)" in spy.plans[-1][0] or spy.plans[-1][0].endswith("_by_age")


def test_a_page_of_several_states_takes_a_page_of_each(store: Store, spy: PlanSpy) -> None:
    asked = (Condition("state", "in", ["ERROR", "PAUSED"]),)

    store.list_page(EXECUTIONS, ME, Query(conditions=asked, order=(OLDEST,), limit=10))

    walk = "executions_by_project_state (project_id=? AND state=?"
    assert len([step for step in spy.plans[-1] if walk in step]) == 2


@pytest.mark.parametrize("access", [ME, ADMIN], ids=["project", "admin"])
@pytest.mark.parametrize("more", [(), (STATE,), (SINCE, UNTIL), (Condition("state", "in", ["ERROR", "X"]),)])
@pytest.mark.parametrize(
    ("listing", "attribute", "index"),
    [
        (EXECUTIONS, "task_execution_id", "executions_by_parent (parent_task_id=?)"),
        (EXECUTIONS, "root_execution_id", "sqlite_autoindex_executions_1 (root_id=?)"),
        (TASKS, "workflow_execution_id", "tasks_by_execution (execution_id=?)"),
        (ACTION_RUNS, "task_execution_id", "action_runs_by_task (task_id=?)"),
        (EXECUTIONS, "id", "executions_by_id (id=?)"),
        (TASKS, "id", "tasks_by_id (id=?)"),
        (ACTION_RUNS, "id", "action_runs_by_id (id=?)"),
        (EXECUTIONS, "root_id", "sqlite_autoindex_executions_1 (root_id=?)"),
        (TASKS, "root_id", "sqlite_autoindex_tasks_1 (root_id=?)"),
        (ACTION_RUNS, "root_id", "sqlite_autoindex_action_runs_1 (root_id=?)"),
    ],
)
@pytest.mark.parametrize(("operator", "value"), [("eq", "x"), ("in", ["x", "y"])])
def test_the_few_rows_of_a_parent_are_found_by_their_parent(
    store: Store,
    spy: PlanSpy,
    listing: Listing,
    attribute: str,
    index: str,
    more: tuple[Condition, ...],
    access: Access,
    operator: Any,
    value: Any,
) -> None:
    conditions = (*more, Condition(attribute, operator, value))

    store.list_page(listing, access, Query(conditions=conditions, order=(OLDEST,), limit=10))

    assert index in spy.plans[-1][0]


def test_what_is_unfinished_is_found_without_looking_at_what_has_ended(store: Store, spy: PlanSpy) -> None:
    store.claim()

    steps = [step for plan in spy.plans for step in plan]
    assert any("executions_by_state (state=?)" in step for step in steps)
    assert any("action_runs USING INDEX action_runs_alone" in step for step in steps)
    assert not [step for step in steps if step.startswith(("SCAN executions", "SCAN t", "SCAN e"))]


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({"execution_id": "root"}, "SEARCH tasks USING INDEX tasks_by_execution"),
        ({"execution_id": "root", "recursive": True}, "SEARCH t USING INDEX tasks_by_execution"),
        ({}, "SEARCH tasks USING INDEX tasks_by_project"),
    ],
)
def test_the_tasks_of_an_execution_are_found_by_that(
    store: Store, spy: PlanSpy, asked: dict[str, Any], index: str
) -> None:
    store.list_tasks(project_id=DEFAULT_PROJECT, **asked)

    assert any(step.startswith(index) for step in spy.plans[-1])


def test_the_executions_of_a_tree_are_found_by_that(store: Store, spy: PlanSpy) -> None:
    store.list_executions(project_id=DEFAULT_PROJECT, root_id="root")

    assert spy.plans[-1][0] == "SEARCH executions USING INDEX sqlite_autoindex_executions_1 (root_id=?)"
