"""What has ended long enough ago to be deleted."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maestrale.core.status import ENDED_EXECUTION, ExecutionState, RunState
from maestrale.store import Boundary, Ended, Store

from .databases import Blank, on_sqlite
from .rows import NOON, a_new_tree, a_run, an_execution
from .test_plans import PlanSpy, spy  # noqa: F401 - A fixture.

MINUTE = timedelta(minutes=1)
STATES = tuple(sorted(map(str, ENDED_EXECUTION)))
ALL = Boundary(NOON, "")


def commit(
    store: Store, id: str, state: str = "SUCCESS", *, made: int = 100, changed: int = 50, **fields: Any
) -> None:
    """A root execution that was made and has changed last so many minutes before noon."""
    execution = an_execution(
        id,
        state=ExecutionState(state),
        created_at=NOON - made * MINUTE,
        updated_at=NOON - changed * MINUTE,
        **fields,
    )
    store.commit([a_new_tree(id, execution)])


def ids(found: list[Ended]) -> list[str]:
    return [ended.id for ended in found]


def test_only_root_executions_that_have_ended_are_listed(store: Store) -> None:
    for state in ExecutionState:
        commit(store, f"root-{state}", state)
    sub = an_execution(
        "root-with-sub", id="sub", number=2, state=ExecutionState.SUCCESS, updated_at=NOON - MINUTE
    )
    store.commit([a_new_tree("root-with-sub", an_execution("root-with-sub"), sub)])

    found = store.list_ended_executions(STATES, ALL, limit=10)

    assert ids(found) == ["root-CANCELLED", "root-ERROR", "root-SUCCESS"]


def test_what_has_changed_after_the_boundary_is_kept(store: Store) -> None:
    for id, changed in (("a", 51), ("b", 50), ("c", 50), ("d", 49)):
        commit(store, id, changed=changed)

    assert ids(store.list_ended_executions(STATES, Boundary(NOON - 50 * MINUTE, ""), limit=10)) == ["a"]
    assert ids(store.list_ended_executions(STATES, Boundary(NOON - 50 * MINUTE, "b"), limit=10)) == ["a", "b"]


def test_the_boundary_of_a_number_leaves_the_newest(store: Store) -> None:
    for id, state, changed in (("a", "ERROR", 3), ("b", "SUCCESS", 1), ("c", "SUCCESS", 2)):
        commit(store, id, state, changed=changed)
    commit(store, "running", "RUNNING", changed=0)

    assert store.find_boundary(STATES, keep=3) is None
    assert store.find_boundary(STATES, keep=1) == Boundary(NOON - 2 * MINUTE, "c")
    assert store.find_boundary(("SUCCESS",), keep=1) == Boundary(NOON - 2 * MINUTE, "c")
    assert store.find_boundary(("ERROR",), keep=1) is None


@settings(suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(
        st.tuples(st.sampled_from([*STATES, "RUNNING"]), st.integers(5, 8), st.integers(0, 5)), max_size=12
    ),
    keep=st.integers(1, 8),
    limit=st.integers(1, 5),
    states=st.lists(st.sampled_from(STATES), min_size=1, unique=True),
)
def test_page_by_page_all_but_the_newest_are_listed_once(
    rows: list[tuple[str, int, int]], keep: int, limit: int, states: list[str], blank_store: Blank
) -> None:
    with blank_store() as store:
        for number, (state, made, changed) in enumerate(rows):
            commit(store, f"e{number:02}", state, made=made, changed=changed)
        ended = [(-changed, f"e{n:02}") for n, (state, _, changed) in enumerate(rows) if state in states]

        boundary = store.find_boundary(states, keep=keep)
        listed: list[str] = []
        after: Ended | None = None
        while boundary and (page := store.list_ended_executions(states, boundary, after=after, limit=limit)):
            assert len(page) <= limit
            listed += ids(page)
            after = page[-1]

        kept = sorted(ended)[::-1][:keep]
        assert sorted(listed) == sorted(id for _, id in ended if id not in {id for _, id in kept})


def test_action_runs_without_a_task_are_listed_by_their_age(store: Store) -> None:
    def commit_run(id: str, state: RunState, changed: int, made: int, **fields: Any) -> None:
        run = a_run(
            id,
            id=id,
            state=state,
            created_at=NOON - made * MINUTE,
            updated_at=NOON - changed * MINUTE,
            **{"task_id": "", "execution_id": ""} | fields,
        )
        commit = a_new_tree(id, run)
        del commit.after.executions[id]
        store.commit([commit])

    commit_run("young", RunState.SUCCESS, changed=10, made=90)
    commit_run("old", RunState.SUCCESS, changed=11, made=80)
    commit_run("older", RunState.ERROR, changed=12, made=95)
    commit_run("unfinished", RunState.RUNNING, changed=20, made=95)
    store.commit([a_new_tree("root", a_run(state=RunState.SUCCESS, updated_at=NOON - 99 * MINUTE))])

    before = NOON - 10 * MINUTE
    first = store.list_ended_runs(STATES, before=before, limit=1)

    assert ids(first) == ["older"]
    assert ids(store.list_ended_runs(STATES, before=before, limit=5, after=first[0])) == ["old"]
    assert ids(store.list_ended_runs(("ERROR",), before=before, limit=5)) == ["older"]


@on_sqlite
def test_the_walks_follow_indexes(store: Store, spy: PlanSpy) -> None:  # noqa: F811
    ended = Ended("root", "SUCCESS", NOON, 1)

    store.list_ended_executions(("SUCCESS",), ALL, limit=10)
    store.list_ended_executions(("SUCCESS",), ALL, limit=10, after=ended)
    store.list_ended_runs(STATES, before=NOON, limit=10)
    store.list_ended_runs(STATES, before=NOON, limit=10, after=ended)

    executions, runs = spy.plans[:2], spy.plans[2:]
    assert all(len(plan) == 1 and "INDEX executions_by_state (state=?" in plan[0] for plan in executions)
    assert all("INDEX action_runs_by_task (task_id=?)" in plan[0] for plan in runs), runs
