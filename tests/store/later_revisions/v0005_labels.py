"""A revision of a version to come, which only adds: programs of today go on beside it."""

from maestrale.store.migrations.operations import run

revision = "0005"
down_revision = "0004"
serves = 4


def upgrade() -> None:
    run(
        'ALTER TABLE tasks ADD COLUMN "label" TEXT',
        'ALTER TABLE executions ADD COLUMN "priority" BIGINT NOT NULL DEFAULT 5',
        'CREATE TABLE labels ("name" TEXT NOT NULL PRIMARY KEY)',
        "CREATE INDEX executions_by_priority ON executions (priority)",
    )
