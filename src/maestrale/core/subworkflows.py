"""Sub-workflows: a task whose work is a workflow. Source: Mistral v2, section 3.8."""

from collections.abc import Mapping

from maestrale.core import resolve
from maestrale.core.failures import TaskFailure
from maestrale.core.scopes import SECURITY
from maestrale.core.starting import start_execution
from maestrale.core.state import Execution, Task
from maestrale.core.status import ExecutionState
from maestrale.core.turn import Turn
from maestrale.errors import InvalidInput
from maestrale.expressions import Json

OWN_PARAMS = frozenset(
    {"root_execution_id", "task_execution_id", "index", "namespace", "env", "evaluate_env", "notify"}
)
"""Parameters of a sub-execution that an input of the same name must not replace (Appendix D, 29)."""


def launch(turn: Turn, task: Task, name: str, given: Mapping[str, Json], index: int | None) -> Execution:
    """Start a sub-workflow for a task, or for one item of it.

    What the workflow does not declare as input becomes a parameter, such as the `task_name` of a reverse
    workflow.

    Raises:
        TaskFailure: There is no such workflow, its input is wrong, or it nests too deep.
    """
    parent = turn.execution(task.execution_id)
    pin = resolve.find_workflow(turn, parent, name)
    if pin is None:
        workbook = turn.workflow(parent).workbook
        raise TaskFailure(resolve.not_found("workflow", name, namespace=parent.namespace, workbook=workbook))
    if parent.depth >= turn.world.limits.depth:
        raise TaskFailure(
            f"Failed to start workflow {name}: sub-workflows nest deeper than {parent.depth}. Does one of "
            "them start itself again without an end?"
        )
    try:
        declared = {p.name for p in turn.world.library.get_workflow(pin.document, pin.name).input}
    except InvalidInput as error:
        raise TaskFailure(f"Failed to start workflow {name}: {error.message}") from error
    number = turn.number()
    execution = Execution(
        id=turn.id(number),
        root_id=parent.root_id,
        project_id=parent.project_id,
        number=number,
        parent_task_id=task.id,
        index=index,
        depth=parent.depth + 1,
        workflow=pin.name,
        workflow_id=pin.id,
        namespace=parent.namespace,
        document=pin.document,
        state=ExecutionState.RUNNING,
        description="sub-workflow execution",
        input={key: value for key, value in given.items() if key in declared},
        params={
            **{key: value for key, value in given.items() if key not in declared | OWN_PARAMS},
            "root_execution_id": parent.root_id,
            "task_execution_id": task.id,
            "index": index or 0,
            "namespace": parent.namespace,
            "env": {},  # What its expressions see is that of the root.
            **{key: value for key, value in parent.params.items() if key == "notify"},
        },
        context={name: value for name, value in turn.root.context.items() if name == SECURITY},
        created_at=turn.now,
        updated_at=turn.now,
    )
    try:
        start_execution(turn, execution)
    except InvalidInput as error:
        raise TaskFailure(f"{error.message}: {error.hint}" if error.hint else error.message) from error
    return turn.execution(execution.id)
