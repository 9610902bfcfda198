"""The store's database on a PostgreSQL server.

A commit is as durable as the server makes it: `synchronous_commit` is on unless somebody turned it off. A
connection that breaks is opened again at the next use, but never inside a transaction: what was open is
lost, and whoever wrote is told so.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias, TypeVar

import psycopg

from maestrale.errors import Error, Unavailable
from maestrale.store.database import Statement
from maestrale.store.postgresql_connection import BoundedConnection
from maestrale.store.postgresql_dialect import PostgresqlDialect, numbered
from maestrale.store.postgresql_errors import translate
from maestrale.store.postgresql_pipeline import Pipeline
from maestrale.store.postgresql_texts import escaped, unescaped

T = TypeVar("T")
Sent = TypeVar("Sent")

_Cursor: TypeAlias = "psycopg.Cursor[tuple[Any, ...]]"
_Mode: TypeAlias = Literal["idle", "reading", "writing"]

_FAILURES = (psycopg.Error, UnicodeEncodeError, OverflowError, OSError)
_CHUNK_ROWS = 500
_BEGIN: dict[_Mode, str] = {
    "reading": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "writing": "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
}
_TURNED_READ_ONLY = "25006"


class PostgresqlDatabase:
    """A connection to PostgreSQL. See `database.Database` for what the methods promise.

    Args:
        name: What the database is called in messages, without a password.
        connect: Opens a connection.
    """

    dialect = PostgresqlDialect()

    def __init__(self, name: str, connect: Callable[[], BoundedConnection]) -> None:
        self.name = name
        self._connect = connect
        self._connection: BoundedConnection | None = None
        self._pipeline: Pipeline
        self._mode: _Mode = "idle"
        self._is_begun = False
        """Whether the server knows of the transaction."""
        self._is_lost = False
        """Whether the connection broke inside the transaction."""
        self._walks = 0

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._ask(lambda it: it.execute(_text(sql), escaped(parameters)), _fetched)

    def chunks(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        assert self._mode != "idle", "a walk through rows needs a transaction"
        self._walks += 1
        walk = f"walk_{self._walks}"
        fetch = _text(f"FETCH {_CHUNK_ROWS} FROM {walk}")
        declare = _text(f"DECLARE {walk} NO SCROLL CURSOR FOR {sql}")

        self._ask(lambda it: it.execute(declare, escaped(parameters), prepare=False), _changed)
        while chunk := self._ask(lambda it: it.execute(fetch, prepare=False), _fetched):
            yield chunk
            if len(chunk) < _CHUNK_ROWS:
                return  # What is left of the walk ends with the transaction.

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return self._ask(lambda it: it.execute(_text(sql), escaped(parameters)), _changed)

    def run_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> int:
        return sum(self._run_statements([Statement(sql, list(parameters))]))

    def run_together(self, statements: Sequence[Statement]) -> list[int]:
        assert self._mode == "writing", "what is carried out together is so in one transaction"
        return self._run_statements(statements)

    def _run_statements(self, statements: Sequence[Statement]) -> list[int]:
        if not any(parameters for _, parameters in statements):
            return [0] * len(statements)
        return self._ask(lambda _: self._pipeline.carry_out(statements), _as_it_is)

    def use_connection(self, work: Callable[[BoundedConnection], T]) -> T:
        """Do with the connection what no other database has. Outside of transactions."""
        assert self._mode == "idle", "what is done here is part of no transaction"
        return self._ask(work, _as_it_is)

    @contextmanager
    def reading(self) -> Iterator[None]:
        if self._mode != "idle":
            yield
            return
        with self._transaction("reading"):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        if self._mode == "idle":
            with self._transaction("writing"):
                yield
            return
        assert self._mode == "writing", "a transaction that reads cannot begin to write"
        with self._savepoint():
            yield

    @property
    def is_writing(self) -> bool:
        return self._mode == "writing"

    @contextmanager
    def _transaction(self, mode: _Mode) -> Iterator[None]:
        self._mode = mode
        try:
            yield
            if self._is_begun:
                self._command("COMMIT", is_commit=True)
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._mode, self._is_begun, self._is_lost = "idle", False, False

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        """A part of a transaction, which leaves nothing where it fails and the rest goes on."""
        self._command("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if not self._is_lost:
                self._command("ROLLBACK TO part")
                self._command("RELEASE part")
            raise
        self._command("RELEASE part")

    def _roll_back(self) -> None:
        if not self._is_begun or self._is_lost or self._connection is None:
            return
        try:
            self._pipeline.carry_out([_command("ROLLBACK")])
        except _FAILURES:
            # The server rolls back what has lost its connection; the failure that led here says more.
            self._drop()

    def _command(self, sql: str, *, is_commit: bool = False) -> None:
        """Begin or end a transaction, or a part of it.

        Not through the driver's cursors: where one of those rolls back, they forget what they have prepared.
        """
        self._ask(lambda _: self._pipeline.carry_out([_command(sql)]), _as_it_is, is_commit=is_commit)

    def _ask(
        self,
        send: Callable[[BoundedConnection], Sent],
        collect: Callable[[Sent], T],
        *,
        is_commit: bool = False,
    ) -> T:
        """Send something to the server and collect what it answers; every failure becomes one of ours."""
        if self._is_lost:
            raise Unavailable(
                f"the connection to the database `{self.name}` was lost before",
                code="database-unreachable",
                hint="what was being written was not stored; try again",
            )
        try:
            connection = self._get_connection()
            if self._mode == "idle" or self._is_begun:
                return collect(send(connection))
            self._is_begun = True
            self._pipeline.carry_out([_command(_BEGIN[self._mode])])
            return collect(send(connection))
        except _FAILURES as error:
            raise self._failed(error, is_commit=is_commit) from error

    def _get_connection(self) -> BoundedConnection:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
            self._pipeline = Pipeline(self._connection)
        return self._connection

    def _failed(self, error: Exception, *, is_commit: bool) -> Error:
        connection = self._connection
        is_broken = connection is None or connection.closed
        is_useless = getattr(error, "sqlstate", None) == _TURNED_READ_ONLY
        if is_broken or is_useless:
            self._drop()
            self._is_lost = self._mode != "idle"
        return translate(error, self.name, outcome_unknown=is_commit and is_broken)

    def _drop(self) -> None:
        """Give the connection up; the next use opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        self._drop()


def _text(sql: str) -> Any:
    """The text for the driver, whose types ask for one that stands in the program."""
    return numbered(sql)


def _command(sql: str) -> Statement:
    return Statement(sql, [()])


def _as_it_is(answer: T) -> T:
    return answer


def _fetched(cursor: _Cursor) -> list[tuple[Any, ...]]:
    return unescaped(cursor.fetchall())


def _changed(cursor: _Cursor) -> int:
    return max(0, cursor.rowcount)
