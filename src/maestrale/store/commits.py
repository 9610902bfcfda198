"""Write the changes of many trees in one transaction.

Values are turned to text before the transaction begins, so that other processes wait for as short a
time as can be. Rows of one table that change in the same columns go through one prepared statement.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Struct

from maestrale.core.events import Entry
from maestrale.core.notices import Notice
from maestrale.core.state import Changes
from maestrale.errors import Conflict, InvalidInput
from maestrale.store.blobs import BlobWriter
from maestrale.store.database import Database, Statement
from maestrale.store.fencing import TreeWrites
from maestrale.store.history import INSERT_ENTRY, encode_entries
from maestrale.store.notices import NoticeWrites
from maestrale.store.schema import EXECUTIONS, RUNS, TASKS, TIMERS
from maestrale.store.tables import Row, Table

_DELETE_TIMER = "DELETE FROM timers WHERE root_id = ? AND id = ?"

# SQLite's bound for one value; PostgreSQL's is about the same.
_LARGEST_VALUE = 1_000_000_000


class TreeCommit(Struct, frozen=True):
    """What becomes of one tree in a commit.

    Args:
        before: The stored versions of the rows in `after`; a row without one is new.
        after: The next version of every row that changed. Always has the tree itself, whose
            `sequence` counts the entries.
        entries: What happened, with each entry's place in the history.
        notices: What is to be told of it, to be kept until it has been told.
    """

    root_id: str
    before: Changes
    after: Changes
    entries: Sequence[tuple[int, Entry]] = ()
    notices: Sequence[Notice] = ()


class Write(Struct, frozen=True):
    """A statement each of whose sets of parameters must change exactly one row."""

    table: str
    statement: Statement

    def check(self, count: int) -> None:
        """Refuse that so many rows were changed, if it is not one for each set."""
        if count != len(self.statement.parameters):
            raise Conflict(
                f"rows of the table `{self.table}` are not as they were last stored",
                code="rows-out-of-step",
                hint="load the tree again and decide again",
            )


class Batch:
    """A commit, ready to be written."""

    def __init__(self, commits: Sequence[TreeCommit], *, shard_count: int) -> None:
        assert len({commit.root_id for commit in commits}) == len(commits), "a tree comes once in a batch"
        self._commits = commits
        self._shard_count = shard_count
        self._blobs = BlobWriter()
        self._trees = TreeWrites(
            ((it.before.tree, it.after.tree) for it in commits), self._blobs, shard_count=shard_count
        )
        self._writes = [
            *self._row_writes(EXECUTIONS, ((it.before.executions, it.after.executions) for it in commits)),
            *self._row_writes(TASKS, ((it.before.tasks, it.after.tasks) for it in commits)),
            *self._row_writes(RUNS, ((it.before.runs, it.after.runs) for it in commits)),
            *self._row_writes(TIMERS, ((it.before.timers, it.after.timers) for it in commits)),
            Write("timers", Statement(_DELETE_TIMER, [key for it in commits for key in _timers_gone(it)])),
            Write(
                "history",
                Statement(
                    INSERT_ENTRY, [row for it in commits for row in encode_entries(it.root_id, it.entries)]
                ),
            ),
        ]
        self._notices = NoticeWrites([notice for it in commits for notice in it.notices])

    def _row_writes(
        self,
        table: Table[Row],
        pairs: Iterable[tuple[Mapping[str, Row | None], Mapping[str, Row | None]]],
    ) -> Iterable[Write]:
        inserts: list[Row] = []
        updates: dict[tuple[bool, ...], list[Row]] = {}
        for before, after in pairs:
            for row_id, row in after.items():
                if row is None:
                    continue
                old = before.get(row_id)
                if old is None:
                    inserts.append(row)
                elif any(changed := table.changed(old, row)):
                    updates.setdefault(changed, []).append(row)
        if inserts:
            yield Write(table.name, Statement(table.insert.sql, table.insert.encode(inserts, self._blobs)))
        for changed, rows in updates.items():
            plan = table.update(changed)
            yield Write(table.name, Statement(plan.sql, plan.encode(rows, self._blobs)))

    def write(self, database: Database, *, node_id: int) -> None:
        """Write everything; the caller commits.

        Raises:
            LeaseLost: Some of the trees do not belong to the node, or went on without it.
            Conflict: A tree that is to be new is there already (`execution-exists`).
            Unstorable: A value does not fit its column; it names the trees.
        """
        try:
            new_trees = self._trees.write(database, node_id=node_id)
            writes = [write for write in self._writes if write.statement.parameters]
            more = (*new_trees, *self._notices.statements(node_id=node_id), *self._blobs.statements())
            counts = database.run_together([*(write.statement for write in writes), *more])
            for write, count in zip(writes, counts, strict=False):
                write.check(count)
        except InvalidInput as error:
            raise _name_culprits(self._commits, error, self._shard_count) from error

    def check(self) -> None:
        """Look at each value alone, as the driver does not say which one it refused.

        Raises:
            ValueError, OverflowError: One does not fit a column.
        """
        everything = [values for write in self._writes for values in write.statement.parameters]
        more = (*self._trees.parameters, *self._notices.parameters, *self._blobs.parameters)
        for value in chain(*everything, *more):
            if isinstance(value, str | bytes):
                size = len(value if isinstance(value, bytes) else value.encode())
                if size > _LARGEST_VALUE:
                    raise OverflowError(f"a text of {size} bytes is too long")
            elif isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise OverflowError("a number does not fit into 64 bits")


def _timers_gone(commit: TreeCommit) -> Iterator[tuple[str, str]]:
    """The stored timers that fired or are not wanted any more."""
    for timer_id, timer in commit.after.timers.items():
        if timer is None and commit.before.timers.get(timer_id) is not None:
            yield commit.root_id, timer_id


def prepare(commits: Sequence[TreeCommit], *, shard_count: int) -> Batch:
    """Turn the commits to statements. `shard_count`: how many shards there are; 0: trees are their node's.

    Raises:
        Unstorable: A value cannot be stored; it names the trees, so that the others can go on.
    """
    try:
        return Batch(commits, shard_count=shard_count)
    except _ENCODING_ERRORS as error:
        raise _name_culprits(commits, error, shard_count) from error


class Unstorable(InvalidInput):
    """Some trees hold a value that no database can keep. `root_ids` names them."""

    code = "not-storable"

    def __init__(self, message: str, *, root_ids: Sequence[str]) -> None:
        super().__init__(message, hint="let the workflow produce plain, not too deeply nested data")
        self.root_ids = tuple(root_ids)


_ENCODING_ERRORS = (TypeError, ValueError, OverflowError, RecursionError)


def _name_culprits(commits: Sequence[TreeCommit], error: Exception, shard_count: int) -> Unstorable:
    """Try the trees one by one to say which of them it is."""
    reasons: dict[str, Exception] = {}
    for commit in commits:
        try:
            Batch([commit], shard_count=shard_count).check()
        except _ENCODING_ERRORS as reason:
            reasons[commit.root_id] = reason
    names = ", ".join(f"`{root_id}`" for root_id in reasons) or "the commit"
    first = next(iter(reasons.values()), error)
    return Unstorable(f"a value of {names} cannot be stored: {first}", root_ids=list(reasons))
