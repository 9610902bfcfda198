"""Code sources and the actions made of their classes."""

from base64 import b64decode
from typing import Any

import pytest

from maestrale.actions import Registry
from maestrale.definitions.code_sources import (
    create_code_source,
    delete_code_source,
    get_code_source,
    update_code_source,
)
from maestrale.definitions.dynamic_actions import (
    create_dynamic_action,
    delete_dynamic_action,
    get_dynamic_action,
    update_dynamic_action,
)
from maestrale.definitions.python_classes import ClassSignature, read_class
from maestrale.errors import Conflict, Forbidden, InvalidInput, NotFound
from maestrale.ids import new_id
from maestrale.lang import Parameter, parse
from maestrale.store import Store
from maestrale.store.records import CodeSourceRecord, DynamicActionRecord
from tests.definitions.texts import ADMIN, ANN, LATER, NOON

SOURCE = '''\
import os

class Base:
    def __init__(self, host, port=80, *rest, path=os.sep, tags=None, **more):
        pass

class Check(Base):
    """Looks at a host.

    More of that.
    """
    def run(self, context):
        return 1

class Loop(Pool): pass
class Pool(Loop): pass
'''

PARAMETERS = (
    Parameter("host"),
    Parameter("port", required=False, default=80),
    Parameter("path", required=False, default=None),
    Parameter("tags", required=False, default=None),
)


def test_the_parameters_of_a_class_are_read_from_its_constructor_wherever_it_stands() -> None:
    assert read_class(SOURCE, "Check") == ClassSignature(
        parameters=PARAMETERS, computed=("path",), description="Looks at a host."
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("class A: pass", ClassSignature()),
        ("class A(Imported): pass", ClassSignature()),
        ("class B: pass", ClassSignature()),
        ("class A(", ClassSignature()),
        (
            "\ufeffclass A:\n  def __init__(self, a): pass",
            ClassSignature(parameters=(Parameter("a"),)),
        ),
        ("class A:\n  x = '\0'", ClassSignature()),
        (SOURCE.replace("Loop", "A"), ClassSignature()),
        ("x = " + "(" * 5000, ClassSignature()),
        (
            "class A:\n  def __init__(self, a, /, b, c=-1, *, d, e={'x': [1]}): pass",
            ClassSignature(
                parameters=(
                    Parameter("a"),
                    Parameter("b"),
                    Parameter("c", required=False, default=-1),
                    Parameter("d"),
                    Parameter("e", required=False, default={"x": [1]}),
                )
            ),
        ),
        (
            "class A:\n  def __init__(self, a=(1, 2), b={1}, c=1e999): pass",
            ClassSignature(
                parameters=tuple(Parameter(name, required=False, default=None) for name in "abc"),
                computed=("a", "b", "c"),
            ),
        ),
        (
            "class A:\n  def __init__(self, old): pass\n  def __init__(self, new): pass",
            ClassSignature(parameters=(Parameter("new"),)),
        ),
    ],
)
def test_what_cannot_be_read_of_a_source_is_left_out(source: str, expected: ClassSignature) -> None:
    assert read_class(source, "A") == expected


def a_source(store: Store, content: str = SOURCE, **options: Any) -> CodeSourceRecord:
    return create_code_source(store, ADMIN, content, now=NOON, **{"name": "src", **options})


def an_action(store: Store, **options: Any) -> DynamicActionRecord:
    usual = {"name": "my.check", "class_name": "Check", "code_source_name": "src"}
    return create_dynamic_action(store, ADMIN, now=NOON, **{**usual, **options})


def base_input(store: Store, action: DynamicActionRecord) -> Any:
    definitions = parse(store.get_document(action.document).text).definitions
    assert definitions is not None
    template = definitions.actions[action.name].base_input
    assert template is not None
    return template.source


def test_a_code_source_counts_its_versions(store: Store) -> None:
    stored = a_source(store)

    updated = update_code_source(store, ADMIN, "src", "", now=LATER)

    assert (stored.version, stored.content, stored.updated_at) == (1, SOURCE, None)
    assert (updated.version, updated.content, updated.updated_at) == (2, "", LATER)
    assert get_code_source(store, ADMIN, stored.id) == updated


def test_a_code_source_is_known_by_name_and_namespace(store: Store) -> None:
    a_source(store)
    here = a_source(store, namespace="here")

    assert get_code_source(store, ADMIN, "src", "here") == here
    with pytest.raises(Conflict):
        a_source(store)
    with pytest.raises(NotFound):
        get_code_source(store, ADMIN, "src", "there")


def test_a_dynamic_action_is_an_ad_hoc_action_that_carries_its_source(store: Store) -> None:
    source = a_source(store)

    stored = an_action(store)

    assert stored == DynamicActionRecord(
        id=stored.id,
        project_id="admins",
        created_at=NOON,
        name="my.check",
        class_name="Check",
        code_source_id=source.id,
        code_source_name="src",
        document=stored.document,
        input="host, port=80, path=null, tags=null",
        description="Looks at a host.",
    )
    definitions = parse(store.get_document(stored.document).text).definitions
    assert definitions is not None
    action = definitions.actions["my.check"]
    assert (action.base, action.input) == ("maestrale.python", PARAMETERS)
    given = base_input(store, stored)
    assert b64decode(given.pop("source")).decode() == SOURCE
    assert given == {
        "class_name": "Check",
        "arguments": {name: f"<% $.{name} %>" for name in ("host", "port", "path", "tags")},
        "omit_nulls": ["path"],
    }


