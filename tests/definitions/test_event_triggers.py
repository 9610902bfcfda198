"""Event triggers."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from maestrale.definitions.event_triggers import (
    EventTriggerRequest,
    create_event_trigger,
    delete_event_trigger,
    get_event_trigger,
    update_event_trigger,
)
from maestrale.definitions.workflows import create_workflows
from maestrale.errors import Conflict, Forbidden, InvalidInput, NotFound
from maestrale.ids import new_id
from maestrale.store import Access, Store
from maestrale.store.records import EventTriggerRecord
from tests.definitions.texts import ADMIN, ANN, BOB, LATER, NOON, workflows

FITTING = {"name": "Ann"}


@pytest.fixture
def workflow(store: Store) -> str:
    """The id of a public workflow with the input `name`."""
    return create_workflows(store, ADMIN, workflows(), now=NOON, scope="public")[0].id


def create(store: Store, workflow: str, access: Access = ANN, /, **wanted: Any) -> EventTriggerRecord:
    usual = {
        "exchange": "nova",
        "topic": "notifications",
        "event": "compute.*",
        "workflow_id": workflow,
        "workflow_input": FITTING,
    }
    request = EventTriggerRequest(**{**usual, **wanted})
    return create_event_trigger(store, access, request, now=NOON)


def test_a_trigger_is_read_as_it_was_stored(store: Store, workflow: str) -> None:
    stored = create(store, workflow)

    assert stored == EventTriggerRecord(
        id=stored.id,
        project_id="ann",
        created_at=NOON,
        name="",
        workflow_id=workflow,
        workflow_input=FITTING,
        exchange="nova",
        topic="notifications",
        event="compute.*",
    )
    assert get_event_trigger(store, ANN, stored.id) == stored


@pytest.mark.parametrize("name", ["exchange", "topic", "event", "workflow_id"])
def test_what_it_listens_to_and_starts_must_be_given(store: Store, workflow: str, name: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        create(store, workflow, ANN, **{name: ""})

    assert raised.value.code == "missing-attribute"
    assert f"`{name}`" in raised.value.message


def test_the_workflow_is_an_id_of_one_that_takes_the_input(store: Store, workflow: str) -> None:
    with pytest.raises(InvalidInput):
        create(store, workflow, workflow_id="greet")
    with pytest.raises(NotFound):
        create(store, workflow, workflow_id=new_id())
    with pytest.raises(InvalidInput) as raised:
        create(store, workflow, workflow_input={"nam": "Ann"})

    assert raised.value.code == "invalid-workflow-input"


def test_two_triggers_for_one_event_and_workflow_are_refused(store: Store, workflow: str) -> None:
    create(store, workflow)
    create(store, workflow, event="image.*")

    with pytest.raises(Conflict) as raised:
        create(store, workflow, name="other")

    assert raised.value.code == "name-taken"


def test_an_update_changes_what_is_given(store: Store, workflow: str) -> None:
    stored = create(store, workflow)

    updated = update_event_trigger(store, ANN, stored.id, EventTriggerRequest(name="n"), now=LATER)

    assert updated == replace(stored, name="n", updated_at=LATER)
    assert update_event_trigger(store, ANN, stored.id, EventTriggerRequest(), now=NOON) == updated


@pytest.mark.parametrize("name", ["exchange", "topic", "event"])
def test_what_it_listens_to_cannot_change(store: Store, workflow: str, name: str) -> None:
    stored = create(store, workflow)
    wanted = msgspec.convert({name: "x"}, EventTriggerRequest)

    with pytest.raises(InvalidInput) as raised:
        update_event_trigger(store, ANN, stored.id, wanted, now=LATER)

    assert raised.value.code == "immutable-attribute"


def test_an_update_is_checked_like_a_new_trigger(store: Store, workflow: str) -> None:
    stored = create(store, workflow)

    with pytest.raises(InvalidInput):
        update_event_trigger(store, ANN, stored.id, EventTriggerRequest(workflow_input={}), now=LATER)
    with pytest.raises(NotFound):
        update_event_trigger(store, ANN, stored.id, EventTriggerRequest(workflow_id=new_id()), now=LATER)
    with pytest.raises(Forbidden):
        update_event_trigger(store, ANN, stored.id, EventTriggerRequest(scope="public"), now=LATER)
    assert get_event_trigger(store, ANN, stored.id) == stored


def test_a_public_trigger_of_another_project_can_be_read_but_not_changed(store: Store, workflow: str) -> None:
    stored = create(store, workflow, ADMIN, scope="public")

    assert get_event_trigger(store, BOB, stored.id) == stored
    with pytest.raises(Forbidden):
        update_event_trigger(store, BOB, stored.id, EventTriggerRequest(name="n"), now=LATER)
    with pytest.raises(Forbidden):
        delete_event_trigger(store, BOB, stored.id)


def test_a_deleted_trigger_is_gone(store: Store, workflow: str) -> None:
    stored = create(store, workflow)

    delete_event_trigger(store, ANN, stored.id)

    with pytest.raises(NotFound):
        get_event_trigger(store, ANN, stored.id)
    with pytest.raises(InvalidInput):
        get_event_trigger(store, ANN, "nova")
