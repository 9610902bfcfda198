"""Files as older versions made them: their whole schema, and one tree that goes on."""

import sqlite3
from contextlib import closing
from pathlib import Path

from maestrale.store.sqlite import APPLICATION_ID

from .rows import NOON

AT = int(NOON.timestamp()) * 1_000_000 + NOON.microsecond

SCHEMA_1 = """
CREATE TABLE trees ("id" TEXT NOT NULL, "counter" BIGINT NOT NULL, "sequence" BIGINT NOT NULL,
    "pins" TEXT NOT NULL, "node_id" BIGINT, PRIMARY KEY ("id"));
CREATE TABLE executions ("id" TEXT NOT NULL, "root_id" TEXT NOT NULL, "number" BIGINT NOT NULL,
    "parent_task_id" TEXT, "index" BIGINT, "depth" BIGINT NOT NULL, "workflow" TEXT NOT NULL,
    "namespace" TEXT NOT NULL, "document" TEXT NOT NULL, "state" TEXT NOT NULL, "state_info" TEXT,
    "description" TEXT NOT NULL, "tags" TEXT NOT NULL, "input" TEXT NOT NULL, "params" TEXT NOT NULL,
    "context" TEXT NOT NULL, "output" TEXT, "accepted" SMALLINT NOT NULL, "live" BIGINT NOT NULL,
    "cancelled" BIGINT NOT NULL, "unhandled" BIGINT NOT NULL, "backlog" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT NULL, "finished_at" BIGINT,
    PRIMARY KEY ("root_id", "id"));
CREATE TABLE tasks ("id" TEXT NOT NULL, "execution_id" TEXT NOT NULL, "root_id" TEXT NOT NULL,
    "number" BIGINT NOT NULL, "name" TEXT NOT NULL, "type" TEXT NOT NULL, "state" TEXT NOT NULL,
    "state_info" TEXT, "tags" TEXT NOT NULL, "turn" BIGINT, "triggered_by" TEXT NOT NULL,
    "sources" TEXT NOT NULL, "published" TEXT, "published_global" TEXT, "next_tasks" TEXT NOT NULL,
    "pending" TEXT NOT NULL, "has_next_tasks" SMALLINT NOT NULL, "error_handled" SMALLINT NOT NULL,
    "processed" SMALLINT NOT NULL, "attempt" BIGINT NOT NULL, "retried" SMALLINT NOT NULL,
    "held" SMALLINT NOT NULL, "waited_before" SMALLINT NOT NULL,
    "waited_after" SMALLINT NOT NULL, "waiting_outcome" TEXT, "concurrency" BIGINT NOT NULL,
    "arrived" BIGINT NOT NULL, "late" TEXT NOT NULL, "items" TEXT, "item_values" TEXT,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT NULL, "started_at" BIGINT, "finished_at" BIGINT,
    PRIMARY KEY ("root_id", "id"));
CREATE TABLE action_runs ("id" TEXT NOT NULL, "task_id" TEXT NOT NULL, "execution_id" TEXT NOT NULL,
    "root_id" TEXT NOT NULL, "number" BIGINT NOT NULL, "name" TEXT NOT NULL, "action" TEXT NOT NULL,
    "wrappers" TEXT NOT NULL, "index" BIGINT, "attempt" BIGINT NOT NULL, "state" TEXT NOT NULL,
    "input" TEXT NOT NULL, "arguments" TEXT, "result" TEXT, "accepted" SMALLINT NOT NULL,
    "abandoned" SMALLINT NOT NULL, "asynchronous" SMALLINT NOT NULL, "safe_rerun" SMALLINT NOT NULL,
    "started" SMALLINT NOT NULL, "target" TEXT, "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT NULL,
    "finished_at" BIGINT, PRIMARY KEY ("root_id", "id"));
CREATE TABLE timers ("id" TEXT NOT NULL, "root_id" TEXT NOT NULL, "task_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL, "seconds" BIGINT NOT NULL, "due_at" BIGINT NOT NULL,
    PRIMARY KEY ("root_id", "id"));
CREATE TABLE history (root_id TEXT NOT NULL, sequence BIGINT NOT NULL, at BIGINT NOT NULL,
    entry TEXT NOT NULL, PRIMARY KEY (root_id, sequence));
CREATE TABLE documents (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL,
    created_at BIGINT NOT NULL);
CREATE TABLE blobs (id TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE blob_refs (root_id TEXT NOT NULL, blob_id TEXT NOT NULL, PRIMARY KEY (root_id, blob_id));
CREATE TABLE nodes (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, pid BIGINT NOT NULL,
    host TEXT NOT NULL, started_at BIGINT NOT NULL);
CREATE TABLE meta ("key" TEXT NOT NULL PRIMARY KEY, "value" TEXT NOT NULL);
CREATE UNIQUE INDEX executions_by_id ON executions (id);
CREATE INDEX executions_by_age ON executions (created_at);
CREATE INDEX executions_by_state ON executions (state, created_at);
CREATE INDEX executions_by_parent ON executions (parent_task_id) WHERE parent_task_id IS NOT NULL;
CREATE INDEX tasks_by_execution ON tasks (execution_id);
CREATE INDEX action_runs_by_task ON action_runs (task_id);
CREATE INDEX action_runs_by_execution ON action_runs (execution_id);
CREATE INDEX blob_refs_by_blob ON blob_refs (blob_id);
INSERT INTO meta VALUES ('product', 'maestrale'), ('schema', '1'), ('last_node', '0');
"""

