"""The processes that run trees on this database, and which of them still live."""

import os
from datetime import datetime

from msgspec import Struct

from maestrale.store.columns import instant_parameter, instant_value
from maestrale.store.database import Database
from maestrale.store.node_locks import NodeLocks


class Node(Struct, frozen=True):
    """A process that runs, or ran, trees."""

    id: int
    name: str
    pid: int
    host: str
    started_at: datetime


def register_node(database: Database, locks: NodeLocks, *, name: str, now: datetime) -> int:
    """Make this process known and return its number. Forgets the nodes whose process is gone.

    The number is locked before anybody else can see it, and is never given out a second time: a tree
    of a dead node can never seem to be one of a living node.
    """
    with database.writing():
        last = _last_number(database)
        node_id = last + 1
        while not locks.hold(node_id):  # A process that still has a deleted database open.
            node_id += 1
        _forget_dead(database, locks)
        database.run('UPDATE meta SET "value" = ? WHERE "key" = \'last_node\'', (str(node_id),))
        database.run(
            "INSERT INTO nodes (id, name, pid, host, started_at) VALUES (?, ?, ?, ?, ?)",
            (node_id, name, os.getpid(), os.uname().nodename, instant_parameter(now)),
        )
    return node_id


def find_node(database: Database, node_id: int) -> Node | None:
    """The process of that number, dead or alive. None: it has been forgotten."""
    found = database.rows("SELECT id, name, pid, host, started_at FROM nodes WHERE id = ?", (node_id,))
    if not found:
        return None
    id, name, pid, host, started_at = found[0]
    return Node(id, name, pid, host, instant_value(started_at))


def _last_number(database: Database) -> int:
    return int(database.rows('SELECT "value" FROM meta WHERE "key" = \'last_node\'')[0][0])


def _forget_dead(database: Database, locks: NodeLocks) -> None:
    dead = [row for row in database.rows("SELECT id FROM nodes") if not locks.is_held(row[0])]
    database.run_many("DELETE FROM nodes WHERE id = ?", dead)
