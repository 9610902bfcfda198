"""Stored workflows."""

from dataclasses import dataclass
from hashlib import md5

import pytest
from msgspec.structs import replace

from maestrale.definitions import read_upload
from maestrale.definitions.cron_triggers import CronTriggerRequest, create_cron_trigger
from maestrale.definitions.event_triggers import EventTriggerRequest, create_event_trigger
from maestrale.definitions.members import add_member, answer_offer
from maestrale.definitions.workflows import (
    create_workflows,
    delete_workflow,
    get_workflow,
    update_workflow,
    update_workflows,
)
from maestrale.errors import Conflict, Error, Forbidden, InvalidInput, NotFound
from maestrale.lang import DocumentKind, parse
from maestrale.store import Access, Store
from maestrale.store.records import MemberRecord, WorkflowRecord
from tests.definitions.texts import ADMIN, ANN, BOB, LATER, NOON, TWO_WORKFLOWS, WORKFLOW, workflows

CHANGED = WORKFLOW.replace("output=hi", "output=hello")
SIMPLE = "version: '2.0'\n{name}:\n  tasks: {{t: {{action: std.noop}}}}\n"


def simple(name: str) -> str:
    return SIMPLE.format(name=name)


def a_workflow(store: Store, access: Access = ANN, text: str = WORKFLOW, **options: str) -> WorkflowRecord:
    return create_workflows(store, access, workflows(text), now=NOON, **options)[0]


def code_of(error: "pytest.ExceptionInfo[Error]") -> str:
    return error.value.code


def test_a_stored_workflow_has_all_that_people_read_of_it(store: Store) -> None:
    stored = a_workflow(store, namespace="here")

    assert stored == WorkflowRecord(
        id=stored.id,
        project_id="ann",
        created_at=NOON,
        name="greet",
        namespace="here",
        definition=WORKFLOW,
        document=stored.document,
        checksum=md5(WORKFLOW.encode()).hexdigest(),
        input='name, times="10"',
        interface={"input": ["name", {"times": 10}], "output": ["text"]},
        tags=("hello",),
    )
    assert get_workflow(store, ANN, stored.id) == stored
    assert get_workflow(store, ANN, "greet", "here") == stored
    assert store.get_document(stored.document).text == WORKFLOW


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("[{p: null}]", 'p="None"'),
        ("[{p: {a: 1}}]", "p=\"{'a': 1}\""),
        ("[{p: true}, q]", 'p="True", q'),
        ('[{p: ""}]', 'p=""'),
    ],
)
def test_the_input_for_people_shows_defaults_as_python_does(store: Store, declared: str, shown: str) -> None:
    text = simple("w").replace("  tasks", f"  input: {declared}\n  tasks")

    assert a_workflow(store, text=text).input == shown


def test_the_workflows_of_a_text_are_stored_all_or_none(store: Store) -> None:
    a_workflow(store, text=simple("second"))

    with pytest.raises(Conflict) as raised:
        create_workflows(store, ANN, workflows(TWO_WORKFLOWS), now=NOON)

    assert code_of(raised) == "name-taken"
    assert [each.name for each in store.list_records(WorkflowRecord, ANN)] == ["second"]


def test_each_of_several_workflows_can_be_run_from_its_own_document(store: Store) -> None:
    for stored in create_workflows(store, ANN, workflows(TWO_WORKFLOWS), now=NOON):
        definitions = parse(store.get_document(stored.document).text).definitions
        assert definitions is not None
        assert list(definitions.workflows) == [stored.name]


def test_an_update_with_the_same_text_leaves_everything_alone(store: Store) -> None:
    stored = a_workflow(store)

    assert update_workflows(store, ANN, workflows(), now=LATER) == (stored,)
    assert get_workflow(store, ANN, stored.id) == stored


def test_an_update_changes_the_definition_and_its_time(store: Store) -> None:
    stored = a_workflow(store)

    (updated,) = update_workflows(store, ANN, workflows(CHANGED), now=LATER)

    assert updated == replace(
        stored,
        definition=CHANGED,
        document=updated.document,
        checksum=md5(CHANGED.encode()).hexdigest(),
        updated_at=LATER,
    )
    assert get_workflow(store, ANN, stored.id) == updated


