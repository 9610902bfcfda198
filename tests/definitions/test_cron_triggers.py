"""Cron patterns, and triggers made of them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.definitions.cron_patterns import next_time
from maestrale.definitions.cron_triggers import (
    CronTriggerRequest,
    create_cron_trigger,
    delete_cron_trigger,
    get_cron_trigger,
)
from maestrale.definitions.workflows import create_workflows
from maestrale.errors import Conflict, Error, Forbidden, InvalidInput, NotFound
from maestrale.ids import new_id
from maestrale.store import Access, Store
from maestrale.store.records import CronTriggerRecord, WorkflowRecord
from tests.definitions.texts import ADMIN, ANN, BOB, NOON, workflows

FITTING = {"name": "Ann"}


@pytest.mark.parametrize(
    ("pattern", "due"),
    [
        ("* * * * *", "2030-01-01 12:01:00"),
        ("*/20 * * * *", "2030-01-01 12:20:00"),
        ("0 12 * * *", "2030-01-02 12:00:00"),
        ("0 0 * * mon-fri", "2030-01-02 00:00:00"),
        ("0 0 * * 7", "2030-01-06 00:00:00"),
        ("0 0 29 feb *", "2032-02-29 00:00:00"),
        ("* * * * * 30", "2030-01-01 12:00:30"),
        ("5 * * * * */15", "2030-01-01 12:05:00"),
        ("0 0 ? * 7", "2030-01-06 00:00:00"),
        ("0 0 15 * ?", "2030-01-15 00:00:00"),
        ("0 0 ? * ? 30", "2030-01-02 00:00:30"),
        ("@hourly", "2030-01-01 13:00:00"),
        (" @DAILY ", "2030-01-02 00:00:00"),
        ("@weekly", "2030-01-06 00:00:00"),
        ("@monthly", "2030-02-01 00:00:00"),
        ("@yearly", "2031-01-01 00:00:00"),
    ],
)
def test_a_pattern_means_the_next_time_that_fits_it(pattern: str, due: str) -> None:
    assert next_time(pattern, NOON) == datetime.fromisoformat(f"{due}+00:00")


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "* * * *",
        "* * * * * * *",
        "61 * * * *",
        "* * * * * 60",
        "x * * * *",
        "0 0 30 2 *",
        "@reboot",
        "5-1 * * * *",
        "*/0 * * * *",
        "? * * * *",
        "0 0 * ? *",
        "0 0 ?/2 * *",
        "1" * 5000 + " * * * *",
        "1,2," * 100 + "3 * * * *",
        "²L * * * *",
        "0 0 * * ²L",
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        next_time(pattern, NOON)

    assert raised.value.code == "bad-cron-pattern"


@given(st.text("0123456789*/,-LW#@ abcSUN?", max_size=20))
def test_any_text_is_a_pattern_or_refused(pattern: str) -> None:
    with suppress(InvalidInput):
        assert next_time(pattern, NOON) > NOON


@pytest.fixture
def workflow(store: Store) -> WorkflowRecord:
    """Ann's, with the input `name`."""
    return create_workflows(store, ANN, workflows(), now=NOON)[0]


def create(store: Store, access: Access = ANN, /, **wanted: Any) -> CronTriggerRecord:
    given_too = {"name": "t", "workflow_name": "greet", "workflow_input": FITTING} | wanted
    return create_cron_trigger(store, access, CronTriggerRequest(**given_too), now=NOON)


def test_a_trigger_with_a_pattern_fires_for_ever(store: Store, workflow: WorkflowRecord) -> None:
    stored = create(store, pattern="0 * * * *", workflow_params={"env": {}})

    assert stored == CronTriggerRecord(
        id=stored.id,
        project_id="ann",
        created_at=NOON,
        name="t",
        workflow_id=workflow.id,
        workflow_name="greet",
        workflow_input=FITTING,
        workflow_params={"env": {}},
        pattern="0 * * * *",
        first_execution_time=None,
        next_execution_time=NOON + timedelta(hours=1),
        remaining_executions=None,
    )
    assert get_cron_trigger(store, ANN, "t") == get_cron_trigger(store, ANN, stored.id) == stored


def test_a_trigger_with_a_time_alone_fires_once(store: Store, workflow: WorkflowRecord) -> None:
    stored = create(store, first_execution_time="2030-01-01 12:01")

    due = datetime(2030, 1, 1, 12, 1, tzinfo=UTC)
    assert (stored.first_execution_time, stored.next_execution_time) == (due, due)
    assert (stored.remaining_executions, stored.pattern) == (1, "0 0 30 2 0")


