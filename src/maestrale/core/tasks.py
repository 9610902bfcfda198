"""A task's own turn: start it, let it go on, or see that its work has ended.

Source: Mistral v2, sections 2.2, 2.15 and 3.3.
"""

from collections.abc import Callable, Mapping

from maestrale.core import contexts, joins, resolve, rounds, runs, standalone, subworkflows, with_items
from maestrale.core.abandon import give_up
from maestrale.core.completion import carry_on, complete, force_failure
from maestrale.core.effects import SetTimer
from maestrale.core.events import TimerFired
from maestrale.core.failures import ForcedFailure, TaskFailure, explained, reason
from maestrale.core.policies import apply_before
from maestrale.core.scopes import NONE, evaluate, json_text, task_scope
from maestrale.core.state import Task, Timer, TimerKind
from maestrale.core.status import ExecutionState, RunState, TaskState
from maestrale.core.turn import Turn, has_ended
from maestrale.expressions import EvaluationError, Json
from maestrale.expressions.secrets import spread
from maestrale.lang.report import extract
from maestrale.lang.yaml_tree import kind_of


def advance(turn: Turn, task: Task) -> None:
    """Do what a task with a ticket has to do now. The ticket is used up."""
    _see_to(turn, turn.update_task(task, turn=None), _advance)


def begin_again(turn: Turn, task: Task) -> None:
    """Start a task that had ended once more, with its policies before it."""
    _see_to(turn, task, _start)


def _see_to(turn: Turn, task: Task, work: Callable[[Turn, Task], None]) -> None:
    """Do a task's work; what goes wrong becomes its state."""
    try:
        work(turn, task)
    except TaskFailure as failure:
        complete(turn, turn.task(task.id), TaskState.ERROR, str(failure))
    except (ForcedFailure, EvaluationError) as error:
        wf = turn.execution(task.execution_id).workflow
        message = f"Failed to run task [error={reason(error)}, wf={wf}, task={task.name}]"
        force_failure(turn, turn.task(task.id), explained(message, error))


def _advance(turn: Turn, task: Task) -> None:
    execution = turn.execution(task.execution_id)
    if has_ended(task):
        carry_on(turn, task)
        return
    if has_ended(execution) and task.state not in (TaskState.RUNNING, TaskState.PAUSED):
        return  # Nothing starts in an execution that is over.
    match task.state:
        case TaskState.IDLE:
            _start(turn, task)
        case TaskState.WAITING:
            _judge_join(turn, task)
        case TaskState.DELAYED if task.waiting_outcome is not None:
            _end_wait(turn, task)
        case TaskState.DELAYED:
            _launch(turn, turn.update_task(task, state=TaskState.RUNNING, state_info=None))
        case TaskState.RUNNING | TaskState.PAUSED:
            _go_on(turn, task)


def _start(turn: Turn, task: Task) -> None:
    held = task.held
    task = turn.update_task(
        task,
        state=TaskState.RUNNING,
        state_info=None,
        held=False,
        started_at=task.started_at or turn.now,
    )
    if not held:
        task = apply_before(turn, task)
    if task.state is TaskState.RUNNING:
        _launch(turn, task)


def _judge_join(turn: Turn, task: Task) -> None:
    execution = turn.execution(task.execution_id)
    judged = rounds.judge(turn, execution, task)
    sources = tuple(trigger.task_id for trigger in judged.came)
    if task.reruns:  # What it led to when it failed has its variables from the join itself.
        sources = tuple(id for id in sources if not joins.led_to(turn, task, id))
    match judged.verdict:
        case rounds.Verdict.RUN:
            contexts.forget_behind(turn, task)
            task = turn.update_task(task, arrived=len(judged.came))
            _start(turn, turn.update_task(task, triggered_by=judged.came, sources=sources))
        case rounds.Verdict.FAIL:
            contexts.forget_behind(turn, task)
            task = turn.update_task(task, triggered_by=judged.never, sources=sources)
            complete(turn, task, TaskState.ERROR, f"Failed by tasks: {sorted(judged.names)}")
        case rounds.Verdict.WAIT:
            if task.arrived != len(judged.came):
                task = turn.update_task(task, arrived=len(judged.came))
            joins.recheck_circle(turn, execution, task)


def _launch(turn: Turn, task: Task) -> None:
    """Begin the task's work: its only child, or the first items of its loop."""
    if not turn.definition(task).with_items:
        _launch_child(turn, task, None, _input(turn, task, NONE))
        return
    task = with_items.begin_loop(turn, task)
    assert task.items is not None
    if task.items.total == 0:
        complete(turn, task, TaskState.SUCCESS, None)
    else:
        _launch_items(turn, task)


