"""The tables: one for each type of row, made from the struct, and a few beside them.

The structs in `core.state` and `records` are the only description of a row. A field that is added there is a
column here; `VERSION` then counts up, and `migrations` gets the statements that add the column.
"""

from collections.abc import Iterable

from maestrale.core.notices import Notice
from maestrale.core.state import ActionRun, Execution, Task, Timer, Tree
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, ExecutionState, RunState
from maestrale.store.assignments import ASSIGNMENT_INDEXES, ASSIGNMENTS
from maestrale.store.record_tables import RECORD_TABLES
from maestrale.store.tables import Table

VERSION = 4
SERVES = VERSION
"""The oldest version of the schema whose programs may run on this one; see `migrations`."""
FIRST_STAMPED = 4
"""From this version on, a database is made with the table of Alembic."""
PRODUCT = "maestrale"

SHARDS = 64
"""How many shards a database has that many nodes share: a power of two, and far more than nodes."""

LIVE_STATES = "(" + ", ".join(f"'{it.value}'" for it in ExecutionState if it not in ENDED_EXECUTION) + ")"
"""The states of executions that are still to end, as SQL reads a list."""

LIVE_RUN_STATES = "(" + ", ".join(f"'{it.value}'" for it in RunState if it not in ENDED_RUN) + ")"
"""The same of action runs."""

LIVE_ALONE = f"id = root_id AND state IN {LIVE_RUN_STATES}"
"""The action runs that are trees of their own and still to end; there is an index of just these."""

TREES = Table("trees", Tree, key=("id",), order="id")
EXECUTIONS = Table("executions", Execution, key=("root_id", "id"), order="number")
TASKS = Table("tasks", Task, key=("root_id", "id"), order="number")
RUNS = Table("action_runs", ActionRun, key=("root_id", "id"), order="number")
TIMERS = Table("timers", Timer, key=("root_id", "id"), order="id")
NOTICES = Table("notices", Notice, key=("root_id", "target", "sequence", "position", "id"), order="sequence")

VERSION_TABLE = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
"""The table of Alembic: where the database stands among the revisions of `migrations`."""

# The primary keys start with the root, so the rows of a tree lie together in the index: a commit
# touches few pages of it, and a tree is read in one sweep. There are no foreign keys: the rows of a
# tree are written by `commits` and deleted by `trees`, and a check for each row would cost a look-up.
_DEFINITIONS = (
    # A tree is its node's on a file, and its shard's where many nodes share the database.
    TREES.definition('"node_id" BIGINT', '"shard" BIGINT NOT NULL DEFAULT 0'),
    EXECUTIONS.definition(),
    TASKS.definition(),
    RUNS.definition(),
    TIMERS.definition(),
    # What a node has to send lies together: it is found without a look at what others have.
    NOTICES.definition('"node_id" BIGINT NOT NULL', key=("node_id", *NOTICES.key)),
    *(table.definition() for table in RECORD_TABLES),
    "CREATE TABLE history (root_id TEXT NOT NULL, sequence BIGINT NOT NULL, at BIGINT NOT NULL,"
    " entry TEXT NOT NULL, PRIMARY KEY (root_id, sequence))",
    "CREATE TABLE documents (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL,"
    " created_at BIGINT NOT NULL)",
    "CREATE TABLE blobs (id TEXT NOT NULL PRIMARY KEY, data {bytes} NOT NULL)",
    "CREATE TABLE blob_refs (root_id TEXT NOT NULL, blob_id TEXT NOT NULL, PRIMARY KEY (root_id, blob_id))",
    "CREATE TABLE nodes (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, pid BIGINT NOT NULL,"
    " host TEXT NOT NULL, started_at BIGINT NOT NULL, version TEXT NOT NULL DEFAULT '',"
    " roles TEXT NOT NULL DEFAULT '[]', url TEXT NOT NULL DEFAULT '',"
    " is_stopping SMALLINT NOT NULL DEFAULT 0, leased_until BIGINT, \"load\" TEXT NOT NULL DEFAULT '{{}}')",
    "CREATE TABLE shards (id BIGINT NOT NULL PRIMARY KEY, node_id BIGINT, epoch BIGINT NOT NULL)",
    # `place`: messages are read in this order. Of `shard` and `node_id` exactly one is not NULL.
    "CREATE TABLE inbox (id TEXT NOT NULL PRIMARY KEY, shard BIGINT, node_id BIGINT, sender BIGINT,"
    " body TEXT NOT NULL, sent_at BIGINT NOT NULL, place BIGINT NOT NULL)",
    ASSIGNMENTS.definition(),
    'CREATE TABLE meta ("key" TEXT NOT NULL PRIMARY KEY, "value" TEXT NOT NULL)',
    VERSION_TABLE,
)

