"""A database that is looked at as it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from maestrale.errors import InvalidInput
from maestrale.store import sqlite
from maestrale.store.compatibility import SchemaVersion, read_version
from maestrale.store.database import Database
from maestrale.store.opening import LOCK_SECONDS
from maestrale.store.urls import Address, PostgresqlAddress, parse_url


class Subject(Struct, frozen=True, kw_only=True):
    """A database, and how to speak with it.

    Args:
        version: Of its schema. None: it has no tables yet.
    """

    address: Address
    database: Database
    version: SchemaVersion | None

    @property
    def is_server(self) -> bool:
        return isinstance(self.address, PostgresqlAddress)

    @property
    def kind(self) -> str:
        return "postgresql" if self.is_server else "sqlite"


@contextmanager
def look_at(url: str) -> Iterator[Subject]:
    """Open a database as it is. Nothing is made and nothing brought up to date.

    Raises:
        InvalidInput: It is not one of ours (`database-not-ours`), or cannot be looked at from outside
            (`memory-not-shared`).
        NotFound: There is no such file or database (`database-missing`).
        Unavailable: It does not answer.
    """
    address = parse_url(url)
    if isinstance(address, PostgresqlAddress):
        database = _server(address)
    elif address.path is None:
        raise InvalidInput(
            "a database in memory is only there for the process that made it",
            code="memory-not-shared",
            hint="name a file or a server: `sqlite:////path/to/maestrale.db`, `postgresql://host/name`",
        )
    else:
        database = sqlite.open_any_version(address.path, lock_seconds=LOCK_SECONDS, read_only=False)
    try:
        yield Subject(address=address, database=database, version=_version(address, database))
    finally:
        database.close()


def _server(address: PostgresqlAddress) -> Database:
    from maestrale.store.postgresql_opening import open_any_version  # A file needs no driver for servers.

    return open_any_version(address, lock_seconds=LOCK_SECONDS)


def _version(address: Address, database: Database) -> SchemaVersion | None:
    if isinstance(address, PostgresqlAddress):
        from maestrale.store.postgresql_opening import is_ours

        if not is_ours(database, address.shown):
            return None
    return read_version(database)
