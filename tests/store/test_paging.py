"""Pages of a listing, against sorting and filtering the same rows in Python."""

import operator
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from maestrale.core.state import Execution
from maestrale.errors import InvalidInput, NotFound
from maestrale.store import Access, Condition, Order, Query, Store
from maestrale.store.blobs import BLOB_BYTES
from maestrale.store.listing_tables import EXECUTIONS

from .databases import Blank
from .rows import NOON, a_new_tree, an_execution

BASE = NOON.replace(microsecond=0)
ADMIN = Access("staff", is_admin=True)

INSTANTS = st.sampled_from([BASE + timedelta(milliseconds=400 * step) for step in range(-4, 5)])
TEXTS = st.sampled_from(["", "a", "A", "ab", "%", "_", "a_b", "a%b", "\\", "é", "x'y", "\0z"])
DATA = st.sampled_from(
    [
        {},
        {"a": 1},
        {"a": True},
        {"a": 1.0},
        {"a": None},
        {"a": 1, "b": {"c": 2, "d": []}},
        {"b": {"d": [], "c": 2}, "a": 1},
        {"large": "x" * BLOB_BYTES, "a": 1},
        {"a": 1, "large": "x" * BLOB_BYTES},
        {"é\ud800": 1},
    ]
)
TAGS = st.sampled_from([(), ("x",), ("x", "y"), ("y", "x"), ("x,y",), ('x","y',), ("z" * BLOB_BYTES, "x")])
STATES = st.sampled_from(["RUNNING", "PAUSED", "SUCCESS", "ERROR"])

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "project_id": st.sampled_from(["mine", "yours"]),
    "workflow_name": TEXTS,
    "state": STATES,
    "state_info": st.none() | TEXTS,
    "created_at": INSTANTS,
    "finished_at": st.none() | INSTANTS,
    "input": DATA,
    "output": st.none() | DATA,
    "tags": TAGS,
}
SORTABLE = ["id", "project_id", "workflow_name", "state", "state_info", "created_at", "finished_at"]


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    ids = draw(st.permutations([f"e{number}" for number in range(draw(st.integers(0, 9)))]))
    return [{"id": id} | {name: draw(values) for name, values in VALUES.items()} for id in ids]


def execution_of(row: dict[str, Any]) -> Execution:
    fields = {("workflow" if name == "workflow_name" else name): value for name, value in row.items()}
    return an_execution(row["id"], **fields)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    name = draw(st.sampled_from(list(VALUES)))
    values = VALUES[name].filter(lambda value: value is not None)
    allowed = ["eq", "neq", "in", "nin", "is-null"]
    if name == "tags":
        tags = st.sampled_from(["x", "y", "x,y", 'x","y', "z" * BLOB_BYTES])
        return Condition(name, "all-of", draw(st.lists(tags, max_size=3)))
    if name not in ("input", "output"):
        allowed += ["gt", "gte", "lt", "lte", "has"]
    asked: Any = draw(st.sampled_from(allowed))
    match asked:
        case "in" | "nin":
            return Condition(name, asked, draw(st.lists(values, max_size=3)))
        case "is-null":
            return Condition(name, asked)
        case "eq" | "neq":
            return Condition(name, asked, draw(VALUES[name]))
        case "has" if name in ("created_at", "finished_at"):
            return Condition(name, asked, draw(values.map(lambda instant: text_of(instant)[5:])))
        case _:
            return Condition(name, asked, draw(values))


ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def shown(value: Any) -> Any:
    """What is compared: instants to the second, data with its truth values told from numbers."""
    if isinstance(value, datetime):
        return value.replace(microsecond=0)
    if isinstance(value, bool):
        return ("truth", value)
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items()}
    return value


def text_of(instant: datetime) -> str:
    """An instant as it is shown."""
    return instant.strftime("%Y-%m-%d %H:%M:%S")


def passes(row: dict[str, Any], condition: Condition) -> bool:
    stored, asked = shown(row[condition.attribute]), condition.value
    match condition.operator:
        case "is-null":
            return stored is None
        case "eq":
            return bool(stored == shown(asked))
        case "neq" if asked is None:
            return stored is not None
        case "nin" if not asked:
            return True
        case _ if stored is None:
            return False
        case "neq":
            return bool(stored != shown(asked))
        case "in":
            return stored in [shown(each) for each in asked]
        case "nin":
            return stored not in [shown(each) for each in asked]
        case "has":
            return asked in (text_of(stored) if isinstance(stored, datetime) else stored)
        case "all-of":
            return set(asked) <= set(stored)
        case compared:
            return ORDERED[compared](stored, shown(asked))


def sort_rows(found: list[dict[str, Any]], order: list[Order]) -> list[dict[str, Any]]:
    """In that order, then by the id; None before everything."""
    for each in reversed([*order, Order("id")]):
        missing = [row for row in found if row[each.attribute] is None]
        there = [row for row in found if row[each.attribute] is not None]
        there.sort(key=operator.itemgetter(each.attribute), reverse=each.descending)
        found = [*there, *missing] if each.descending else [*missing, *there]
    return found


