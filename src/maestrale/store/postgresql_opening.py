"""Open a PostgreSQL database, and make its tables where it is empty."""

from collections.abc import Iterable
from functools import partial

from maestrale.errors import InvalidInput
from maestrale.store import schema
from maestrale.store.compatibility import read_version, too_new, too_old
from maestrale.store.database import Database
from maestrale.store.postgresql import PostgresqlDatabase
from maestrale.store.postgresql_connection import BoundedConnection, connect
from maestrale.store.postgresql_dialect import definitions
from maestrale.store.urls import PostgresqlAddress

OLDEST_SERVER = 15

_TABLES = (
    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema()))"
    " AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
)
_SOMEBODY_WAS_QUICKER = ("23505", "42P07")
"""A table of that name has come meanwhile; which of them, depends on how far the other one was."""


def open_database(
    address: PostgresqlAddress,
    *,
    create: bool,
    lock_seconds: float,
    read_only: bool = False,
    answer_seconds: float | None = None,
) -> PostgresqlDatabase:
    """Open the database; make the tables where there are none.

    Args:
        create: Make the tables where there are none.
        lock_seconds: How long a statement waits for what another transaction has locked.
        read_only: Let the server refuse every write.
        answer_seconds: How long an answer may take before the connection is given up. None: as long as the
            server may work on one.

    Raises:
        InvalidInput: It belongs to another application (`database-not-ours`), to a version of this one that
            this one does not fit (`database-newer`, `database-older`), or the server is none that can be used
            (`database-server-old`, `database-encoding`).
        Unavailable: It does not answer, does not exist, or refuses this user.
    """
    database = PostgresqlDatabase(
        address.shown,
        partial(
            _connect,
            address,
            lock_seconds=lock_seconds,
            read_only=read_only,
            answer_seconds=answer_seconds,
        ),
    )
    try:
        if not is_ours(database, database.name):
            if not create or read_only:
                raise InvalidInput(
                    f"the database `{database.name}` has no tables yet",
                    code="database-older",
                    hint="make them with `maestrale db upgrade`, or start a server on it",
                )
            _make_tables(database)
        _check_version(database)
    except BaseException:
        database.close()
        raise
    return database


def open_any_version(address: PostgresqlAddress, *, lock_seconds: float) -> PostgresqlDatabase:
    """Open the database as it is, to look at it: nothing is made, and neither schema nor server checked."""
    return PostgresqlDatabase(
        address.shown, partial(connect, address, lock_seconds=lock_seconds, read_only=False)
    )


def _connect(
    address: PostgresqlAddress, *, lock_seconds: float, read_only: bool, answer_seconds: float | None
) -> BoundedConnection:
    connection = connect(address, lock_seconds=lock_seconds, read_only=read_only)
    connection.answer_seconds = answer_seconds
    try:
        _check_server(connection, address.shown)
    except InvalidInput:
        connection.close()
        raise
    return connection


def _check_server(connection: BoundedConnection, name: str) -> None:
    version = connection.info.server_version // 10000
    if version < OLDEST_SERVER:
        raise InvalidInput(
            f"the server of the database `{name}` is PostgreSQL {version}",
            code="database-server-old",
            hint=f"PostgreSQL {OLDEST_SERVER} or later is needed",
        )
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise InvalidInput(
            f"the database `{name}` keeps texts in the encoding {encoding}, which has not every character",
            code="database-encoding",
            hint="make a database with `ENCODING 'UTF8'`",
        )


def is_ours(database: Database, name: str) -> bool:
    """Whether the tables are there; False: there are no tables at all.

    Raises:
        InvalidInput: There are tables of somebody else.
    """
    tables = {name for (name,) in database.rows(_TABLES)}
    if "meta" in tables and "trees" in tables:
        product = database.rows('SELECT "value" FROM meta WHERE "key" = \'product\'')
        if product == [(schema.PRODUCT,)]:
            return True
    if tables:
        raise InvalidInput(
            f"the database `{name}` has tables of another application",
            code="database-not-ours",
            hint="name another database, or a schema by `?options=-csearch_path%3Dname`; this"
            " one has not been changed",
        )
    return False


def creation() -> Iterable[str]:
    """The statements that make an empty database ours."""
    return definitions(schema.creation(bytes_type="BYTEA", shards=schema.SHARDS))


def _make_tables(database: PostgresqlDatabase) -> None:
    """Make them wholly or not at all. Where several processes do so at once, one of them does."""
    try:
        with database.writing():
            for statement in creation():
                database.run(statement)
    except Exception as error:
        was_quicker = getattr(error.__cause__, "sqlstate", None) in _SOMEBODY_WAS_QUICKER
        if not was_quicker or not is_ours(database, database.name):
            raise


def _check_version(database: PostgresqlDatabase) -> None:
    version = read_version(database)
    if version.is_too_new:
        raise too_new(database.name, version)
    if version.is_older:
        raise too_old(database.name, version, hint="bring it up to date with `maestrale db upgrade`")
