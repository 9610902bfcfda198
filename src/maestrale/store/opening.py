"""Open the database that a URL names, whichever it is."""

from maestrale.clock import Clock
from maestrale.errors import InvalidInput
from maestrale.store import sqlite
from maestrale.store.database import Database
from maestrale.store.urls import Address, PostgresqlAddress, parse_url

LOCK_SECONDS = 5.0
"""How long a statement waits for another program that holds the database, or a row of it."""


def open_database(
    address: Address | str,
    *,
    create: bool = True,
    lock_seconds: float = LOCK_SECONDS,
    clock: Clock | None = None,
    shards: int = 0,
    answer_seconds: float | None = None,
) -> Database:
    """Open a database to read and write; make what lacks.

    Args:
        create: Make the file, or the tables, where there are none.
        clock: What a file takes for the database's own clock. A server has one.
        shards: How many shards a file has that is made here. A server's database always has them.
        answer_seconds: How long a server may take for an answer. None: as long as it may work on one.

    Raises:
        Error: As `open_store`.
    """
    address = parse_url(address) if isinstance(address, str) else address
    if isinstance(address, PostgresqlAddress):
        from maestrale.store import postgresql_opening  # A command on a file needs no driver for servers.

        return postgresql_opening.open_database(
            address, create=create, lock_seconds=lock_seconds, answer_seconds=answer_seconds
        )
    return sqlite.open_database(
        address.path, create=create, lock_seconds=lock_seconds, clock=clock, shards=shards
    )


def open_to_read(address: Address, *, lock_seconds: float = LOCK_SECONDS) -> Database:
    """Open a database that exists, as one that refuses every write.

    Raises:
        Error: As `open_reader`.
    """
    if isinstance(address, PostgresqlAddress):
        from maestrale.store import postgresql_opening

        return postgresql_opening.open_database(
            address, create=False, lock_seconds=lock_seconds, read_only=True
        )
    if address.path is None:
        raise InvalidInput(
            "a database in memory belongs to one connection, and cannot be read through another",
            code="memory-not-shared",
            hint="read through the store that made it, or use a file: `sqlite:///maestrale.db`",
        )
    return sqlite.open_database(address.path, create=False, lock_seconds=lock_seconds, read_only=True)