def _launch_child(turn: Turn, task: Task, index: int | None, given: Mapping[str, Json]) -> None:
    definition = turn.definition(task)
    execution = turn.execution(task.execution_id)
    if definition.workflow is not None:
        name = resolve.workflow_name(turn, task, definition.workflow)
        subworkflows.launch(turn, task, name, given, index)
        return
    assert definition.action is not None
    name = resolve.action_name(turn, task, definition.action)
    try:
        action = resolve.find_action_for(turn, execution, name)
    except ForcedFailure as failure:
        if index is None:
            raise
        raise TaskFailure(str(failure)) from failure
    if definition.action.is_constant:
        given = resolve.with_preset(turn, execution, name, given)
    run = runs.launch(turn, task, action, given, index)
    if has_ended(run):
        _note_pure_end(turn, turn.task(task.id), run.state)


def _note_pure_end(turn: Turn, task: Task, state: RunState) -> None:
    """A pure action has ended already. Its task ends in a turn of its own, after those that wait: what
    starts together starts before any of it leads further."""
    if task.items is not None:
        turn.update_task(task, items=task.items.counted(state))
    else:
        turn.enqueue(task)


def _input(turn: Turn, task: Task, items: Mapping[str, Json]) -> Mapping[str, Json]:
    template = turn.definition(task).input
    if template is None:
        return {}
    value = spread(evaluate("`input`", template, task_scope(turn, task, items=items)))
    if not isinstance(value, Mapping):
        raise ForcedFailure(
            f"Wrong dynamic input for task: {task.name}. Dict type is expected. "
            f"`{extract(template.source)}` gives {kind_of(value)}, not a mapping"
        )
    return value


def _launch_items(turn: Turn, task: Task) -> None:
    """Start as many items as the loop's concurrency and the turn allow, but one at least.

    What starts together has its inputs worked out first: if one of them is wrong, none starts.
    """
    if task.item_values is None:
        task = with_items.begin_loop(turn, task)  # The loop had ended and was opened again.
    allowed = max(turn.steps_left, 1)
    while allowed > 0 and task.items is not None and task.items.room > 0:
        batch = _next_items(turn, task, min(task.items.room, allowed))
        allowed -= len(batch)
        turn.steps_left -= len(batch)
        for index, given in batch:
            assert task.items is not None
            _, items = task.items.with_next_launched()
            _launch_child(turn, turn.update_task(task, items=items), index, given)
            task = turn.task(task.id)
    if task.items is not None and (task.items.room > 0 or task.items.is_over) and task.turn is None:
        turn.enqueue(task)


def _next_items(turn: Turn, task: Task, count: int) -> list[tuple[int, Mapping[str, Json]]]:
    """The indexes of the next items to start, with their inputs."""
    assert task.items is not None
    found, items = [], task.items
    for _ in range(count):
        index, items = items.with_next_launched()
        found.append((index, _input(turn, task, with_items.item_variables(task, index))))
    return found


def _go_on(turn: Turn, task: Task) -> None:
    """A running task: start more items, or end it if its work has ended meanwhile."""
    if task.items is not None:
        paused = turn.execution(task.execution_id).state is not ExecutionState.RUNNING
        if task.items.is_over:
            complete(turn, task, *with_items.outcome(task.items))
        elif not paused:
            _launch_items(turn, task)
    elif task.type == "WORKFLOW":
        _see_sub_workflow_end(turn, task)
    else:
        for run in list(turn.child_runs(task.id)):
            if run.accepted and has_ended(run):
                runs.child_ended(turn, task, run)


def _see_sub_workflow_end(turn: Turn, task: Task) -> None:
    for execution in list(turn.child_executions(task.id)):
        if execution.accepted and has_ended(execution):
            info = (execution.output or {}).get("result") if execution.state != "SUCCESS" else None
            complete(turn, task, TaskState(execution.state), None if info is None else json_text(info))


def on_timer_fired(turn: Turn, event: TimerFired) -> None:
    """A timer is due: the task goes on, or has run out of time."""
    timer = turn.find_timer(event.timer_id)
    if timer is None:
        return  # It was cleared after it had fired.
    if timer.due_at > turn.now:  # An earlier timer of that kind had fired as this one was set.
        turn.effects.append(SetTimer(timer.id))
        return
    turn.changes.timers[timer.id] = None
    if timer.kind is TimerKind.ACTION_TIMEOUT:
        standalone.time_out(turn, timer)
        return
    task = turn.task(timer.task_id)
    if has_ended(task):
        return
    match timer.kind:
        case TimerKind.TIMEOUT:
            _time_out(turn, task, timer)
        case TimerKind.WAIT_AFTER:
            _end_wait(turn, task)
        case _ if task.state is TaskState.DELAYED:
            turn.enqueue(task)


def _time_out(turn: Turn, task: Task, timer: Timer) -> None:
    give_up(turn, task, f"Timeout after {timer.seconds} seconds")
    turn.clear_timers(task)  # Whatever it was put aside for is over, too.
    complete(turn, task, TaskState.ERROR, f"Task timed out [timeout(s)={timer.seconds}].")


def _end_wait(turn: Turn, task: Task) -> None:
    """The wait after a task is over: it ends as its work did."""
    outcome = task.waiting_outcome
    assert outcome is not None
    complete(turn, task, outcome.state, outcome.info)
