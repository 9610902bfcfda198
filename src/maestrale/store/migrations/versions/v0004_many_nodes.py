"""Many nodes: shards, the inbox, work for other nodes.

Takes a moment whatever the size of the tables: columns with a constant default are noted, not written.
"""

from maestrale.store.migrations.operations import run

revision = "0004"
down_revision = "0003"
serves = 4


def upgrade() -> None:
    run(
        'ALTER TABLE trees ADD COLUMN "shard" BIGINT NOT NULL DEFAULT 0',
        "ALTER TABLE nodes ADD COLUMN version TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE nodes ADD COLUMN roles TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE nodes ADD COLUMN url TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE nodes ADD COLUMN is_stopping SMALLINT NOT NULL DEFAULT 0",
        "ALTER TABLE nodes ADD COLUMN leased_until BIGINT",
        "ALTER TABLE nodes ADD COLUMN \"load\" TEXT NOT NULL DEFAULT '{}'",
        "CREATE TABLE shards (id BIGINT NOT NULL PRIMARY KEY, node_id BIGINT, epoch BIGINT NOT NULL)",
        "CREATE TABLE inbox (id TEXT NOT NULL PRIMARY KEY, shard BIGINT, node_id BIGINT, sender BIGINT,"
        " body TEXT NOT NULL, sent_at BIGINT NOT NULL, place BIGINT NOT NULL)",
        'CREATE TABLE assignments ("run_id" TEXT NOT NULL, "attempt" BIGINT NOT NULL,'
        ' "root_id" TEXT NOT NULL, "shard" BIGINT, "home" BIGINT, "project_id" TEXT NOT NULL,'
        ' "action" TEXT NOT NULL, "target" TEXT, "worker" BIGINT, "body" TEXT NOT NULL,'
        ' "ready_at" BIGINT NOT NULL, "turn" BIGINT NOT NULL, PRIMARY KEY ("run_id", "attempt"))',
        "CREATE INDEX inbox_by_place ON inbox (place)",
        "CREATE INDEX inbox_by_shard ON inbox (shard, place) WHERE shard IS NOT NULL",
        "CREATE INDEX inbox_by_node ON inbox (node_id, place) WHERE node_id IS NOT NULL",
        "CREATE INDEX assignments_waiting ON assignments (project_id, turn, ready_at) WHERE worker IS NULL",
        "CREATE INDEX assignments_waiting_by_root ON assignments (root_id, turn) WHERE worker IS NULL",
        "CREATE INDEX assignments_by_shard ON assignments (shard) WHERE shard IS NOT NULL",
        "CREATE INDEX assignments_by_home ON assignments (home) WHERE home IS NOT NULL",
        "CREATE INDEX assignments_by_worker ON assignments (worker) WHERE worker IS NOT NULL",
    )
