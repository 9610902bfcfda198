"""Stored ad-hoc actions."""

import pytest

from maestrale.definitions.actions import (
    create_actions,
    delete_action,
    find_action,
    get_action,
    update_action,
    update_actions,
)
from maestrale.errors import Conflict, Forbidden, InvalidInput, NotFound
from maestrale.store import Store
from maestrale.store.records import ActionRecord
from tests.definitions.texts import ACTIONS, ADMIN, ANN, BOB, LATER, NOON, actions

QUIET = "version: '2.0'\nquiet: {base: std.noop}\n"


def test_a_stored_action_has_all_that_people_read_of_it(store: Store) -> None:
    loud, quiet = create_actions(store, ANN, actions(), now=NOON)

    assert loud == ActionRecord(
        id=loud.id,
        project_id="ann",
        created_at=NOON,
        name="loud",
        definition=ACTIONS,
        document=loud.document,
        input='text, mark="!", times=2',
        description="Says it loudly.",
    )
    assert (quiet.input, quiet.description, quiet.document) == ("", None, loud.document)
    assert get_action(store, ANN, "loud") == get_action(store, ANN, loud.id) == loud


def test_an_action_is_looked_for_in_the_default_namespace_after_the_given_one(store: Store) -> None:
    (default,) = create_actions(store, ANN, actions(QUIET), now=NOON)
    (here,) = create_actions(store, ANN, actions(QUIET), now=NOON, namespace="here")

    assert get_action(store, ANN, "quiet", "here") == here
    assert get_action(store, ANN, "quiet", "elsewhere") == default
    delete_action(store, ANN, "quiet", "elsewhere")
    assert find_action(store, ANN, "quiet") is None


def test_the_actions_of_a_text_are_stored_all_or_none(store: Store) -> None:
    create_actions(store, ANN, actions(QUIET), now=NOON)

    with pytest.raises(Conflict) as raised:
        create_actions(store, ANN, actions(ACTIONS), now=NOON)

    assert raised.value.code == "name-taken"
    assert find_action(store, ANN, "loud") is None


def test_an_action_may_have_the_name_of_a_built_in_one(store: Store) -> None:
    (stored,) = create_actions(store, ANN, actions("version: '2.0'\nstd.echo: {base: std.noop}\n"), now=NOON)

    assert stored.name == "std.echo"


def test_an_update_finds_actions_in_the_default_namespace_and_leaves_them_there(store: Store) -> None:
    create_actions(store, ANN, actions(), now=NOON)
    text = ACTIONS.replace("times: 2", "times: 3")

    loud, quiet = update_actions(store, ANN, actions(text), now=LATER, namespace="here")

    assert (loud.namespace, loud.input, loud.updated_at) == ("", 'text, mark="!", times=3', LATER)
    assert quiet.updated_at == LATER  # Its definition is the whole text.


def test_an_update_with_the_same_text_leaves_everything_alone(store: Store) -> None:
    stored = create_actions(store, ANN, actions(), now=NOON)

    assert update_actions(store, ANN, actions(), now=LATER) == stored


def test_an_update_of_several_changes_nothing_when_one_is_missing(store: Store) -> None:
    (stored,) = create_actions(store, ANN, actions(QUIET), now=NOON)

    with pytest.raises(NotFound) as raised:
        update_actions(store, ANN, actions(ACTIONS), now=LATER)

    assert raised.value.code == "unknown-action"
    assert get_action(store, ANN, "quiet") == stored


def test_one_action_can_be_renamed(store: Store) -> None:
    (stored,) = create_actions(store, ANN, actions(QUIET), now=NOON)

    updated = update_action(
        store, ANN, actions(QUIET.replace("quiet", "still")), identifier="quiet", now=LATER
    )

    assert (updated.id, updated.name) == (stored.id, "still")


def test_one_action_cannot_be_updated_by_a_text_with_two(store: Store) -> None:
    create_actions(store, ANN, actions(QUIET), now=NOON)

    with pytest.raises(InvalidInput) as raised:
        update_action(store, ANN, actions(ACTIONS), identifier="quiet", now=LATER)

    assert raised.value.code == "several-definitions"


def test_another_projects_public_action_can_be_read_but_not_changed(store: Store) -> None:
    (stored,) = create_actions(store, ADMIN, actions(QUIET), now=NOON, scope="public")

    assert get_action(store, BOB, "quiet") == stored
    for attempt in (
        lambda: delete_action(store, BOB, "quiet"),
        lambda: update_actions(store, BOB, actions(QUIET), now=LATER),
        lambda: update_action(store, BOB, actions(QUIET), identifier=stored.id, now=LATER),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_a_built_in_action_cannot_be_deleted(store: Store) -> None:
    with pytest.raises(NotFound):
        delete_action(store, ADMIN, "std.echo")
