"""Which database a command uses."""

import os
from pathlib import Path

from maestrale.errors import InvalidInput
from maestrale.store import StoreReader, open_reader, open_store
from maestrale.store.urls import PostgresqlAddress, SqliteAddress, parse_url

VARIABLE = "MAESTRALE_DATABASE"


def database_url(given: str | None) -> str:
    """The URL given, else that of the environment, else a file among the user's data.

    Raises:
        InvalidInput: There is no place for the file.
    """
    return given or os.environ.get(VARIABLE) or f"sqlite:///{_default_file()}"


def own_database(given: str | None, *, instead: str) -> str:
    """The URL of a database for a command that runs executions in its own process.

    On a database that nodes share such a process would be one of them, and would be given others' work.

    Args:
        instead: The commands that have a server do it.

    Raises:
        InvalidInput: Nodes share it (`database-shared`), there is no such kind, or no place for the file.
    """
    url = database_url(given)
    address = parse_url(url)
    if isinstance(address, PostgresqlAddress):
        raise InvalidInput(
            f"this command runs executions in its own process, and servers share `{address.shown}`",
            code="database-shared",
            hint=f"let a server do it: {instead}; or name a file: --database sqlite:///maestrale.db",
        )
    return url


def open_to_look(given: str | None) -> StoreReader:
    """Open the database to read it. A file of an earlier version is brought up to date by that.

    Raises:
        Error: There is none, or it cannot be used.
    """
    url = database_url(given)
    is_file = isinstance(parse_url(url), SqliteAddress)
    return open_store(url, create=False) if is_file else open_reader(url)


def _default_file() -> Path:
    # The XDG base directory specification has relative paths ignored.
    data = os.environ.get("XDG_DATA_HOME", "")
    if data.startswith("/"):
        return Path(data) / "maestrale" / "maestrale.db"
    try:
        return Path.home() / ".local" / "share" / "maestrale" / "maestrale.db"
    except RuntimeError as error:
        raise InvalidInput(
            "no database is named, and this user has no home directory to keep one in",
            code="no-database",
            hint=f"use --database sqlite:////path/to/maestrale.db, or set {VARIABLE}",
        ) from error
