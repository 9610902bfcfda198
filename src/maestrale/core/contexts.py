"""The variables that travel along transitions.

A context is immutable and shares structure with the contexts it came from, so that a chain of tasks
costs what each of them publishes and not what all before them did. With every variable travels how
often it was published on its way, leaf by leaf: where branches meet, the more often published value
wins, and of equal ones the branch whose task stands later in the document.

Source: Mistral v2, sections 4.2 and 4.4. Its winner among equals is arbitrary; ours is not.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from immutables import Map
from msgspec import Struct

from maestrale.core.state import Task
from maestrale.core.turn import Turn
from maestrale.expressions import Json, is_open_mapping

Version: TypeAlias = "int | Versions"
"""How often a value was published; of one that has held a mapping, the versions inside it, too."""


class Versions(Struct, frozen=True, gc=False):
    """How often a value was published that was no mapping, and the versions of the keys of all mappings that
    were published in its place. The versions of keys that are gone stay: they may come again."""

    own: int
    keys: Mapping[str, Version]


class Variable(Struct, frozen=True, gc=False):
    value: Json
    version: Version


class Context(Mapping[str, Json]):
    """Variables by name. Iteration is in no particular order."""

    __slots__ = ("_variables",)

    def __init__(self, variables: "Map[str, Variable] | None" = None) -> None:
        self._variables: Map[str, Variable] = Map() if variables is None else variables

    def __getitem__(self, name: str) -> Json:
        return self._variables[name].value

    def __contains__(self, name: object) -> bool:
        return name in self._variables

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def publish(self, published: Mapping[str, Json]) -> "Context":
        """This context with new values in place of the variables of those names."""
        if not published:
            return self
        variables = self._variables.mutate()
        for name, value in published.items():
            old = self._variables.get(name)
            variables[name] = Variable(value, _next_version(value, old.version if old else 0))
        return Context(variables.finish())

    def merge(self, other: "Context") -> "Context":
        """Both contexts in one; `other` wins where a leaf was published equally often."""
        if other is self or not other:
            return self
        if not self:
            return other
        variables = self._variables.mutate()
        for name, theirs in other._variables.items():
            ours = self._variables.get(name)
            if ours is not theirs:
                variables[name] = theirs if ours is None else _merge(ours, theirs)
        return Context(variables.finish())


def _next_version(value: Json, old: Version) -> Version:
    if is_open_mapping(value):
        return Versions(_own(old), _next_keys(value, _keys(old)))
    return old + 1 if isinstance(old, int) else Versions(old.own + 1, old.keys)


def _next_keys(value: Mapping[str, Json], known: Mapping[str, Version]) -> Mapping[str, Version]:
    """The versions inside a mapping that is published. A loop may publish other keys each time: what is gone
    is shared with the versions before, not copied."""
    keys = {key: _next_version(item, known.get(key, 0)) for key, item in value.items()}
    if all(key in keys for key in known):
        return keys
    return (known if isinstance(known, Map) else Map(known)).update(keys)


def _own(version: Version) -> int:
    return version if isinstance(version, int) else version.own


def _keys(version: Version) -> Mapping[str, Version]:
    return {} if isinstance(version, int) else version.keys


def _recency(version: Version) -> tuple[int, int]:
    """By what the newer of two values is found unless both are mappings. What was published inside a mapping
    counts last: it wins over the value in whose place the mapping was published, and over no other."""
    return _own(version), max(map(_highest, _keys(version).values()), default=0)


def _highest(version: Version) -> int:
    return max(_recency(version))


def _merge(ours: Variable, theirs: Variable) -> Variable:
    version = _merged_version(ours.version, theirs.version)
    if not (is_open_mapping(ours.value) and is_open_mapping(theirs.value)):
        is_ours = _recency(ours.version) > _recency(theirs.version)
        return Variable(ours.value if is_ours else theirs.value, version)
    value = dict(ours.value)
    our_versions, their_versions = _keys(ours.version), _keys(theirs.version)
    for key, item in theirs.value.items():
        if key in value:
            our_item = Variable(value[key], our_versions.get(key, 0))
            item = _merge(our_item, Variable(item, their_versions.get(key, 0))).value
        value[key] = item
    return Variable(value, version)


def _merged_version(ours: Version, theirs: Version) -> Version:
    """The higher of every version."""
    if ours is theirs:
        return ours
    if isinstance(ours, int) and isinstance(theirs, int):
        return max(ours, theirs)
    keys = dict(_keys(ours))
    for key, version in _keys(theirs).items():
        keys[key] = _merged_version(keys[key], version) if key in keys else version
    return Versions(max(_own(ours), _own(theirs)), keys)


EMPTY = Context()


def inbound(turn: Turn, task: Task) -> Context:
    """The variables a task inherits from the tasks that led to it."""
    return merged(turn, task.sources)


def merged(turn: Turn, task_ids: Sequence[str]) -> Context:
    """The outbound contexts of these tasks in one; the later in the sequence win ties."""
    _build(turn, task_ids)
    context = EMPTY
    for task_id in task_ids:
        context = context.merge(outbound(turn, turn.task(task_id)))
    return context


def outbound(turn: Turn, task: Task) -> Context:
    """The variables a task hands on: those it inherited, under those it published."""
    memo = turn.state.contexts.get(task.id)
    made_from = (task.sources, task.published)
    if memo is None or not _same(memo[0], made_from):
        _build(turn, task.sources)
        memo = (made_from, inbound(turn, task).publish(task.published or {}))
        turn.state.contexts[task.id] = memo
    context = memo[1]
    assert isinstance(context, Context)
    return context


def forget_behind(turn: Turn, task: Task) -> None:
    """Forget the contexts that may descend from what the task handed on before: it hands on something else.

    Only a task that was run again or skipped has others behind it at this point.
    """
    if task.id in turn.state.contexts:
        turn.state.contexts.clear()


def outlook(turn: Turn, task: Task) -> Context:
    """The variables a task would hand on now; it may still be repeated."""
    return inbound(turn, task).publish(task.published or {})


def _same(one: object, other: tuple[object, object]) -> bool:
    assert isinstance(one, tuple)
    return one[0] == other[0] and one[1] is other[1]


def _build(turn: Turn, task_ids: Sequence[str]) -> None:
    """Work out the contexts of all ancestors, the oldest first: chains are longer than the stack."""
    wanted, seen = list(task_ids), set(task_ids)
    missing = []
    while wanted:
        task_id = wanted.pop()
        if task_id in turn.state.contexts:
            continue
        missing.append(turn.task(task_id))
        wanted.extend(id for id in missing[-1].sources if id not in seen)
        seen.update(missing[-1].sources)
    for task in sorted(missing, key=lambda task: task.number):
        outbound(turn, task)
