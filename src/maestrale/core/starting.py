"""How executions and tasks come to be.

Source: Mistral v2, sections 1.3.1, 3.4.1, 3.8 and 6.2.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec.structs import replace

from maestrale.core import ending, reverse
from maestrale.core.events import ExecutionRequested
from maestrale.core.failures import expected_input, wrong_input
from maestrale.core.scopes import SECURITY, CoreScope, evaluate_mapping, workflow_scope
from maestrale.core.sizes import check_request_size
from maestrale.core.state import Execution, Task, Tree, Trigger
from maestrale.core.status import ExecutionState, TaskState
from maestrale.core.turn import Turn
from maestrale.errors import InvalidInput
from maestrale.expressions import EvaluationError, Json, compile_template
from maestrale.expressions.secrets import spread
from maestrale.lang.model import TaskDefinition, Workflow, WorkflowType


def on_execution_requested(turn: Turn, event: ExecutionRequested) -> None:
    """Start a root execution.

    Raises:
        InvalidInput: The input, the parameters or the workflow's `vars` are wrong. Nothing is kept.
    """
    if turn.state.tree is not None:
        return  # The same request again: the execution is there.
    turn.plant(Tree(id=event.execution_id, project_id=event.project_id))
    for pin in event.pins:
        turn.pin(pin)
    start_execution(
        turn,
        Execution(
            id=event.execution_id,
            root_id=event.execution_id,
            project_id=event.project_id,
            number=turn.number(),
            workflow=event.workflow,
            workflow_id=event.workflow_id,
            namespace=event.namespace,
            document=event.document,
            state=ExecutionState.RUNNING,
            description=event.description,
            input=spread(event.input),
            params=_as_stored(event),
            context={SECURITY: event.security} if event.security else {},
            created_at=turn.now,
            updated_at=turn.now,
        ),
    )


def _as_stored(event: ExecutionRequested) -> Mapping[str, Json]:
    """The parameters as people read them again: with an environment and the namespace in any case."""
    env = spread(event.params.get("env")) or {}
    return {**event.params, "env": env, "namespace": event.namespace}


def start_execution(turn: Turn, execution: Execution) -> None:
    """Check and complete a new execution, add it, and make its first tasks.

    Raises:
        InvalidInput: See `on_execution_requested`; nothing was added to the turn.
    """
    workflow = turn.workflow(execution)
    if (fault := wrong_input(workflow.name, workflow.input, execution.input)) is not None:
        raise InvalidInput(fault, code="workflow-input", hint=expected_input("workflow", workflow.input))
    check_request_size(turn, f"the input of workflow {workflow.name}", execution.input)
    defaults = {p.name: p.default for p in workflow.input if not p.required}
    turn.note_secrets([defaults, execution.params])
    target = _target(turn, workflow, execution)
    params = _params(turn, execution)
    check_request_size(turn, f"the parameters of workflow {workflow.name}", params)
    execution = replace(execution, input={**defaults, **execution.input}, tags=workflow.tags, params=params)
    try:
        variables = evaluate_mapping("vars", workflow.vars, workflow_scope(turn, execution))
    except EvaluationError as error:
        raise InvalidInput(
            error.explained(f"workflow `{workflow.name}`: {error.message}"),
            code="workflow-vars",
            hint="`vars` see the input and the environment, and not each other",
        ) from error
    turn.note_secrets(variables)
    turn.add_execution(replace(execution, context={**execution.context, **variables}))
    first = workflow.graph.start if target is None else reverse.first_tasks(workflow, target)
    for name in first:
        create_task(turn, turn.execution(execution.id), workflow.tasks[name])
    ending.check_end(turn, execution.id)


def _target(turn: Turn, workflow: Workflow, execution: Execution) -> str | None:
    """The task a reverse workflow is asked for, None for a direct one."""
    if workflow.type is WorkflowType.DIRECT:
        return None
    name = turn.reveal(execution.params.get("task_name"))
    if not isinstance(name, str) or name not in workflow.tasks:
        raise InvalidInput(
            f"Invalid task name [wf_spec={workflow.name}, task_name={name}]: a reverse workflow runs one "
            "task and what it requires",
            code="target-task",
            hint=f"name one of its tasks: {', '.join(workflow.tasks)}",
        )
    return name


def _params(turn: Turn, execution: Execution) -> Mapping[str, Json]:
    """The parameters with the environment evaluated once, against itself as it was given."""
    env = execution.params.get("env")
    if execution.parent_task_id is not None or env is None:
        return execution.params
    if not isinstance(env, Mapping):
        raise InvalidInput(
            f"Unexpected value type for environment [type={type(env).__name__}]: a mapping is expected",
            code="environment-type",
        )
    if turn.reveal(execution.params.get("evaluate_env", True)) is False:
        return execution.params
    scope = CoreScope(turn, execution, None, lambda: {"__env": env})
    templates = {key: compile_template(value) for key, value in env.items()}
    try:
        evaluated = evaluate_mapping("env", templates, scope)
    except EvaluationError as error:
        raise InvalidInput(
            error.explained(error.message),
            code="environment-expression",
            hint="an expression of the environment sees the environment only, as `env()`; with the parameter "
            "`evaluate_env: false` nothing in it is evaluated",
        ) from error
    return {**execution.params, "env": evaluated}


def cleared(turn: Turn, task: Task, **fields: Any) -> Task:
    """A task as if nothing had come of it yet, but for what it published and for these fields."""
    nothing: dict[str, Any] = {
        "state_info": None,
        "turn": None,
        "pending": (),
        "next_tasks": (),
        "has_next_tasks": False,
        "error_handled": False,
        "processed": False,
        "waited_after": False,
        "waiting_outcome": None,
        "item_values": None,
        "finished_at": None,
    }
    return turn.update_task(task, **nothing | fields)


def create_task(
    turn: Turn,
    execution: Execution,
    definition: TaskDefinition,
    *,
    triggered_by: Sequence[Trigger] = (),
    sources: Sequence[str] = (),
    state: Literal[TaskState.IDLE, TaskState.WAITING] = TaskState.IDLE,
) -> Task:
    """Add a task to an execution. An IDLE one gets a ticket and starts in its turn."""
    number = turn.number()
    task = turn.add_task(
        Task(
            id=turn.id(number),
            execution_id=execution.id,
            root_id=execution.root_id,
            project_id=execution.project_id,
            number=number,
            name=definition.name,
            type="ACTION" if definition.workflow is None else "WORKFLOW",
            state=state,
            state_info="Task is waiting." if state is TaskState.WAITING else None,
            tags=definition.tags,
            triggered_by=tuple(triggered_by),
            sources=tuple(sources),
            created_at=turn.now,
            updated_at=turn.now,
        )
    )
    return turn.enqueue(task) if state is TaskState.IDLE else task
