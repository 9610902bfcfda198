"""Loops that never end by themselves.

Two kinds are found for certain. A circle of tasks always goes on within itself, and nothing else ends the
workflow. Or all conditions in a circle read only what nothing in it changes: then it goes round never, or for
ever.
"""

from collections.abc import Iterator, Mapping

from maestrale.core.status import TaskState
from maestrale.core.transitions import clauses_after
from maestrale.expressions.references import Kind, find_references
from maestrale.lang import TaskDefinition, Transition, Workflow
from maestrale.lang.graph import circles, find_circle
from maestrale.lang.reader import Reader
from maestrale.linter.abstraction import outcomes
from maestrale.linter.conditions import UNSTEADY, assignments, constant_answer
from maestrale.linter.document import place_of
from maestrale.linter.exploration import Label, Seen
from maestrale.linter.spreading import published_by, published_globally

CHANGING = UNSTEADY | {"task", "tasks", "execution", "executions", "env"}
"""Functions whose value may be another one the next time round."""

HINT = "put a condition on one of its transitions, one that changes with what the loop publishes"


def check_loops(workflow: Workflow, place: Reader, seen: Seen) -> None:
    """Report the loops that, once entered, are left only if a task fails."""
    stuck = _stuck_tasks(workflow, seen) if seen.is_complete else set()
    for members, ways in _loops(workflow):
        circle = " → ".join(f"`{name}`" for name in find_circle(members, ways))
        never_ends = stuck.issuperset(members) or _has_its_way(workflow, members, seen)
        if never_ends and all(_goes_on(workflow.tasks[name], members) for name in members):
            message = f"the loop {circle} has no way out but the failure of a task"
        elif (names := _unchanged(workflow, members)) is not None:
            read = f"read only {names}, which nothing in it changes" if names else "read nothing that changes"
            message = f"the loop {circle} goes round never or for ever: its conditions {read}"
        else:
            continue
        place_of(place, members[0]).key().warn("endless-loop", message, hint=HINT)


def _loops(workflow: Workflow) -> Iterator[tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]]:
    """The groups of tasks that lead to each other as they usually end, the first of the document first."""
    ways = {
        name: tuple(dict.fromkeys(way.target for way in _usual_ways(task) if way.target in workflow.tasks))
        for name, task in workflow.tasks.items()
    }
    places = {name: position for position, name in enumerate(workflow.tasks)}
    for members in circles(ways):
        if len(members) > 1 or members[0] in ways[members[0]]:
            yield tuple(sorted(members, key=places.__getitem__)), ways


def _usual_ways(task: TaskDefinition) -> list[Transition]:
    """The transitions behind the outcome that a task has if nothing goes wrong, without those never taken."""
    state = TaskState.SUCCESS if False in outcomes(task, "generous") else TaskState.ERROR
    return [
        way
        for _, clause in clauses_after(task, state)
        for way in clause.next
        if not way.is_command and (way.condition is None or constant_answer(way.condition) is not False)
    ]


def _has_its_way(workflow: Workflow, members: tuple[str, ...], seen: Seen) -> bool:
    """Whether nothing can stop a loop from outside: it runs, waits for nobody, and nothing ends the workflow.

    A loop that starts ever more tasks has too many states to be tried out; so much is certain of it.
    """
    ways = [way for task in workflow.tasks.values() for _, clause in task.clauses for way in clause.next]
    return (
        seen.ran.issuperset(members)
        and all(workflow.tasks[name].join is None for name in members)
        and not any(way.target in ("fail", "succeed") for way in ways)
    )


def _goes_on(task: TaskDefinition, members: tuple[str, ...]) -> bool:
    """Whether a task always leads to one of these, whatever the answers to its conditions."""
    inside = [way for way in _usual_ways(task) if way.target in members]
    if any(way.condition is None or constant_answer(way.condition) for way in inside):
        return True
    texts = list(dict.fromkeys(str(way.condition.source) for way in inside if way.condition is not None))
    return all(any(answers.values()) for answers in assignments(texts))


# Loops that no end is reached from.


def _stuck_tasks(workflow: Workflow, seen: Seen) -> set[str]:
    """The tasks that run where no end can be reached any more, as long as all that can succeed does."""
    usual = {
        state: [(label, target) for label, target in moves if _is_usual(workflow, label)]
        for state, moves in seen.moves.items()
    }
    before: dict[int, list[int]] = {}
    for state, moves in usual.items():
        for _, target in moves:
            before.setdefault(target, []).append(state)
    can_end, pending = set(seen.final), list(seen.final)
    while pending:
        for state in before.get(pending.pop(), ()):
            if state not in can_end:
                can_end.add(state)
                pending.append(state)
    return {label[0] for state, label in _walk(usual) if state not in can_end and label[0]}


def _walk(moves: Mapping[int, list[tuple[Label, int]]]) -> Iterator[tuple[int, Label]]:
    """Every move that can be reached from the first state by such moves."""
    pending, known = [0], {0}
    while pending:
        state = pending.pop()
        for label, target in moves.get(state, ()):
            yield state, label
            if target not in known:
                known.add(target)
                pending.append(target)


def _is_usual(workflow: Workflow, label: Label) -> bool:
    task, what, _ = label
    return what in ("succeeds", "resumed") or (
        what == "fails" and outcomes(workflow.tasks[task], "generous") == (True,)
    )


# Loops whose conditions do not change.


def _unchanged(workflow: Workflow, members: tuple[str, ...]) -> str | None:
    """The variables that decide about a loop, if nothing in it changes them; None: something may."""
    tasks = [workflow.tasks[name] for name in members]
    if any(task.join is not None for task in tasks):
        return None  # A join brings variables from outside.
    conditions = [way.condition for task in tasks for way in _usual_ways(task) if way.condition is not None]
    inside = [way for task in tasks for way in _usual_ways(task) if way.target in members]
    if all(way.condition is None for way in inside):
        return None
    changed = {name for task in workflow.tasks.values() for name in published_globally(task)}
    for task in tasks:
        changed |= published_by(task, TaskState.SUCCESS) | published_by(task, TaskState.ERROR)
    names: set[str] = set()
    for condition in conditions:
        for reference in find_references(str(condition.source)):
            match reference.kind:
                case Kind.VARIABLE if reference.name not in changed:
                    names.add(reference.name)
                case Kind.FUNCTION if reference.name not in CHANGING:
                    pass
                case _:
                    return None
    return ", ".join(f"`{name}`" for name in sorted(names))