def fill(store: Store, model: list[dict[str, Any]]) -> None:
    store.commit([a_new_tree(row["id"], execution_of(row)) for row in model])


def read_pages(store: Store, access: Access, query: Query) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := store.list_page(EXECUTIONS, access, query):
        found += page
        query = replace(query, after=page[-1]["id"])
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    model=rows(),
    asked=st.lists(conditions(), max_size=2),
    order=st.lists(
        st.builds(Order, st.sampled_from(SORTABLE), st.booleans()),
        max_size=3,
        unique_by=lambda each: each.attribute,
    ),
    limit=st.integers(1, 4),
    access=st.sampled_from([Access("mine"), Access("nobody"), ADMIN]),
)
def test_the_pages_together_are_what_python_filters_and_sorts(
    model: list[dict[str, Any]],
    asked: list[Condition],
    order: list[Order],
    limit: int,
    access: Access,
    blank_store: Blank,
) -> None:
    names = ("id", *VALUES)
    query = Query(conditions=tuple(asked), order=tuple(order), limit=limit, attributes=names)
    expected = [
        row
        for row in sort_rows(model, order)
        if (access.is_admin or row["project_id"] == access.project_id)
        and all(passes(row, condition) for condition in asked)
    ]

    with blank_store() as store:
        fill(store, model)
        paged = read_pages(store, access, query)
        whole = store.list_page(EXECUTIONS, access, replace(query, limit=None))

    assert paged == expected
    assert whole == expected


def test_rows_that_come_and_go_before_a_page_do_not_move_it(store: Store) -> None:
    store.commit([a_new_tree(id, an_execution(id)) for id in ("b", "d", "f")])
    query = Query(limit=2, attributes=("id",))
    assert [row["id"] for row in store.list_page(EXECUTIONS, ADMIN, query)] == ["b", "d"]

    store.delete_tree("b")
    store.commit([a_new_tree(id, an_execution(id)) for id in ("a", "c", "g")])

    next_page = store.list_page(EXECUTIONS, ADMIN, replace(query, after="d"))
    assert [row["id"] for row in next_page] == ["f", "g"]


def test_a_page_goes_on_after_a_row_that_does_not_pass_the_filter_any_more(store: Store) -> None:
    states = {"a": "ERROR", "b": "RUNNING", "c": "ERROR"}
    store.commit([a_new_tree(id, an_execution(id, state=state)) for id, state in states.items()])
    query = Query(conditions=(Condition("state", "eq", "ERROR"),), attributes=("id",), after="b")

    assert store.list_page(EXECUTIONS, ADMIN, query) == [{"id": "c"}]


@pytest.mark.parametrize("id", ["nothing", "theirs"])
def test_a_page_cannot_begin_after_a_row_that_is_not_seen(store: Store, id: str) -> None:
    store.commit([a_new_tree("theirs", an_execution("theirs", project_id="theirs"))])

    with pytest.raises(NotFound) as caught:
        store.list_page(EXECUTIONS, Access("mine"), Query(after=id))

    assert caught.value.code == "unknown-marker"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (Query(conditions=(Condition("colour", "eq", "red"),)), "unknown-attribute"),
        (Query(order=(Order("colour"),)), "unknown-attribute"),
        (Query(attributes=("id", "colour")), "unknown-attribute"),
        (Query(order=(Order("input"),)), "unsortable-attribute"),
        (Query(conditions=(Condition("input", "gt", {}),)), "unsuitable-operator"),
        (Query(conditions=(Condition("created_at", "has", NOON),)), "unsuitable-value"),
        (Query(conditions=(Condition("input", "has", "2020"),)), "unsuitable-operator"),
        (Query(conditions=(Condition("state", "all-of", ["x"]),)), "unsuitable-operator"),
        (Query(conditions=(Condition("input", "all-of", ["x"]),)), "unsuitable-operator"),
        (Query(conditions=(Condition("created_at", "gt", "2020-01-01"),)), "unsuitable-value"),
        (Query(conditions=(Condition("created_at", "gt", NOON.replace(tzinfo=None)),)), "unsuitable-value"),
        (Query(conditions=(Condition("state", "in", "ERROR"),)), "unsuitable-value"),
        (Query(conditions=(Condition("state", "gt", None),)), "unsuitable-value"),
        (Query(conditions=(Condition("tags", "all-of", [1]),)), "unsuitable-value"),
        (Query(conditions=(Condition("input", "eq", object()),)), "unsuitable-value"),
        (Query(conditions=(Condition("id", "in", ["x"] * 501),)), "too-many-values"),
        (Query(conditions=(Condition("id", "eq", "\ud800"),)), "text-not-unicode"),
    ],
)
def test_what_cannot_be_asked_is_refused(store: Store, query: Query, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        store.list_page(EXECUTIONS, ADMIN, query)

    assert caught.value.code == code
