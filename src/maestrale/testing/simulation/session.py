"""A simulated node's connection to the database that all of them share.

The database itself does one thing after the other. What several connections at the same time make of it is
added here: a transaction may stand open between what it first reads and what it writes, others commit
meanwhile, and rows that it has locked are waited for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from maestrale.store.database import Database, Dialect, Statement

_KEY_SHARE = "/* FOR KEY SHARE"
_DELETE_NODE = "DELETE FROM nodes WHERE id = ?"


class Waits(Exception):
    """A statement waits for the end of another transaction."""


class RowLocks:
    """The rows of `nodes` that transactions have locked, so that nobody deletes them. One for a database."""

    def __init__(self) -> None:
        self._held: dict[Session, set[int]] = {}

    def take(self, session: "Session", node_id: int) -> None:
        self._held.setdefault(session, set()).add(node_id)

    def release(self, session: "Session") -> None:
        self._held.pop(session, None)

    def check_free(self, session: "Session", node_id: int) -> None:
        """Raises: Waits: Another transaction holds it."""
        if any(node_id in ids for holder, ids in self._held.items() if holder is not session):
            raise Waits


class SimulatedDialect:
    """As SQLite's, with the locks of rows written as comments, for `Session` to read."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def locking(self, clause: str) -> str:
        return f"/* {clause} */"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dialect, name)


class Session:
    """Implements `store.database.Database`.

    Args:
        stand: Called where a transaction that writes has read something first: it may take its time there.
    """

    def __init__(self, database: Database, locks: RowLocks, stand: Callable[[], None] | None = None) -> None:
        self.stand = stand
        self.dialect = SimulatedDialect(database.dialect)
        self.is_writing = False
        self._has_stood = False
        self._database = database
        self._locks = locks

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._wait_for_locks(sql, parameters)
        found = self._database.rows(sql, parameters)
        if self.is_writing and sql.startswith("SELECT"):
            if _KEY_SHARE in sql and found:
                self._locks.take(self, parameters[0])
            if self.stand is not None and not self._has_stood:
                self._stand_open(self.stand)
        return found

    def _stand_open(self, stand: Callable[[], None]) -> None:
        """Nothing is written yet: the others see the same whether this transaction is open or not."""
        self._has_stood = True
        self._database.run("COMMIT")
        try:
            stand()
        finally:
            self._database.run("BEGIN IMMEDIATE")

    def chunks(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        return self._database.chunks(sql, parameters)

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        self._wait_for_locks(sql, parameters)
        return self._database.run(sql, parameters)

    def run_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> int:
        return self._database.run_many(sql, parameters)

    def run_together(self, statements: Sequence[Statement]) -> list[int]:
        return self._database.run_together(statements)

    def _wait_for_locks(self, sql: str, parameters: Sequence[Any]) -> None:
        if sql.startswith(_DELETE_NODE):
            self._locks.check_free(self, parameters[0])

    def reading(self) -> AbstractContextManager[None]:
        return self._database.reading()

    @contextmanager
    def writing(self) -> Iterator[None]:
        begin, commit, undo = "SAVEPOINT part", "RELEASE part", ["ROLLBACK TO part", "RELEASE part"]
        is_outer = not self.is_writing
        if is_outer:
            begin, commit, undo = "BEGIN IMMEDIATE", "COMMIT", ["ROLLBACK"]
            self._has_stood = False
        self._database.run(begin)
        self.is_writing = True
        try:
            yield
            self._database.run(commit)
        except BaseException:
            for statement in undo:
                self._database.run(statement)
            raise
        finally:
            if is_outer:
                self.is_writing = False
                self._locks.release(self)

    def close(self) -> None:
        """The connection ends; the database stays for the others."""
        self._locks.release(self)
