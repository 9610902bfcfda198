"""Whole trees: read one with all its rows, or delete one with all that only it had."""

from collections.abc import Iterator, Sequence
from operator import attrgetter

from msgspec import Struct

from maestrale.core.state import ActionRun, Execution, State, Task, Timer, Tree, state_of
from maestrale.errors import NotFound
from maestrale.store.blobs import BlobReader, delete_blobs_of
from maestrale.store.database import Database
from maestrale.store.lists import listed, portions
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


def load_trees(database: Database, root_ids: Sequence[str]) -> list[TreeRows]:
    """The rows of many trees, a few statements for some hundreds of them; those that exist, in their order.

    Each as one commit left it. Those of different portions are not of the same moment.
    """
    return [tree for portion in portions(root_ids) for tree in _load_portion(database, portion)]


def _load_portion(database: Database, root_ids: Sequence[str]) -> Iterator[TreeRows]:
    blobs = BlobReader(database)
    with database.reading():
        blobs.read_ahead(root_ids)
        trees = {id: rows[0] for id, rows in _rows_by_root(database, TREES, root_ids, blobs).items()}
        executions = _rows_by_root(database, EXECUTIONS, root_ids, blobs)
        tasks = _rows_by_root(database, TASKS, root_ids, blobs)
        runs = _rows_by_root(database, RUNS, root_ids, blobs)
        timers = _rows_by_root(database, TIMERS, root_ids, blobs)
    for id in root_ids:
        if id in trees:
            yield TreeRows(
                trees[id], executions.get(id, []), tasks.get(id, []), runs.get(id, []), timers.get(id, [])
            )


def _rows_by_root(
    database: Database, table: Table[Row], root_ids: Sequence[str], blobs: BlobReader
) -> dict[str, list[Row]]:
    """The rows of some trees in a table, by their roots, each in the order they were made."""
    marks, values = listed(root_ids)
    sql = f'{table.select} WHERE "{table.root_field}" IN {marks} ORDER BY "{table.order}"'
    root_of = attrgetter(table.root_field)
    found: dict[str, list[Row]] = {}
    for chunk in database.chunks(sql, values):
        for row in table.decode(chunk, blobs):
            found.setdefault(root_of(row), []).append(row)
    return found


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
