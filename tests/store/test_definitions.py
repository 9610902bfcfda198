"""What a name in a workflow means to a project."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from maestrale.store import Store
from maestrale.store.definitions import DefinitionKind

from .rows import NOON, a_dynamic_action, a_member, a_workflow, an_action

HOUR = timedelta(hours=1)


def meaning(store: Store, kind: DefinitionKind, name: str, namespace: str = "") -> str | None:
    found = store.find_definition(kind, project_id="mine", namespace=namespace, name=name)
    return found and found.id


def test_a_definition_is_found_with_the_text_that_holds_it(store: Store) -> None:
    store.insert_record(a_workflow())

    found = store.find_definition("workflow", project_id="mine", namespace="", name="greet")

    assert found == ("text of greet", "id of greet")


def test_ones_own_workflow_comes_before_a_public_one_before_a_shared_one(store: Store) -> None:
    own = a_workflow(id="own")
    public = a_workflow(id="public", project_id="they", scope="public", created_at=NOON - HOUR)
    shared = a_workflow(id="shared", project_id="others", created_at=NOON - 2 * HOUR)
    for record in (shared, public, own, a_workflow(id="hidden", project_id="strangers")):
        store.insert_record(record)
    store.insert_record(a_member("shared", "mine", status="accepted", project_id="others"))

    meanings = []
    for nearest in (own, public, shared):
        meanings.append(meaning(store, "workflow", "greet"))
        store.delete_record(nearest)

    assert meanings == ["own", "public", "shared"]
    assert meaning(store, "workflow", "greet") is None


def test_an_ad_hoc_action_comes_before_a_dynamic_one_that_is_as_near(store: Store) -> None:
    ad_hoc = an_action(id="ad hoc", created_at=NOON + HOUR)
    dynamic = a_dynamic_action(id="dynamic")
    public = an_action(id="public", project_id="they", scope="public", created_at=NOON - HOUR)
    for record in (public, dynamic, ad_hoc):
        store.insert_record(record)

    meanings = []
    for nearest in (ad_hoc, dynamic, public):
        meanings.append(meaning(store, "action", "shout"))
        store.delete_record(nearest)

    assert meanings == ["ad hoc", "dynamic", "public"]


@pytest.mark.parametrize(
    ("kind", "name", "namespace"),
    [
        ("workflow", "greet", ""),
        ("workflow", "shout", "n"),
        ("action", "greet", "n"),
        ("workflow", "GREET", "n"),
    ],
)
def test_a_definition_is_looked_up_by_its_kind_and_name_in_exactly_its_namespace(
    store: Store, kind: DefinitionKind, name: str, namespace: str
) -> None:
    store.insert_record(a_workflow(namespace="n"))
    store.insert_record(replace(an_action(), namespace="n"))

    assert meaning(store, "workflow", "greet", "n") == "id of greet"
    assert meaning(store, kind, name, namespace) is None