def test_what_is_given_to_the_action_is_what_it_takes(store: Store) -> None:
    a_source(store)
    spec = Registry().find_action("maestrale.python")

    assert spec is not None
    assert set(base_input(store, an_action(store))) == {parameter.name for parameter in spec.parameters}


def test_a_parameter_whose_name_means_something_to_yaql_is_asked_for_by_name(store: Store) -> None:
    a_source(store, "class Check:\n  def __init__(self, mod, true, __x, größe): pass\n")

    arguments = base_input(store, an_action(store))["arguments"]

    assert arguments == {
        "mod": "<% $.get('mod') %>",
        "true": "<% $.get('true') %>",
        "__x": "<% $.get('__x') %>",
        "größe": "<% $.get('größe') %>",
    }


def test_a_new_source_gives_its_actions_new_documents_and_keeps_the_old(store: Store) -> None:
    a_source(store)
    before = an_action(store)

    update_code_source(store, ADMIN, "src", "class Check:\n  def __init__(self, a): pass\n", now=LATER)

    after = get_dynamic_action(store, ADMIN, "my.check")
    assert (after.input, after.updated_at) == ("a", LATER)
    assert after.document != before.document
    assert b64decode(base_input(store, before)["source"]).decode() == SOURCE


def test_actions_go_with_their_source(store: Store) -> None:
    a_source(store)
    an_action(store)
    a_source(store, name="other")
    other = an_action(store, name="other", code_source_name="other")

    delete_code_source(store, ADMIN, "src")

    assert store.list_records(DynamicActionRecord) == [other]


def test_a_code_source_is_found_by_id_anywhere_and_by_name_in_the_actions_namespace(store: Store) -> None:
    source = a_source(store, namespace="here")

    with pytest.raises(NotFound):
        an_action(store)
    assert an_action(store, namespace="here").code_source_id == source.id
    assert an_action(store, code_source_name=None, code_source_id=source.id).namespace == ""


def test_an_update_changes_what_is_given(store: Store) -> None:
    a_source(store)
    stored = an_action(store)
    other = a_source(store, "class Ping: pass", name="other")

    by_class = update_dynamic_action(store, ADMIN, now=LATER, name="my.check", class_name="Base")
    by_source = update_dynamic_action(store, ADMIN, now=LATER, id=stored.id, code_source_name="other")

    assert (by_class.class_name, by_class.input, by_class.description) == ("Base", stored.input, None)
    assert (by_source.code_source_id, by_source.class_name, by_source.input) == (other.id, "Base", "")
    assert update_dynamic_action(store, ADMIN, now=NOON, id=stored.id) == by_source


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": None}, "name-missing"),
        ({"class_name": ""}, "name-missing"),
        ({"name": "a b"}, "bad-action-name"),
        ({"name": "version"}, "bad-action-name"),
        ({"name": "maestrale.x"}, "reserved-name"),
        ({"code_source_name": None}, "code-source-missing"),
        ({"scope": "x"}, "unknown-scope"),
    ],
)
def test_a_dynamic_action_that_cannot_be_is_refused(store: Store, wrong: dict[str, Any], code: str) -> None:
    a_source(store)

    with pytest.raises(InvalidInput) as raised:
        an_action(store, **wrong)

    assert raised.value.code == code


def test_names_of_dynamic_actions_are_taken_once(store: Store) -> None:
    a_source(store)
    an_action(store)

    with pytest.raises(Conflict):
        an_action(store)


def test_a_deleted_action_is_gone_in_whatever_namespace(store: Store) -> None:
    a_source(store, namespace="here")
    an_action(store, namespace="here")

    delete_dynamic_action(store, ADMIN, "my.check", "here")

    with pytest.raises(NotFound):
        get_dynamic_action(store, ADMIN, "my.check", "here")


def test_an_update_names_an_action_that_exists(store: Store) -> None:
    with pytest.raises(InvalidInput):
        update_dynamic_action(store, ADMIN, now=NOON)
    with pytest.raises(NotFound):
        update_dynamic_action(store, ADMIN, now=NOON, id=new_id())
    with pytest.raises(InvalidInput):
        update_code_source(store, ADMIN, None, "", now=NOON)


def test_code_is_for_administrators(store: Store) -> None:
    a_source(store, scope="public")
    an_action(store, scope="public")

    for attempt in (
        lambda: create_code_source(store, ANN, "", now=NOON, name="x"),
        lambda: update_code_source(store, ANN, "src", "", now=NOON),
        lambda: get_code_source(store, ANN, "src"),
        lambda: delete_code_source(store, ANN, "src"),
        lambda: create_dynamic_action(store, ANN, now=NOON, name="x", class_name="C", code_source_name="src"),
        lambda: update_dynamic_action(store, ANN, now=NOON, name="my.check"),
        lambda: get_dynamic_action(store, ANN, "my.check"),
        lambda: delete_dynamic_action(store, ANN, "my.check"),
    ):
        with pytest.raises(Forbidden):
            attempt()
