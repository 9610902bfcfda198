"""Attempts of actions that another node is to run, or runs: one row for each, until its end is taken.

A row without a worker waits. A worker *claims* it by writing its own number there, and keeps it for as long
as it lives. Who deletes the row calls the attempt back: its worker finds out when it looks next. Nothing is
decided here; an attempt ends where its tree is decided, and a row too many or too few does no harm.

*Fairness.* A claim asks each project for the same number of rows. Within a project each waiting row has a
*turn*, and the lowest are claimed first: the attempts of an execution stand one behind the other, and an
execution that comes new begins where the queue is now. So neither a project nor an execution holds up others
by how much it has waiting, and a claim costs a look into an index for each project.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from maestrale.core.status import ENDED_RUN
from maestrale.ids import DEFAULT_PROJECT
from maestrale.store.blobs import BlobReader, BlobWriter
from maestrale.store.database import Database
from maestrale.store.epochs import held_epochs
from maestrale.store.lists import listed, padded, portions
from maestrale.store.tables import Table


class AssignmentRow(Struct, frozen=True, kw_only=True):
    """An attempt of an action for another node.

    Args:
        root_id: Its tree; of a run that nobody keeps, the run itself.
        shard: Whose owner decides the tree. None: of a run that nobody keeps.
        home: The node that waits for a run that nobody keeps; None: of any other.
        action: The name by which a worker knows whether it has the action.
        target: Only workers of this name may claim it. None: all.
        worker: The node that has claimed it; None: it waits.
        body: The whole `Assignment`, as JSON.
        ready_at: Since when it waits.
        turn: Its place within its project, see above; given when it is written.
    """

    run_id: str
    attempt: int
    root_id: str
    shard: int | None = None
    home: int | None = None
    project_id: str = DEFAULT_PROJECT
    action: str
    target: str | None = None
    worker: int | None = None
    body: str
    ready_at: datetime
    turn: int = 0

    @property
    def key(self) -> "AttemptKey":
        return self.run_id, self.attempt


AttemptKey = tuple[str, int]
"""An attempt: the id of its run, and its number."""

ASSIGNMENTS = Table("assignments", AssignmentRow, key=("run_id", "attempt"), order="ready_at")

ASSIGNMENT_INDEXES = (
    "CREATE INDEX assignments_waiting ON assignments (project_id, turn, ready_at) WHERE worker IS NULL",
    "CREATE INDEX assignments_waiting_by_root ON assignments (root_id, turn) WHERE worker IS NULL",
    "CREATE INDEX assignments_by_shard ON assignments (shard) WHERE shard IS NOT NULL",
    "CREATE INDEX assignments_by_home ON assignments (home) WHERE home IS NOT NULL",
    "CREATE INDEX assignments_by_worker ON assignments (worker) WHERE worker IS NOT NULL",
)
"""The statements that make the indexes; `ASSIGNMENTS.definition()` makes the table."""

WAITING_SQL = "SELECT count(*) FROM (SELECT 1 FROM assignments WHERE worker IS NULL LIMIT 1000) AS waiting"
"""How many rows wait, up to a thousand: a query for the beat."""

PROJECTS_AT_ONCE = 16
"""How many projects one claim asks; the next one begins behind them."""

_INSERT = f"{ASSIGNMENTS.insert.sql} ON CONFLICT (run_id, attempt) DO NOTHING"

# `column1` is what both databases call the column of VALUES.
_LAST_TURNS = (
    "SELECT column1, column2,"
    " (SELECT max(turn) FROM assignments WHERE worker IS NULL AND root_id = column1),"
    " (SELECT min(turn) FROM assignments WHERE worker IS NULL AND project_id = column2)"
    " FROM (VALUES {pairs}) AS roots"
)

_NEXT_PROJECT = "SELECT min(project_id) FROM assignments WHERE worker IS NULL AND project_id > {after}"
_PROJECTS = (
    "WITH RECURSIVE found (id, number) AS ("
    f"SELECT ({_NEXT_PROJECT.format(after='?')}), 1 UNION ALL"
    f" SELECT ({_NEXT_PROJECT.format(after='found.id')}), number + 1 FROM found"
    " WHERE id IS NOT NULL AND number < ?) SELECT id FROM found WHERE id IS NOT NULL"
)

_IS_GONE = "NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.id = {column})"
_IS_OF = (
    "(home = ? OR EXISTS (SELECT 1 FROM shards WHERE shards.id = assignments.shard AND shards.node_id = ?))"
)
_ENDED = ", ".join(f"'{state.value}'" for state in sorted(ENDED_RUN))
_IS_STALE = (
    "NOT EXISTS (SELECT 1 FROM action_runs AS run WHERE run.root_id = assignments.root_id"
    " AND run.id = assignments.run_id AND run.attempt = assignments.attempt AND run.state NOT IN"
    f" ({_ENDED}))"
)
_WITHOUT_BODY = ", ".join("''" if each.name == "body" else each.quoted for each in ASSIGNMENTS.columns)
_DELETE = "DELETE FROM assignments WHERE (run_id, attempt) IN (VALUES {pairs})"


# Whoever decides.


def queue_assignments(database: Database, rows: Sequence[AssignmentRow]) -> None:
    """Write attempts that wait, or that a worker runs already. Known ones are left as they are.

    The caller commits.
    """
    if not rows:
        return
    waiting = [row for row in rows if row.worker is None]
    running = [row for row in rows if row.worker is not None]
    placed = [*running, *_with_turns(database, waiting)]
    database.run_many(_INSERT, ASSIGNMENTS.insert.encode(placed, BlobWriter()))


def _with_turns(database: Database, rows: Sequence[AssignmentRow]) -> Iterable[AssignmentRow]:
    roots = list(dict.fromkeys((row.root_id, row.project_id) for row in rows))
    next_turns: dict[tuple[str, str], int] = {}
    for pairs, values in _in_pairs(roots):
        for root_id, project_id, last, lowest in database.rows(_LAST_TURNS.format(pairs=pairs), values):
            next_turns[root_id, project_id] = max(0 if last is None else last + 1, lowest or 0)
    for row in rows:
        turn = next_turns[row.root_id, row.project_id]
        next_turns[row.root_id, row.project_id] = turn + 1
        yield replace(row, turn=turn)


def delete_assignments(database: Database, attempts: Collection[AttemptKey], *, owner: int) -> set[int]:
    """Delete rows that a node decides about; which workers had claimed some. The caller commits.

    Rows that have become another node's meanwhile stay, with their shards.
    """
    told: set[int] = set()
    for pairs, values in _in_pairs(attempts):
        sql = f"{_DELETE.format(pairs=pairs)} AND {_IS_OF} RETURNING worker"
        found = database.rows(sql, (*values, owner, owner))
        told.update(worker for (worker,) in found if worker is not None)
    return told


def assignments_of(database: Database, shards: Collection[int]) -> list[AssignmentRow]:
    """All attempts of the trees of these shards, the oldest first. `body` is left empty: it may be large."""
    found: list[AssignmentRow] = []
    for some in portions(shards):
        marks, values = listed(some)
        found += _read(database, f"shard IN {marks}", values)
    return found


def delete_stale_assignments(database: Database, shards: Collection[int]) -> int:
    """Delete the rows of these shards whose run has ended, or has come to another attempt; how many.

    There are some where the node that decided it ended before it had deleted them. The caller commits.
    """
    deleted = 0
    for some in portions(shards):
        marks, values = listed(some)
        deleted += database.run(f"DELETE FROM assignments WHERE shard IN {marks} AND {_IS_STALE}", values)
    return deleted


def lost_assignments(database: Database, *, owner: int) -> list[AssignmentRow]:
    """The attempts that a node decides about whose worker is no node any more. `body` is left empty."""
    gone = _IS_GONE.format(column="assignments.worker")
    return _read(database, f"worker IS NOT NULL AND {gone} AND {_IS_OF}", (owner, owner))


def delete_homeless_assignments(database: Database) -> int:
    """Delete attempts of runs that nobody keeps and that no living node waits for; how many."""
    return database.run(
        f"DELETE FROM assignments WHERE home IS NOT NULL AND {_IS_GONE.format(column='assignments.home')}"
    )


def _read(database: Database, condition: str, parameters: Sequence[Any]) -> list[AssignmentRow]:
    rows = database.rows(
        f"SELECT {_WITHOUT_BODY} FROM assignments WHERE {condition} ORDER BY ready_at, run_id", parameters
    )
    return ASSIGNMENTS.decode(rows, BlobReader(database))


# Workers.


def claim_assignments(
    database: Database,
    *,
    worker: int,
    limit: int,
    actions: Collection[str] | None = None,
    names: Collection[str] = (),
    after: str = "",
    not_of: Collection[str] = (),
) -> list[AssignmentRow]:
    """Give up to `limit` waiting attempts to a worker. The caller commits.

    Nothing where the worker is no node any more: nobody would look for what it has.

    Args:
        actions: Only attempts of these actions; None: of any.
        names: The worker's names: it may take attempts that have one of them as their target, or none.
        after: The project that was served last; the others come first.
        not_of: Trees that have enough already.
    """
    if limit <= 0 or (actions is not None and not actions) or not _is_node(database, worker):
        return []
    sql, parameters = _claim(database, actions, names, not_of)
    claimed: list[AssignmentRow] = []
    projects = _waiting_projects(database, after)
    while projects and len(claimed) < limit:
        share = max(1, (limit - len(claimed)) // len(projects))
        asked, projects = projects, []
        for project_id in asked[: limit - len(claimed)]:
            found = database.rows(sql, (project_id, *parameters, share, worker))
            rows = ASSIGNMENTS.decode(found, BlobReader(database))
            claimed += sorted(rows, key=lambda row: (row.turn, row.ready_at))  # RETURNING has no order.
            if len(rows) == share:
                projects.append(project_id)  # It may have more, for what others have not used.
    return claimed


def _is_node(database: Database, worker: int) -> bool:
    """Whether the worker is a node, and stays one until the transaction ends.

    Its row is locked: whoever buries it waits, and then sees what it has claimed. What it has when it is gone
    is its owner's to give up, and not its own any more, should it wake up.
    """
    alive = f"SELECT 1 FROM nodes WHERE id = ?{database.dialect.locking('FOR KEY SHARE')}"
    return bool(database.rows(alive, (worker,)))


def _waiting_projects(database: Database, after: str) -> list[str]:
    """Some projects that have something waiting: those behind `after`, then those before."""
    found = [id for (id,) in database.rows(_PROJECTS, (after, PROJECTS_AT_ONCE))]
    if after and len(found) < PROJECTS_AT_ONCE:
        more = [id for (id,) in database.rows(_PROJECTS, ("", PROJECTS_AT_ONCE - len(found)))]
        found += [id for id in more if id not in found]
    return found


def _claim(
    database: Database, actions: Collection[str] | None, names: Collection[str], not_of: Collection[str]
) -> tuple[str, list[str]]:
    """The statement, and its parameters between those for the project and those for the number and the
    worker."""
    conditions = ["worker IS NULL", "project_id = ?"]
    parameters: list[str] = []
    if actions is not None:
        lists = [listed(some) for some in portions(actions)]
        conditions.append(f"({' OR '.join(f'action IN {marks}' for marks, _ in lists)})")
        parameters += [value for _, values in lists for value in values]
    targets = ""
    if names:
        marks, values = listed(names)
        targets = f" OR target IN {marks}"
        parameters += values
    conditions.append(f"(target IS NULL{targets})")
    for some in portions(not_of):
        marks, values = listed(some)
        conditions.append(f"root_id NOT IN {marks}")
        parameters += values
    chosen = (
        f"SELECT run_id, attempt FROM assignments WHERE {' AND '.join(conditions)}"
        f" ORDER BY turn, ready_at LIMIT ?{database.dialect.locking('FOR UPDATE SKIP LOCKED')}"
    )
    sql = (
        f"WITH chosen AS ({chosen}) UPDATE assignments SET worker = ?"
        f" WHERE (run_id, attempt) IN (SELECT run_id, attempt FROM chosen) RETURNING"
        f" {ASSIGNMENTS.column_list}"
    )
    return sql, parameters


def claimed_attempts(database: Database, worker: int) -> list[AttemptKey]:
    """What a worker is to run. An attempt that it has claimed and that is not there was called back."""
    rows = database.rows("SELECT run_id, attempt FROM assignments WHERE worker = ?", (worker,))
    return [(run_id, attempt) for run_id, attempt in rows]


def release_assignments(database: Database, attempts: Iterable[AttemptKey], *, worker: int) -> None:
    """Let others claim what a worker has claimed and has not begun. The caller commits."""
    database.run_many(
        "UPDATE assignments SET worker = NULL WHERE run_id = ? AND attempt = ? AND worker = ?",
        [(*attempt, worker) for attempt in attempts],
    )


def drop_assignments(database: Database, attempts: Iterable[AttemptKey], *, worker: int) -> None:
    """Delete rows of attempts that a worker has ended, and of which nobody else will. The caller commits."""
    for pairs, values in _in_pairs(list(attempts)):
        database.run(f"{_DELETE.format(pairs=pairs)} AND worker = ?", (*values, worker))


class Assignments:
    """All of the above for whoever has a store: each call is a transaction of its own.

    Every method raises `Unavailable` where the database does not answer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(
        self,
        queued: Sequence[AssignmentRow] = (),
        *,
        over: Collection[AttemptKey] = (),
        called_back: Collection[AttemptKey] = (),
        owner: int,
    ) -> set[int]:
        """Write attempts, delete those that are over and those that are called back; from which workers.

        Attempts of trees that are not the owner's any more are not written: others may have given them up.
        """
        with self._database.writing():
            queue_assignments(self._database, self._still_ours(queued, owner))
            delete_assignments(self._database, over, owner=owner)
            return delete_assignments(self._database, called_back, owner=owner)

    def _still_ours(self, rows: Sequence[AssignmentRow], owner: int) -> list[AssignmentRow]:
        """Those whose trees the owner decides until the transaction ends, or that nobody keeps."""
        wanted = {row.shard for row in rows if row.shard is not None}
        held = held_epochs(self._database, owner, wanted) if wanted else {}
        return [row for row in rows if row.shard is None or row.shard in held]

    def of(self, shards: Collection[int]) -> list[AssignmentRow]:
        """See `assignments_of`; attempts that are not their runs' any more are deleted before."""
        with self._database.writing():
            delete_stale_assignments(self._database, shards)
            return assignments_of(self._database, shards)

    def lost(self, *, owner: int) -> list[AssignmentRow]:
        """See `lost_assignments`; and what nobody waits for any more is deleted."""
        with self._database.writing():
            delete_homeless_assignments(self._database)
            return lost_assignments(self._database, owner=owner)

    def claim(
        self,
        *,
        worker: int,
        limit: int,
        actions: Collection[str] | None = None,
        names: Collection[str] = (),
        after: str = "",
        not_of: Collection[str] = (),
    ) -> list[AssignmentRow]:
        """See `claim_assignments`."""
        with self._database.writing():
            return claim_assignments(
                self._database,
                worker=worker,
                limit=limit,
                actions=actions,
                names=names,
                after=after,
                not_of=not_of,
            )

    def claimed(self, worker: int) -> list[AttemptKey]:
        """See `claimed_attempts`."""
        return claimed_attempts(self._database, worker)

    def let_go(
        self, *, worker: int, release: Collection[AttemptKey] = (), drop: Collection[AttemptKey] = ()
    ) -> None:
        """See `release_assignments` and `drop_assignments`. Nothing where the worker is no node any more."""
        with self._database.writing():
            if _is_node(self._database, worker):
                release_assignments(self._database, release, worker=worker)
                drop_assignments(self._database, drop, worker=worker)


def _in_pairs(pairs: Collection[tuple[Any, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """The pairs for `VALUES`, some hundreds at a time, with their parameters."""
    for some in map(padded, portions(pairs)):
        yield ", ".join(["(?, ?)"] * len(some)), [value for pair in some for value in pair]
