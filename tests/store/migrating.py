"""Databases with a schema of long ago, and revisions of versions to come."""

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from maestrale.store.administration import look_at
from maestrale.store.migrations.revisions import Revisions
from maestrale.store.postgresql_dialect import definitions
from maestrale.store.shape import Shape, postgresql_shape, sqlite_shape

from .old_files import SCHEMA_1

HERE = Path(__file__).parent
LATER = str(HERE / "later_revisions")
KILLED = str(HERE / "failing_revisions")


def later() -> Revisions:
    """The revisions there are, and those of two versions to come."""
    return Revisions([LATER])


def shape_of(url: str) -> Shape:
    with look_at(url) as subject:
        return postgresql_shape(subject.database) if subject.is_server else sqlite_shape(subject.database)


def run(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Carry out statements on a server, each for itself; the rows of the last."""
    rows: list[tuple[Any, ...]] = []
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
    return rows


def make_old_server(url: str) -> None:
    """Make the tables of the first version, as they would have been on a server."""
    statements = SCHEMA_1.replace("BLOB", "BYTEA").split(";\n")
    run(url, *definitions(statement for statement in statements if statement.strip()))
