"""Messages from node to node: kept until whoever they are for has done what they ask.

A message is for a shard, whose node decides it and deletes it in the same commit, or for a node: what it had
asked comes back that way. Nobody reads a message by deleting it but the node that an answer is for.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct

from maestrale.errors import Conflict
from maestrale.store.columns import instant_parameter, instant_value
from maestrale.store.database import Database
from maestrale.store.lists import listed, portions


class Message(Struct, frozen=True, kw_only=True):
    """What one node has for another. Exactly one of `shard` and `node_id` says for whom it is.

    Args:
        id: Sent twice, it is there once for as long as it is not done.
        shard: For the node that has this shard, whichever that is.
        node_id: For this node only; it goes with the node.
        sender: The node that waits for an answer. None: nobody does.
        body: Whatever the nodes make of it. The store does not look.
        sent_at: By the clock of the sender.
    """

    id: str
    shard: int | None = None
    node_id: int | None = None
    sender: int | None = None
    body: str
    sent_at: datetime


class MessageGone(Conflict):
    """Messages that were to be done have been done by somebody else. `ids` names them."""

    code = "message-gone"

    def __init__(self, ids: Collection[str]) -> None:
        names = ", ".join(f"`{id}`" for id in ids)
        super().__init__(
            f"the messages {names} are not there any more: another node has done what they ask",
            hint="forget what was decided for them, and load the executions again before going on",
        )
        self.ids = tuple(ids)


_COLUMNS = "id, shard, node_id, sender, body, sent_at"

# Behind all that are there, even if the clock of the database stands still or goes back.
_PLACE = (
    "(SELECT max(p.place) FROM (SELECT {now} AS place UNION ALL SELECT max(i.place) + 1 FROM inbox i) AS p)"
)


def send(database: Database, messages: Sequence[Message]) -> None:
    """Leave messages for others, in their order. The caller commits.

    One that is there already stays as it is; one for a node that is gone is dropped.
    """
    for message in messages:
        assert (message.shard is None) != (message.node_id is None), "a message is for a shard or for a node"
    # PostgreSQL has to be told the types of what is selected, unlike those of VALUES.
    database.run_many(
        f"INSERT INTO inbox ({_COLUMNS}, place) SELECT CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT),"
        f" CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS BIGINT), {_PLACE.format(now=database.dialect.now)}"
        " WHERE CAST(? AS BIGINT) IS NULL OR EXISTS (SELECT 1 FROM nodes n WHERE n.id = ?)"
        " ON CONFLICT (id) DO NOTHING",
        [(*_values(message), message.node_id, message.node_id) for message in messages],
    )


def receive(database: Database, node_id: int | None, shards: Collection[int], limit: int) -> list[Message]:
    """The oldest messages for a node (None: for none) or for one of its shards. They stay."""
    conditions, parameters = [], []
    if node_id is not None:
        conditions.append("node_id = ?")
        parameters.append(node_id)
    if shards:
        marks, values = listed(shards)
        conditions.append(f"shard IN {marks}")
        parameters += values
    if not conditions:
        return []
    rows = database.rows(
        f"SELECT {_COLUMNS} FROM inbox WHERE {' OR '.join(conditions)} ORDER BY place, id LIMIT ?",
        (*parameters, limit),
    )
    return [_message(row) for row in rows]


def take_answers(database: Database, node_id: int, limit: int) -> list[Message]:
    """The oldest messages for this very node, which are gone from the database then. The caller commits."""
    rows = database.rows(
        "WITH oldest AS (SELECT id FROM inbox WHERE node_id = ? ORDER BY place, id LIMIT ?)"
        f" DELETE FROM inbox WHERE id IN (SELECT id FROM oldest) RETURNING {_COLUMNS}, place",
        (node_id, limit),
    )
    return [_message(row[:-1]) for row in sorted(rows, key=lambda row: (row[-1], row[0]))]


def delete_done(database: Database, ids: Sequence[str]) -> None:
    """Delete messages that are done. The caller commits.

    Raises:
        MessageGone: Some of them are not there.
    """
    deleted: set[str] = set()
    for portion in portions(ids):
        marks, values = listed(portion)
        deleted.update(
            id for (id,) in database.rows(f"DELETE FROM inbox WHERE id IN {marks} RETURNING id", values)
        )
    if gone := [id for id in ids if id not in deleted]:
        raise MessageGone(gone)


def delete_undeliverable(database: Database) -> None:
    """Delete what is for nodes that are gone. The caller commits."""
    database.run(
        "DELETE FROM inbox WHERE node_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = inbox.node_id)"
    )


def _values(message: Message) -> tuple[str, int | None, int | None, int | None, str, int]:
    return (
        message.id,
        message.shard,
        message.node_id,
        message.sender,
        message.body,
        instant_parameter(message.sent_at),
    )


def _message(row: tuple[str, int | None, int | None, int | None, str, int]) -> Message:
    id, shard, node_id, sender, body, sent_at = row
    return Message(
        id=id, shard=shard, node_id=node_id, sender=sender, body=body, sent_at=instant_value(sent_at)
    )
