"""The graph of a workflow: who leads to whom, worked out once (section 2.7)."""

from collections.abc import Iterable, Iterator, Mapping

from maestrale.lang.model import Graph, TaskDefinition, WorkflowType

Pair = tuple[str, str]

MOST_KEPT = 200_000


def build_graph(tasks: Mapping[str, TaskDefinition], type: WorkflowType) -> Graph:
    """The graph of tasks whose targets are checked. Targets that are no tasks are left out."""
    is_direct = type is WorkflowType.DIRECT
    inbound: dict[str, list[str]] = {name: [] for name in tasks}
    outbound: dict[str, list[str]] = {name: [] for name in tasks}
    for name, task in tasks.items():
        # As keys of a dictionary: each once, in order.
        for other in dict.fromkeys(_targets(task) if is_direct else task.requires):
            if other in tasks:
                before, after = (name, other) if is_direct else (other, name)
                outbound[before].append(after)
                inbound[after].append(before)
    joins = frozenset(name for name, task in tasks.items() if task.join is not None)
    following = {name: tuple(names) for name, names in outbound.items()}
    return Graph(
        start=tuple(name for name, names in inbound.items() if not names) if is_direct else (),
        inbound={name: tuple(names) for name, names in inbound.items()},
        outbound=following,
        ahead=Ahead(following, joins),
        circular=frozenset(
            name
            for members in circles(following)
            for name in members
            if len(members) > 1 or name in following[name]
        ),
    )


def _targets(task: TaskDefinition) -> Iterator[str]:
    for _, clause in task.clauses:
        for transition in clause.next:
            if not transition.is_command:
                yield transition.target


class Ahead(Mapping[str, tuple[Pair, ...]]):
    """`Graph.ahead`, worked out when it is first asked for.

    Tasks from which the same joins are ahead share one answer. Such tasks are found in one walk over the
    graph: the tasks of a circle are one group, and a group that has no join right behind it and leads to a
    single other group only has the answer of that one. So a chain asks one question, whatever its length.
    Answers are kept up to `MOST_KEPT` pairs; past that they are worked out each time.
    """

    def __init__(self, outbound: Mapping[str, tuple[str, ...]], joins: frozenset[str]) -> None:
        self._outbound = outbound
        self._joins = joins
        self._groups: Mapping[str, _Group | None] | None = None
        self._answers: dict[_Group, tuple[Pair, ...]] = {}
        self._kept = 0

    def __getitem__(self, task: str) -> tuple[Pair, ...]:
        if task not in self._outbound:
            raise KeyError(task)
        if self._groups is None:
            self._groups = _answering_groups(self._outbound, self._joins) if self._joins else {}
        group = self._groups.get(task)
        return self._answer(group) if group is not None else ()

    def __iter__(self) -> Iterator[str]:
        return iter(self._outbound)

    def __len__(self) -> int:
        return len(self._outbound)

    def __repr__(self) -> str:
        return repr(dict(self))

    def _answer(self, group: "_Group") -> tuple[Pair, ...]:
        answer = self._answers.get(group)
        if answer is None:
            answer = group.pairs_ahead()
            if self._kept + len(answer) <= MOST_KEPT:
                self._answers[group] = answer
                self._kept += len(answer)
        return answer


class _Group:
    """Tasks with one answer: the joins right behind them, and the groups to go on with."""

    __slots__ = ("following", "pairs")

    def __init__(self, pairs: tuple[Pair, ...], following: "tuple[_Group, ...]") -> None:
        self.pairs = pairs
        self.following = following

    def pairs_ahead(self) -> tuple[Pair, ...]:
        """The pairs of this group and of all that it leads to, the group's own first."""
        seen: dict[_Group, None] = {self: None}
        pending = [self]
        while pending:
            for group in pending.pop().following:
                if group not in seen:
                    seen[group] = None
                    pending.append(group)
        return tuple(pair for group in seen for pair in group.pairs)


def _answering_groups(
    outbound: Mapping[str, tuple[str, ...]], joins: frozenset[str]
) -> dict[str, _Group | None]:
    """task → the group that answers for it; None: no join is ahead of it."""
    steps = {name: tuple(other for other in names if other not in joins) for name, names in outbound.items()}
    answering: dict[str, _Group | None] = {}
    for members in circles(steps):
        pairs = tuple((join, name) for name in members for join in outbound[name] if join in joins)
        following = dict.fromkeys(
            group for name in members for other in steps[name] if (group := answering.get(other)) is not None
        )
        if pairs or len(following) > 1:
            group = _Group(pairs, tuple(following))
        else:
            group = next(iter(following), None)
        for name in members:
            answering[name] = group
    return answering


def circles(steps: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """The groups of tasks that can reach each other; a task by itself is one too.

    A group comes after all that it leads to. It is Tarjan's algorithm, with a stack instead of recursion.
    """
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: list[str] = []
    is_open: set[str] = set()
    for root in steps:
        if root in number:
            continue
        walk: list[tuple[str, Iterator[str]]] = []
        _enter(root, steps, number, lowest, open_, is_open, walk)
        while walk:
            name, rest = walk[-1]
            other = next(rest, None)
            if other is None:
                walk.pop()
                if walk:
                    above = walk[-1][0]
                    lowest[above] = min(lowest[above], lowest[name])
                if lowest[name] == number[name]:
                    yield _leave(name, open_, is_open)
            elif other not in number:
                _enter(other, steps, number, lowest, open_, is_open, walk)
            elif other in is_open:
                lowest[name] = min(lowest[name], number[other])


def _enter(
    name: str,
    steps: Mapping[str, tuple[str, ...]],
    number: dict[str, int],
    lowest: dict[str, int],
    open_: list[str],
    is_open: set[str],
    walk: list[tuple[str, Iterator[str]]],
) -> None:
    number[name] = lowest[name] = len(number)
    open_.append(name)
    is_open.add(name)
    walk.append((name, iter(steps[name])))


def _leave(name: str, open_: list[str], is_open: set[str]) -> tuple[str, ...]:
    """Take the finished group from the stack, in the order in which it was entered."""
    first = len(open_) - 1
    while open_[first] != name:
        first -= 1
    members = tuple(open_[first:])
    del open_[first:]
    is_open.difference_update(members)
    return members


def reachable(starts: Iterable[str], outbound: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Every task that some path leads to, the starts included."""
    seen = set(starts)
    pending = list(seen)
    while pending:
        for other in outbound[pending.pop()]:
            if other not in seen:
                seen.add(other)
                pending.append(other)
    return seen


def find_circle(members: tuple[str, ...], outbound: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """One way round among tasks that can all reach each other, beginning and ending with the first."""
    inside, first = set(members), members[0]
    came_from: dict[str, str] = {}
    pending = [first]
    for name in pending:  # It grows while it is walked: the nearest first, so that the circle is short.
        for other in outbound[name]:
            if other == first:
                way = [first, name]
                while way[-1] != first:
                    way.append(came_from[way[-1]])
                return tuple(reversed(way))
            if other in inside and other not in came_from:
                came_from[other] = name
                pending.append(other)
    raise AssertionError("the tasks of a circle lead back to its first")
