"""What an execution waits for, as sentences: what, since when, and what would move it on."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from maestrale.core.pause_cause import Cause
from maestrale.core.rounds import Survey
from maestrale.core.state import Execution, Items, Task, Timer, TimerKind
from maestrale.core.status import ExecutionState, RunState, TaskState
from maestrale.core.waits import Named, OpenExecution, OpenRun

MOST_NAMED = 5
"""Names in one sentence."""


def moment(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def span(length: timedelta) -> str:
    """A length of time by its two largest units: `2 d 3 h`, `4 min`, `0 s`."""
    rest = max(int(length.total_seconds()), 0)
    parts = []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, seconds)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def names(found: Sequence[str], count: int | None = None) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(f"`{name}`" for name in found[:MOST_NAMED])
    more = (len(found) if count is None else count) - min(len(found), MOST_NAMED)
    return f"{shown} and {more} more" if more else shown


def of_runs(task: Task, runs: Sequence[OpenRun], count: int) -> str:
    """What a task waits for while its action, or those of its items, run."""
    if count > 1:
        actions = names(list(dict.fromkeys(run.action for run in runs)))
        since = moment(min(run.since for run in runs))
        oldest = f", {_completed_by(runs[0])}" if runs[0].asynchronous else ""
        return f"`{task.name}` waits for {count} runs of {actions}, the oldest since {since}{oldest}."
    (run,) = runs
    action = f"action `{run.action}`" + (f" (attempt {run.attempt})" if run.attempt > 1 else "")
    since = moment(run.since)
    if run.state is RunState.PAUSED:
        resume = f'PUT /v2/action_executions/{run.id} with state "RUNNING"'
        return f"`{task.name}` waits for {action}, which is paused since {since}; resume it: {resume}."
    if run.asynchronous:
        return f"`{task.name}` waits since {since} for {action} {_completed_by(run)}."
    if run.started:
        return f"`{task.name}` runs {action} since {since} and goes on when it ends."
    if run.safe_rerun:  # Whether a worker has begun it is not kept: it may be repeated.
        return f"`{task.name}` waits since {since} for {action}, which a worker runs or will run."
    return f"`{task.name}` waits since {since} for a worker to begin {action}."


def _completed_by(run: OpenRun) -> str:
    return f"to be completed through the API with PUT /v2/action_executions/{run.id}"


def of_timer(task: Task, timer: Timer, now: datetime) -> str:
    """When a delay ends, or a timeout strikes."""
    due = f"{moment(timer.due_at)} (in {span(timer.due_at - now)})"
    if timer.due_at <= now:
        due = f"{moment(timer.due_at)}, which has passed: a node that runs sees to it at once"
    match timer.kind:
        case TimerKind.TIMEOUT:
            return f"`{task.name}` fails by its `timeout` of {timer.seconds} s unless it ends before {due}."
        case TimerKind.RETRY:
            return f"`{task.name}` waits to be repeated (repeat {task.attempt}) by its `retry` at {due}."
        case TimerKind.WAIT_AFTER:
            return f"`{task.name}` has done its work and ends by its `wait-after` at {due}."
        case _:
            return f"`{task.name}` begins by its `{timer.kind}` at {due}."


def of_join(join: Task, survey: Survey) -> str:
    """Which branches have come, and what is with the others."""
    have = f"{survey.arrived} of its {survey.inbound} inbound tasks"
    told = [
        f"`{missing.name}` ({_standing(missing.task, missing.never, missing.ways)})"
        for missing in survey.missing[:MOST_NAMED]
    ]
    more = survey.inbound - survey.arrived - len(told)
    others = ", ".join(told) + (f" and {more} more" if more > 0 else "")
    since = moment(join.created_at)
    has = f"it has {have} and needs {survey.needed}"
    return f"Join `{join.name}` waits since {since}: {has}; not there: {others}."


def _standing(task: Task | None, never: str | None, ways: Sequence[str]) -> str:
    if never is not None:
        return "cannot come any more" if task is None else f"{task.state}, it led elsewhere"
    if ways:
        how = f"can still come from {names(ways)}"
        return how if task is None else f"{task.state}, {how}"
    return "not begun" if task is None else str(task.state)


def of_pause(execution: Execution, cause: Cause, since: datetime, held: int) -> str:
    """Why the execution is paused, what that holds back, and how to resume it."""
    name = "" if cause.origin is None else f"`{cause.origin.name}`"
    why = {
        "request": "by a request",
        "request-or-command": f"by a request, or by the `pause` that {name} may lead to",
        "command": f"by the `pause` that {name} leads to",
        "pause-before": f"by `pause-before` of {name}",
        "action-run": f"together with its action {name}",
        "parent": f"together with the workflow above it, {name},",
        "sub-workflow": f"together with its sub-workflow {name}",
    }[cause.kind]
    message = "" if execution.state_info is None else f" ({execution.state_info})"
    keeps = f" and keeps {held} of its tasks from going on" if held else ""
    how = f'resume it: PUT /v2/executions/{execution.id} with state "RUNNING"'
    return f"The execution is paused {why}{message} since {moment(since)}{keeps}; {how}."


def of_free_slot(task: Task, items: Items) -> str:
    running = f"{items.running} run, and its `concurrency` is {items.concurrency}"
    wait = "1 item waits" if items.left == 1 else f"{items.left} items wait"
    return f"{wait} for a free slot of `{task.name}`: {running}; each end lets one begin."


def of_sub_workflows(task: Task, children: Sequence[OpenExecution], count: int, since: datetime) -> str:
    if count > 1:
        which = names(list(dict.fromkeys(child.workflow for child in children)))
        return f"`{task.name}` waits for {count} sub-workflows {which}, the oldest since {moment(since)}."
    (child,) = children
    return (
        f"`{task.name}` waits since {moment(since)} for sub-workflow `{child.workflow}`, which is "
        f"{child.state}: GET /v2/executions/{child.id}/explain."
    )


def of_turn(tasks: Sequence[Named], count: int, since: datetime) -> str:
    which = names([task.name for task in tasks], count)
    return f"{which} wait since {moment(since)} for nothing but their turn, which comes by itself."


def of_end(execution: Execution, failed: Sequence[Named], refusal: str | None) -> str:
    """How an execution ended, and what can still be done."""
    at = moment(execution.finished_at or execution.updated_at)
    text = f"The execution ended in {execution.state} at {at}"
    if execution.state_info:
        text += f" because: {execution.state_info.splitlines()[0][:MOST_REASON]}"
    if execution.live:
        text += f"; what is still done for {execution.live} of its tasks is recorded and leads nowhere"
    if execution.state is ExecutionState.SUCCESS:
        return f"{text}."
    if not failed:
        return f"{text}; no task failed that could be run again."
    if refusal is not None:
        return f"{text}; its failed tasks cannot be run again: {refusal.rstrip('.')}."
    (first, *others) = failed
    more = " or that of another failed task" if others else ""
    how = (
        f'PUT /v2/tasks/{first.id}{more} with state "RUNNING" and reset true, '
        'or with state "SKIPPED" to go on without it'
    )
    return f"{text}; run again what failed (`{first.name}`): {how}."


MOST_REASON = 500
"""Characters of a reason that are shown."""


def of_standstill(execution: Execution, tasks: Sequence[Task]) -> str:
    """Nothing is known that would move the execution on."""
    told = names([f"{task.name}: {TaskState(task.state)}" for task in tasks])
    return (
        f"The execution is {execution.state} and nothing is known that would move it on ({told}): this is a "
        "bug of Maestrale; please report it with the history of the execution."
    )