ROWS_1 = f"""
INSERT INTO trees VALUES ('root', 4, 1,
    '[{{"kind":"workflow","namespace":"","name":"greet","document":"d0c"}}]', NULL);
INSERT INTO executions VALUES ('root', 'root', 0, NULL, NULL, 0, 'greet', '', 'd0c', 'RUNNING', NULL, '',
    '[]', '{{}}', '{{}}', '{{}}', NULL, 1, 0, 0, 0, '[]', {AT}, {AT}, NULL);
INSERT INTO tasks VALUES ('root-task-1', 'root', 'root', 1, 'hello', 'ACTION', 'RUNNING', NULL, '[]', NULL,
    '[]', '[]', '{{}}', NULL, '[]', '[]', 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0, '[]', NULL, NULL,
    {AT}, {AT}, NULL, NULL);
INSERT INTO action_runs VALUES ('root-run-2', 'root-task-1', 'root', 'root', 2, 'std.echo', 'std.echo', '[]',
    NULL, 1, 'RUNNING', '{{"output":"hi"}}', NULL, NULL, 0, 0, 0, 0, 0, NULL, {AT}, {AT}, NULL);
INSERT INTO timers VALUES ('root-timer', 'root', 'root-task-1', 'retry', 5, {AT});
"""

SCHEMA_2 = """
CREATE TABLE trees ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "counter" BIGINT NOT NULL, "sequence"
    BIGINT NOT NULL, "pins" TEXT NOT NULL, "node_id" BIGINT, PRIMARY KEY ("id"));
CREATE TABLE executions ("id" TEXT NOT NULL, "root_id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "number"
    BIGINT NOT NULL, "parent_task_id" TEXT, "index" BIGINT, "depth" BIGINT NOT NULL, "workflow" TEXT NOT
    NULL, "workflow_id" TEXT NOT NULL, "namespace" TEXT NOT NULL, "document" TEXT NOT NULL, "state" TEXT NOT
    NULL, "state_info" TEXT, "description" TEXT NOT NULL, "tags" TEXT NOT NULL, "input" TEXT NOT NULL,
    "params" TEXT NOT NULL, "context" TEXT NOT NULL, "output" TEXT, "accepted" SMALLINT NOT NULL, "live"
    BIGINT NOT NULL, "cancelled" BIGINT NOT NULL, "unhandled" BIGINT NOT NULL, "backlog" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT NULL, "finished_at" BIGINT, PRIMARY KEY
    ("root_id", "id"));
CREATE TABLE tasks ("id" TEXT NOT NULL, "execution_id" TEXT NOT NULL, "root_id" TEXT NOT NULL, "project_id"
    TEXT NOT NULL, "number" BIGINT NOT NULL, "name" TEXT NOT NULL, "type" TEXT NOT NULL, "state" TEXT NOT
    NULL, "state_info" TEXT, "tags" TEXT NOT NULL, "turn" BIGINT, "triggered_by" TEXT NOT NULL, "sources"
    TEXT NOT NULL, "published" TEXT, "published_global" TEXT, "next_tasks" TEXT NOT NULL, "pending" TEXT NOT
    NULL, "has_next_tasks" SMALLINT NOT NULL, "error_handled" SMALLINT NOT NULL, "processed" SMALLINT NOT
    NULL, "attempt" BIGINT NOT NULL, "retried" SMALLINT NOT NULL, "reruns" BIGINT NOT NULL, "held" SMALLINT
    NOT NULL, "waited_before" SMALLINT NOT NULL, "waited_after" SMALLINT NOT NULL, "waiting_outcome" TEXT,
    "concurrency" BIGINT NOT NULL, "arrived" BIGINT NOT NULL, "late" TEXT NOT NULL, "items" TEXT,
    "item_values" TEXT, "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT NULL, "started_at" BIGINT,
    "finished_at" BIGINT, PRIMARY KEY ("root_id", "id"));
CREATE TABLE action_runs ("id" TEXT NOT NULL, "task_id" TEXT NOT NULL, "execution_id" TEXT NOT NULL,
    "root_id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "number" BIGINT NOT NULL, "name" TEXT NOT NULL,
    "action" TEXT NOT NULL, "namespace" TEXT NOT NULL, "description" TEXT NOT NULL, "timeout_seconds"
    BIGINT, "wrappers" TEXT NOT NULL, "index" BIGINT, "attempt" BIGINT NOT NULL, "state" TEXT NOT NULL,
    "input" TEXT NOT NULL, "arguments" TEXT, "result" TEXT, "accepted" SMALLINT NOT NULL, "abandoned"
    SMALLINT NOT NULL, "asynchronous" SMALLINT NOT NULL, "safe_rerun" SMALLINT NOT NULL, "started" SMALLINT
    NOT NULL, "target" TEXT, "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT NULL, "finished_at"
    BIGINT, PRIMARY KEY ("root_id", "id"));
CREATE TABLE timers ("id" TEXT NOT NULL, "root_id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "task_id" TEXT
    NOT NULL, "kind" TEXT NOT NULL, "seconds" BIGINT NOT NULL, "due_at" BIGINT NOT NULL, PRIMARY KEY
    ("root_id", "id"));
CREATE TABLE workbooks ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL, "created_at"
    BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "namespace" TEXT NOT NULL, "definition" TEXT
    NOT NULL, "tags" TEXT NOT NULL, PRIMARY KEY ("id"));
CREATE TABLE workflows ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL, "created_at"
    BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "namespace" TEXT NOT NULL, "definition" TEXT
    NOT NULL, "document" TEXT NOT NULL, "checksum" TEXT, "input" TEXT NOT NULL, "interface" TEXT NOT NULL,
    "tags" TEXT NOT NULL, "workbook" TEXT, PRIMARY KEY ("id"));
CREATE TABLE actions ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL, "created_at"
    BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "namespace" TEXT NOT NULL, "definition" TEXT
    NOT NULL, "document" TEXT NOT NULL, "input" TEXT NOT NULL, "description" TEXT, "tags" TEXT NOT NULL,
    "workbook" TEXT, PRIMARY KEY ("id"));
CREATE TABLE environments ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "description" TEXT, "variables"
    TEXT NOT NULL, PRIMARY KEY ("id"));
CREATE TABLE members ("id" TEXT NOT NULL, "resource_id" TEXT NOT NULL, "resource_type" TEXT NOT NULL,
    "project_id" TEXT NOT NULL, "member_id" TEXT NOT NULL, "status" TEXT NOT NULL, "created_at" BIGINT NOT
    NULL, "updated_at" BIGINT, PRIMARY KEY ("id"));
CREATE TABLE cron_triggers ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "workflow_id" TEXT NOT NULL,
    "workflow_name" TEXT NOT NULL, "workflow_input" TEXT NOT NULL, "workflow_params" TEXT NOT NULL,
    "pattern" TEXT, "first_execution_time" BIGINT, "next_execution_time" BIGINT NOT NULL,
    "remaining_executions" BIGINT, PRIMARY KEY ("id"));
CREATE TABLE event_triggers ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "workflow_id" TEXT NOT NULL,
    "workflow_input" TEXT NOT NULL, "workflow_params" TEXT NOT NULL, "exchange" TEXT NOT NULL, "topic" TEXT
    NOT NULL, "event" TEXT NOT NULL, PRIMARY KEY ("id"));
CREATE TABLE code_sources ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "namespace" TEXT NOT NULL,
    "content" TEXT NOT NULL, "version" BIGINT NOT NULL, PRIMARY KEY ("id"));
CREATE TABLE dynamic_actions ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "namespace" TEXT NOT NULL,
    "class_name" TEXT NOT NULL, "code_source_id" TEXT NOT NULL, "code_source_name" TEXT NOT NULL, "document"
    TEXT NOT NULL, "input" TEXT NOT NULL, "description" TEXT, PRIMARY KEY ("id"));
CREATE TABLE history (root_id TEXT NOT NULL, sequence BIGINT NOT NULL, at BIGINT NOT NULL, entry TEXT NOT
    NULL, PRIMARY KEY (root_id, sequence));
CREATE TABLE documents (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL, created_at
    BIGINT NOT NULL);
CREATE TABLE blobs (id TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE blob_refs (root_id TEXT NOT NULL, blob_id TEXT NOT NULL, PRIMARY KEY (root_id, blob_id));
CREATE TABLE nodes (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, pid BIGINT NOT NULL, host TEXT NOT
    NULL, started_at BIGINT NOT NULL);
CREATE TABLE meta ("key" TEXT NOT NULL PRIMARY KEY, "value" TEXT NOT NULL);
CREATE UNIQUE INDEX executions_by_id ON executions (id);
CREATE INDEX executions_by_age ON executions (created_at, number, id);
CREATE INDEX executions_by_state ON executions (state, created_at, number, id);
CREATE INDEX executions_by_project ON executions (project_id, created_at, number, id);
CREATE INDEX executions_by_project_state ON executions (project_id, state, created_at, number, id);
CREATE INDEX executions_by_parent ON executions (parent_task_id) WHERE parent_task_id IS NOT NULL;
CREATE UNIQUE INDEX tasks_by_id ON tasks (id);
CREATE INDEX tasks_by_age ON tasks (created_at, number, id);
CREATE INDEX tasks_by_project ON tasks (project_id, created_at, number, id);
CREATE UNIQUE INDEX action_runs_by_id ON action_runs (id);
CREATE INDEX action_runs_by_age ON action_runs (created_at, number, id);
CREATE INDEX action_runs_by_project ON action_runs (project_id, created_at, number, id);
CREATE INDEX tasks_by_execution ON tasks (execution_id);
CREATE INDEX action_runs_by_task ON action_runs (task_id);
CREATE INDEX action_runs_by_execution ON action_runs (execution_id);
CREATE INDEX action_runs_alone ON action_runs (created_at) WHERE id = root_id AND state IN ('RUNNING',
    'PAUSED');
CREATE INDEX blob_refs_by_blob ON blob_refs (blob_id);
CREATE UNIQUE INDEX workbooks_unique ON workbooks (name, namespace, project_id);
CREATE UNIQUE INDEX workflows_unique ON workflows (name, namespace, project_id);
CREATE UNIQUE INDEX actions_unique ON actions (name, namespace, project_id);
CREATE UNIQUE INDEX environments_unique ON environments (name, project_id);
CREATE UNIQUE INDEX members_unique ON members (resource_id, resource_type, member_id);
CREATE UNIQUE INDEX cron_triggers_unique ON cron_triggers (name, project_id);
CREATE UNIQUE INDEX event_triggers_unique ON event_triggers (exchange, topic, event, workflow_id,
    project_id);
CREATE UNIQUE INDEX code_sources_unique ON code_sources (name, namespace, project_id);
CREATE UNIQUE INDEX dynamic_actions_unique ON dynamic_actions (name, namespace, project_id);
INSERT INTO meta VALUES ('product', 'maestrale'), ('schema', '2'), ('last_node', '0');
"""

