"""The policies of a task: what happens before it starts and after it has ended.

Source: Mistral v2, section 2.9. Policies before a task apply to joins as to any other (Appendix D, 12).
"""

from collections.abc import Mapping
from typing import Any

from maestrale.core import pause
from maestrale.core.abandon import give_up
from maestrale.core.failures import ForcedFailure
from maestrale.core.scopes import CoreScope, evaluate_openly, task_scope
from maestrale.core.state import Outcome, Task, TimerKind
from maestrale.core.status import TaskState
from maestrale.core.turn import Turn, has_ended
from maestrale.expressions import Json, Template
from maestrale.lang.model import Policies
from maestrale.lang.yaml_tree import kind_of


def apply_before(turn: Turn, task: Task) -> Task:
    """Hold, delay and bound a task that is about to start, as its policies say.

    Returns: The task; it starts now if it is still RUNNING.

    Raises:
        ForcedFailure: A policy has a value of the wrong type.
        EvaluationError: An expression of a policy cannot be evaluated.
    """
    policies = turn.definition(task).policies
    if policies == _NO_POLICIES:
        return task
    values = _values(policies, task_scope(turn, task))
    task = turn.update_task(task, concurrency=values["concurrency"])
    if values["timeout"]:
        turn.set_timer(task, TimerKind.TIMEOUT, values["timeout"])
    if values["pause-before"]:
        task = turn.update_task(
            task, state=TaskState.IDLE, state_info="Set by 'pause-before' policy", held=True
        )
        pause.pause(turn, turn.execution(task.execution_id), None)
        return turn.task(task.id)
    if values["wait-before"]:
        return delay(turn, task, TimerKind.WAIT_BEFORE, values["wait-before"], waited_before=True)
    return task


def seconds_for_repeat(turn: Turn, task: Task) -> int | None:
    """How long a worker may take for a repeated attempt; None: as long as it wants.

    The timer of a `timeout` fires once. From the second attempt on the worker keeps to the time by itself.
    Source: sections 2.9.3 and 5.10.

    Raises:
        ForcedFailure, EvaluationError: As for `apply_before`.
    """
    if task.attempt == 0:
        return None
    return _seconds("timeout", turn.definition(task).policies.timeout, task_scope(turn, task)) or None


_NO_POLICIES = Policies()


def _values(policies: Policies, scope: CoreScope) -> Mapping[str, Any]:
    """All values a task's policies need before it starts; those needed only later are checked too."""
    if policies.retry is not None:
        _seconds("retry count", policies.retry.count, scope)
        _seconds("retry delay", policies.retry.delay, scope)
    _seconds("wait-after", policies.wait_after, scope)
    return {
        "concurrency": _seconds("concurrency", policies.concurrency, scope),
        "timeout": _seconds("timeout", policies.timeout, scope),
        "pause-before": _flag("pause-before", policies.pause_before, scope),
        "wait-before": _seconds("wait-before", policies.wait_before, scope),
    }


def _seconds(name: str, template: Template | None, scope: CoreScope) -> int:
    """A delay or a count: a whole number that is not negative."""
    value = 0 if template is None else evaluate_openly(f"`{name}`", template, scope)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ForcedFailure(_wrong_type(name, value, "a whole number, 0 or more"))
    if value > MAX_SECONDS:
        raise ForcedFailure(f"Invalid value in {name}: {value} is beyond the largest, {MAX_SECONDS}")
    return value


MAX_SECONDS = 100 * 366 * 24 * 3600
"""A hundred years: no timer is due later."""


def _flag(name: str, template: Template | None, scope: CoreScope) -> bool:
    value = False if template is None else evaluate_openly(f"`{name}`", template, scope)
    if not isinstance(value, bool):
        raise ForcedFailure(_wrong_type(name, value, "true or false"))
    return value


def _holds(name: str, template: Template | None, scope: CoreScope) -> bool:
    """Whether there is a condition, and it holds."""
    return template is not None and bool(evaluate_openly(f"`{name}`", template, scope))


def _wrong_type(name: str, value: Json, expected: str) -> str:
    return f"Invalid data type in {name}: it gives {kind_of(value)}, and takes {expected}"


def delay(turn: Turn, task: Task, kind: TimerKind, seconds: int, **fields: Any) -> Task:
    """Put the task aside for so many seconds."""
    turn.set_timer(task, kind, seconds)
    info = f"Delayed by '{kind}' policy [delay={seconds}]"
    return turn.update_task(task, state=TaskState.DELAYED, state_info=info, **fields)


def apply_after(turn: Turn, task: Task) -> Task:
    """Delay, fail or repeat a task that has just ended, as its policies say.

    Returns: The task; it has ended for good unless it is DELAYED now.

    Raises:
        ForcedFailure, EvaluationError: As for `apply_before`.
    """
    over = has_ended(turn.execution(task.execution_id))
    if over or task.state in (TaskState.CANCELLED, TaskState.SKIPPED):
        return task
    policies = turn.definition(task).policies
    if policies.wait_after is not None and not task.waited_after:
        seconds = _seconds("wait-after", policies.wait_after, task_scope(turn, task))
        if seconds:
            outcome = Outcome(task.state, task.state_info)
            return delay(
                turn, task, TimerKind.WAIT_AFTER, seconds, waited_after=True, waiting_outcome=outcome
            )
    succeeded = task.state is TaskState.SUCCESS
    if succeeded and _holds("fail-on", policies.fail_on, task_scope(turn, task)):
        task = turn.update_task(task, state=TaskState.ERROR, state_info="Failed by 'fail-on' policy")
    if policies.retry is not None:
        return _retry(turn, task)
    return task


def _retry(turn: Turn, task: Task) -> Task:
    """Repeat the task if its retry policy allows it.

    `count` counts repeats, not runs. The first rule that applies decides. Source: section 2.9.4.
    """
    if task.started_at is None:
        return task  # A join that failed has not run: there is nothing to repeat.
    policy = turn.definition(task).policies.retry
    assert policy is not None
    task = turn.update_task(task, retried=True)
    before = task_scope(turn, task)
    count = _seconds("retry count", policy.count, before)
    seconds = _seconds("retry delay", policy.delay, before)
    if task.attempt >= count:
        return task
    after = task_scope(turn, task, published=True)
    failed = task.state is TaskState.ERROR
    if failed and _holds("break-on", policy.break_on, after):
        return task
    if not failed and policy.continue_on is None:
        return task
    if policy.continue_on is not None and not _holds("continue-on", policy.continue_on, after):
        return task
    return _repeat(turn, task, seconds)


def _repeat(turn: Turn, task: Task, seconds: int) -> Task:
    give_up(turn, task, "Given up: the task is retried")
    for run in list(turn.child_runs(task.id)):
        if run.accepted:
            turn.update_run(run, accepted=False)
    for child in list(turn.child_executions(task.id)):
        if child.accepted:
            turn.update_execution(child, accepted=False)
    fields: dict[str, Any] = {"attempt": task.attempt + 1, "items": None, "item_values": None}
    if seconds:
        return delay(turn, task, TimerKind.RETRY, seconds, finished_at=None, **fields)
    info = "Delayed by 'retry' policy [delay=0]"
    task = turn.update_task(task, state=TaskState.DELAYED, state_info=info, finished_at=None, **fields)
    return turn.enqueue(task)
