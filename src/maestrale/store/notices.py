"""Notices that are still to be sent: written with the commit that caused them, deleted when they were sent.

They belong to the node that wrote them, or that has taken them over from one that is gone. The deletion of a
tree leaves them: what has happened is told. There may be very many of them, if a receiver is away for long:
nothing here costs more than what it gives.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from maestrale.core.notices import Notice
from maestrale.store.blobs import BlobReader, BlobWriter
from maestrale.store.columns import instant_parameter, instant_value
from maestrale.store.database import Database, Statement
from maestrale.store.ownership import Ownership
from maestrale.store.schema import NOTICES

_KEY = ", ".join(NOTICES.key)
_BY_KEY = " AND ".join(f"{name} = ?" for name in ("node_id", *NOTICES.key))
_INSERT = (
    f"INSERT INTO notices ({NOTICES.column_list}, node_id)"
    f" VALUES ({', '.join('?' * len(NOTICES.columns))}, ?)"
)
_FIRST_OF_NEXT_LANE = (
    "SELECT root_id, target, address, created_at FROM notices"
    f" WHERE node_id = ? AND (root_id, target) > (?, ?) ORDER BY {_KEY} LIMIT 1"
)


class Lane(Struct, frozen=True):
    """The notices of one tree for one target: they are sent one after the other.

    `oldest_at` is when the first of them was made.
    """

    root_id: str
    target: str
    address: str
    oldest_at: datetime


class NoticeWrites:
    """The notices of a commit, ready to be written. No column of theirs holds data: there are no blobs."""

    def __init__(self, notices: Sequence[Notice]) -> None:
        self.parameters = NOTICES.insert.encode(notices, BlobWriter()) if notices else []

    def statements(self, *, node_id: int) -> list[Statement]:
        """The statements that store them."""
        if not self.parameters:
            return []
        return [Statement(_INSERT, [(*values, node_id) for values in self.parameters])]


def dead_owners(database: Database, ownership: Ownership, *, node_id: int | None) -> list[int]:
    """The nodes that have notices to send, and whose process is gone."""
    return [owner for owner in _owners(database) if owner != node_id and not ownership.is_alive(owner)]


def _owners(database: Database) -> Iterable[int]:
    """The nodes that have notices to send: one look into the index for each."""
    [(owner,)] = database.rows("SELECT min(node_id) FROM notices")
    while owner is not None:
        yield owner
        [(owner,)] = database.rows("SELECT min(node_id) FROM notices WHERE node_id > ?", (owner,))


def claim_notices(database: Database, ownership: Ownership, *, node_id: int, limit: int) -> int:
    """Take over some notices of nodes that are gone; how many. The caller commits, and asks again."""
    for owner in dead_owners(database, ownership, node_id=node_id):
        keys = database.rows(
            f"SELECT {_KEY} FROM notices WHERE node_id = ? ORDER BY {_KEY} LIMIT ?", (owner, limit)
        )
        return database.run_many(
            f"UPDATE notices SET node_id = ? WHERE {_BY_KEY}", [(node_id, owner, *key) for key in keys]
        )
    return 0


def claim_lane(database: Database, ownership: Ownership, *, node_id: int, root_id: str, target: str) -> None:
    """Take over the notices of one lane from nodes that are gone. The caller commits."""
    owners = dead_owners(database, ownership, node_id=node_id)
    database.run_many(
        "UPDATE notices SET node_id = ? WHERE node_id = ? AND root_id = ? AND target = ?",
        [(node_id, owner, root_id, target) for owner in owners],
    )


def list_lanes(database: Database, node_id: int, *, after: tuple[str, str] | None, limit: int) -> list[Lane]:
    """Some lanes of a node. `after`: only those behind this one, a root and a target."""
    lanes: list[Lane] = []
    key = after or ("", "")
    with database.reading():
        while len(lanes) < limit and (found := database.rows(_FIRST_OF_NEXT_LANE, (node_id, *key))):
            root_id, target, address, created_at = found[0]
            lanes.append(Lane(root_id, target, address, instant_value(created_at)))
            key = root_id, target
    return lanes


def list_notices(database: Database, node_id: int, root_id: str, target: str, *, limit: int) -> list[Notice]:
    """The first notices of a lane, in their order."""
    rows = database.rows(
        f"{NOTICES.select} WHERE node_id = ? AND root_id = ? AND target = ? ORDER BY {_KEY} LIMIT ?",
        (node_id, root_id, target, limit),
    )
    return NOTICES.decode(rows, BlobReader(database))


def count_notices(database: Database) -> int:
    """How many are still to be sent."""
    return int(database.rows("SELECT count(*) FROM notices")[0][0])


def delete_notices(database: Database, notices: Iterable[Notice], *, node_id: int) -> None:
    """Delete notices that are there no more to be sent; one that is gone already is no fault."""
    keys = [(node_id, *_key(notice)) for notice in notices]
    database.run_many(f"DELETE FROM notices WHERE {_BY_KEY}", keys)


def _key(notice: Notice) -> tuple[Any, ...]:
    return tuple(getattr(notice, name) for name in NOTICES.key)


def delete_old_notices(
    database: Database, lanes: Iterable[tuple[str, str]], *, until: datetime, node_id: int
) -> int:
    """Delete what these lanes (root and target) have from that time or before; how many there were."""
    at = instant_parameter(until)
    return database.run_many(
        "DELETE FROM notices WHERE node_id = ? AND root_id = ? AND target = ? AND created_at <= ?",
        [(node_id, root_id, target, at) for root_id, target in lanes],
    )
