"""Whole trees: read one with all its rows, or delete one with all that only it had."""

from msgspec import Struct

from maestrale.core.state import ActionRun, Execution, State, Task, Timer, Tree, state_of
from maestrale.errors import NotFound
from maestrale.store.blobs import BlobReader, delete_blobs_of
from maestrale.store.database import Database
from maestrale.store.schema import EXECUTIONS, RUNS, TASKS, TIMERS, TREES
from maestrale.store.tables import Row, Table


class TreeRows(Struct, frozen=True):
    """All rows of a tree, in the order they were made."""

    tree: Tree
    executions: list[Execution]
    tasks: list[Task]
    runs: list[ActionRun]
    timers: list[Timer]

    def state(self) -> State:
        """The tree as decisions see it."""
        return state_of(self.tree, self.executions, self.tasks, self.runs, self.timers)


def load_tree(database: Database, root_id: str) -> TreeRows | None:
    """The rows of a tree as one commit left them. None: there is no such tree."""
    blobs = BlobReader(database)
    with database.reading():
        trees = _rows_of(database, TREES, root_id, blobs)
        if not trees:
            return None
        return TreeRows(
            trees[0],
            _rows_of(database, EXECUTIONS, root_id, blobs),
            _rows_of(database, TASKS, root_id, blobs),
            _rows_of(database, RUNS, root_id, blobs),
            _rows_of(database, TIMERS, root_id, blobs),
        )


def _rows_of(database: Database, table: Table[Row], root_id: str, blobs: BlobReader) -> list[Row]:
    chunks = database.chunks(table.select_tree, (root_id,))
    return [row for chunk in chunks for row in table.decode(chunk, blobs)]


def delete_tree(database: Database, root_id: str) -> None:
    """Delete the rows and the history of a tree, and the blobs nothing else refers to.

    The caller commits, and has made sure that nobody runs the tree.

    Raises:
        NotFound: There is no such tree.
    """
    if not database.run("DELETE FROM trees WHERE id = ?", (root_id,)):
        raise NotFound(f"there is no execution `{root_id}`", code="execution-unknown")
    for table in (EXECUTIONS.name, TASKS.name, RUNS.name, TIMERS.name, "history"):
        database.run(f"DELETE FROM {table} WHERE root_id = ?", (root_id,))
    delete_blobs_of(database, root_id)
