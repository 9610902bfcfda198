"""Sharing workflows."""

import pytest
from msgspec.structs import replace

from maestrale.definitions.members import add_member, answer_offer, get_member, list_members, remove_member
from maestrale.definitions.workflows import create_workflows, get_workflow
from maestrale.errors import Conflict, Forbidden, InvalidInput, NotFound
from maestrale.ids import new_id
from maestrale.store import Access, Store
from maestrale.store.records import MemberRecord
from tests.definitions.texts import ADMIN, ANN, BOB, LATER, NOON, workflows

CAT = Access("cat")


@pytest.fixture
def workflow(store: Store) -> str:
    """The id of a private workflow of Ann's."""
    return create_workflows(store, ANN, workflows(), now=NOON)[0].id


@pytest.fixture
def offer(store: Store, workflow: str) -> MemberRecord:
    """Ann offers it to Bob."""
    return add_member(store, ANN, workflow, "bob", now=NOON)


def test_an_offer_is_pending(workflow: str, offer: MemberRecord) -> None:
    assert offer == MemberRecord(
        id=offer.id, resource_id=workflow, project_id="ann", member_id="bob", created_at=NOON
    )
    assert offer.status == "pending"


@pytest.mark.parametrize(("status", "is_seen"), [("pending", False), ("rejected", False), ("accepted", True)])
def test_only_an_accepted_workflow_is_seen(
    store: Store, workflow: str, offer: MemberRecord, status: str, is_seen: bool
) -> None:
    answered = answer_offer(store, BOB, workflow, "bob", status, now=LATER)

    changed = None if status == "pending" else LATER
    assert answered == replace(offer, status=status, updated_at=changed)
    if is_seen:
        assert get_workflow(store, BOB, workflow).project_id == "ann"
    else:
        with pytest.raises(NotFound):
            get_workflow(store, BOB, workflow)


def test_owner_and_member_see_the_offer_and_nobody_else(
    store: Store, workflow: str, offer: MemberRecord
) -> None:
    other = add_member(store, ANN, workflow, "cat", now=LATER)

    assert list_members(store, ANN, workflow) == [offer, other]
    assert list_members(store, BOB, workflow) == [offer]
    assert list_members(store, ADMIN, workflow) == []
    assert list_members(store, ANN, new_id()) == []
    assert get_member(store, BOB, workflow, "bob") == get_member(store, ANN, workflow, "bob") == offer
    with pytest.raises(NotFound):
        get_member(store, CAT, workflow, "bob")


@pytest.mark.parametrize("who", [ANN, CAT, ADMIN])
def test_only_the_member_itself_answers(
    store: Store, workflow: str, offer: MemberRecord, who: Access
) -> None:
    with pytest.raises(NotFound):
        answer_offer(store, who, workflow, "bob", "accepted", now=LATER)


@pytest.mark.parametrize("who", [BOB, CAT, ADMIN])
def test_only_the_owner_stops_sharing(store: Store, workflow: str, offer: MemberRecord, who: Access) -> None:
    with pytest.raises(NotFound):
        remove_member(store, who, workflow, "bob")

    assert list_members(store, ANN, workflow) == [offer]


def test_a_removed_member_sees_the_workflow_no_more(store: Store, workflow: str, offer: MemberRecord) -> None:
    answer_offer(store, BOB, workflow, "bob", "accepted", now=LATER)

    remove_member(store, ANN, workflow, "bob")

    with pytest.raises(NotFound):
        get_workflow(store, BOB, workflow)


def test_a_workflow_is_offered_to_a_project_once(store: Store, workflow: str, offer: MemberRecord) -> None:
    with pytest.raises(Conflict) as raised:
        add_member(store, ANN, workflow, "bob", now=LATER)

    assert raised.value.code == "name-taken"


def test_a_public_workflow_cannot_be_shared(store: Store) -> None:
    (public,) = create_workflows(store, ADMIN, workflows(), now=NOON, scope="public")

    with pytest.raises(Conflict) as raised:
        add_member(store, ADMIN, public.id, "bob", now=NOON)

    assert raised.value.code == "workflow-is-public"


def test_what_is_shared_with_one_cannot_be_shared_on(
    store: Store, workflow: str, offer: MemberRecord
) -> None:
    answer_offer(store, BOB, workflow, "bob", "accepted", now=LATER)

    with pytest.raises(Forbidden):
        add_member(store, BOB, workflow, "cat", now=LATER)


@pytest.mark.parametrize("who", [BOB, ADMIN])
def test_nobody_shares_a_workflow_that_they_do_not_see_as_a_project(
    store: Store, workflow: str, who: Access
) -> None:
    with pytest.raises(NotFound):
        add_member(store, who, workflow, "cat", now=NOON)


@pytest.mark.parametrize("status", [None, "", "maybe"])
def test_an_answer_is_one_of_three(
    store: Store, workflow: str, offer: MemberRecord, status: str | None
) -> None:
    with pytest.raises(InvalidInput) as raised:
        answer_offer(store, BOB, workflow, "bob", status, now=LATER)

    assert raised.value.code == "unknown-status"


def test_an_offer_needs_a_project_and_the_id_of_a_workflow(store: Store, workflow: str) -> None:
    for attempt in (
        lambda: add_member(store, ANN, workflow, None, now=NOON),
        lambda: add_member(store, ANN, "greet", "bob", now=NOON),
        lambda: list_members(store, ANN, "greet"),
    ):
        with pytest.raises(InvalidInput):
            attempt()