ROWS_2 = f"""
INSERT INTO trees VALUES ('root', '<default-project>', 4, 1,
    '[{{"kind":"workflow","namespace":"","name":"greet","document":"d0c","id":""}}]', NULL);
INSERT INTO executions VALUES ('root', 'root', '<default-project>', 0, NULL, NULL, 0, 'greet', '', '',
    'd0c', 'RUNNING', NULL, '', '[]', '{{}}', '{{}}', '{{}}', NULL, 1, 0, 0, 0, '[]', {AT}, {AT}, NULL);
INSERT INTO tasks VALUES ('root-task-1', 'root', 'root', '<default-project>', 1, 'hello', 'ACTION',
    'RUNNING', NULL, '[]', NULL, '[]', '[]', '{{}}', NULL, '[]', '[]', 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0,
    0, '[]', NULL, NULL, {AT}, {AT}, NULL, NULL);
INSERT INTO action_runs VALUES ('root-run-2', 'root-task-1', 'root', 'root', '<default-project>', 2,
    'std.echo', 'std.echo', '', '', NULL, '[]', NULL, 1, 'RUNNING', '{{"output":"hi"}}', NULL, NULL, 0, 0,
    0, 0, 0, NULL, {AT}, {AT}, NULL);
INSERT INTO timers VALUES ('root-timer', 'root', '<default-project>', 'root-task-1', 'retry', 5, {AT});
INSERT INTO history VALUES ('root', 1, {AT},
    '{{"event":{{"type":"TurnContinued"}},"at":"2025-03-30T12:00:00.123456Z","seed":"seed","facts":[]}}');
INSERT INTO cron_triggers VALUES ('id of daily', 'mine', 'private', {AT}, NULL, 'daily', 'w', 'greet',
    '{{}}', '{{}}', NULL, NULL, {AT}, NULL);
"""