def test_a_first_time_comes_before_what_the_pattern_says(store: Store, workflow: WorkflowRecord) -> None:
    stored = create(
        store, first_execution_time="2030-02-03 04:05", pattern="0 0 * * *", remaining_executions=3
    )

    assert stored.next_execution_time == datetime(2030, 2, 3, 4, 5, tzinfo=UTC)
    assert (stored.remaining_executions, stored.pattern) == (3, "0 0 * * *")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"remaining_executions": 0}, "out-of-range"),
    ({"scope": "public"}, "publicize-denied"),
    ({"first_execution_time": "2030-01-01 12:30:00"}, "bad-time"),
    ({"pattern": None}, "time-missing"),
    ({"pattern": None, "first_execution_time": "2030-01-01 12:00"}, "time-too-near"),
    (
        {"pattern": None, "first_execution_time": "2030-02-01 12:00", "remaining_executions": 2},
        "pattern-missing",
    ),
    ({"pattern": "every day"}, "bad-cron-pattern"),
    ({"workflow_name": "nothing"}, "unknown-workflow"),
    ({"workflow_input": {}}, "invalid-workflow-input"),
]


@pytest.mark.parametrize("place", range(len(WRONG)))
def test_of_several_faults_the_first_in_mistrals_order_is_told(
    store: Store, workflow: WorkflowRecord, place: int
) -> None:
    """Each fault alone, and together with all later ones that it can stand beside."""
    wrong, code = WRONG[place]
    later: dict[str, Any] = {}
    for fault, _ in reversed(WRONG[place + 1 :]):
        if not set(fault) & {"pattern", "first_execution_time", "remaining_executions"}:
            later |= fault

    for parts in (wrong, later | wrong):
        with pytest.raises(Error) as raised:
            create(store, **({"pattern": "* * * * *"} | parts))
        assert raised.value.code == code
    assert store.list_records(CronTriggerRecord) == []


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "2030-02-30 00:00",
        "2030-1-1 1:1",
        "2030-02-01T00:00",
        "2030-02-01 00:00 ",
        "٢٠٣٠-02-01 00:00",
    ],
)
def test_a_first_time_has_one_form_only(store: Store, workflow: WorkflowRecord, text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        create(store, first_execution_time=text)

    assert raised.value.code == "bad-time"


@pytest.mark.parametrize("name", [None, ""])
def test_a_trigger_needs_a_name(store: Store, workflow: WorkflowRecord, name: str | None) -> None:
    with pytest.raises(InvalidInput) as raised:
        create(store, name=name, pattern="* * * * *")

    assert raised.value.code == "name-missing"


def test_a_trigger_needs_a_workflow(store: Store, workflow: WorkflowRecord) -> None:
    with pytest.raises(InvalidInput) as raised:
        create(store, workflow_name=None, pattern="* * * * *")
    with pytest.raises(NotFound):
        create(store, workflow_id=new_id(), pattern="* * * * *")

    assert raised.value.code == "workflow-missing"


def test_a_workflow_of_a_namespace_is_found_by_its_id_only(store: Store) -> None:
    (there,) = create_workflows(store, ANN, workflows(), now=NOON, namespace="there")

    with pytest.raises(NotFound):
        create(store, pattern="* * * * *")
    assert create(store, workflow_id=there.id, pattern="* * * * *").workflow_id == there.id


def test_a_trigger_cannot_use_what_its_project_does_not_see(store: Store, workflow: WorkflowRecord) -> None:
    with pytest.raises(NotFound):
        create(store, BOB, workflow_id=workflow.id, pattern="* * * * *")


def test_two_triggers_of_one_name_or_doing_the_same_are_refused(
    store: Store, workflow: WorkflowRecord
) -> None:
    create(store, first_execution_time="2030-02-01 00:00")

    for other in ({"name": "t"}, {"name": "u", "first_execution_time": "2030-02-01 00:00"}):
        with pytest.raises(Conflict) as raised:
            create(store, ANN, **({"first_execution_time": "2030-03-01 00:00"} | other))
        assert raised.value.code == "name-taken"


def test_only_its_project_and_administrators_delete_a_trigger(store: Store) -> None:
    create_workflows(store, ADMIN, workflows(), now=NOON, scope="public")
    public = create(store, ADMIN, pattern="* * * * *", scope="public")
    create(store, BOB, name="bobs", pattern="* * * * *")

    with pytest.raises(Forbidden):
        delete_cron_trigger(store, ANN, public.id)
    with pytest.raises(NotFound):
        delete_cron_trigger(store, ANN, "bobs")
    delete_cron_trigger(store, ADMIN, "bobs")
    delete_cron_trigger(store, ADMIN, public.id)

    assert store.list_records(CronTriggerRecord) == []


def test_an_administrators_trigger_cannot_use_what_only_administrators_see(
    store: Store, workflow: WorkflowRecord
) -> None:
    with pytest.raises(NotFound):
        create(store, ADMIN, workflow_id=workflow.id, pattern="* * * * *")


def test_a_trigger_that_could_tell_nobody_is_refused(store: Store, workflow: WorkflowRecord) -> None:
    with pytest.raises(InvalidInput) as raised:
        create(store, pattern="* * * * *", workflow_params={"notify": [{"type": "webhook"}]})

    assert raised.value.code == "wrong-publisher"
    assert store.list_records(CronTriggerRecord) == []
