"""Projects, and what people make by hand: definitions, environments, triggers.

Takes a moment whatever the size of the tables, but for the indexes: each reads its table once.
"""

from maestrale.store.migrations.operations import run

revision = "0002"
down_revision = "0001"
serves = 2

_PROJECT = "\"project_id\" TEXT NOT NULL DEFAULT '<default-project>'"
_RECORD = (
    '"id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL, "created_at" BIGINT NOT NULL,'
    ' "updated_at" BIGINT'
)
_NAMED = f'{_RECORD}, "name" TEXT NOT NULL'
_IN_NAMESPACE = f'{_NAMED}, "namespace" TEXT NOT NULL'
_KEY = 'PRIMARY KEY ("id")'


def upgrade() -> None:
    run(
        f"ALTER TABLE trees ADD COLUMN {_PROJECT}",
        f"ALTER TABLE executions ADD COLUMN {_PROJECT}",
        "ALTER TABLE executions ADD COLUMN \"workflow_id\" TEXT NOT NULL DEFAULT ''",
        f"ALTER TABLE tasks ADD COLUMN {_PROJECT}",
        'ALTER TABLE tasks ADD COLUMN "reruns" BIGINT NOT NULL DEFAULT 0',
        f"ALTER TABLE timers ADD COLUMN {_PROJECT}",
        f"ALTER TABLE action_runs ADD COLUMN {_PROJECT}",
        "ALTER TABLE action_runs ADD COLUMN \"namespace\" TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE action_runs ADD COLUMN \"description\" TEXT NOT NULL DEFAULT ''",
        'ALTER TABLE action_runs ADD COLUMN "timeout_seconds" BIGINT',
        "DROP INDEX executions_by_age",
        "DROP INDEX executions_by_state",
        "CREATE INDEX executions_by_age ON executions (created_at, number, id)",
        "CREATE INDEX executions_by_state ON executions (state, created_at, number, id)",
        "CREATE INDEX executions_by_project ON executions (project_id, created_at, number, id)",
        "CREATE INDEX executions_by_project_state ON executions (project_id, state, created_at, number, id)",
        "CREATE UNIQUE INDEX tasks_by_id ON tasks (id)",
        "CREATE INDEX tasks_by_age ON tasks (created_at, number, id)",
        "CREATE INDEX tasks_by_project ON tasks (project_id, created_at, number, id)",
        "CREATE UNIQUE INDEX action_runs_by_id ON action_runs (id)",
        "CREATE INDEX action_runs_by_age ON action_runs (created_at, number, id)",
        "CREATE INDEX action_runs_by_project ON action_runs (project_id, created_at, number, id)",
        "CREATE INDEX action_runs_alone ON action_runs (created_at)"
        " WHERE id = root_id AND state IN ('RUNNING', 'PAUSED')",
        f'CREATE TABLE workbooks ({_IN_NAMESPACE}, "definition" TEXT NOT NULL, "tags" TEXT NOT NULL, {_KEY})',
        f'CREATE TABLE workflows ({_IN_NAMESPACE}, "definition" TEXT NOT NULL, "document" TEXT NOT NULL,'
        ' "checksum" TEXT, "input" TEXT NOT NULL, "interface" TEXT NOT NULL, "tags" TEXT NOT NULL,'
        f' "workbook" TEXT, {_KEY})',
        f'CREATE TABLE actions ({_IN_NAMESPACE}, "definition" TEXT NOT NULL, "document" TEXT NOT NULL,'
        ' "input" TEXT NOT NULL, "description" TEXT, "tags" TEXT NOT NULL, "workbook" TEXT,'
        f" {_KEY})",
        f'CREATE TABLE environments ({_NAMED}, "description" TEXT, "variables" TEXT NOT NULL, {_KEY})',
        'CREATE TABLE members ("id" TEXT NOT NULL, "resource_id" TEXT NOT NULL,'
        ' "resource_type" TEXT NOT NULL, "project_id" TEXT NOT NULL, "member_id" TEXT NOT NULL,'
        f' "status" TEXT NOT NULL, "created_at" BIGINT NOT NULL, "updated_at" BIGINT, {_KEY})',
        f'CREATE TABLE cron_triggers ({_NAMED}, "workflow_id" TEXT NOT NULL, "workflow_name" TEXT NOT NULL,'
        ' "workflow_input" TEXT NOT NULL, "workflow_params" TEXT NOT NULL, "pattern" TEXT,'
        ' "first_execution_time" BIGINT, "next_execution_time" BIGINT NOT NULL,'
        f' "remaining_executions" BIGINT, {_KEY})',
        f'CREATE TABLE event_triggers ({_NAMED}, "workflow_id" TEXT NOT NULL, "workflow_input" TEXT NOT NULL,'
        ' "workflow_params" TEXT NOT NULL, "exchange" TEXT NOT NULL, "topic" TEXT NOT NULL,'
        f' "event" TEXT NOT NULL, {_KEY})',
        f'CREATE TABLE code_sources ({_IN_NAMESPACE}, "content" TEXT NOT NULL, "version" BIGINT NOT NULL,'
        f" {_KEY})",
        f'CREATE TABLE dynamic_actions ({_IN_NAMESPACE}, "class_name" TEXT NOT NULL,'
        ' "code_source_id" TEXT NOT NULL, "code_source_name" TEXT NOT NULL, "document" TEXT NOT NULL,'
        f' "input" TEXT NOT NULL, "description" TEXT, {_KEY})',
        "CREATE UNIQUE INDEX workbooks_unique ON workbooks (name, namespace, project_id)",
        "CREATE UNIQUE INDEX workflows_unique ON workflows (name, namespace, project_id)",
        "CREATE UNIQUE INDEX actions_unique ON actions (name, namespace, project_id)",
        "CREATE UNIQUE INDEX environments_unique ON environments (name, project_id)",
        "CREATE UNIQUE INDEX members_unique ON members (resource_id, resource_type, member_id)",
        "CREATE UNIQUE INDEX cron_triggers_unique ON cron_triggers (name, project_id)",
        "CREATE UNIQUE INDEX event_triggers_unique"
        " ON event_triggers (exchange, topic, event, workflow_id, project_id)",
        "CREATE UNIQUE INDEX code_sources_unique ON code_sources (name, namespace, project_id)",
        "CREATE UNIQUE INDEX dynamic_actions_unique ON dynamic_actions (name, namespace, project_id)",
    )
