"""Bringing a PostgreSQL database up to date while nodes work on it.

Each revision is a transaction. A statement that changes a table needs it alone for a moment; while it waits
for that, everybody else waits behind it. So it waits half a second at most, gives way and is tried again, for
as long as the caller's patience lasts: a long query of somebody else delays the upgrade, and not the cluster.
"""

import time
from collections.abc import Callable
from typing import Any, cast

import psycopg
from psycopg import errors
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from maestrale.clock import monotonic
from maestrale.errors import Unavailable
from maestrale.store.migrations.revisions import Revision, Revisions
from maestrale.store.migrations.running import carry_out
from maestrale.store.postgresql_errors import translate
from maestrale.store.urls import PostgresqlAddress

LOCK_SECONDS = 0.5
"""How long others may have to wait behind a statement that waits for a table."""
PATIENCE_SECONDS = 60.0
"""How long an upgrade is tried."""
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_TURN_PAUSE_SECONDS = 0.2

_HAS_TRANSACTION_TIMEOUT = 17_00_00

_IN_THE_WAY = (errors.LockNotAvailable, errors.DeadlockDetected)

# The row is locked and never changed, so it stays locked over all the transactions of the revisions.
_TURN = 'SELECT "value" FROM meta WHERE "key" = \'product\' FOR UPDATE NOWAIT'
_FOUND = 'SELECT "value" FROM meta WHERE "key" = \'schema\''
_HOLDERS = """
SELECT a.pid, coalesce(nullif(a.application_name, ''), a.usename, '?'),
    extract(epoch FROM now() - a.xact_start)::bigint
FROM pg_stat_activity a
WHERE a.pid <> pg_backend_pid() AND a.xact_start < now() - interval '1 second' AND a.pid IN (
    SELECT l.pid FROM pg_locks l JOIN pg_class t ON t.oid = l.relation
    WHERE l.granted AND t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace)
ORDER BY a.xact_start LIMIT 3
"""


def upgrade_server(
    address: PostgresqlAddress,
    *,
    to: int,
    revisions: Revisions | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
    on_step: Callable[[Revision], None] | None = None,
    on_wait: Callable[[str], None] | None = None,
) -> list[Revision]:
    """Carry out what the database lacks, up to the version `to`; what that was.

    Args:
        on_step: Is told of each revision when it is begun.
        on_wait: Is told who may be using a table that a revision needs alone, before that is tried again; in
            words, empty where nobody is found.

    Raises:
        Unavailable: Somebody else is upgrading it (`upgrade-under-way`), or uses a table all the time
            (`table-in-use`), or the database does not answer. What is done is noted, and the rest can be done
            later: the schema is that of the last revision that was done.
    """
    revisions = revisions or Revisions()
    engine = create_engine("postgresql+psycopg://", creator=lambda: _connect(address), poolclass=NullPool)
    deadline = monotonic() + patience_seconds
    try:
        with engine.connect() as turn, engine.connect() as connection:
            _take_turn(turn, deadline)
            found = int(turn.execute(text(_FOUND)).scalar_one())
            steps = revisions.between(found, to)
            for step in steps:
                if on_step is not None:
                    on_step(step)
                _insist(connection, step, revisions, deadline, on_wait)
            return steps
    except psycopg.Error as error:
        raise translate(error, address.shown) from error
    except DBAPIError as error:
        raise translate(cast(Exception, error.orig), address.shown) from error


def _connect(address: PostgresqlAddress) -> "psycopg.Connection[Any]":
    """A connection that begins a transaction with its first statement, and that nothing cuts off.

    An index on a large table takes as long as it takes, and the turn is kept while nothing is asked on it.
    """
    connection = psycopg.connect(
        address.url,
        client_encoding="UTF8",
        connect_timeout=5,
        fallback_application_name="maestrale db upgrade",
    )
    limits = ["statement_timeout", "idle_in_transaction_session_timeout"]
    if connection.info.server_version >= _HAS_TRANSACTION_TIMEOUT:
        limits.append("transaction_timeout")
    for limit in limits:
        connection.execute(f"SET {limit} = 0")
    connection.commit()
    return connection


def _take_turn(connection: Connection, deadline: float) -> None:
    """Keep other programs from upgrading at the same time, for as long as the connection is open.

    It is asked for again and again. A statement that waits keeps the sight it has of the database, and the
    making of an index beside writers waits for everybody with an older one: each would wait for the other.
    """
    while True:
        try:
            connection.execute(text(_TURN))
            return
        except DBAPIError as error:
            connection.rollback()
            if not isinstance(error.orig, errors.LockNotAvailable):
                raise
            if monotonic() + _TURN_PAUSE_SECONDS > deadline:
                raise Unavailable(
                    "another program is upgrading the database",
                    code="upgrade-under-way",
                    hint="wait until it is done; `maestrale db info` tells the version of the schema",
                ) from error
        time.sleep(_TURN_PAUSE_SECONDS)


def _insist(
    connection: Connection,
    step: Revision,
    revisions: Revisions,
    deadline: float,
    on_wait: Callable[[str], None] | None,
) -> None:
    """Carry out a revision, again and again while others use its tables."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            connection.execute(text(f"SET lock_timeout = {round(LOCK_SECONDS * 1000)}"))
            connection.commit()
            carry_out(connection, [step], revisions, found=step.schema - 1)
            return
        except DBAPIError as error:
            connection.rollback()
            if not isinstance(error.orig, _IN_THE_WAY):
                raise
            holders = _holders(connection)
            if monotonic() + pause > deadline:
                raise _table_in_use(step, holders) from error
        if on_wait is not None:
            on_wait(holders)
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _holders(connection: Connection) -> str:
    """Who has used tables of ours for a while, in words; empty: nobody now."""
    rows = connection.execute(text(_HOLDERS)).all()
    connection.rollback()
    return ", ".join(f"process {pid} (`{name}`, for {seconds} s)" for pid, name, seconds in rows)


def _table_in_use(step: Revision, holders: str) -> Unavailable:
    by = f"; a transaction is open in {holders}" if holders else ""
    return Unavailable(
        f"the step to schema {step.schema} needs a table alone for a moment, and others always use it{by}",
        code="table-in-use",
        hint="end those transactions (`SELECT pg_terminate_backend(PID)`), or try again at a quieter time:"
        " nothing was changed by this step",
    )
