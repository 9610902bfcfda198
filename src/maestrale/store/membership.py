"""The nodes that share a database: who they are, how long each lives, and which shards each has.

A node lives while its lease has not ended by the clock of the database, which is one for all of them. Whoever
sees that a lease has ended deletes the row, and with it the node's right to commit. Numbers are never reused.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from maestrale.expressions import Json
from maestrale.store import inbox, json_text
from maestrale.store.assignments import WAITING_SQL
from maestrale.store.columns import instant_value
from maestrale.store.database import Database
from maestrale.store.lists import listed
from maestrale.store.settings import REVISION_SQL
from maestrale.store.tables import decoding

MOST_COUNTED = 1_000
"""What waits is counted up to this many: nobody needs to know more, and it must not cost more."""


class NodeRow(Struct, frozen=True, kw_only=True):
    """A node, as it says of itself. `leased_until`: None only on a file, where leases are not needed."""

    id: int
    name: str
    host: str
    pid: int
    started_at: datetime
    version: str
    roles: tuple[str, ...]
    url: str
    is_stopping: bool
    leased_until: datetime | None
    load: Mapping[str, Json]


class ShardRow(Struct, frozen=True):
    """Who has a shard. `node_id` None: nobody. Each change of it raises `epoch`."""

    id: int
    node_id: int | None
    epoch: int


class View(Struct, frozen=True, kw_only=True):
    """All that may have changed, at one moment.

    Args:
        now: That moment, by the clock of the database.
        nodes: All nodes, by their numbers; those too whose lease has ended and whom nobody has buried yet.
        shards: All shards, by their numbers.
        waiting: Messages for this node or its shards, up to `MOST_COUNTED` of each; all there are in a view
            that is no node's.
        queued: Attempts of actions that no worker has claimed yet, up to `MOST_COUNTED`.
        revision: Counts the changes of settings and triggers.
    """

    now: datetime
    nodes: tuple[NodeRow, ...]
    shards: tuple[ShardRow, ...]
    waiting: int
    revision: int
    queued: int = 0


_NODE = 'id, pid, started_at, is_stopping, leased_until, name, host, version, roles, url, "load"'
_COUNT_ALL = f"(SELECT count(*) FROM (SELECT 1 FROM inbox LIMIT {MOST_COUNTED}) m)"
_COUNT_OURS = (
    f"(SELECT count(*) FROM (SELECT 1 FROM inbox WHERE node_id = ? LIMIT {MOST_COUNTED}) m)"
    " + (SELECT count(*) FROM (SELECT 1 FROM shards s JOIN inbox i ON i.shard = s.id WHERE s.node_id = ?"
    f" LIMIT {MOST_COUNTED}) m)"
)
_RENEW = 'UPDATE nodes SET leased_until = {now} + ?, "load" = ?, is_stopping = ? WHERE id = ?'

# Rows of three kinds in one answer. The nodes come first: their columns give the NULLs below a type.
_VIEW = (
    "SELECT 'node' AS kind, {node} FROM {nodes}"
    " UNION ALL SELECT 'shard', id, node_id, epoch, {eight_nulls} FROM shards"
    " UNION ALL SELECT 'counts', {now}, {count}, ({queued}), ({revision}), {seven_nulls}"
)


def join(
    database: Database, *, name: str, version: str, roles: Sequence[str], url: str, lease: timedelta
) -> int:
    """Make this process a node, and return its number. The caller commits."""
    [(last,)] = database.rows(
        'UPDATE meta SET "value" = CAST(CAST("value" AS BIGINT) + 1 AS TEXT) WHERE "key" = \'last_node\''
        ' RETURNING "value"'
    )
    now = database.dialect.now
    database.run(
        "INSERT INTO nodes (id, name, pid, host, started_at, version, roles, url, leased_until)"
        f" VALUES (?, ?, ?, ?, {now}, ?, ?, ?, {now} + ?)",
        (
            int(last),
            name,
            os.getpid(),
            os.uname().nodename,
            version,
            json_text.encode(list(roles)).decode(),
            url,
            _microseconds(lease),
        ),
    )
    return int(last)


def beat(
    database: Database, node_id: int, *, lease: timedelta, load: Mapping[str, Json], is_stopping: bool
) -> View | None:
    """Renew a node's lease, and see everything. None: there is no such node any more.

    One statement where the database can do that; else the caller makes it one by a transaction.
    """
    renewal = (_microseconds(lease), json_text.encode(load).decode(), int(is_stopping), node_id)
    if database.dialect.writes_in_queries:
        # The rest of such a statement sees what was there before it: the node itself comes from its update.
        nodes = f"(SELECT {_NODE} FROM renewed UNION ALL SELECT {_NODE} FROM nodes WHERE id <> ?) known"
        renew = f"WITH renewed AS ({_renew(database)} RETURNING {_NODE}) "
        rows = database.rows(
            renew + _view(database, nodes, _COUNT_OURS), (*renewal, node_id, node_id, node_id)
        )
    else:
        database.run(_renew(database), renewal)
        rows = database.rows(_view(database, "nodes", _COUNT_OURS), (node_id, node_id))
    view = _read(rows)
    return view if any(node.id == node_id for node in view.nodes) else None


def look(database: Database) -> View:
    """See everything, as one statement finds it."""
    return _read(database.rows(_view(database, "nodes", _COUNT_ALL)))


def is_leased(database: Database, node_id: int) -> bool:
    """Whether there is a node of that number, and its lease has not ended."""
    return bool(
        database.rows(
            f"SELECT 1 FROM nodes WHERE id = ? AND leased_until > {database.dialect.now}", (node_id,)
        )
    )


def bury(database: Database, node_ids: Iterable[int]) -> list[int]:
    """Delete those of the nodes whose lease has ended, and free what they have; which they were.

    The deletion of a row waits for the node's commits that are under way, and no later one succeeds: see
    `ownership`. The caller commits.
    """
    ended = f"DELETE FROM nodes WHERE id = ? AND leased_until <= {database.dialect.now} RETURNING id"
    # One after the other, in the order of their numbers: nobody waits for whoever waits for him.
    buried = [id for node_id in sorted(set(node_ids)) for (id,) in database.rows(ended, (node_id,))]
    _free_what_they_had(database, buried)
    return buried


def leave(database: Database, node_id: int) -> None:
    """Delete a node, and free what it still has. The caller commits."""
    database.run("DELETE FROM nodes WHERE id = ?", (node_id,))
    _free_what_they_had(database, [node_id])


def _free_what_they_had(database: Database, node_ids: Sequence[int]) -> None:
    if node_ids:
        marks, values = listed(node_ids)
        database.run(f"UPDATE shards SET node_id = NULL, epoch = epoch + 1 WHERE node_id IN {marks}", values)
        inbox.delete_undeliverable(database)


def _renew(database: Database) -> str:
    return _RENEW.format(now=database.dialect.now)


def _view(database: Database, nodes: str, count: str) -> str:
    return _VIEW.format(
        now=database.dialect.now,
        node=_NODE,
        nodes=nodes,
        count=count,
        queued=WAITING_SQL,
        revision=REVISION_SQL,
        eight_nulls=", ".join(["NULL"] * 8),
        seven_nulls=", ".join(["NULL"] * 7),
    )


def _read(rows: Sequence[tuple[Any, ...]]) -> View:
    of: dict[str, list[tuple[Any, ...]]] = {"node": [], "shard": [], "counts": []}
    for kind, *values in rows:
        of[kind].append(tuple(values))
    [(now, waiting, queued, revision, *_)] = of["counts"]
    with decoding("nodes"):
        nodes = tuple(sorted(map(_node, of["node"]), key=lambda node: node.id))
    return View(
        now=instant_value(now),
        nodes=nodes,
        shards=tuple(ShardRow(*row[:3]) for row in sorted(of["shard"])),
        waiting=waiting,
        revision=revision or 0,
        queued=queued,
    )


def _node(row: tuple[Any, ...]) -> NodeRow:
    id, pid, started_at, is_stopping, leased_until, name, host, version, roles, url, load = row
    return NodeRow(
        id=id,
        name=name,
        host=host,
        pid=pid,
        started_at=instant_value(started_at),
        version=version,
        roles=msgspec.json.decode(roles, type=tuple[str, ...]),
        url=url,
        is_stopping=bool(is_stopping),
        leased_until=None if leased_until is None else instant_value(leased_until),
        load=msgspec.json.decode(load, type=dict[str, Any]),
    )


def _microseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
