"""The store's database in a SQLite file, or in memory.

A commit is on the disk when it returns: the write-ahead log is synchronised each time
(`synchronous = FULL`). The header of the file says that it is ours (`application_id`) and which
schema it has (`user_version`); the file of another application is never written.
"""

import os
import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from maestrale.clock import Clock, SystemClock, monotonic
from maestrale.errors import InvalidInput, Unavailable
from maestrale.store import schema
from maestrale.store.compatibility import SchemaVersion, read_version, too_new, too_old
from maestrale.store.database import Statement
from maestrale.store.file_errors import file_error
from maestrale.store.same_file import SameFile
from maestrale.store.sqlite_dialect import SqliteDialect, add_functions
from maestrale.store.sqlite_errors import missing, translate

APPLICATION_ID = 0x4D535452
"""`MSTR`, in the place that SQLite reserves for it in the header of the file."""

_FAILURES = (sqlite3.Error, UnicodeEncodeError, OverflowError)
_CHUNK_ROWS = 500
_PREPARED_STATEMENTS = 512
_STATEMENT_SECONDS = 30.0
"""How long a statement of a connection that only reads may take; on PostgreSQL the server sees to it."""
_STEPS_BETWEEN_LOOKS = 100_000
_RETRY_SECONDS = 0.01
_LOG_BYTES = 64 * 1024 * 1024
"""The log shrinks to this after a large commit; it would keep its largest size otherwise."""
_URI_PLAIN = frozenset(b"/._-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


class SqliteDatabase:
    """A connection to SQLite. See `database.Database` for what the methods promise."""

    dialect = SqliteDialect()

    def __init__(self, connection: sqlite3.Connection, path: str | None) -> None:
        self._connection = connection
        self._path = path
        self._may_write = False
        self._file: SameFile | None = None
        self._began = 0.0

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._began = monotonic()
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except _FAILURES as error:
            raise translate(error, self._path) from error

    def chunks(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        self._began = monotonic()
        try:
            cursor = self._connection.execute(sql, parameters)
            while chunk := cursor.fetchmany(_CHUNK_ROWS):
                yield chunk
        except _FAILURES as error:
            raise translate(error, self._path) from error

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        try:
            return self._connection.execute(sql, parameters).rowcount
        except _FAILURES as error:
            raise translate(error, self._path) from error

    def run_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> int:
        try:
            return max(0, self._connection.executemany(sql, parameters).rowcount)
        except _FAILURES as error:
            raise translate(error, self._path) from error

    def run_together(self, statements: Sequence[Statement]) -> list[int]:
        return [self.run_many(sql, parameters) for sql, parameters in statements]

    @contextmanager
    def reading(self) -> Iterator[None]:
        if self._connection.in_transaction:
            yield
            return
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        if self._connection.in_transaction:
            assert self._may_write, "a transaction that reads cannot begin to write"
            with self._savepoint():
                yield
            return
        if self._file is not None:
            self._file.check()
        with self._transaction("BEGIN IMMEDIATE"):
            self._may_write = True
            try:
                yield
            finally:
                self._may_write = False

    def bound_statements(self, seconds: float) -> None:
        """From now on, end a query that takes longer."""

        def is_over() -> bool:
            return monotonic() - self._began > seconds

        self._connection.set_progress_handler(is_over, _STEPS_BETWEEN_LOOKS)

    def hold_to_file(self) -> None:
        """From now on, write only while the path names the file that it names now."""
        if self._path is not None:
            self._file = SameFile(self._path)

    @property
    def is_writing(self) -> bool:
        return self._may_write

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self.run(begin)
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        """A part of a transaction, which leaves nothing where it fails and the rest goes on."""
        self.run("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # Some failures have ended it all already.
                self.run("ROLLBACK TO part")
                self.run("RELEASE part")
            raise
        self.run("RELEASE part")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # Some failures have ended it already.
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                # Closing rolls back as well; the failure that led here says more than this one.
                self._connection.close()

    def close(self) -> None:
        try:
            self._connection.close()
        except sqlite3.Error as error:
            raise translate(error, self._path) from error


def open_database(
    path: str | None,
    *,
    create: bool,
    lock_seconds: float,
    read_only: bool = False,
    clock: Clock | None = None,
    shards: int = 0,
) -> SqliteDatabase:
    """Open the database file, or a database in memory where `path` is None; make it where it lacks.

    A file with an older schema is brought up to date.

    Args:
        lock_seconds: How long a statement waits for another program that holds the database.
        read_only: Refuse to write, and to bring a file up to date.
        clock: What the database takes for its own clock.
        shards: How many shards a database that is made here has. Those of people have none: see `ownership`.

    Raises:
        NotFound: There is no such file and `create` is False (`database-missing`).
        InvalidInput: It is no file, or not one of ours (`database-url`, `database-not-ours`,
            `database-newer`), or too old to be read only (`database-older`).
        Unavailable: It is damaged, locked, or cannot be read.
    """
    if path is not None:
        _check_file(path, create=create)
    connection = _connect(path, create=create, lock_seconds=lock_seconds)
    database = SqliteDatabase(connection, path)
    add_functions(connection, clock or SystemClock())
    try:
        if read_only:
            _prepare_to_read(database, path)
        else:
            _prepare(database, path, create=create, lock_seconds=lock_seconds, shards=shards)
    except BaseException:
        connection.close()
        raise
    database.hold_to_file()
    return database


def open_any_version(path: str, *, lock_seconds: float, read_only: bool = True) -> SqliteDatabase:
    """Open a file of ours as it is, to look at it: nothing is made, and nothing brought up to date.

    Raises:
        Error: As `open_database`, but never for its version.
    """
    _check_file(path, create=False)
    connection = _connect(path, create=False, lock_seconds=lock_seconds)
    database = SqliteDatabase(connection, path)
    try:
        if not _is_ours(database, path):
            raise missing(path)
        if read_only:
            database.run("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return database


def _check_file(path: str, *, create: bool) -> None:
    """See to the directory, and refuse what is not a file of ours before SQLite touches it."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        if not create:
            raise missing(path) from None
        _make_directory(os.path.dirname(path))
        return
    except OSError as error:
        raise file_error(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise InvalidInput(
            f"the database `{path}` is {kind}",
            code="database-url",
            hint="name a file in the database URL, such as `sqlite:///maestrale.db`",
        )
    if status.st_size:
        _peek(path)


def _make_directory(directory: str) -> None:
    try:
        os.makedirs(directory or ".", exist_ok=True)
    except OSError as error:
        raise file_error(directory, error) from error


def _peek(path: str) -> None:
    """Refuse a foreign file without locking it, and without finishing what its owner left undone.

    The file is read as if nobody could change it. It may seem damaged while its owner is busy with
    it; the proper opening that follows sees whether it is.
    """
    try:
        connection = sqlite3.connect(_uri(path, "mode=ro&immutable=1"), uri=True)
    except sqlite3.Error as error:
        raise translate(error, path) from error
    try:
        _is_ours(SqliteDatabase(connection, path), path)
    except Unavailable as error:
        if error.code != "database-damaged":
            raise
    finally:
        connection.close()


def _connect(path: str | None, *, create: bool, lock_seconds: float) -> sqlite3.Connection:
    target = ":memory:" if path is None else _uri(path, "mode=rwc" if create else "mode=rw")
    try:
        return sqlite3.connect(
            target,
            uri=path is not None,
            timeout=lock_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_PREPARED_STATEMENTS,
        )
    except sqlite3.Error as error:
        raise translate(error, path) from error


def _uri(path: str, options: str) -> str:
    """The path as SQLite reads a URI: bytes that are no plain character of a path are escaped."""
    quoted = "".join(chr(byte) if byte in _URI_PLAIN else f"%{byte:02x}" for byte in os.fsencode(path))
    return f"file:{quoted}?{options}"


def _prepare(
    database: SqliteDatabase, path: str | None, *, create: bool, lock_seconds: float, shards: int
) -> None:
    """Make sure that the database is ours and of our schema, and set what a connection needs."""
    if not _is_ours(database, path):
        if not create and path is not None:
            raise missing(path)
        with database.writing():
            if not _is_ours(database, path):  # Nobody else was quicker.
                for statement in schema.creation(bytes_type="BLOB", shards=shards):
                    database.run(statement)
                database.run(f"PRAGMA application_id = {APPLICATION_ID}")
                database.run(f"PRAGMA user_version = {schema.VERSION}")
    elif _checked_version(database, path).is_older:
        _migrate(path, lock_seconds)
    _use_write_ahead_log(database, lock_seconds)
    database.run("PRAGMA synchronous = FULL")
    database.run(f"PRAGMA journal_size_limit = {_LOG_BYTES}")


def _migrate(path: str | None, lock_seconds: float) -> None:
    """Bring an older schema to ours, wholly or not at all."""
    from maestrale.store.migrations.file import upgrade_file  # It takes half a second to load.

    try:
        upgrade_file(lambda: _connect(path, create=False, lock_seconds=lock_seconds), to=schema.VERSION)
    except sqlite3.Error as error:
        raise translate(error, path) from error


def _prepare_to_read(database: SqliteDatabase, path: str | None) -> None:
    """Make sure that the database can be read as it is, and that nothing writes it from here."""
    if not _is_ours(database, path):
        assert path is not None
        raise missing(path)
    version = _checked_version(database, path)
    if version.is_older:
        assert path is not None
        raise too_old(path, version, hint="open it once to write: that brings it up to date")
    database.run("PRAGMA query_only = ON")
    database.bound_statements(_STATEMENT_SECONDS)


def _checked_version(database: SqliteDatabase, path: str | None) -> SchemaVersion:
    """The version of the schema, where this program may run on it."""
    version = _find_version(database)
    if version.is_too_new:
        assert path is not None
        raise too_new(path, version)
    return version


def _find_version(database: SqliteDatabase) -> SchemaVersion:
    """What the header of a file of ours says of its schema; only of a later version more has to be read."""
    number = _number(database, "PRAGMA user_version")
    if number > schema.VERSION:
        noted = read_version(database)
        if noted.number == number:
            return noted
    return SchemaVersion(number, number)


def _is_ours(database: SqliteDatabase, path: str | None) -> bool:
    """Whether the database is ours already; False: it is empty.

    Raises:
        InvalidInput: It belongs to another application.
    """
    if _number(database, "PRAGMA application_id") != APPLICATION_ID:
        if _number(database, "SELECT count(*) FROM sqlite_master") == 0:
            return False
        raise InvalidInput(
            f"the file `{path}` is a database of another application",
            code="database-not-ours",
            hint="name another file in the database URL; this one has not been changed",
        )
    return True


def _use_write_ahead_log(database: SqliteDatabase, lock_seconds: float) -> None:
    """Switch the journal to the write-ahead log, which stays so for good.

    The switch needs the file alone, and SQLite does not wait for that as it does for a transaction.
    """
    deadline = monotonic() + lock_seconds
    while True:
        try:
            database.rows("PRAGMA journal_mode = WAL")
            return
        except Unavailable as error:
            if error.code != "database-locked" or monotonic() >= deadline:
                raise
        time.sleep(_RETRY_SECONDS)


def _number(database: SqliteDatabase, sql: str) -> int:
    return int(database.rows(sql)[0][0])
