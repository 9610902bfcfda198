"""What a revision is made of: SQL that both databases understand, and what only one of them needs."""

from alembic import op
from sqlalchemy import text

from maestrale.store.postgresql_dialect import definitions


def run(*statements: str) -> None:
    """Carry out statements, which are written as those of `schema.creation`."""
    is_postgresql = op.get_context().dialect.name == "postgresql"
    for statement in definitions(statements) if is_postgresql else statements:
        # A colon would begin a parameter.
        op.execute(text(statement.replace(":", r"\:")))


def create_index_beside_writers(name: str, statement: str) -> None:
    """Make an index on a table that may be large, while others write it.

    It is the only operation of its revision: PostgreSQL does it outside of a transaction. An index that was
    left half made is dropped first, so the revision can be begun again.

    Args:
        statement: What follows the name: `ON tasks (state)`.
    """
    context = op.get_context()
    if context.dialect.name != "postgresql":
        run(f"CREATE INDEX {name} {statement}")
        return
    with context.autocommit_block():
        # The waiting is for transactions that began before; nobody waits behind it.
        run("SET lock_timeout = 0")
        if context.as_sql or _is_half_made(name):
            run(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        run(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} {statement}")


def _is_half_made(name: str) -> bool:
    found = op.get_bind().execute(
        text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid"),
        {"name": name},
    )
    return found.first() is not None
