"""Where the parts of a workflow stand in its file: tasks, and the transitions of their clauses."""

from collections.abc import Iterator

from maestrale.lang import Mark, TaskDefinition, Workflow
from maestrale.lang.clauses import ADVANCED
from maestrale.lang.reader import Reader


def find_workflow(tree: Reader, workflow: Workflow) -> Reader:
    """The body of a workflow in a document, by itself or as a member of a workbook."""
    within = tree
    name = workflow.name
    if workflow.workbook is not None:
        members = tree.find("workflows")
        assert members is not None, "a workbook with workflows has them under that key"
        within, name = members, name.removeprefix(f"{workflow.workbook}.")
    found = within.find(name)
    assert found is not None, "a workflow stands under its name"
    return found


def task_mark(body: Reader, task: TaskDefinition) -> Mark:
    return _task(body, task).key_mark


def _task(body: Reader, task: TaskDefinition) -> Reader:
    tasks = body.find("tasks")
    found = tasks.find(task.name) if tasks is not None else None
    assert found is not None, "a task stands under its name"
    return found


def transition_marks(body: Reader, task: TaskDefinition, event: str, count: int) -> list[Mark]:
    """The places of the transitions of a clause: its own, or those of `task-defaults`.

    Args:
        count: How many transitions the clause has.
    """
    own = _task(body, task).find(event)
    written = list(_entries(own)) if own is not None else []
    if not written:
        defaults = body.find("task-defaults")
        clause = defaults.find(event) if defaults is not None else None
        # What the defaults lead to does not lead to itself.
        written = [entry for entry in _entries(clause) if _target(entry) != task.name] if clause else []
    assert len(written) == count, "every entry of a clause is a transition"
    return [entry.mark for entry in written]


def _entries(clause: Reader) -> Iterator[Reader]:
    """What stands for a transition: each item of a list, or the clause itself."""
    if isinstance(clause.value, dict) and any(key in clause.value for key in ADVANCED):
        next_ = clause.find("next")
        return _entries(next_) if next_ is not None else iter(())
    return clause.elements() if isinstance(clause.value, list) else iter((clause,))


def _target(entry: Reader) -> str:
    text = next(iter(entry.value)) if isinstance(entry.value, dict) else entry.value
    return str(text).split(maxsplit=1)[0]