def test_a_default_that_python_finds_equal_is_a_change_all_the_same(store: Store) -> None:
    text = "version: '2.0'\nw: {input: [{p: 1}], tasks: {t: {action: std.noop}}}\n"
    a_workflow(store, text=text)

    (updated,) = update_workflows(store, ANN, workflows(text.replace("p: 1", "p: true")), now=LATER)

    assert repr(get_workflow(store, ANN, updated.id).interface["input"]) == "[{'p': True}]"


def test_an_update_of_several_changes_nothing_when_one_is_missing(store: Store) -> None:
    first = a_workflow(store, text=simple("first"))

    with pytest.raises(NotFound) as raised:
        update_workflows(store, ANN, workflows(TWO_WORKFLOWS), now=LATER)

    assert code_of(raised) == "unknown-workflow"
    assert "`second`" in raised.value.message
    assert get_workflow(store, ANN, "first") == first


def test_an_update_by_id_may_rename_and_moves_to_the_given_namespace(store: Store) -> None:
    stored = a_workflow(store, namespace="here")

    updated = update_workflow(store, ANN, workflows(simple("other")), identifier=stored.id, now=LATER)

    assert (updated.id, updated.name, updated.namespace) == (stored.id, "other", "")
    with pytest.raises(NotFound):
        get_workflow(store, ANN, "greet", "here")


def test_an_update_by_name_looks_into_that_namespace_only(store: Store) -> None:
    a_workflow(store, namespace="here")

    with pytest.raises(NotFound) as raised:
        update_workflow(store, ANN, workflows(), identifier="greet", now=LATER, namespace="there")

    assert "`greet`" in raised.value.message and "`there`" in raised.value.message


def test_one_workflow_cannot_be_updated_by_a_text_with_two(store: Store) -> None:
    stored = a_workflow(store)

    with pytest.raises(InvalidInput) as raised:
        update_workflow(store, ANN, workflows(TWO_WORKFLOWS), identifier=stored.id, now=LATER)

    assert code_of(raised) == "several-definitions"


def test_a_workflow_cannot_take_the_name_of_another(store: Store) -> None:
    a_workflow(store, text=simple("taken"))
    stored = a_workflow(store)

    with pytest.raises(Conflict) as raised:
        update_workflow(store, ANN, workflows(simple("taken")), identifier=stored.id, now=LATER)

    assert code_of(raised) == "name-taken"
    assert get_workflow(store, ANN, stored.id) == stored


def test_an_update_without_a_scope_makes_a_workflow_private_again(store: Store) -> None:
    a_workflow(store, ADMIN, scope="public")

    (updated,) = update_workflows(store, ADMIN, workflows(), now=LATER)

    assert (updated.scope, updated.updated_at) == ("private", LATER)


def test_only_an_administrator_publishes(store: Store) -> None:
    with pytest.raises(Forbidden) as raised:
        a_workflow(store, scope="public")

    assert code_of(raised) == "publicize-denied"


def test_there_are_two_scopes(store: Store) -> None:
    with pytest.raises(InvalidInput) as raised:
        a_workflow(store, scope="secret")

    assert code_of(raised) == "unknown-scope"


