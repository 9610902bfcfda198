"""What an execution is waiting for, read off its rows: pure, and without an effect on them.

An execution that has not ended always waits for something that has a name, or it would hang: `explain`
names it. It costs what is waited for, not what there is; what it gives is bounded.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from maestrale.core import rounds, wait_texts
from maestrale.core.catalogue import World
from maestrale.core.events import Entry, TurnContinued
from maestrale.core.pause import get_execution
from maestrale.core.pause_cause import Cause, cause_of
from maestrale.core.rerun import is_under_way, refusal
from maestrale.core.scopes import json_text
from maestrale.core.state import ActionRun, Execution, State, Task, Timer, TimerKind, Trigger
from maestrale.core.status import ExecutionState, RunState, TaskState
from maestrale.core.turn import Turn, has_ended
from maestrale.core.waits import (
    ActionRunWait,
    AnyWait,
    Arrival,
    Explanation,
    FailedTask,
    FreeSlotWait,
    HeldCommand,
    HeldTask,
    JoinWait,
    MissingInbound,
    Named,
    NothingWait,
    OpenExecution,
    OpenRun,
    PauseWait,
    SubWorkflowWait,
    TimerWait,
    TurnWait,
)

MOST_LISTED = 10
"""Entries of each list inside a wait."""

MOST_TASKS = 200
"""Tasks whose waits are listed, those of sub-workflows included."""

MOST_LEVELS = 8
"""Sub-workflows inside each other that are looked into."""


def explain(world: World, state: State, execution_id: str, now: datetime) -> Explanation:
    """What an execution waits for, and what would move it on.

    Raises:
        NotFound: The tree has no such execution.
    """
    turn = reading(world, state, now)
    return _Explainer(turn).explanation(get_execution(turn, execution_id), MOST_LEVELS)


def reading(world: World, state: State, now: datetime) -> Turn:
    """A turn that decides nothing."""
    return Turn(world, state, Entry(TurnContinued(), at=now, seed=""))


class _Explainer:
    """One explanation in the making. `_tasks_left` bounds it as a whole."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._tasks_left = MOST_TASKS

    def explanation(self, execution: Execution, levels: int) -> Explanation:
        """What the execution waits for; in its sub-workflows too, so many levels down."""
        waits: list[AnyWait] = []
        left_out = 0
        if has_ended(execution):
            waits.append(self._end(execution))
        else:
            live = self._turn.live_tasks(execution)
            held = self._held(execution, live)
            waits.extend(self._of_all(execution, live, held))
            waiting = list(self._waiting(live, held))
            listed = waiting[: self._tasks_left]
            left_out = len(waiting) - len(listed)
            self._tasks_left -= len(listed)  # Before those of sub-workflows get their share.
            for task in listed:
                waits.extend(self._of_task(execution, task, levels))
            if not waits:
                waits.append(_standstill(execution, live))
        return Explanation(
            execution_id=execution.id,
            workflow=execution.workflow,
            state=execution.state,
            waits=tuple(waits),
            tasks_left_out=left_out,
        )

    # The execution as a whole.

    def _of_all(
        self, execution: Execution, live: Sequence[Task], held: Sequence[HeldTask]
    ) -> Iterator[AnyWait]:
        if execution.state is ExecutionState.PAUSED:
            yield self._pause(execution, live, held)
        queued = [task for task in live if task.turn is not None]
        if queued:
            since = min(task.updated_at for task in queued)
            first = tuple(map(_named, queued[:MOST_LISTED]))
            text = wait_texts.of_turn(first, len(queued), since)
            yield TurnWait(text=text, since=since, tasks=first, count=len(queued))

    def _held(self, execution: Execution, live: Sequence[Task]) -> list[HeldTask]:
        """What the resume of a paused execution lets go on, besides the transitions held back."""
        if execution.state is not ExecutionState.PAUSED:
            return []
        return [held for task in live if task.turn is None and (held := self._held_task(execution, task))]

    def _held_task(self, execution: Execution, task: Task) -> HeldTask | None:
        if has_ended(task):
            return HeldTask(_named(task), task.state, "transitions")
        if task.state is TaskState.IDLE:
            return HeldTask(_named(task), task.state, "start")
        if task.state is TaskState.WAITING:
            verdict = rounds.judge(self._turn, execution, task).verdict
            return None if verdict is rounds.Verdict.WAIT else HeldTask(_named(task), task.state, "join")
        if task.items is not None and task.items.room > 0:
            return HeldTask(_named(task), task.state, "items")
        return None

    def _pause(self, execution: Execution, live: Sequence[Task], held: Sequence[HeldTask]) -> PauseWait:
        cause = cause_of(self._turn, execution)
        since = self._paused_since(execution, cause)
        commands = [
            HeldCommand(_named(self._turn.task(backlog.task_id)), command.target, command.event)
            for backlog in execution.backlog
            for command in backlog.commands
        ]
        return PauseWait(
            text=wait_texts.of_pause(execution, cause, since, len(held)),
            since=since,
            cause=cause.kind,
            origin=cause.origin,
            message=execution.state_info,
            held=tuple(held[:MOST_LISTED]),
            held_count=len(held),
            commands=tuple(commands[:MOST_LISTED]),
            command_count=len(commands),
        )

    def _paused_since(self, execution: Execution, cause: Cause) -> datetime:
        """The latest instant at which the pause can have begun: the rows around it were written then."""
        written = [execution.updated_at]
        if cause.kind == "pause-before" and cause.origin is not None:
            written.append(self._turn.task(cause.origin.id).updated_at)
        if execution.parent_task_id is not None:
            parent = self._turn.task(execution.parent_task_id)
            if parent.state is TaskState.PAUSED:
                written.append(parent.updated_at)
        return min(written)

    def _end(self, execution: Execution) -> NothingWait:
        turn = self._turn
        failed = []
        if execution.state is not ExecutionState.SUCCESS:
            failed = [task for task in turn.tasks_in(execution.id) if task.state is TaskState.ERROR]
        why = None
        if failed:
            why = refusal(reading(turn.world, turn.state, turn.now), failed[0].id)
        return NothingWait(
            text=wait_texts.of_end(execution, [_named(task) for task in failed], why),
            since=execution.finished_at or execution.updated_at,
            state=execution.state,
            reason=_shortened(execution.state_info),
            failed=tuple(
                FailedTask(_named(task), _shortened(self._why_failed(task)), task.error_handled)
                for task in failed[:MOST_LISTED]
            ),
            failed_count=len(failed),
            refusal=why,
        )

    def _why_failed(self, task: Task) -> str | None:
        """The reason of a failed task; of a loop, with that of the first item that failed."""
        if task.items is None:
            return task.state_info
        turn = self._turn
        for run in turn.child_runs(task.id):
            if run.accepted and run.state is RunState.ERROR:
                return f"{task.state_info} Item {run.index}: {json_text(run.result)}"
        for child in turn.child_executions(task.id):
            if child.accepted and child.state is ExecutionState.ERROR:
                told = json_text((child.output or {}).get("result"))
                return f"{task.state_info} Item {child.index}: {told}"
        return task.state_info

    # One task.

    def _waiting(self, live: Sequence[Task], held: Sequence[HeldTask]) -> Iterator[Task]:
        """The tasks that may wait for something of their own."""
        joins_held = {each.task.id for each in held if each.what == "join"}
        for task in live:
            if task.state is TaskState.IDLE:
                timeout = self._turn.find_timer(f"{task.id}/{TimerKind.TIMEOUT}")
                is_waiting = timeout is not None  # It runs from before a `pause-before` on.
            else:
                is_waiting = not has_ended(task) and task.id not in joins_held
            if is_waiting:
                yield task

    def _of_task(self, execution: Execution, task: Task, levels: int) -> Iterator[AnyWait]:
        timers = {kind: self._turn.find_timer(f"{task.id}/{kind}") for kind in TimerKind}
        timeout = timers.pop(TimerKind.TIMEOUT)
        yield from (self._timer(task, timer) for timer in timers.values() if timer is not None)
        if task.state is TaskState.WAITING and task.turn is None:
            yield self._join(execution, task)
        elif task.state in (TaskState.RUNNING, TaskState.PAUSED):
            yield from self._children(task, levels)
            if task.items is not None and task.items.left > 0 and task.items.room <= 0:
                yield FreeSlotWait(
                    text=wait_texts.of_free_slot(task, task.items),
                    since=task.updated_at,
                    task=_named(task),
                    concurrency=task.items.concurrency,
                    running=task.items.running,
                    waiting=task.items.left,
                )
        if timeout is not None:
            yield self._timer(task, timeout)

    def _timer(self, task: Task, timer: Timer) -> TimerWait:
        return TimerWait(
            text=wait_texts.of_timer(task, timer, self._turn.now),
            since=timer.due_at - timedelta(seconds=timer.seconds),
            task=_named(task),
            timer=timer.kind,
            due_at=timer.due_at,
        )

    def _join(self, execution: Execution, join: Task) -> JoinWait:
        found = rounds.survey(self._turn, execution, join, most=MOST_LISTED)
        return JoinWait(
            text=wait_texts.of_join(join, found),
            since=join.created_at,
            task=_named(join),
            needed=found.needed,
            inbound=found.inbound,
            arrived=found.arrived,
            came=tuple(map(self._arrival, found.came)),
            missing=tuple(map(_missing, found.missing)),
            late=tuple(map(self._arrival, join.late[:MOST_LISTED])),
        )

    def _arrival(self, trigger: Trigger) -> Arrival:
        return Arrival(_named(self._turn.task(trigger.task_id)), trigger.event)

    # What runs for a task.

    def _children(self, task: Task, levels: int) -> Iterator[AnyWait]:
        count = 1 if task.items is None else task.items.running
        children = self._open_children(task, count)
        runs = [_open_run(child) for child in children if isinstance(child, ActionRun)]
        if runs:
            yield ActionRunWait(
                text=wait_texts.of_runs(task, runs, count),
                since=min(run.since for run in runs),
                task=_named(task),
                runs=tuple(runs),
                count=count,
            )
        executions = [child for child in children if isinstance(child, Execution)]
        if executions:
            since = min(child.created_at for child in executions)
            found = tuple(self._open_execution(child, levels - 1) for child in executions)
            text = wait_texts.of_sub_workflows(task, found, count, since)
            yield SubWorkflowWait(text=text, since=since, task=_named(task), executions=found, count=count)

    def _open_children(self, task: Task, count: int) -> Sequence[ActionRun | Execution]:
        """The children that the task waits for, in the order they were made; of many, the oldest.

        `count` says how many there are, so that nobody has to look at the others. Where all are wanted, the
        search begins with the newest: of a loop with a bound these are the ones that run.
        """
        ids = self._turn.state.children.get(task.id, ())
        if count > MOST_LISTED:
            return list(islice(self._under_way(ids), MOST_LISTED))
        return list(islice(self._under_way(reversed(ids)), count))[::-1]

    def _under_way(self, ids: Iterator[str] | Sequence[str]) -> Iterator[ActionRun | Execution]:
        for id in ids:
            child = self._turn.find_run(id) or self._turn.execution(id)
            if is_under_way(child):
                yield child

    def _open_execution(self, execution: Execution, levels: int) -> OpenExecution:
        explained = levels > 0 and self._tasks_left > 0
        return OpenExecution(
            id=execution.id,
            workflow=execution.workflow,
            state=execution.state,
            index=execution.index,
            explanation=self.explanation(execution, levels) if explained else None,
        )


def _named(row: Task) -> Named:
    return Named(row.id, row.name)


def _shortened(reason: str | None) -> str | None:
    return None if reason is None else reason[: wait_texts.MOST_REASON]


def _open_run(run: ActionRun) -> OpenRun:
    return OpenRun(
        id=run.id,
        action=run.name,
        attempt=run.attempt,
        state=run.state,
        started=run.started,
        safe_rerun=run.safe_rerun,
        asynchronous=run.asynchronous,
        index=run.index,
        since=run.updated_at,
    )


def _missing(missing: rounds.Missing) -> MissingInbound:
    task = missing.task
    return MissingInbound(
        name=missing.name,
        task_id=None if task is None else task.id,
        state=None if task is None else task.state,
        never=missing.never,
        ways=missing.ways,
    )


def _standstill(execution: Execution, live: Sequence[Task]) -> NothingWait:
    return NothingWait(
        text=wait_texts.of_standstill(execution, live),
        since=execution.updated_at,
        state=execution.state,
        reason=_shortened(execution.state_info),
    )