# What a listing is sorted by comes last in an index, so that a page is one walk along it. Every index is
# written with each commit: there is none that no listing and no look-up needs.
_INDEXES = (
    "CREATE UNIQUE INDEX executions_by_id ON executions (id)",
    "CREATE INDEX executions_by_age ON executions (created_at, number, id)",
    "CREATE INDEX executions_by_state ON executions (state, created_at, number, id)",
    "CREATE INDEX executions_by_project ON executions (project_id, created_at, number, id)",
    "CREATE INDEX executions_by_project_state ON executions (project_id, state, created_at, number, id)",
    "CREATE INDEX executions_by_parent ON executions (parent_task_id) WHERE parent_task_id IS NOT NULL",
    "CREATE UNIQUE INDEX tasks_by_id ON tasks (id)",
    "CREATE INDEX tasks_by_age ON tasks (created_at, number, id)",
    "CREATE INDEX tasks_by_project ON tasks (project_id, created_at, number, id)",
    "CREATE UNIQUE INDEX action_runs_by_id ON action_runs (id)",
    "CREATE INDEX action_runs_by_age ON action_runs (created_at, number, id)",
    "CREATE INDEX action_runs_by_project ON action_runs (project_id, created_at, number, id)",
    "CREATE INDEX tasks_by_execution ON tasks (execution_id)",
    "CREATE INDEX action_runs_by_task ON action_runs (task_id)",
    "CREATE INDEX action_runs_by_execution ON action_runs (execution_id)",
    f"CREATE INDEX action_runs_alone ON action_runs (created_at) WHERE {LIVE_ALONE}",
    "CREATE INDEX blob_refs_by_blob ON blob_refs (blob_id)",
    "CREATE INDEX inbox_by_place ON inbox (place)",
    "CREATE INDEX inbox_by_shard ON inbox (shard, place) WHERE shard IS NOT NULL",
    "CREATE INDEX inbox_by_node ON inbox (node_id, place) WHERE node_id IS NOT NULL",
    *ASSIGNMENT_INDEXES,
    "CREATE INDEX cron_triggers_due ON cron_triggers (next_execution_time)",
    *(statement for table in RECORD_TABLES for statement in table.indexes),
)


def creation(*, bytes_type: str, shards: int = 0) -> Iterable[str]:
    """The statements that make an empty database ours.

    Args:
        bytes_type: Its name for a column of bytes.
        shards: How many shards it has, a power of two. 0: none, its trees belong to processes.
    """
    assert not shards & (shards - 1), "the number of shards is a power of two"
    yield from (text.format(bytes=bytes_type) for text in _DEFINITIONS)
    yield from _INDEXES
    yield (
        f"INSERT INTO meta VALUES ('product', '{PRODUCT}'), ('schema', '{VERSION}'),"
        f" ('schema_serves', '{SERVES}'), ('last_node', '0')"
    )
    yield f"INSERT INTO alembic_version VALUES ('{VERSION:04}')"
    if shards:
        yield f"INSERT INTO meta VALUES ('shards', '{shards}')"
        rows = ", ".join(f"({shard}, 0)" for shard in range(shards))
        yield f"INSERT INTO shards (id, epoch) VALUES {rows}"
