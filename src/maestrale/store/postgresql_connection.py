"""One connection to PostgreSQL, which never waits for ever.

A server that is gone is noticed by the system's own means (keepalives, `tcp_user_timeout`). A peer that
takes what is sent and never answers, such as a proxy that has lost its other side, is not: therefore
every wait for an answer has an end of its own. On its side the server ends what nobody waits for any more.
"""

from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.adapt import Dumper
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumper

from maestrale.clock import monotonic
from maestrale.errors import InvalidInput
from maestrale.store.urls import PostgresqlAddress

T = TypeVar("T")

STATEMENT_SECONDS = 30
"""The server cancels a statement after this time."""

ANSWER_SECONDS = STATEMENT_SECONDS + 5
"""The connection is given up when an answer takes longer: the server would have sent one by then."""

IDLE_TRANSACTION_SECONDS = 5
"""The server ends a transaction in which this long nothing is asked, and with it its locks.

Here a transaction has statements only and no other work between them. One that rests is one whose process is
frozen or cut off: others need the rows it has locked, above all the row of its node, which must be deleted
before its work can be taken over.
"""

_CONNECT_SECONDS = 5
_PREPARED_STATEMENTS = 400
_PREPARE_FROM = 2
"""A statement is prepared when it comes for the second time: pages of listings rarely do."""

_DEFAULTS: dict[str, str | int] = {
    "client_encoding": "UTF8",
    "fallback_application_name": "maestrale",
    "connect_timeout": _CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that is given up when an answer does not come in time.

    `answer_seconds`: how long it waits for each. None: `ANSWER_SECONDS`.
    """

    answer_seconds: float | None = None

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        return super().wait(self._bounded(gen), interval, timeout)

    def _bounded(self, gen: PQGen[T]) -> Generator[Any, Any, T]:
        """The same steps as `gen`, asked at every `interval` whether it has taken too long."""
        began_at = monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready:
                    self.check_overdue(began_at)
                wanted = gen.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result

    def check_overdue(self, asked_at: float) -> None:
        """Give the connection up, if an answer is overdue that was asked for then, on the monotonic clock.

        Raises:
            psycopg.OperationalError: It is.
        """
        seconds = ANSWER_SECONDS if self.answer_seconds is None else self.answer_seconds
        if monotonic() > asked_at + seconds:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer came within {seconds:g} seconds")


class _BooleanDumper(Dumper):
    """Truth values are stored as 0 and 1."""

    oid = Int8Dumper.oid

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"


def connect(address: PostgresqlAddress, *, lock_seconds: float, read_only: bool) -> BoundedConnection:
    """Open a connection in which each statement is its own transaction unless one was begun.

    Raises:
        InvalidInput: The driver cannot read the URL (`database-url`).
        psycopg.Error: It cannot be opened.
    """
    given = _parameters(address)
    options = _options(str(given.get("options") or ""), lock_seconds, read_only)
    parameters: Any = {**_DEFAULTS, **given, "options": options}
    connection = BoundedConnection.connect(
        autocommit=True,
        cursor_factory=psycopg.RawCursor,
        prepare_threshold=_PREPARE_FROM,
        **parameters,
    )
    connection.prepared_max = _PREPARED_STATEMENTS
    # One type for each kind of value, however large: the text of a statement is prepared once, not for each
    # combination of the sizes of its numbers.
    connection.adapters.register_dumper(int, Int8Dumper)
    connection.adapters.register_dumper(bool, _BooleanDumper)
    connection.adapters.register_dumper(str, StrDumper)
    return connection


def _parameters(address: PostgresqlAddress) -> dict[str, Any]:
    """What the URL says, in the driver's words."""
    try:
        return conninfo_to_dict(address.url)
    except psycopg.ProgrammingError as error:
        # What is wrongly encoded is repeated there, and it may be the password.
        reason = "of a `%`" if "percent-encoded" in str(error) else str(error).strip()
        raise InvalidInput(
            f"the URL of the database `{address.shown}` cannot be read: {reason}",
            code="database-url",
            hint="write `%25` for `%`; the options behind `?` are those of libpq, such as `sslmode=require`",
        ) from None


def _options(given: str, lock_seconds: float, read_only: bool) -> str:
    """Settings of the session; those in the URL come last, and count."""
    settings = {
        "statement_timeout": STATEMENT_SECONDS * 1000,
        "lock_timeout": round(lock_seconds * 1000),
        "idle_in_transaction_session_timeout": IDLE_TRANSACTION_SECONDS * 1000,
        "default_transaction_read_only": "on" if read_only else "off",
        # Literals and instants are read as they are written here, whatever the server's own settings.
        "standard_conforming_strings": "on",
        "timezone": "UTC",
    }
    return " ".join([*(f"-c {name}={value}" for name, value in settings.items()), given]).strip()
