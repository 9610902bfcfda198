"""What an exploration says of the tasks of a workflow: those that never run, and joins."""

from collections.abc import Iterable

from maestrale.lang import TaskDefinition, Transition, Workflow
from maestrale.lang.graph import reachable
from maestrale.lang.reader import Reader
from maestrale.linter.abstraction import outcomes
from maestrale.linter.conditions import constant_answer
from maestrale.linter.document import place_of
from maestrale.linter.exploration import Label, Seen

LONGEST_TRACE = 8


def check_tasks(workflow: Workflow, place: Reader, seen: Seen) -> None:
    """Report the tasks that never run, if everything was tried; only where that begins, not what follows."""
    if not seen.is_complete:
        return
    reached = reachable(workflow.graph.start, workflow.graph.outbound)
    for name, task in workflow.tasks.items():
        before = [other for other in workflow.graph.inbound[name] if other in seen.ran]
        if name in seen.ran or name not in reached or not before:
            continue
        if task.join is None:
            message = f"task `{name}` never runs: {_why_not_led(workflow, before, name)}"
            hint = "change the way to it, or take the task away"
            place_of(place, name).key().warn("task-never-runs", message, hint=hint)
        else:
            _report_dead_join(workflow, place_of(place, name), task, seen)


def _why_not_led(workflow: Workflow, before: Iterable[str], name: str) -> str:
    reasons = dict.fromkeys(_obstacle(workflow.tasks[other], name) for other in before)
    known = [reason for reason in reasons if reason is not None]
    return "; ".join(known) or "nothing that names it ever leads to it"


def _obstacle(task: TaskDefinition, target: str) -> str | None:
    """Why a task that ends never leads to another one that it names; None: it is not that plain."""
    found = []
    for clause, content in task.clauses:
        for position, way in enumerate(content.next):
            if way.target == target:
                found.append(_obstacle_of(task, clause, content.next[:position], way))
    return found[0] if len(set(found)) == 1 else None


def _obstacle_of(
    task: TaskDefinition, clause: str, earlier: tuple[Transition, ...], way: Transition
) -> str | None:
    if way.condition is not None and constant_answer(way.condition) is False:
        return f"the condition on the way from `{task.name}` never holds"
    possible = outcomes(task, "generous")
    if possible == (True,) and clause == "on-success":
        return f"`{task.name}` always fails, and nothing but a skip leads past it"
    for other in earlier:
        if other.condition is None and other.target in ("fail", "succeed"):
            return f"it stands behind `{other.target}` in `{task.name}`, which ends the workflow"
    return None


def _report_dead_join(workflow: Workflow, place: Reader, join: TaskDefinition, seen: Seen) -> None:
    inbound = workflow.graph.inbound[join.name]
    absent = [name for name in inbound if (name, join.name) not in seen.led]
    coming = len(inbound) - len(absent)
    wanted = len(inbound) if join.join == "all" else join.join
    assert isinstance(wanted, int)
    if coming < wanted:
        names = ", ".join(f"`{name}`" for name in absent)
        reason = f"{names} never {'leads' if len(absent) == 1 else 'lead'} to it"
    elif wanted == len(inbound):
        names = " and ".join(f"`{name}`" for name in inbound)
        reason = f"{names} never lead to it in the same run"
    else:
        reason = f"no {wanted} of the tasks before it lead to it in the same run"
    hint = "`join: one` runs it for the first task that comes"
    _at_join(place, "join-never-fires", f"the join `{join.name}` never runs: {reason}", hint)


def check_repeated_joins(workflow: Workflow, place: Reader, seen: Seen) -> None:
    """Report the joins that ran twice in a run that is possible for certain. Those behind cycles may."""
    repeated = reachable(workflow.graph.circular, workflow.graph.outbound)
    for name, trace in seen.twice.items():
        if name in repeated:
            continue
        message = f"the join `{name}` can run twice in one execution, as when {_told(trace)}"
        hint = "a task before it is started by several tasks: give that one a `join`"
        _at_join(place_of(place, name), "join-fires-twice", message, hint)


def _at_join(task: Reader, code: str, message: str, hint: str) -> None:
    field = task.find("join")
    assert field is not None, "a task with a join was read from one"
    field.warn(code, message, hint=hint, at=field.key_mark)


def _told(trace: tuple[Label, ...]) -> str:
    steps = [f"`{task}` {what}" for task, what, _ in trace if task]
    if len(steps) > LONGEST_TRACE:
        steps = [*steps[:LONGEST_TRACE], "…"]
    return ", ".join(steps)
