"""Loops: one child for each item of one or several lists, walked through in step.

Source: Mistral v2, section 2.4.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from maestrale.core.failures import ForcedFailure
from maestrale.core.scopes import evaluate, task_scope
from maestrale.core.state import Items, Task
from maestrale.core.status import TaskState
from maestrale.core.turn import Turn
from maestrale.expressions import Json, reveal
from maestrale.expressions.secrets import is_marked, marked
from maestrale.lang.yaml_tree import kind_of


def begin_loop(turn: Turn, task: Task) -> Task:
    """Evaluate the lists of a loop, once for all its items. A loop that is rerun keeps its count.

    Raises:
        ForcedFailure: A value cannot be walked through, or the lists differ in length.
        EvaluationError: A list cannot be evaluated.
    """
    values = evaluate_lists(turn, task)
    turn.note_secrets(values)
    total = min(map(len, values.values()))
    items = replace(task.items or Items(total), concurrency=task.concurrency)
    if items.total != total:
        raise ForcedFailure(
            f"The lists of with-items had {items.total} items and have {total} now: rerun the task with reset"
        )
    return turn.update_task(task, items=items, item_values=values)


def evaluate_lists(turn: Turn, task: Task) -> dict[str, list[Json]]:
    """The lists that a loop walks through, by variable; none where the task is no loop.

    Raises:
        ForcedFailure: A value cannot be walked through, or the lists differ in length.
        EvaluationError: A list cannot be evaluated.
    """
    scope = task_scope(turn, task)
    values: dict[str, list[Json]] = {}
    for variable, template in turn.definition(task).with_items:
        values[variable] = _as_list(variable, evaluate(f"`{variable}` in `with-items`", template, scope))
    lengths = {variable: len(value) for variable, value in values.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{variable}: {length}" for variable, length in lengths.items())
        raise ForcedFailure(
            f"Wrong input format for with-items: All arrays must have the same length ({told})"
        )
    return values


def _as_list(variable: str, value: Json) -> list[Json]:
    if is_marked(value):
        return [marked(item) for item in _as_list(variable, reveal(value))]
    if not isinstance(value, Iterable):
        raise ForcedFailure(
            f"Wrong input format for with-items: `{variable}` is to walk through {kind_of(value)}. Iterable "
            "type is expected: a list, a text or a mapping"
        )
    return list(value)


def item_variables(task: Task, index: int) -> Mapping[str, Json]:
    """The loop variables for one item."""
    assert task.item_values is not None
    return {variable: values[index] for variable, values in task.item_values.items()}


def outcome(items: Items) -> tuple[TaskState, str | None]:
    """How a loop ends by how its items did."""
    if items.cancelled:
        return TaskState.CANCELLED, "One or more actions was cancelled."
    if items.failed:
        return TaskState.ERROR, "One or more actions had failed."
    return TaskState.SUCCESS, None
