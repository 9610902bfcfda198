"""Whatever is committed, in whatever steps, comes back equal."""

from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs
from msgspec.structs import replace

from maestrale.core.events import Entry
from maestrale.core.state import ActionRun, Changes, Execution, Task, Timer, Tree
from maestrale.store import LeaseLost, Store, TreeCommit, TreeRows

from .databases import Blank
from .rows import an_execution

TEXTS = st.text(max_size=8)
LARGE = st.sampled_from(["x" * 5000, "y" * 5000, "é" * 3000])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**64, -(10**30), 10**400]),
    st.floats(allow_nan=False),
    TEXTS,
    st.sampled_from(["\ud800", "@", "~", "null", "NaN", "\0"]),
    LARGE,
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.just("~"), inner, max_size=3),
    max_leaves=5,
)


@cache
def values_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Any value a field of that type may have."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return st.one_of(*(values_of(argument) for argument in arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, arguments))
    if origin is not None:  # A mapping from text.
        return st.dictionaries(TEXTS, values_of(arguments[1]), max_size=3)
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        fields = {field.name: values_of(field.type) for field in structs.fields(annotation)}
        return st.fixed_dictionaries(fields).map(lambda values: annotation(**values))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return st.sampled_from(annotation)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        NoneType: st.none(),
        bool: st.booleans(),
        int: st.integers(-(2**63), 2**63 - 1),
        str: TEXTS,
        datetime: st.datetimes(timezones=st.just(UTC)),
        Any: JSON,
    }
    return simple[annotation]


class Model:
    """What a store should hold of one tree."""

    def __init__(self, root_id: str) -> None:
        self.root_id = root_id
        self.tree: Tree | None = None
        self.kinds: dict[str, dict[str, Any]] = {"executions": {}, "tasks": {}, "runs": {}, "timers": {}}
        self.history: list[tuple[int, Entry]] = []

    def step(self, data: st.DataObject) -> TreeCommit:
        """Some next commit: rows are made, changed in some fields, or (timers) deleted."""
        sequence = self.tree.sequence + 1 if self.tree else 1
        tree = replace(data.draw(values_of(Tree)), id=self.root_id, sequence=sequence)
        before, after = Changes(tree=self.tree), Changes(tree=tree)
        for kind, row_type in KINDS.items():
            for name in data.draw(st.lists(st.sampled_from("abc"), unique=True, max_size=2)):
                row_id = f"{self.root_id}/{name}"
                old = self.kinds[kind].get(row_id)
                if old is not None:
                    getattr(before, kind)[row_id] = old
                getattr(after, kind)[row_id] = self._next(data, row_type, old, row_id)
        entries = [(sequence, data.draw(values_of(Entry)))]
        return TreeCommit(self.root_id, before, after, entries)

    def _next(self, data: st.DataObject, row_type: type[Struct], old: Any, row_id: str) -> Any:
        if row_type is Timer and data.draw(st.booleans()):
            return None
        fresh = replace(data.draw(values_of(row_type)), id=row_id, root_id=self.root_id)
        if old is None:
            return fresh
        names = [field.name for field in structs.fields(row_type)]
        changed = data.draw(st.lists(st.sampled_from(names), unique=True, max_size=3))
        return replace(old, **{name: getattr(fresh, name) for name in changed})

    def apply(self, commit: TreeCommit) -> None:
        self.tree = commit.after.tree
        self.history += commit.entries
        for kind, rows in self.kinds.items():
            rows.update(getattr(commit.after, kind))

    def check(self, store: Store) -> None:
        stored = store.load_tree(self.root_id)
        assert (None if stored is None else by_id(stored)) == (self.tree and (self.tree, self._stored()))
        assert list(store.read_history(self.root_id)) == self.history

    def _stored(self) -> dict[str, dict[str, Any]]:
        return {
            kind: {row_id: row for row_id, row in rows.items() if row is not None}
            for kind, rows in self.kinds.items()
        }


KINDS: dict[str, type[Struct]] = {
    "executions": Execution,
    "tasks": Task,
    "runs": ActionRun,
    "timers": Timer,
}


def by_id(rows: TreeRows) -> tuple[Tree, dict[str, dict[str, Any]]]:
    return rows.tree, {kind: {row.id: row for row in getattr(rows, kind)} for kind in KINDS}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_loaded_equals_what_was_committed(data: st.DataObject, blank_store: Blank) -> None:
    with blank_store() as store:
        models = [Model("p"), Model("q")]
        for _ in range(data.draw(st.integers(1, 4))):
            chosen = data.draw(st.lists(st.sampled_from(models), unique_by=id, min_size=1))
            commits = [model.step(data) for model in chosen]
            store.commit(commits)
            for model, commit in zip(chosen, commits, strict=True):
                model.apply(commit)
            for model in models:
                model.check(store)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_commit_that_is_rolled_back_leaves_no_trace(data: st.DataObject, blank_store: Blank) -> None:
    with blank_store() as store:
        model, stale, untouched = Model("p"), Model("q"), Model("r")
        for each in (model, stale):
            first = each.step(data)
            store.commit([first])
            each.apply(first)
        wrong = stale.step(data)
        assert wrong.before.tree is not None
        wrong.before.tree = replace(wrong.before.tree, sequence=99)

        with pytest.raises(LeaseLost):
            store.commit([model.step(data), untouched.step(data), wrong])

        for each in (model, stale, untouched):
            each.check(store)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_deleting_a_tree_leaves_the_others_whole(data: st.DataObject, blank_store: Blank) -> None:
    with blank_store() as store:
        deleted, kept = Model("p"), Model("q")
        shared = data.draw(LARGE)
        for model in (deleted, kept):
            commit = model.step(data)
            root = an_execution(model.root_id, input={"shared": shared})
            commit.after.executions[model.root_id] = root
            store.commit([commit])
            model.apply(commit)

        store.delete_tree("p")

        kept.check(store)
        Model("p").check(store)