def test_another_projects_private_workflow_does_not_exist(store: Store) -> None:
    stored = a_workflow(store)

    for attempt in (
        lambda: get_workflow(store, BOB, stored.id),
        lambda: delete_workflow(store, BOB, "greet"),
        lambda: update_workflows(store, BOB, workflows(), now=LATER),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_another_projects_public_workflow_can_be_read_but_not_changed(store: Store) -> None:
    stored = a_workflow(store, ADMIN, scope="public")

    assert get_workflow(store, BOB, "greet") == stored
    for attempt in (
        lambda: delete_workflow(store, BOB, stored.id),
        lambda: update_workflow(store, BOB, workflows(), identifier=stored.id, now=LATER),
        lambda: update_workflows(store, BOB, workflows(), now=LATER),
    ):
        with pytest.raises(Forbidden) as raised:
            attempt()
        assert code_of(raised) == "not-the-owner"


def test_ones_own_workflow_is_meant_before_a_public_one_of_that_name(store: Store) -> None:
    a_workflow(store, ADMIN, scope="public")
    own = a_workflow(store, BOB)

    assert get_workflow(store, BOB, "greet") == own


def test_an_administrator_may_change_and_delete_what_is_others(store: Store) -> None:
    stored = a_workflow(store)

    updated = update_workflow(store, ADMIN, workflows(CHANGED), identifier=stored.id, now=LATER)
    delete_workflow(store, ADMIN, stored.id)

    assert updated.project_id == "ann"
    assert store.list_records(WorkflowRecord) == []


def test_a_shared_workflow_can_be_used_but_not_changed(store: Store) -> None:
    stored = a_workflow(store)
    add_member(store, ANN, stored.id, "bob", now=NOON)
    answer_offer(store, BOB, stored.id, "bob", "accepted", now=NOON)

    assert get_workflow(store, BOB, "greet") == stored
    with pytest.raises(Forbidden):
        delete_workflow(store, BOB, stored.id)


def test_a_deleted_workflow_takes_its_members_along(store: Store) -> None:
    stored = a_workflow(store)
    add_member(store, ANN, stored.id, "bob", now=NOON)

    delete_workflow(store, ANN, "greet")

    assert store.list_records(MemberRecord) == []


@dataclass
class Triggers:
    """Makes a trigger of one kind or the other, in a project."""

    kind: str

    def make(self, store: Store, access: Access, workflow: WorkflowRecord) -> None:
        if self.kind == "cron":
            wanted = CronTriggerRequest(name="t", workflow_id=workflow.id, pattern="* * * * *")
            create_cron_trigger(store, access, wanted, now=NOON)
        else:
            event = EventTriggerRequest(exchange="e", topic="t", event="x", workflow_id=workflow.id)
            create_event_trigger(store, access, event, now=NOON)


@pytest.mark.parametrize("triggers", [Triggers("cron"), Triggers("event")], ids=["cron", "event"])
def test_a_workflow_that_a_trigger_of_anybody_uses_stays(store: Store, triggers: Triggers) -> None:
    stored = a_workflow(store, ADMIN, text=simple("w"), scope="public")
    triggers.make(store, BOB, stored)

    with pytest.raises(Conflict) as raised:
        delete_workflow(store, ADMIN, stored.id)

    assert code_of(raised) == "workflow-in-use"
    assert f"Can't delete workflow that has {triggers.kind} triggers associated" in raised.value.message
    assert get_workflow(store, ADMIN, stored.id) == stored


@pytest.mark.parametrize("triggers", [Triggers("cron"), Triggers("event")], ids=["cron", "event"])
def test_a_workflow_stays_public_while_others_triggers_use_it(store: Store, triggers: Triggers) -> None:
    stored = a_workflow(store, ADMIN, text=simple("w"), scope="public")
    triggers.make(store, ADMIN, stored)
    own_only = update_workflow(store, ADMIN, workflows(simple("w")), identifier=stored.id, now=LATER)
    update_workflow(store, ADMIN, workflows(simple("w")), identifier=stored.id, now=LATER, scope="public")
    triggers.make(store, BOB, stored)

    with pytest.raises(Forbidden) as raised:
        update_workflow(store, ADMIN, workflows(simple("w")), identifier=stored.id, now=LATER)

    assert own_only.scope == "private"
    assert code_of(raised) == "used-by-others"


def test_a_workflow_whose_validation_was_skipped_is_stored_as_it_is(store: Store) -> None:
    text = "w:\n  tasks: {a: {on-success: [nowhere]}}\n"
    upload = read_upload(text, DocumentKind.WORKFLOWS, checked=False)

    (stored,) = create_workflows(store, ANN, upload, now=NOON)

    assert (stored.name, stored.definition) == ("w", text)
