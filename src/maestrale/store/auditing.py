"""What only an audit asks of a database: a tree with all that belongs to it, and what belongs to nothing.

Nothing here writes. What looks at whole tables says so; the rest costs what it gives, or what one tree has.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct

from maestrale.core.status import ENDED_EXECUTION, ExecutionState
from maestrale.errors import Unavailable
from maestrale.store.columns import Kind, instant_parameter, instant_value
from maestrale.store.database import Database
from maestrale.store.ownership import Ownership
from maestrale.store.record_tables import RECORD_TABLES
from maestrale.store.schema import EXECUTIONS, LIVE_ALONE, LIVE_RUN_STATES, RUNS, TASKS, TIMERS, TREES
from maestrale.store.tables import Table
from maestrale.store.trees import TreeRows, load_tree

_LIVE = tuple(state.value for state in ExecutionState if state not in ENDED_EXECUTION)

_TREE_TABLES: tuple[Table[Any], ...] = (EXECUTIONS, TASKS, RUNS, TIMERS)

OF_A_TREE = (*(table.name for table in _TREE_TABLES), "history", "blob_refs")
"""The tables whose rows belong to the tree that their `root_id` names."""

_BEHIND = "(created_at, number, id) > (?, ?, ?)"


class LiveTree(Struct, frozen=True):
    """A tree with something in it that is still to end.

    Args:
        node_id: The process it belongs to, on a file.
        shard: The shard it belongs to, where many nodes share the database.
        is_there: Whether it has a row of its own.
        place: Where the walk stands that has come to it.
    """

    root_id: str
    node_id: int | None
    shard: int | None
    is_there: bool
    place: tuple[int, int, int, str]


class StoredTree(Struct, frozen=True, kw_only=True):
    """A tree as one commit left it.

    Args:
        rows: None: they cannot be read; `damage` says why.
        entries, first, last: How many entries its history has, and the numbers of the first and the last.
        blobs_missing: Large values that its rows refer to and that are not there.
        blobs_unregistered: Large values that its rows refer to, and that would go with another tree.
    """

    root_id: str
    node_id: int | None
    shard: int
    rows: TreeRows | None
    damage: str | None = None
    entries: int
    first: int | None
    last: int | None
    blobs_missing: tuple[str, ...] = ()
    blobs_unregistered: tuple[str, ...] = ()


class NodeSeen(Struct, frozen=True, kw_only=True):
    """A row of `nodes`. `leased_until` None: a lock on the file beside the database says whether it lives."""

    id: int
    name: str
    host: str
    pid: int
    roles: str
    is_alive: bool
    leased_until: datetime | None


class Group(Struct, frozen=True):
    """Rows of a kind that belong together: whose they are, how many, and since when the oldest is there."""

    owner: str
    count: int
    oldest_at: datetime | None = None


class Stale(Struct, frozen=True):
    """An attempt that is in the queue for workers, and that nobody waits for any more."""

    run_id: str
    attempt: int
    root_id: str
    state: str | None


class Auditing:
    """See the module. Used by one thread at a time, like the store it comes from."""

    def __init__(self, database: Database, ownership: Ownership) -> None:
        self._database = database
        self._ownership = ownership

    # Trees

    def list_live_trees(self, *, after: LiveTree | None = None, limit: int) -> list[LiveTree]:
        """Some of the trees that are still to end, those behind `after`. None left: that was all.

        A tree comes once for each execution of it that is still to end.
        """
        begun = after.place[0] if after is not None else 0
        found: list[LiveTree] = []
        for position in range(begun, len(_LIVE) + 1):
            key = after.place[1:] if after is not None and position == begun else (-(2**62), -1, "")
            found += self._live(position, key, limit - len(found))
            if len(found) == limit:
                break
        return found

    def _live(self, position: int, key: tuple[int, int, str], limit: int) -> Iterator[LiveTree]:
        """Those of one state; after all states, the action runs that are trees of their own."""
        columns = "root_id, created_at, number, id"
        if position < len(_LIVE):
            source = f"SELECT {columns} FROM executions WHERE state = '{_LIVE[position]}'"
        else:
            source = f"SELECT {columns} FROM action_runs WHERE {LIVE_ALONE}"
        order = "created_at, number, id"
        page = f"{source} AND {_BEHIND} ORDER BY {order} LIMIT ?"
        rows = self._database.rows(
            "SELECT l.root_id, t.node_id, t.shard, t.id, l.created_at, l.number, l.id"
            f" FROM ({page}) AS l LEFT JOIN trees t ON t.id = l.root_id"
            " ORDER BY l.created_at, l.number, l.id",
            (*key, limit),
        )
        for root_id, node_id, shard, tree_id, *place in rows:
            yield LiveTree(root_id, node_id, shard, tree_id is not None, (position, *place))

    def list_trees(self, *, after: str = "", limit: int) -> list[str]:
        """Some of all trees there are, by id: those behind `after`."""
        rows = self._database.rows("SELECT id FROM trees WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
        return [root_id for (root_id,) in rows]

    def read_tree(self, root_id: str) -> StoredTree | None:
        """A tree with all that belongs to it. None: there is none of that id."""
        with self._database.reading():
            found = self._database.rows("SELECT node_id, shard FROM trees WHERE id = ?", (root_id,))
            if not found:
                return None
            rows, damage = self._load(root_id)
            [(entries, first, last)] = self._database.rows(
                "SELECT count(*), min(sequence), max(sequence) FROM history WHERE root_id = ?", (root_id,)
            )
            used = set(self._references(root_id))
            known = {id for (id,) in self._rows("SELECT blob_id FROM blob_refs WHERE root_id = ?", root_id)}
            missing = {id for id in used if not self._rows("SELECT 1 FROM blobs WHERE id = ?", id)}
        return StoredTree(
            root_id=root_id,
            node_id=found[0][0],
            shard=found[0][1],
            rows=rows,
            damage=damage,
            entries=entries,
            first=first,
            last=last,
            blobs_missing=tuple(sorted(missing)),
            blobs_unregistered=tuple(sorted(used - known - missing)),
        )

    def _load(self, root_id: str) -> tuple[TreeRows | None, str | None]:
        try:
            return load_tree(self._database, root_id), None
        except Unavailable as error:
            if error.code != "database-damaged":
                raise
            return None, error.message

    def _references(self, root_id: str) -> Iterator[str]:
        """The large values that the rows of a tree refer to."""
        for table in (TREES, *_TREE_TABLES):
            columns = [column.quoted for column in table.columns if column.kind is Kind.JSON]
            if columns:
                one = f"SELECT {{0}} FROM {table.name} WHERE \"{table.root_field}\" = ? AND {{0}} LIKE '@%'"
                sql = " UNION ".join(one.format(column) for column in columns)
                for (reference,) in self._database.rows(sql, [root_id] * len(columns)):
                    yield reference[1:]

    def _rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self._database.rows(sql, parameters)

    # What belongs to nothing

    def list_stray_trees(self, *, limit: int) -> dict[str, dict[str, int]]:
        """Ids of trees that do not exist and of which there are rows: how many in which table.

        It looks at whole tables.
        """
        found: dict[str, dict[str, int]] = {}
        for table in OF_A_TREE:
            rows = self._database.rows(
                f"SELECT root_id, count(*) FROM {table} r WHERE NOT EXISTS"
                " (SELECT 1 FROM trees t WHERE t.id = r.root_id) GROUP BY root_id ORDER BY root_id LIMIT ?",
                (limit,),
            )
            for root_id, count in rows:
                found.setdefault(root_id, {})[table] = count
        return found

    def list_unused_blobs(self, *, limit: int) -> list[str]:
        """Large values that no tree refers to. It looks at the whole table."""
        rows = self._database.rows(
            "SELECT id FROM blobs b WHERE NOT EXISTS (SELECT 1 FROM blob_refs r WHERE r.blob_id = b.id)"
            " ORDER BY id LIMIT ?",
            (limit,),
        )
        return [id for (id,) in rows]

    def list_records_without_text(self) -> list[tuple[str, str, str]]:
        """Stored definitions whose document is missing: table, id and name. It looks at whole tables."""
        return [
            (table.name, id, name)
            for table in RECORD_TABLES
            if any(column.name == "document" for column in table.columns)
            for id, name in self._database.rows(
                f"SELECT id, name FROM {table.name} r WHERE NOT EXISTS"
                " (SELECT 1 FROM documents d WHERE d.id = r.document) ORDER BY id"
            )
        ]

    # Nodes, and what they are to do

    @property
    def shard_count(self) -> int:
        """How many shards there are. 0: trees belong to processes."""
        return self._ownership.shard_count

    def now(self) -> datetime:
        """The present instant, by the database's clock."""
        return instant_value(self._database.rows(f"SELECT {self._database.dialect.now}")[0][0])

    def list_nodes(self) -> list[NodeSeen]:
        """Every node that is not forgotten, dead or alive."""
        now = instant_parameter(self.now())
        rows = self._database.rows("SELECT id, name, host, pid, roles, leased_until FROM nodes ORDER BY id")
        return [
            NodeSeen(
                id=id,
                name=name,
                host=host,
                pid=pid,
                roles=roles,
                is_alive=self._ownership.is_alive(id) if leased_until is None else leased_until > now,
                leased_until=None if leased_until is None else instant_value(leased_until),
            )
            for id, name, host, pid, roles, leased_until in rows
        ]

    def list_shards(self) -> list[tuple[int, int | None]]:
        """Every shard with the node that has it."""
        return [(id, node_id) for id, node_id in self._rows("SELECT id, node_id FROM shards ORDER BY id")]

    def list_old_messages(self, *, before: datetime) -> list[Group]:
        """Messages between nodes that nobody has taken for so long, by the shard or node they are for."""
        rows = self._rows(
            "SELECT shard, node_id, count(*), min(sent_at) FROM inbox WHERE sent_at < ?"
            " GROUP BY shard, node_id ORDER BY shard, node_id",
            instant_parameter(before),
        )
        return [
            Group(f"node {node_id}" if shard is None else f"shard {shard}", count, instant_value(oldest))
            for shard, node_id, count, oldest in rows
        ]

    def list_notice_owners(self) -> list[Group]:
        """The nodes that have notices to send. It looks at all of these."""
        rows = self._rows("SELECT node_id, count(*), min(created_at) FROM notices GROUP BY node_id")
        return [Group(str(node_id), count, instant_value(oldest)) for node_id, count, oldest in rows]

    def list_stale_assignments(self, *, limit: int) -> list[Stale]:
        """Attempts in the queue whose run has ended, has gone on to another attempt, or is not there."""
        rows = self._rows(
            "SELECT a.run_id, a.attempt, a.root_id, r.state FROM assignments a LEFT JOIN action_runs r"
            " ON r.root_id = a.root_id AND r.id = a.run_id WHERE a.home IS NULL"
            f" AND (r.id IS NULL OR r.state NOT IN {LIVE_RUN_STATES} OR r.attempt <> a.attempt)"
            " ORDER BY a.run_id LIMIT ?",
            limit,
        )
        return [Stale(*row) for row in rows]
