"""Which cron triggers are due."""

from datetime import timedelta

from maestrale.store import Store
from maestrale.store.records import CronTriggerRecord

from .databases import on_sqlite
from .rows import NOON
from .test_plans import PlanSpy, spy  # noqa: F401 - A fixture.

SECOND = timedelta(seconds=1)


def a_trigger(name: str, *, seconds: int, project: str = "ann") -> CronTriggerRecord:
    """One that is due so many seconds after noon."""
    return CronTriggerRecord(
        id=name,
        project_id=project,
        created_at=NOON,
        name=name,
        workflow_id="w",
        workflow_name="greet",
        pattern="* * * * *",
        next_execution_time=NOON + seconds * SECOND,
    )


def test_due_is_what_had_its_time_by_now_in_any_project_the_longest_first(store: Store) -> None:
    late, also_now, now = (
        a_trigger("late", seconds=-60),
        a_trigger("a", seconds=0, project="bob"),
        a_trigger("b", seconds=0),
    )
    for trigger in (now, a_trigger("soon", seconds=1), also_now, late):
        store.insert_record(trigger)

    assert store.list_due_triggers(now=NOON, limit=10) == [late, also_now, now]
    assert store.list_due_triggers(now=NOON, limit=2) == [late, also_now]
    assert store.list_due_triggers(now=NOON, limit=2, after=also_now) == [now]
    assert store.list_due_triggers(now=NOON - 61 * SECOND, limit=10) == []


def test_the_next_time_is_the_earliest_one(store: Store) -> None:
    assert store.next_due_at() is None

    for seconds in (30, -5, 10):
        store.insert_record(a_trigger(f"t{seconds}", seconds=seconds))

    assert store.next_due_at() == NOON - 5 * SECOND


@on_sqlite
def test_far_triggers_are_not_looked_at(store: Store, spy: PlanSpy) -> None:  # noqa: F811
    first = a_trigger("first", seconds=0)

    store.next_due_at()
    store.list_due_triggers(now=NOON, limit=10)
    store.list_due_triggers(now=NOON, limit=10, after=first)

    assert all("INDEX cron_triggers_due" in plan[0] for plan in spy.plans), spy.plans
    assert all(plan[0].startswith("SEARCH") for plan in spy.plans), spy.plans
