"""Carrying revisions out, each in a transaction, and noting in `meta` how far the database is."""

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection, inspect

from maestrale.store import schema
from maestrale.store.migrations.revisions import Revision, Revisions, revision_id

_STAMP = "INSERT INTO alembic_version (version_num) VALUES ('{}')"
_NOTE = (
    "INSERT INTO meta (\"key\", \"value\") VALUES ('schema', '{schema}'), ('schema_serves', '{serves}')"
    ' ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value"'
)
_FILE_NOTE = "PRAGMA user_version = {schema}"
"""What else a file says about its schema: in its header, where it can be read without asking for a lock."""


def carry_out(connection: Connection, steps: Sequence[Revision], revisions: Revisions, *, found: int) -> None:
    """Bring a database from the version `found`, which `meta` has, through some revisions.

    In a transaction of the caller it is part of that; otherwise each revision is a transaction of its own.
    """
    context = _configured(steps, revisions, {"connection": connection})
    with Operations.context(context):
        if not inspect(connection).has_table("alembic_version"):
            _stamp(context, found)
        context.run_migrations()


def as_sql(dialect: str, steps: Sequence[Revision], revisions: Revisions, *, found: int) -> str:
    """The statements that `carry_out` would send, as a script that can be run by hand."""
    buffer = StringIO()
    options = {
        "as_sql": True,
        "output_buffer": buffer,
        "starting_rev": revision_id(found),
        "transaction_per_migration": dialect != "sqlite",  # Of a file all of it is one.
    }
    context = _configured(steps, revisions, {"dialect_name": dialect}, options)
    with Operations.context(context), context.begin_transaction():
        if found < schema.FIRST_STAMPED:
            _stamp(context, found)
        context.run_migrations()
    return buffer.getvalue()


def _configured(
    steps: Sequence[Revision],
    revisions: Revisions,
    where: Mapping[str, Any],
    options: Mapping[str, Any] | None = None,
) -> MigrationContext:
    by_id = {step.id: step for step in steps}

    def note(ctx: MigrationContext, step: MigrationInfo, **_: object) -> None:
        """In the transaction of the revision, say that it has been done."""
        revision = by_id[str(step.up_revision_id)]
        notes = (_NOTE, _FILE_NOTE) if ctx.dialect.name == "sqlite" else (_NOTE,)
        for text_of in notes:
            ctx.execute(text_of.format(schema=revision.schema, serves=revision.serves))

    return MigrationContext.configure(
        **where,
        opts={
            "fn": lambda heads, _: revisions.steps(steps[-1].id, heads),
            "script": revisions.script,
            "transactional_ddl": True,  # Alembic believes that SQLite cannot undo such statements. It can.
            "transaction_per_migration": True,
            "on_version_apply": [note],
            **(options or {}),
        },
    )


def _stamp(context: MigrationContext, found: int) -> None:
    """Tell Alembic where a database stands that was made before it was used here."""
    context.execute(schema.VERSION_TABLE)
    context.execute(_STAMP.format(revision_id(found)))