SCHEMA_3 = """
CREATE TABLE trees ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "counter" BIGINT NOT NULL, "sequence"
    BIGINT NOT NULL, "pins" TEXT NOT NULL, "has_secrets" SMALLINT NOT NULL, "secrets" TEXT NOT NULL,
    "node_id" BIGINT, PRIMARY KEY ("id"));
CREATE TABLE executions ("id" TEXT NOT NULL, "root_id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "number"
    BIGINT NOT NULL, "parent_task_id" TEXT, "index" BIGINT, "depth" BIGINT NOT NULL, "workflow" TEXT NOT
    NULL, "workflow_id" TEXT NOT NULL, "namespace" TEXT NOT NULL, "document" TEXT NOT NULL, "state" TEXT
    NOT NULL, "state_info" TEXT, "description" TEXT NOT NULL, "tags" TEXT NOT NULL, "input" TEXT NOT NULL,
    "params" TEXT NOT NULL, "context" TEXT NOT NULL, "output" TEXT, "accepted" SMALLINT NOT NULL, "live"
    BIGINT NOT NULL, "cancelled" BIGINT NOT NULL, "unhandled" BIGINT NOT NULL, "backlog" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT NULL, "finished_at" BIGINT, PRIMARY KEY
    ("root_id", "id"));
CREATE TABLE tasks ("id" TEXT NOT NULL, "execution_id" TEXT NOT NULL, "root_id" TEXT NOT NULL,
    "project_id" TEXT NOT NULL, "number" BIGINT NOT NULL, "name" TEXT NOT NULL, "type" TEXT NOT NULL,
    "state" TEXT NOT NULL, "state_info" TEXT, "tags" TEXT NOT NULL, "turn" BIGINT, "triggered_by" TEXT NOT
    NULL, "sources" TEXT NOT NULL, "published" TEXT, "published_global" TEXT, "next_tasks" TEXT NOT NULL,
    "pending" TEXT NOT NULL, "has_next_tasks" SMALLINT NOT NULL, "error_handled" SMALLINT NOT NULL,
    "processed" SMALLINT NOT NULL, "attempt" BIGINT NOT NULL, "retried" SMALLINT NOT NULL, "reruns" BIGINT
    NOT NULL, "held" SMALLINT NOT NULL, "waited_before" SMALLINT NOT NULL, "waited_after" SMALLINT NOT
    NULL, "waiting_outcome" TEXT, "concurrency" BIGINT NOT NULL, "arrived" BIGINT NOT NULL, "late" TEXT
    NOT NULL, "items" TEXT, "item_values" TEXT, "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT
    NULL, "started_at" BIGINT, "finished_at" BIGINT, PRIMARY KEY ("root_id", "id"));
CREATE TABLE action_runs ("id" TEXT NOT NULL, "task_id" TEXT NOT NULL, "execution_id" TEXT NOT NULL,
    "root_id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "number" BIGINT NOT NULL, "name" TEXT NOT NULL,
    "action" TEXT NOT NULL, "namespace" TEXT NOT NULL, "description" TEXT NOT NULL, "timeout_seconds"
    BIGINT, "wrappers" TEXT NOT NULL, "index" BIGINT, "attempt" BIGINT NOT NULL, "state" TEXT NOT NULL,
    "input" TEXT NOT NULL, "arguments" TEXT, "result" TEXT, "accepted" SMALLINT NOT NULL, "abandoned"
    SMALLINT NOT NULL, "asynchronous" SMALLINT NOT NULL, "safe_rerun" SMALLINT NOT NULL, "started"
    SMALLINT NOT NULL, "target" TEXT, "created_at" BIGINT NOT NULL, "updated_at" BIGINT NOT NULL,
    "finished_at" BIGINT, PRIMARY KEY ("root_id", "id"));
CREATE TABLE timers ("id" TEXT NOT NULL, "root_id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "task_id"
    TEXT NOT NULL, "kind" TEXT NOT NULL, "seconds" BIGINT NOT NULL, "due_at" BIGINT NOT NULL, PRIMARY KEY
    ("root_id", "id"));
CREATE TABLE notices ("id" TEXT NOT NULL, "root_id" TEXT NOT NULL, "target" TEXT NOT NULL, "sequence"
    BIGINT NOT NULL, "position" BIGINT NOT NULL, "address" TEXT NOT NULL, "event" TEXT, "body" TEXT NOT
    NULL, "created_at" BIGINT NOT NULL, "node_id" BIGINT NOT NULL, PRIMARY KEY ("node_id", "root_id",
    "target", "sequence", "position", "id"));
CREATE TABLE workbooks ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "namespace" TEXT NOT NULL,
    "definition" TEXT NOT NULL, "tags" TEXT NOT NULL, PRIMARY KEY ("id"));
CREATE TABLE workflows ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "namespace" TEXT NOT NULL,
    "definition" TEXT NOT NULL, "document" TEXT NOT NULL, "checksum" TEXT, "input" TEXT NOT NULL,
    "interface" TEXT NOT NULL, "tags" TEXT NOT NULL, "workbook" TEXT, PRIMARY KEY ("id"));
CREATE TABLE actions ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL, "created_at"
    BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "namespace" TEXT NOT NULL, "definition"
    TEXT NOT NULL, "document" TEXT NOT NULL, "input" TEXT NOT NULL, "description" TEXT, "tags" TEXT NOT
    NULL, "workbook" TEXT, PRIMARY KEY ("id"));
CREATE TABLE environments ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "description" TEXT,
    "variables" TEXT NOT NULL, PRIMARY KEY ("id"));
CREATE TABLE members ("id" TEXT NOT NULL, "resource_id" TEXT NOT NULL, "resource_type" TEXT NOT NULL,
    "project_id" TEXT NOT NULL, "member_id" TEXT NOT NULL, "status" TEXT NOT NULL, "created_at" BIGINT NOT
    NULL, "updated_at" BIGINT, PRIMARY KEY ("id"));
CREATE TABLE cron_triggers ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "workflow_id" TEXT NOT NULL,
    "workflow_name" TEXT NOT NULL, "workflow_input" TEXT NOT NULL, "workflow_params" TEXT NOT NULL,
    "pattern" TEXT, "first_execution_time" BIGINT, "next_execution_time" BIGINT NOT NULL,
    "remaining_executions" BIGINT, PRIMARY KEY ("id"));
CREATE TABLE event_triggers ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "workflow_id" TEXT NOT NULL,
    "workflow_input" TEXT NOT NULL, "workflow_params" TEXT NOT NULL, "exchange" TEXT NOT NULL, "topic"
    TEXT NOT NULL, "event" TEXT NOT NULL, PRIMARY KEY ("id"));
CREATE TABLE code_sources ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "namespace" TEXT NOT NULL,
    "content" TEXT NOT NULL, "version" BIGINT NOT NULL, PRIMARY KEY ("id"));
CREATE TABLE dynamic_actions ("id" TEXT NOT NULL, "project_id" TEXT NOT NULL, "scope" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL, "updated_at" BIGINT, "name" TEXT NOT NULL, "namespace" TEXT NOT NULL,
    "class_name" TEXT NOT NULL, "code_source_id" TEXT NOT NULL, "code_source_name" TEXT NOT NULL,
    "document" TEXT NOT NULL, "input" TEXT NOT NULL, "description" TEXT, PRIMARY KEY ("id"));
CREATE TABLE history (root_id TEXT NOT NULL, sequence BIGINT NOT NULL, at BIGINT NOT NULL, entry TEXT NOT
    NULL, PRIMARY KEY (root_id, sequence));
CREATE TABLE documents (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL, created_at
    BIGINT NOT NULL);
CREATE TABLE blobs (id TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE blob_refs (root_id TEXT NOT NULL, blob_id TEXT NOT NULL, PRIMARY KEY (root_id, blob_id));
CREATE TABLE nodes (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, pid BIGINT NOT NULL, host TEXT NOT
    NULL, started_at BIGINT NOT NULL);
CREATE TABLE meta ("key" TEXT NOT NULL PRIMARY KEY, "value" TEXT NOT NULL);
CREATE UNIQUE INDEX executions_by_id ON executions (id);
CREATE INDEX executions_by_age ON executions (created_at, number, id);
CREATE INDEX executions_by_state ON executions (state, created_at, number, id);
CREATE INDEX executions_by_project ON executions (project_id, created_at, number, id);
CREATE INDEX executions_by_project_state ON executions (project_id, state, created_at, number, id);
CREATE INDEX executions_by_parent ON executions (parent_task_id) WHERE parent_task_id IS NOT NULL;
CREATE UNIQUE INDEX tasks_by_id ON tasks (id);
CREATE INDEX tasks_by_age ON tasks (created_at, number, id);
CREATE INDEX tasks_by_project ON tasks (project_id, created_at, number, id);
CREATE UNIQUE INDEX action_runs_by_id ON action_runs (id);
CREATE INDEX action_runs_by_age ON action_runs (created_at, number, id);
CREATE INDEX action_runs_by_project ON action_runs (project_id, created_at, number, id);
CREATE INDEX tasks_by_execution ON tasks (execution_id);
CREATE INDEX action_runs_by_task ON action_runs (task_id);
CREATE INDEX action_runs_by_execution ON action_runs (execution_id);
CREATE INDEX action_runs_alone ON action_runs (created_at) WHERE id = root_id AND state IN ('RUNNING',
    'PAUSED');
CREATE INDEX blob_refs_by_blob ON blob_refs (blob_id);
CREATE INDEX cron_triggers_due ON cron_triggers (next_execution_time);
CREATE UNIQUE INDEX workbooks_unique ON workbooks (name, namespace, project_id);
CREATE UNIQUE INDEX workflows_unique ON workflows (name, namespace, project_id);
CREATE UNIQUE INDEX actions_unique ON actions (name, namespace, project_id);
CREATE UNIQUE INDEX environments_unique ON environments (name, project_id);
CREATE UNIQUE INDEX members_unique ON members (resource_id, resource_type, member_id);
CREATE UNIQUE INDEX cron_triggers_unique ON cron_triggers (name, project_id);
CREATE UNIQUE INDEX event_triggers_unique ON event_triggers (exchange, topic, event, workflow_id,
    project_id);
CREATE UNIQUE INDEX code_sources_unique ON code_sources (name, namespace, project_id);
CREATE UNIQUE INDEX dynamic_actions_unique ON dynamic_actions (name, namespace, project_id);
INSERT INTO meta VALUES ('product', 'maestrale'), ('schema', '3'), ('last_node', '0');
"""

ROWS_3 = f"""
INSERT INTO trees VALUES ('root', '<default-project>', 4, 1,
    '[{{"kind":"workflow","namespace":"","name":"greet","document":"d0c","id":""}}]', 0, '[]', NULL);
{ROWS_2.partition(";")[2]}
"""

OLD_FILES = {1: SCHEMA_1 + ROWS_1, 2: SCHEMA_2 + ROWS_2, 3: SCHEMA_3 + ROWS_3}
"""By version."""


def make_old_file(path: Path, version: int) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD_FILES[version])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
    return path
