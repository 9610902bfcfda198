"""The audit that goes on in a server: it looks over what the server runs, slowly and for ever."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeAlias

import structlog

from maestrale.auditor.codes import CODES, Repair
from maestrale.auditor.memory import audit_beside_stored, audit_memory, is_at_rest
from maestrale.auditor.settings import AuditSettings
from maestrale.core import World
from maestrale.core.findings import Finding
from maestrale.engine import Engine, Read
from maestrale.engine.background import Background
from maestrale.engine.inspection import Inspection
from maestrale.engine.library import DocumentLibrary
from maestrale.errors import Error, Unavailable
from maestrale.store import StoreReader
from maestrale.store.auditing import LiveTree

RETRY_SECONDS = 60.0
"""Until the next round where the database did not answer."""

PAGE = 500
"""Live trees listed at a time."""

MOST_TRIES = 3
"""So often one fault is put right, for as long as it is found in every round."""

_Key: TypeAlias = tuple[str, str, str, str]

log = structlog.get_logger("maestrale.auditor")


class Auditor(Background):
    """Looks over the executions of this node now and then. Use it as an asynchronous context manager.

    A tree that has not changed since it was found in order is not read again; a node that has nothing to run
    costs one query a round. Most of the work is done on the threads that read.

    Args:
        is_working: Whether the service works; while it does not, nothing is looked at.
        on_round: Called after each round with how many faults there are, by code.
        on_repair: Called with the code of each fault that was put right.
        rest: Lets so many seconds pass.
    """

    def __init__(
        self,
        engine: Engine,
        read: Read,
        *,
        settings: AuditSettings,
        is_working: Callable[[], bool] = lambda: True,
        on_round: Callable[[Mapping[str, int]], None] = lambda counts: None,
        on_repair: Callable[[str], None] = lambda code: None,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._read = read
        self._settings = settings
        self._is_working = is_working
        self._on_round = on_round
        self._on_repair = on_repair
        self._rest = rest
        self._definitions = _Definitions()
        self._in_order: dict[str, int] = {}
        """Trees that were found in order, and the number of the entry up to which they had come."""
        self._known: dict[_Key, Finding] = {}
        """What the last round has found."""
        self._tries: Counter[_Key] = Counter()

    @property
    def _is_enabled(self) -> bool:
        return self._settings.interval_minutes > 0

    async def _run(self) -> None:
        pause = self._settings.interval_minutes * 60.0
        while True:
            await asyncio.sleep(pause)
            pause = await self._audit_or_log()

    async def _audit_or_log(self) -> float:
        """Returns: The seconds until the next round."""
        interval = self._settings.interval_minutes * 60.0
        if not self._is_working():
            return min(RETRY_SECONDS, interval)
        try:
            await self.audit()
        except Unavailable as error:
            log.warning("the audit has to wait for the database", error=str(error))
            return min(RETRY_SECONDS, interval)
        except Exception:  # A bug must not end it for good.
            log.exception("the audit failed")
        return interval

    async def audit(self) -> list[Finding]:
        """One round: everything that is wrong. What is found for the second time is put right if it can be.

        Raises:
            Unavailable: The database did not answer.
        """
        findings: list[Finding] = []
        roots = self._engine.list_trees()
        self._in_order = {id: self._in_order[id] for id in roots if id in self._in_order}
        for root_id in roots:
            if not self._is_working():
                return findings
            findings += await self._audit_tree(root_id)
        findings += await self._find_absent()
        await self._conclude({finding.key: finding for finding in findings})
        return findings

    # One tree in memory.

    async def _audit_tree(self, root_id: str) -> list[Finding]:
        seen = self._engine.inspect(root_id)
        if seen is None:
            return []  # It is gone, or moves: either way it does not stand still.
        findings = list(audit_memory(seen))
        if self._in_order.get(root_id) != seen.tree.sequence:
            stored = await self._read(lambda store: self._beside_stored(store, seen))
            findings += stored or ()
            if stored == [] and seen.is_sound:
                self._in_order[root_id] = seen.tree.sequence
            await self._rest(1 / self._settings.trees_a_second)
        return findings

    def _beside_stored(self, store: StoreReader, seen: Inspection) -> list[Finding] | None:
        """On a thread that reads, with definitions of its own: those of the engine are the loop's."""
        return audit_beside_stored(self._definitions.world(store, self._engine.world), store.auditing, seen)

    # What is not in memory.

    async def _find_absent(self) -> list[Finding]:
        """The live trees that this node should have, and has not; on a file those too that nobody has."""
        found: dict[str, Finding] = {}
        last: LiveTree | None = None
        while page := await self._read(partial(_list_live, after=last)):
            last = page[-1]
            absent = {tree.root_id: tree for tree in page if not self._engine.holds(tree.root_id)}
            for root_id, tree in absent.items():
                if root_id not in found and (finding := await self._check_absent(tree)) is not None:
                    found[root_id] = finding
                await self._rest(1 / self._settings.trees_a_second)
        return list(found.values())

    async def _check_absent(self, tree: LiveTree) -> Finding | None:
        if await self._read(lambda store: store.is_shared):
            return await self._read(partial(_absence, tree)) if self._engine.owns(tree.root_id) else None
        node_id = await self._engine.write(lambda store: store.node_id)
        return await self._read(partial(_absence, tree, node_id=node_id))

    # What follows.

    async def _conclude(self, findings: Mapping[_Key, Finding]) -> None:
        """Tell what is new, put right what was there in the last round already, and remember the rest."""
        known, self._known = self._known, dict(findings)
        self._tries = Counter({key: self._tries[key] for key in findings})
        self._on_round(Counter(finding.code for finding in findings.values()))
        for key, finding in findings.items():
            if key not in known:
                log.error("the audit found a fault", **_told(finding), evidence=finding.evidence)
        if self._settings.repairs:
            lasting = [finding for key, finding in findings.items() if key in known]
            # Once for each tree, however many faults lead to the same.
            once = {
                (it.root_id, CODES[it.code].repair): it for it in lasting if self._tries[it.key] < MOST_TRIES
            }
            for (_, repair), finding in once.items():
                if repair is Repair.RELOAD or repair is Repair.REGISTER:
                    await self._repair(finding, repair)

    async def _repair(self, finding: Finding, repair: Repair) -> None:
        self._tries[finding.key] += 1
        try:
            if repair is Repair.RELOAD:
                await self._engine.read_again(finding.root_id)
            else:
                blobs = finding.evidence["blobs"]
                await self._engine.write(lambda store: store.mending.register_blobs(finding.root_id, blobs))
        except Error as error:
            log.warning("a fault could not be put right", **_told(finding), error=str(error))
            return
        self._on_repair(finding.code)
        log.warning("a fault was put right", **_told(finding), repair=repair.value)


