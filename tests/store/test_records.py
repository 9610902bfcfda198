"""The rows that people make by hand: kept, changed, deleted, and found by those who may see them."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs
from msgspec.structs import replace

from maestrale.errors import Conflict, NotFound
from maestrale.store import Access, Store
from maestrale.store.record_tables import RECORD_TABLES
from maestrale.store.records import (
    CronTriggerRecord,
    EnvironmentRecord,
    MemberRecord,
    Record,
    WorkflowRecord,
)

from .databases import Blank
from .rows import (
    NOON,
    a_cron_trigger,
    a_dynamic_action,
    a_member,
    a_new_tree,
    a_workflow,
    an_action,
    an_environment,
    an_event_trigger,
)
from .test_round_trip import values_of

MINE, YOURS = Access("mine"), Access("yours")
ADMIN = Access("staff", is_admin=True)
HOUR = timedelta(hours=1)
RECORD_TYPES = [table.row_type for table in RECORD_TABLES]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_record_is_read_as_it_was_written_and_as_it_was_changed(
    data: st.DataObject, blank_store: Blank
) -> None:
    row_type: Any = data.draw(st.sampled_from(RECORD_TYPES))
    old = data.draw(values_of(row_type))
    fresh = data.draw(values_of(row_type))
    names = [field.name for field in structs.fields(row_type) if field.name != "id"]
    changed = data.draw(st.lists(st.sampled_from(names), unique=True))
    new = replace(old, **{name: getattr(fresh, name) for name in changed})

    with blank_store() as store:
        store.insert_record(old)
        assert store.find_record(row_type, None, id=old.id) == old
        store.update_record(old, new)
        assert store.list_records(row_type) == [new]
        store.delete_record(new)
        assert store.list_records(row_type) == []


def test_every_type_of_record_has_a_table() -> None:
    def below(row_type: type[Struct]) -> set[type[Struct]]:
        return {row_type}.union(*(below(each) for each in row_type.__subclasses__()))

    assert set(RECORD_TYPES) == below(Record) - {Record} | {MemberRecord}


# What must be unique


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (a_workflow(), a_workflow(id="2"), "there is a workflow with name `greet` already"),
        (
            a_workflow(namespace="n"),
            a_workflow(id="2", namespace="n", scope="public"),
            "there is a workflow with name `greet`, namespace `n` already",
        ),
        (an_environment(), an_environment(id="2"), "there is an environment with name `test` already"),
        (a_cron_trigger(), a_cron_trigger(id="2"), "there is a cron trigger with name `daily` already"),
        (
            an_event_trigger("one"),
            an_event_trigger("two"),
            "there is an event trigger with exchange `nova`, topic `notifications`, event `create`,"
            " workflow_id `w` already",
        ),
        (
            a_member("w", "yours"),
            a_member("w", "yours", id="2", status="accepted"),
            "there is a member with resource_id `w`, resource_type `workflow`, member_id `yours` already",
        ),
        (
            an_action(),
            an_action("another", id="id of shout"),
            "there is an action with id `id of shout` already",
        ),
    ],
)
def test_what_must_be_unique_cannot_be_stored_twice(
    store: Store, first: Any, second: Any, message: str
) -> None:
    store.insert_record(first)

    with pytest.raises(Conflict) as caught:
        store.insert_record(second)

    assert (caught.value.code, caught.value.message) == ("name-taken", message)
    assert store.list_records(type(first)) == [first]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (a_workflow(), a_workflow(id="2", project_id="yours")),
        (a_workflow(), a_workflow(id="2", namespace="n")),
        (an_action(), a_dynamic_action()),
        (an_environment(), an_environment(id="2", project_id="yours")),
        (an_event_trigger("one"), an_event_trigger("two", event="delete")),
        (a_member("w", "yours"), a_member("w", "theirs")),
    ],
)
def test_a_name_may_be_taken_again_elsewhere(store: Store, first: Any, second: Any) -> None:
    store.insert_record(first)
    store.insert_record(second)

    assert store.find_record(type(second), None, id=second.id) == second


TRIGGER = a_cron_trigger(
    pattern="* * * * *",
    remaining_executions=3,
    first_execution_time=NOON,
    workflow_input={"a": 1, "b": [{"c": 2, "d": 3}]},
)
SAME_INPUT = {"b": [{"d": 3, "c": 2}], "a": 1}


def test_a_trigger_that_starts_the_same_at_the_same_times_is_refused(store: Store) -> None:
    store.insert_record(TRIGGER)

    with pytest.raises(Conflict) as caught:
        store.insert_record(replace(TRIGGER, id="2", name="copy", workflow_input=SAME_INPUT))

    assert caught.value.code == "name-taken"
    assert "`daily`" in caught.value.message


@pytest.mark.parametrize(
    "difference",
    [
        {"workflow_input": {"a": True, "b": [{"c": 2, "d": 3}]}},
        {"workflow_params": {"env": {}}},
        {"project_id": "yours"},
        {"remaining_executions": 4},
        {"pattern": "0 * * * *"},
        {"first_execution_time": NOON + HOUR},
        {"workflow_name": "another"},
    ],
)
def test_triggers_that_differ_in_anything_are_kept_side_by_side(
    store: Store, difference: dict[str, Any]
) -> None:
    store.insert_record(TRIGGER)
    store.insert_record(replace(TRIGGER, id="2", name="copy", **difference))

    assert len(store.list_records(CronTriggerRecord)) == 2


@pytest.mark.parametrize("field", ["pattern", "remaining_executions", "first_execution_time"])
def test_triggers_that_lack_something_are_not_compared(store: Store, field: str) -> None:
    store.insert_record(replace(TRIGGER, **{field: None}))
    store.insert_record(replace(TRIGGER, id="2", name="copy", **{field: None}))

    assert len(store.list_records(CronTriggerRecord)) == 2


def test_a_trigger_may_count_down_to_what_another_has(store: Store) -> None:
    other = replace(TRIGGER, id="2", name="copy", remaining_executions=4)
    store.insert_record(TRIGGER)
    store.insert_record(other)

    store.update_record(other, replace(other, remaining_executions=3))

    counts = [it.remaining_executions for it in store.list_records(CronTriggerRecord)]
    assert counts == [3, 3]


# Changes


def test_of_two_that_take_a_name_at_once_one_is_told_that_it_is_taken(store: Store, other: Store) -> None:
    failures: list[Conflict] = []

    def insert() -> None:
        try:
            other.insert_record(an_environment("same", id="second"))
        except Conflict as error:
            failures.append(error)

    thread = threading.Thread(target=insert)
    with store.writing():
        store.insert_record(an_environment("same", id="first"))
        thread.start()
    thread.join()

    assert [error.code for error in failures] == ["name-taken"]


def test_a_record_cannot_take_the_name_of_another(store: Store) -> None:
    store.insert_record(a_workflow("one"))
    store.insert_record(a_workflow("two"))

    with pytest.raises(Conflict) as caught:
        store.update_record(a_workflow("two"), a_workflow("one", id="id of two"))

    assert caught.value.code == "name-taken"
    assert [record.name for record in store.list_records(WorkflowRecord)] == ["one", "two"]


def test_a_record_that_somebody_changed_meanwhile_is_not_changed_on_top(store: Store, other: Store) -> None:
    read = a_cron_trigger(remaining_executions=2)
    store.insert_record(read)
    theirs = replace(read, remaining_executions=1)
    other.update_record(read, theirs)

    with pytest.raises(Conflict) as caught:
        store.update_record(read, replace(read, remaining_executions=1, next_execution_time=NOON + HOUR))

    assert caught.value.code == "rows-out-of-step"
    assert store.list_records(CronTriggerRecord) == [theirs]


def test_a_record_that_is_gone_is_neither_changed_nor_deleted(store: Store) -> None:
    record = an_environment()
    store.insert_record(record)
    store.delete_record(record)

    with pytest.raises(NotFound) as changed:
        store.update_record(record, replace(record, description="new"))
    with pytest.raises(NotFound) as deleted:
        store.delete_record(record)

    assert (changed.value.code, deleted.value.code) == ("record-unknown", "record-unknown")


def test_only_the_fields_that_changed_are_written(store: Store, other: Store) -> None:
    read = an_environment(description="old", variables={"a": 1})
    store.insert_record(read)
    other.update_record(read, replace(read, variables={"a": 2}))

    store.update_record(read, replace(read, description="new"))

    assert store.list_records(EnvironmentRecord) == [an_environment(description="new", variables={"a": 2})]


# Several at once


def insert_all(store: Store, *records: Record) -> None:
    with store.writing():
        for record in records:
            store.insert_record(record)


def test_what_is_written_together_is_stored_together_or_not_at_all(store: Store, other: Store) -> None:
    with pytest.raises(Conflict):
        insert_all(store, a_workflow("one"), an_environment(), a_workflow("one"))

    assert store.list_records(WorkflowRecord) == []
    assert store.list_records(EnvironmentRecord) == []

    with store.writing():
        insert_all(store, a_workflow("one"))
        assert other.list_records(WorkflowRecord) == []
        assert store.list_records(WorkflowRecord) == [a_workflow("one")]

    assert other.list_records(WorkflowRecord) == [a_workflow("one")]


def test_a_part_that_fails_leaves_the_rest_of_a_transaction(store: Store) -> None:
    with store.writing():
        store.insert_record(a_workflow("one"))
        with pytest.raises(Conflict):
            insert_all(store, a_workflow("two"), a_workflow("one"))
        store.insert_record(a_workflow("three"))

    assert sorted(record.name for record in store.list_records(WorkflowRecord)) == ["one", "three"]


def test_trees_and_records_can_be_stored_together(store: Store) -> None:
    def store_both(root_id: str) -> None:
        with store.writing():
            store.commit([a_new_tree(root_id)])
            store.insert_record(a_workflow())

    assert store.node_id == 1
    store_both("kept")
    with pytest.raises(Conflict):
        store_both("lost")

    assert [root.id for root in store.list_roots()] == ["kept"]


# Who sees what


def test_a_project_sees_its_own_rows_public_ones_and_workflows_it_accepted(store: Store) -> None:
    for name, scope in (("private", "private"), ("public", "public"), ("shared", "private")):
        store.insert_record(a_workflow(name, scope=scope))
    for name in ("offered", "refused", "elsewhere"):
        store.insert_record(a_workflow(name))
    store.insert_record(a_workflow("own", project_id="yours"))
    store.insert_record(a_member("id of shared", "yours", status="accepted"))
    store.insert_record(a_member("id of offered", "yours"))
    store.insert_record(a_member("id of refused", "yours", status="rejected"))
    store.insert_record(a_member("id of elsewhere", "theirs", status="accepted"))

    def seen(access: Access) -> list[str]:
        return sorted(record.name for record in store.list_records(WorkflowRecord, access))

    everything = ["elsewhere", "offered", "own", "private", "public", "refused", "shared"]
    assert seen(YOURS) == ["own", "public", "shared"]
    assert seen(MINE) == [name for name in everything if name != "own"]
    assert seen(Access("nobody")) == ["public"]
    assert seen(ADMIN) == everything
    assert store.find_record(WorkflowRecord, YOURS, id="id of private") is None
    assert store.find_record(WorkflowRecord, YOURS, name="offered") is None
    assert store.find_record(WorkflowRecord, None, name="offered") == a_workflow("offered")


def test_members_are_seen_by_the_owner_and_by_the_member_and_not_by_an_admin(store: Store) -> None:
    first, second = a_member("w", "yours"), a_member("w", "theirs")
    store.insert_record(first)
    store.insert_record(second)

    assert store.list_records(MemberRecord, MINE) == [second, first]
    assert store.list_records(MemberRecord, YOURS) == [first]
    assert store.list_records(MemberRecord, ADMIN) == []
    assert store.list_records(MemberRecord, resource_id="w", member_id="theirs") == [second]


def test_of_several_rows_of_a_name_the_nearest_is_meant(store: Store) -> None:
    own = a_workflow(id="own", project_id="yours")
    public = a_workflow(id="public", project_id="they", scope="public", created_at=NOON - HOUR)
    shared = a_workflow(id="shared", project_id="mine", created_at=NOON - 2 * HOUR)
    hidden = a_workflow(id="hidden", project_id="others", created_at=NOON - 3 * HOUR)
    for record in (hidden, shared, public, own):
        store.insert_record(record)
    store.insert_record(a_member("shared", "yours", status="accepted"))

    found = []
    for nearest in (own, public, shared):
        found.append(store.find_record(WorkflowRecord, YOURS, name="greet", namespace=""))
        store.delete_record(nearest)

    assert found == [own, public, shared]
    assert store.find_record(WorkflowRecord, YOURS, name="greet") is None
    assert store.find_record(WorkflowRecord, ADMIN, name="greet") == hidden


def test_a_name_is_looked_up_in_exactly_the_namespace_that_is_given(store: Store) -> None:
    plain, spaced = a_workflow(id="1"), a_workflow(id="2", namespace="n")
    store.insert_record(plain)
    store.insert_record(spaced)

    assert store.find_record(WorkflowRecord, MINE, name="greet", namespace="") == plain
    assert store.find_record(WorkflowRecord, MINE, name="greet", namespace="n") == spaced
    assert store.find_record(WorkflowRecord, MINE, name="greet", namespace="x") is None
    assert store.find_record(WorkflowRecord, MINE, id="2") == spaced


def test_records_are_listed_by_the_values_of_their_columns_oldest_first(store: Store) -> None:
    late = an_environment("late", created_at=NOON + HOUR)
    early = an_environment("early", description="x")
    store.insert_record(late)
    store.insert_record(early)

    assert store.list_records(EnvironmentRecord) == [early, late]
    assert store.list_records(EnvironmentRecord, description=None) == [late]
    assert store.list_records(EnvironmentRecord, MINE, created_at=NOON, name="early") == [early]
    assert store.list_records(EnvironmentRecord, YOURS, name="early") == []
