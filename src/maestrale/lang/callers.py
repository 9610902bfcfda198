"""Which workflows of a document call each other."""

from collections.abc import Iterator, Mapping

from maestrale.lang.model import Definitions, Workflow


def uncalled_workflows(definitions: Definitions) -> list[str]:
    """The workflows that no other of the document calls; all of them where each is called."""
    workflows = definitions.workflows
    called = {name for workflow in workflows.values() for name in _called_by(workflow, workflows)}
    return [name for name in workflows if name not in called] or list(workflows)


def _called_by(workflow: Workflow, known: Mapping[str, Workflow]) -> Iterator[str]:
    """The other workflows of the document that a task names without an expression."""
    for task in workflow.tasks.values():
        if task.workflow is None or not task.workflow.is_constant:
            continue
        for name in (f"{workflow.workbook}.{task.workflow.source}", task.workflow.source):
            if name in known:
                if name != workflow.name:
                    yield name
                break
