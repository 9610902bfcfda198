"""How an execution ends: its final state, its output, and what its parent hears of it.

Source: Mistral v2, sections 3.4.2 and 3.4.3.
"""

from collections.abc import Mapping

from maestrale.core import contexts, reverse
from maestrale.core.failures import ForcedFailure, explained, reason
from maestrale.core.scopes import CoreScope, evaluate_mapping, workflow_scope
from maestrale.core.sizes import check_size
from maestrale.core.state import Execution, Task
from maestrale.core.status import ExecutionState, TaskState
from maestrale.core.turn import Turn, has_ended
from maestrale.expressions import EvaluationError, Json, Template, mask
from maestrale.lang.model import Workflow, WorkflowType

INFO_LIMIT = 65_500
"""Characters of `state_info` that are kept."""


def check_end(turn: Turn, execution_id: str) -> None:
    """End the execution if none of its tasks lives any more."""
    execution = turn.execution(execution_id)
    if execution.state is not ExecutionState.RUNNING or execution.live:
        return
    if execution.cancelled:
        names = sorted(task.name for task in _in_state(turn, execution, TaskState.CANCELLED))
        end(turn, execution, ExecutionState.CANCELLED, f"Cancelled tasks: {', '.join(names)}")
    elif execution.unhandled:
        end(turn, execution, ExecutionState.ERROR, _failure_report(turn, execution))
    else:
        end(turn, execution, ExecutionState.SUCCESS, None)


def end(turn: Turn, execution: Execution, state: ExecutionState, info: str | None) -> None:
    """Put the execution into a final state with its output, and tell the task that started it."""
    info = told(turn, info)
    output, state, info = _output(turn, execution, state, info)
    turn.update_execution(
        turn.execution(execution.id),
        state=state,
        state_info=info,
        output=output,
        backlog=(),
        finished_at=turn.now,
    )
    if execution.live:
        _leave_behind(turn, execution)
    if execution.parent_task_id is not None and execution.accepted:
        _tell_parent(turn, turn.task(execution.parent_task_id), state)


def _tell_parent(turn: Turn, task: Task, state: ExecutionState) -> None:
    """Count the sub-workflow for the task that started it; the task sees to the rest in its turn."""
    if has_ended(task) or task.state is TaskState.DELAYED:
        return  # The task was given up meanwhile, or its work has come to an end without this one.
    if task.items is not None:
        task = turn.update_task(task, items=task.items.counted(state))
    if task.turn is None:
        turn.enqueue(task)


def _leave_behind(turn: Turn, execution: Execution) -> None:
    """Nothing starts any more. What still runs is not interrupted; its result will only be recorded."""
    for task in list(turn.tasks_in(execution.id)):
        if has_ended(task):
            continue
        turn.clear_timers(task)
        if task.turn is not None and task.state not in (TaskState.RUNNING, TaskState.PAUSED):
            turn.update_task(task, turn=None)


def told(turn: Turn, info: str | None) -> str | None:
    """A `state_info` as it is kept: without the secrets that were revealed, and no longer than allowed."""
    if info is None:
        return None
    info = turn.scrub(info)
    if len(info) <= INFO_LIMIT:
        return info
    return info[: INFO_LIMIT - 3] + "..."


def _in_state(turn: Turn, execution: Execution, state: TaskState) -> list[Task]:
    return [task for task in turn.tasks_in(execution.id) if task.state is state]


def _output(
    turn: Turn, execution: Execution, state: ExecutionState, info: str | None
) -> tuple[dict[str, Json], ExecutionState, str | None]:
    """The output, with the state and its reason, which an output that cannot be evaluated changes."""
    workflow = turn.workflow(execution)
    if state is ExecutionState.CANCELLED:
        return {"result": info}, state, info
    final = _final_context(turn, execution)
    scope = workflow_scope(turn, execution, final)
    if state is ExecutionState.SUCCESS:
        try:
            return _evaluated(turn, "output", workflow.output, final, scope), state, info
        except (EvaluationError, ForcedFailure) as error:
            place = f"[wf_ex_id={execution.id}, wf_name={execution.workflow}]"
            message = f"Failed to check and complete {place}: {reason(error)}"
            info = told(turn, explained(message, error))
    try:
        evaluated = _evaluated(turn, "output-on-error", workflow.output_on_error, final, scope)
    except (EvaluationError, ForcedFailure) as error:
        info = told(turn, explained(_without_variables(workflow, info, reason(error)), error))
        evaluated = {}
    return {"result": info, **evaluated}, ExecutionState.ERROR, info


def _without_variables(workflow: Workflow, info: str | None, why: str) -> str:
    """What an execution says that has failed, and whose output has nothing but that."""
    if workflow.output_on_error is not None:
        return f"Failed to evaluate expression in output-on-error! ({why} Cause: '{info}')"
    told = f"The output has no variables: {why}"
    return f"{info}\n{told}" if info else told


def _evaluated(
    turn: Turn,
    section: str,
    templates: Mapping[str, Template] | None,
    final: Mapping[str, Json],
    scope: CoreScope,
) -> dict[str, Json]:
    """An output as it is declared, or all final variables where it is not."""
    output = dict(final) if templates is None else evaluate_mapping(section, templates, scope)
    check_size(turn, "the output", output)
    return output


def _final_context(turn: Turn, execution: Execution) -> Mapping[str, Json]:
    """The variables of all tasks that ended and led nowhere, in one; of a reverse workflow its target's."""
    if turn.workflow(execution).type is WorkflowType.REVERSE:
        target = turn.latest_task(execution.id, reverse.target_of(execution))
        return contexts.EMPTY if target is None else contexts.merged(turn, [target.id])
    tasks = list(turn.tasks_in(execution.id))
    if not any(task.published for task in tasks):
        return contexts.EMPTY
    late = {trigger.task_id for task in tasks for trigger in task.late}  # They led to a join in vain.
    ends = [t.id for t in tasks if has_ended(t) and (not t.has_next_tasks or t.id in late)]
    return contexts.merged(turn, ends)


def _failure_report(turn: Turn, execution: Execution) -> str:
    """Which tasks failed, and why, down to the runs of their actions."""
    failed = [task for task in _in_state(turn, execution, TaskState.ERROR) if not task.error_handled]
    names = ", ".join(task.name for task in failed)
    lines = [f"Failure caused by error in tasks: {names}", ""]
    for task in failed:
        lines.append(f"  {task.name} [task_ex_id={task.id}] -> {task.state_info}")
        lines.extend(_failed_children(turn, task))
        lines.append("")
    return "\n".join(lines)


def _failed_children(turn: Turn, task: Task) -> list[str]:
    lines = []
    for number, run in enumerate(turn.child_runs(task.id)):
        if run.state == "ERROR":
            lines.append(f"    [action_ex_id={run.id}, idx={number}]: {mask(run.result)}")
    for number, child in enumerate(turn.child_executions(task.id)):
        if child.state is ExecutionState.ERROR and child.output is not None:
            lines.append(f"    [wf_ex_id={child.id}, idx={number}]: {mask(child.output.get('result'))}")
    return lines
