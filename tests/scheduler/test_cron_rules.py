"""What a cron trigger starts, and when it is due after that."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from maestrale.core.state import Pin
from maestrale.definitions.workflows import create_workflows
from maestrale.engine import StartRequest
from maestrale.errors import InvalidInput, NotFound
from maestrale.lang.names import UUID
from maestrale.scheduler import cron_rules
from maestrale.scheduler.cron_rules import after_firing
from maestrale.store import Access, Store, open_store
from maestrale.store.records import CronTriggerRecord, EnvironmentRecord
from maestrale.testing.clocks import FakeClock

from ..definitions.texts import ADMIN, ANN, BOB, NOON, workflows

MINUTE = timedelta(minutes=1)
ID = "0a1b2c3d-0000-4000-8000-00000000cafe"


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("sqlite://", clock=FakeClock()) as opened:
        yield opened


def a_trigger(**fields: Any) -> CronTriggerRecord:
    given: dict[str, Any] = {
        "id": ID,
        "project_id": "ann",
        "created_at": NOON,
        "name": "nightly",
        "workflow_id": "00000000-0000-4000-8000-000000000000",
        "workflow_name": "greet",
        "workflow_input": {"name": "Ann"},
        "pattern": "*/10 * * * *",
        "next_execution_time": NOON,
    }
    return CronTriggerRecord(**(given | fields))


def execution_id(trigger: CronTriggerRecord, secret: str = "s") -> str:
    return cron_rules.execution_id(trigger, secret=secret)


def find_cron_start(store: Store, trigger: CronTriggerRecord) -> StartRequest:
    return cron_rules.find_cron_start(store, trigger, secret="s")


def test_a_trigger_waits_for_the_next_time_of_its_pattern() -> None:
    trigger = a_trigger(remaining_executions=3)

    assert after_firing(trigger, now=NOON) == replace(
        trigger, next_execution_time=NOON + 10 * MINUTE, remaining_executions=2, updated_at=NOON
    )


def test_times_that_have_passed_are_skipped() -> None:
    late = NOON + 35 * MINUTE

    waiting = after_firing(a_trigger(), now=late)

    assert waiting == replace(a_trigger(), next_execution_time=NOON + 40 * MINUTE, updated_at=late)


def test_a_clock_that_goes_back_brings_no_time_twice() -> None:
    waiting = after_firing(a_trigger(), now=NOON - 60 * MINUTE)

    assert waiting is not None
    assert waiting.next_execution_time == NOON + 10 * MINUTE


def test_the_last_of_a_number_of_times_ends_a_trigger() -> None:
    assert after_firing(a_trigger(remaining_executions=1), now=NOON) is None


@pytest.mark.parametrize("pattern", [None, "0 0 30 2 *"])
def test_a_trigger_without_another_time_has_done_its_work(pattern: str | None) -> None:
    assert after_firing(a_trigger(pattern=pattern), now=NOON) is None


@given(
    late=st.integers(-(10**6), 10**6), pattern=st.sampled_from(["* * * * *", "0 2 * * sun", "5 4 1 * * 30"])
)
def test_the_next_time_is_later_than_the_last_and_than_now(late: int, pattern: str) -> None:
    now = NOON + timedelta(seconds=late)

    waiting = after_firing(a_trigger(pattern=pattern), now=now)

    assert waiting is not None
    assert waiting.next_execution_time > max(now, NOON)


def test_the_id_of_an_execution_follows_from_the_trigger_its_time_and_the_secret() -> None:
    ids = {
        execution_id(a_trigger()),
        execution_id(a_trigger(next_execution_time=NOON + timedelta(seconds=1))),
        execution_id(a_trigger(id="0a1b2c3d-0000-4000-8000-00000000cafd")),
        execution_id(a_trigger(), secret="another"),
    }

    assert len(ids) == 4
    assert all(map(UUID.fullmatch, ids))
    assert execution_id(a_trigger(name="renamed", remaining_executions=5)) == execution_id(a_trigger())


def test_a_trigger_starts_its_workflow_as_its_project_would(store: Store) -> None:
    (workflow,) = create_workflows(store, ANN, workflows(), now=NOON, namespace="there")
    store.insert_record(
        EnvironmentRecord(id="e", project_id="ann", created_at=NOON, name="test", variables={"host": "h"})
    )
    trigger = a_trigger(workflow_id=workflow.id, workflow_params={"env": "test", "task_name": "say"})

    assert find_cron_start(store, trigger) == StartRequest(
        workflow="greet",
        namespace="there",
        pins=(Pin("workflow", "there", "greet", workflow.document, workflow.id),),
        project_id="ann",
        input={"name": "Ann"},
        params={"env": {"host": "h"}, "task_name": "say"},
        description='{"description": "Workflow execution created by cron trigger \'(' + ID + ")'.\","
        ' "triggered_by": {"type": "cron_trigger", "id": "' + ID + '"}}',
        id=execution_id(trigger),
    )
    assert json.loads(find_cron_start(store, trigger).description)["triggered_by"]["id"] == ID


def test_a_workflow_that_was_made_anew_is_found_by_its_name(store: Store) -> None:
    (workflow,) = create_workflows(store, ANN, workflows(), now=NOON)

    request = find_cron_start(store, a_trigger())

    assert [pin.id for pin in request.pins] == [workflow.id]


def test_a_trigger_uses_public_workflows_and_no_private_ones_of_others(store: Store) -> None:
    create_workflows(store, BOB, workflows(), now=NOON)
    with pytest.raises(NotFound):
        find_cron_start(store, a_trigger())

    (public,) = create_workflows(store, ADMIN, workflows(), now=NOON, scope="public")
    request = find_cron_start(store, a_trigger())

    assert (request.pins[0].id, request.project_id) == (public.id, "ann")


def test_the_environment_of_another_project_is_not_met(store: Store) -> None:
    create_workflows(store, ANN, workflows(), now=NOON)
    store.insert_record(
        EnvironmentRecord(id="e", project_id="bob", created_at=datetime(2030, 1, 1, tzinfo=UTC), name="test")
    )

    with pytest.raises(InvalidInput) as raised:
        find_cron_start(store, a_trigger(workflow_params={"env": "test"}))

    assert raised.value.code == "unknown-environment"
    assert store.find_record(EnvironmentRecord, Access("bob"), name="test") is not None
