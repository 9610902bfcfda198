"""Where somebody stands who tries an expression on an execution: at one of its tasks.

Nothing is decided here. A scope of the very kind that the task's own expressions have is made on a turn that
nobody commits.
"""

from msgspec import Struct

from maestrale.core.scopes import NONE, CoreScope, task_scope
from maestrale.core.turn import Turn
from maestrale.core.with_items import evaluate_lists
from maestrale.errors import InvalidInput, NotFound


class Standpoint(Struct, frozen=True, kw_only=True):
    """The place of an expression at a task.

    Args:
        before: See only what the task was given, as its `input` and `publish` do. False: what it has
            published, too, as its transitions and the tasks behind it do.
        item: Of a loop, the number of the item whose variables are seen; None: those of no item.
    """

    task_id: str
    before: bool = False
    item: int | None = None


def scope_at(turn: Turn, standpoint: Standpoint) -> CoreScope:
    """The scope of an expression at a standpoint.

    Raises:
        NotFound: The tree has no such task.
        InvalidInput: The task is no loop, or has no such item.
        Error, ForcedFailure, FactNeeded: The lists of the loop cannot be evaluated.
    """
    task = turn.find_task(standpoint.task_id)
    if task is None:
        raise NotFound(f"there is no task `{standpoint.task_id}`", code="unknown-task")
    items = NONE
    if standpoint.item is not None:
        # The lists are kept only while the loop runs.
        lists = evaluate_lists(turn, task) if task.item_values is None else task.item_values
        count = min(map(len, lists.values()), default=0)
        if not 0 <= standpoint.item < count:
            raise InvalidInput(
                f"the task `{task.name}` has no item {standpoint.item}",
                code="unknown-item",
                hint=f"its items are 0 to {count - 1}" if count else "it is no loop, or one over nothing",
            )
        items = {variable: values[standpoint.item] for variable, values in lists.items()}
    return task_scope(turn, task, items=items, published=not standpoint.before)
