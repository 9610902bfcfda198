"""Which execution is meant, and who runs it."""

from maestrale.core import Execution
from maestrale.core.status import ENDED_EXECUTION
from maestrale.errors import InvalidInput, NotFound
from maestrale.store import RootSummary, StoreReader


def find_root(store: StoreReader, id_or_prefix: str | None, *, unfinished_only: bool = False) -> Execution:
    """The root execution that is meant.

    Args:
        id_or_prefix: None: the latest.
        unfinished_only: Of those that have not ended, where none is named.

    Raises:
        NotFound: There is none.
        InvalidInput: Several begin like that, or it is a part of another.
    """
    if id_or_prefix is None:
        latest = store.latest_execution(unfinished_only=unfinished_only)
        if latest is not None:
            return latest
        kind = "unfinished execution" if unfinished_only else "execution"
        raise NotFound(
            f"there is no {kind} in this database",
            code="no-execution",
            hint="`maestrale list` shows all there are" if unfinished_only else "`maestrale run` makes one",
        )
    found = store.find_execution(id_or_prefix)
    if found is None:
        raise NotFound(
            f"there is no execution `{id_or_prefix}` in this database",
            code="unknown-execution",
            hint="`maestrale list` shows all there are; --database names another database",
        )
    if found.id != found.root_id:
        raise InvalidInput(
            f"`{found.id}` is a sub-workflow of the execution `{found.root_id}`",
            code="not-a-root",
            hint=f"name that one: {found.root_id}",
        )
    return found


def owner_note(summary: RootSummary, *, is_shared: bool) -> str | None:
    """Who runs an unfinished execution. None: it has ended.

    Args:
        is_shared: Whether nodes share the database, so that one that lives takes up what another one left.
    """
    if summary.state in ENDED_EXECUTION:
        return None
    if is_shared:
        has_node = summary.is_alive and summary.node_id is not None
        return f"node {summary.node_id} has it" if has_node else "no node has it yet; see maestrale nodes"
    if summary.is_alive:
        return f"run by process {summary.pid}" if summary.pid is not None else "run by another process"
    return f"nobody runs it; go on with: maestrale resume {summary.id}"
