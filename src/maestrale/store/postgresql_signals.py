"""Hints through `NOTIFY` and `LISTEN`."""

import select
import socket
from collections.abc import Sequence
from contextlib import suppress

from psycopg import Notify

from maestrale.store.postgresql import PostgresqlDatabase
from maestrale.store.postgresql_connection import BoundedConnection

CHANNEL = "maestrale"


class PostgresqlSignals:
    """See `signals.Signals`. Through the connection of a database that the same thread uses for other things.

    Where a pooler gives each transaction another connection, nothing is heard, and nothing else goes wrong.
    """

    def __init__(self, database: PostgresqlDatabase) -> None:
        self._database = database
        self._heard: list[str] = []
        self._listening: BoundedConnection | None = None
        self._waking, self._woken = socket.socketpair()
        for end in (self._waking, self._woken):
            end.setblocking(False)

    def hint(self, payloads: Sequence[str]) -> None:
        if payloads:
            self._database.rows(
                f"SELECT pg_notify('{CHANNEL}', payload) FROM unnest(?::text[]) AS payload", (list(payloads),)
            )

    def listen(self, seconds: float) -> list[str]:
        self._database.use_connection(lambda connection: self._listen(connection, seconds))
        heard, self._heard = self._heard, []
        return heard

    def _listen(self, connection: BoundedConnection, seconds: float) -> None:
        if connection is not self._listening:
            connection.add_notify_handler(self._hear)
            connection.execute(f"LISTEN {CHANNEL}")
            self._listening = connection
        if self._heard:  # With the answer to something else that was asked since.
            return
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        poll.register(self._woken.fileno(), select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(max(0.0, seconds) * 1_000)}
        if self._woken.fileno() in ready:
            self._drain()
        if connection.fileno() in ready:
            connection.pgconn.consume_input()
            while (notice := connection.pgconn.notifies()) is not None:
                self._heard.append(notice.extra.decode())

    def _hear(self, notice: Notify) -> None:
        self._heard.append(notice.payload)

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass

    def wake(self) -> None:
        with suppress(OSError):  # So many are waiting already that it will be seen, or it is over.
            self._waking.send(b"!")

    def close(self) -> None:
        self._waking.close()
        self._woken.close()
