"""Stored workbooks and their members."""

import pytest
from msgspec.structs import replace

from maestrale.definitions.actions import create_actions, get_action
from maestrale.definitions.workbooks import create_workbook, delete_workbook, get_workbook, update_workbook
from maestrale.definitions.workflows import create_workflows, get_workflow
from maestrale.errors import Conflict, Forbidden, NotFound
from maestrale.lang import parse
from maestrale.store import Store
from maestrale.store.records import ActionRecord, WorkbookRecord, WorkflowRecord
from tests.definitions.texts import ADMIN, ANN, BOB, LATER, NOON, WORKBOOK, actions, workbook, workflows


def test_a_workbook_is_stored_with_its_members(store: Store) -> None:
    stored = create_workbook(store, ANN, workbook(), now=NOON, namespace="here")

    assert stored == WorkbookRecord(
        id=stored.id,
        project_id="ann",
        created_at=NOON,
        name="book",
        namespace="here",
        definition=WORKBOOK,
        tags=("shelf",),
    )
    assert get_workbook(store, ANN, "book", "here") == stored
    two = get_workflow(store, ANN, "book.two", "here")
    assert two == WorkflowRecord(
        id=two.id,
        project_id="ann",
        created_at=NOON,
        name="book.two",
        namespace="here",
        definition="two:\n  tasks:\n    again: {workflow: one}\n",
        document=two.document,
        checksum=None,
        interface={"input": [], "output": []},
        workbook="book",
    )
    shout = get_action(store, ANN, "book.shout", "here")
    assert (shout.input, shout.workbook, shout.document) == ("text", "book", two.document)


def test_members_are_run_from_the_text_of_the_whole_workbook(store: Store) -> None:
    create_workbook(store, ANN, workbook(), now=NOON)

    document = get_workflow(store, ANN, "book.one").document

    definitions = parse(store.get_document(document).text).definitions
    assert definitions is not None
    assert list(definitions.workflows) == ["book.one", "book.two"]


def test_members_that_exist_are_overwritten(store: Store) -> None:
    text = "version: '2.0'\nbook.one: {tasks: {t: {action: std.fail}}}\n"
    (before,) = create_workflows(store, ANN, workflows(text), now=NOON)
    (shout,) = create_actions(store, ANN, actions("version: '2.0'\nbook.shout: {base: std.fail}\n"), now=NOON)

    create_workbook(store, ANN, workbook(), now=LATER)

    after = get_workflow(store, ANN, before.id)
    assert (after.workbook, after.checksum, after.created_at, after.updated_at) == ("book", None, NOON, LATER)
    assert get_action(store, ANN, shout.id).input == "text"


def test_a_public_workflow_of_another_project_is_not_overwritten(store: Store) -> None:
    text = "version: '2.0'\nbook.one: {tasks: {t: {action: std.noop}}}\n"
    (public,) = create_workflows(store, ADMIN, workflows(text), now=NOON, scope="public")

    create_workbook(store, ANN, workbook(), now=LATER)

    assert get_workflow(store, ADMIN, public.id) == public
    assert get_workflow(store, ANN, "book.one").project_id == "ann"


def test_a_second_workbook_of_that_name_is_refused_and_nothing_of_it_stored(store: Store) -> None:
    create_workbook(store, ANN, workbook(), now=NOON)
    more = workbook(WORKBOOK.replace("  two:", "  three:"))

    with pytest.raises(Conflict) as raised:
        create_workbook(store, ANN, more, now=LATER)

    assert raised.value.code == "name-taken"
    assert {each.name for each in store.list_records(WorkflowRecord)} == {"book.one", "book.two"}


def test_an_update_with_the_same_text_leaves_everything_alone(store: Store) -> None:
    stored = create_workbook(store, ANN, workbook(), now=NOON)
    members = store.list_records(WorkflowRecord)

    assert update_workbook(store, ANN, workbook(), now=LATER) == stored
    assert store.list_records(WorkflowRecord) == members


def test_an_update_touches_the_members_that_change_and_keeps_those_removed(store: Store) -> None:
    create_workbook(store, ANN, workbook(), now=NOON)
    text = WORKBOOK.replace("shout text=hi", "shout text=ho").replace("  two:", "  three:")

    updated = update_workbook(store, ANN, workbook(text), now=LATER)

    times = {each.name: each.updated_at for each in store.list_records(WorkflowRecord)}
    assert updated.updated_at == LATER
    assert times == {"book.one": LATER, "book.two": None, "book.three": None}
    assert get_action(store, ANN, "book.shout").updated_at is None


def test_a_member_that_did_not_change_runs_from_the_new_text_all_the_same(store: Store) -> None:
    create_workbook(store, ANN, workbook(), now=NOON)
    before = get_workflow(store, ANN, "book.two")
    text = WORKBOOK.replace("shout text=hi", "shout text=ho")

    update_workbook(store, ANN, workbook(text), now=LATER)

    after = get_workflow(store, ANN, "book.two")
    assert store.get_document(after.document).text == text
    assert after == replace(before, document=after.document)


def test_an_update_without_a_scope_makes_all_of_it_private(store: Store) -> None:
    create_workbook(store, ADMIN, workbook(), now=NOON, scope="public")
    public = {each.scope for each in store.list_records(WorkflowRecord)}

    update_workbook(store, ADMIN, workbook(), now=LATER)

    private = {
        each.scope for each in (*store.list_records(WorkflowRecord), *store.list_records(ActionRecord))
    }
    assert (public, private) == ({"public"}, {"private"})


def test_a_workbook_that_is_not_there_cannot_be_updated(store: Store) -> None:
    create_workbook(store, ANN, workbook(), now=NOON, namespace="here")

    with pytest.raises(NotFound) as raised:
        update_workbook(store, ANN, workbook(), now=LATER)

    assert raised.value.code == "unknown-workbook"


def test_members_stay_when_their_workbook_goes(store: Store) -> None:
    create_workbook(store, ANN, workbook(), now=NOON)

    delete_workbook(store, ANN, "book")

    assert store.list_records(WorkbookRecord) == []
    assert len(store.list_records(WorkflowRecord)) == 2


def test_a_public_workbook_of_another_project_can_be_read_only(store: Store) -> None:
    stored = create_workbook(store, ADMIN, workbook(), now=NOON, scope="public")

    assert get_workbook(store, BOB, "book") == stored
    with pytest.raises(Forbidden):
        delete_workbook(store, BOB, "book")
    with pytest.raises(Forbidden):
        update_workbook(store, BOB, workbook(), now=LATER)


def test_an_administrator_reads_others_private_workbooks_and_cannot_delete_them(store: Store) -> None:
    stored = create_workbook(store, ANN, workbook(), now=NOON)

    assert get_workbook(store, ADMIN, "book") == stored
    with pytest.raises(NotFound):
        delete_workbook(store, ADMIN, "book")