def _list_live(store: StoreReader, after: LiveTree | None) -> list[LiveTree]:
    return store.auditing.list_live_trees(after=after, limit=PAGE)


def _absence(tree: LiveTree, store: StoreReader, *, node_id: int | None = None) -> Finding | None:
    """What it means that a live tree is not in memory here. None: nothing.

    `node_id`: of this node, where trees belong to processes.
    """
    code, text = "not-in-memory", "it is this node's and is to go on, and the node does not have it in memory"
    if not tree.is_there:
        code, text = "rows-without-tree", "there are rows of it that are to go on, and it does not exist"
    elif node_id is not None and tree.node_id != node_id:
        if tree.node_id is not None and store.is_alive(tree.node_id):
            return None
        code, text = "nobody-runs-it", "no living process runs it, and it is to go on"
    rows = store.load_tree(tree.root_id)
    if tree.is_there and (rows is None or is_at_rest(rows)):
        return None  # It was deleted meanwhile, or nobody has to have it.
    evidence = {"node_id": tree.node_id, "shard": tree.shard}
    return Finding(
        code=code, root_id=tree.root_id, kind="tree", id=tree.root_id, text=text, evidence=evidence
    )


def _told(finding: Finding) -> dict[str, str]:
    """What the log says of a fault."""
    return {
        "code": finding.code,
        "root_execution_id": finding.root_id,
        "kind": finding.kind,
        "id": finding.id,
        "text": finding.text,
    }


class _Definitions:
    """The definitions of a database, for one reader after the other."""

    def __init__(self) -> None:
        self._library = DocumentLibrary(lambda document: self._store.get_document(document).text)
        self._store: StoreReader

    def world(self, store: StoreReader, world: World) -> World:
        """The world of the engine, with definitions that are read through this store."""
        self._store = store
        return World(self._library, world.catalogue, world.limits)
