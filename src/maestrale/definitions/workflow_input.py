"""The input that a trigger will start its workflow with, against what the workflow declares."""

from collections.abc import Mapping

from maestrale.core.failures import wrong_input
from maestrale.errors import InvalidInput
from maestrale.expressions import Json
from maestrale.expressions.secrets import spread
from maestrale.lang import Parameter
from maestrale.store.records import WorkflowRecord


def check_workflow_input(workflow: WorkflowRecord, given: Mapping[str, Json]) -> None:
    """
    Raises:
        InvalidInput: A required input is missing, or one is not declared.
    """
    fault = wrong_input(workflow.name, _declared(workflow), spread(given))
    if fault is not None:
        raise InvalidInput(
            fault, code="invalid-workflow-input", hint=f"it declares: {workflow.input or 'none'}"
        )


def _declared(workflow: WorkflowRecord) -> list[Parameter]:
    declared: list[Parameter] = []
    for item in workflow.interface.get("input", ()):
        if isinstance(item, Mapping):
            declared.extend(Parameter(name, required=False, default=value) for name, value in item.items())
        else:
            declared.append(Parameter(item))
    return declared
