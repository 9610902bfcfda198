"""Stored environments."""

import pytest
from msgspec.structs import replace

from maestrale.definitions.environments import (
    create_environment,
    delete_environment,
    get_environment,
    update_environment,
)
from maestrale.errors import Conflict, Forbidden, InvalidInput, NotFound
from maestrale.store import Access, Store
from maestrale.store.records import EnvironmentRecord
from tests.definitions.texts import ADMIN, ANN, BOB, LATER, NOON


def an_environment(store: Store, access: Access = ANN, **parts: str) -> EnvironmentRecord:
    return create_environment(store, access, now=NOON, name="e", variables={"a": 1}, **parts)


def test_an_environment_is_read_as_it_was_stored(store: Store) -> None:
    stored = an_environment(store, description="d")

    assert stored == EnvironmentRecord(
        id=stored.id, project_id="ann", created_at=NOON, name="e", description="d", variables={"a": 1}
    )
    assert get_environment(store, ANN, "e") == stored


@pytest.mark.parametrize("name", [None, "", "x" * 256])
def test_an_environment_needs_a_name(store: Store, name: str | None) -> None:
    with pytest.raises(InvalidInput):
        create_environment(store, ANN, now=NOON, name=name, variables={})
    with pytest.raises(InvalidInput):
        update_environment(store, ANN, now=NOON, name=name)


def test_two_environments_of_a_project_have_different_names(store: Store) -> None:
    an_environment(store)
    an_environment(store, BOB)

    with pytest.raises(Conflict) as raised:
        an_environment(store)

    assert raised.value.code == "name-taken"


def test_an_update_changes_only_what_is_given(store: Store) -> None:
    stored = an_environment(store, description="d")

    updated = update_environment(store, ANN, now=LATER, name="e", variables={"b": 2})

    assert updated == replace(stored, variables={"b": 2}, updated_at=LATER)
    assert get_environment(store, ANN, "e") == updated


def test_an_update_that_changes_nothing_leaves_the_time_alone(store: Store) -> None:
    stored = an_environment(store)

    assert update_environment(store, ANN, now=LATER, name="e") == stored
    assert update_environment(store, ANN, now=LATER, name="e", variables={"a": 1}) == stored


def test_a_public_environment_of_another_project_can_be_read_but_not_changed(store: Store) -> None:
    stored = an_environment(store, ADMIN, scope="public")

    assert get_environment(store, BOB, "e") == stored
    with pytest.raises(Forbidden):
        update_environment(store, BOB, now=LATER, name="e", variables={})
    with pytest.raises(Forbidden):
        delete_environment(store, BOB, "e")


def test_publishing_is_for_administrators(store: Store) -> None:
    with pytest.raises(Forbidden):
        an_environment(store, scope="public")
    an_environment(store)
    with pytest.raises(Forbidden):
        update_environment(store, ANN, now=LATER, name="e", scope="public")


def test_another_projects_private_environment_does_not_exist_for_an_administrator_either(
    store: Store,
) -> None:
    an_environment(store)

    with pytest.raises(NotFound):
        get_environment(store, ADMIN, "e")
    with pytest.raises(NotFound):
        delete_environment(store, ADMIN, "e")


def test_a_deleted_environment_is_gone(store: Store) -> None:
    an_environment(store)

    delete_environment(store, ANN, "e")

    with pytest.raises(NotFound) as raised:
        get_environment(store, ANN, "e")
    assert raised.value.code == "unknown-environment"
