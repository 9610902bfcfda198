"""Bringing a SQLite file up to date: everything in one transaction."""

import sqlite3
from collections.abc import Callable

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from maestrale.store.migrations.revisions import Revision, Revisions
from maestrale.store.migrations.running import carry_out


def upgrade_file(
    connect: Callable[[], sqlite3.Connection], *, to: int, revisions: Revisions | None = None
) -> list[Revision]:
    """Carry out what the file lacks, up to the version `to`; what that was.

    Raises:
        sqlite3.Error: It could not be done. The file is as it was.
    """
    revisions = revisions or Revisions()
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            # Now that nobody else writes: another program may have been quicker.
            found = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            steps = revisions.between(found, to)
            if steps:
                carry_out(connection, steps, revisions, found=found)
            return steps
    except DBAPIError as error:
        raise error.orig or error from error
