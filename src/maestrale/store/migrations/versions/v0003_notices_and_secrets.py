"""Notices to webhooks, and whether an execution has secrets.

Takes a moment whatever the size of the tables: columns with a constant default are noted, not written.
"""

from maestrale.store.migrations.operations import run

revision = "0003"
down_revision = "0002"
serves = 3


def upgrade() -> None:
    run(
        'CREATE TABLE notices ("id" TEXT NOT NULL, "root_id" TEXT NOT NULL, "target" TEXT NOT NULL,'
        ' "sequence" BIGINT NOT NULL, "position" BIGINT NOT NULL, "address" TEXT NOT NULL, "event" TEXT,'
        ' "body" TEXT NOT NULL, "created_at" BIGINT NOT NULL, "node_id" BIGINT NOT NULL,'
        ' PRIMARY KEY ("node_id", "root_id", "target", "sequence", "position", "id"))',
        "CREATE INDEX cron_triggers_due ON cron_triggers (next_execution_time)",
        'ALTER TABLE trees ADD COLUMN "has_secrets" SMALLINT NOT NULL DEFAULT 0',
        "ALTER TABLE trees ADD COLUMN \"secrets\" TEXT NOT NULL DEFAULT '[]'",
    )
