"""An audit of a whole database, whether nodes run on it or not."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from msgspec import Struct

from maestrale.auditor.stored import audit_history, audit_stored, audit_timers
from maestrale.auditor.surroundings import MOST_LISTED, Surroundings, audit_surroundings, look_around
from maestrale.core import Entry, World
from maestrale.core.findings import Finding
from maestrale.errors import NotFound
from maestrale.store import StoreReader
from maestrale.store.auditing import LiveTree

CONFIRM_SECONDS = 5.0
"""What may be under way just now is looked at twice, with so much time in between."""


class Report(Struct, frozen=True):
    """What was found, and how many trees were looked at."""

    findings: tuple[Finding, ...]
    trees: int


class DatabaseAudit:
    """See the module. It reads one tree after the other, and holds nobody up.

    Args:
        world: The definitions of the database, and the actions and limits of the nodes that run on it.
        deep: Look at what has ended too, decide every history again, and look for what belongs to nothing.
        rest: Lets so many seconds pass.
    """

    def __init__(
        self, store: StoreReader, world: World, *, deep: bool, rest: Callable[[float], None]
    ) -> None:
        self._store = store
        self._world = world
        self._deep = deep
        self._rest = rest
        self._trees = 0

    def audit(self) -> Report:
        """Look at everything: by default at what is still to end.

        Raises:
            Unavailable: The database did not answer.
        """
        around = look_around(self._store.auditing)
        findings = list(self._check_trees(self._all_roots() if self._deep else self._live_roots(), around))
        findings += self._check_strays()
        findings += self._confirmed(list(audit_surroundings(self._store, around)))
        return Report(_once(findings), self._trees)

    def audit_tree(self, root_id: str) -> Report:
        """Look at one tree.

        Raises:
            NotFound: There is none of that id.
            Unavailable: The database did not answer.
        """
        around = look_around(self._store.auditing)
        findings = list(self._check_trees([root_id], around))
        if not self._trees:
            raise NotFound(f"there is no execution `{root_id}`", code="unknown-execution")
        return Report(_once(findings), self._trees)

    def _live_roots(self) -> Iterator[str]:
        seen: set[str] = set()
        last: LiveTree | None = None
        while page := self._store.auditing.list_live_trees(after=last, limit=MOST_LISTED):
            last = page[-1]
            for tree in page:
                if tree.root_id not in seen:
                    seen.add(tree.root_id)
                    yield tree.root_id

    def _all_roots(self) -> Iterator[str]:
        last = ""
        while page := self._store.auditing.list_trees(after=last, limit=MOST_LISTED):
            last = page[-1]
            yield from page

    def _check_trees(self, root_ids: Iterable[str], around: Surroundings) -> Iterator[Finding]:
        auditing = self._store.auditing
        overdue: list[Finding] = []
        for root_id in root_ids:
            tree = auditing.read_tree(root_id)
            if tree is None:
                continue  # It was deleted meanwhile; rows that have stayed are strays.
            self._trees += 1
            yield from audit_stored(self._world, tree, shard_count=auditing.shard_count)
            if self._deep:
                history = partial(self._history, root_id, tree.last or 0)
                yield from audit_history(self._world, tree, history)
            if around.runs(tree):
                overdue += audit_timers(tree, around.now)
        yield from self._confirmed_timers(overdue)

    def _history(self, root_id: str, last: int) -> Iterator[tuple[int, Entry]]:
        for sequence, entry in self._store.read_history(root_id):
            if sequence > last:
                return  # It has gone on since its rows were read.
            yield sequence, entry

    def _check_strays(self) -> Iterator[Finding]:
        """What belongs to no tree. Found by looking at whole tables, but for rows that are still to end."""
        if not self._deep:
            return
        auditing = self._store.auditing
        for root_id, counts in auditing.list_stray_trees(limit=MOST_LISTED).items():
            text = "there are rows of it, and it does not exist"
            yield Finding(
                code="rows-without-tree",
                root_id=root_id,
                kind="tree",
                id=root_id,
                text=text,
                evidence=dict(counts),
            )
        for blob_id in auditing.list_unused_blobs(limit=MOST_LISTED):
            yield Finding(code="blob-unused", kind="blob", id=blob_id, text="nothing refers to it")
        for table, id, name in auditing.list_records_without_text():
            text = f"the text of `{name}` is not there"
            yield Finding(code="definition-missing", kind=table, id=id, text=text)

    # What may be under way just now.

    def _confirmed(self, findings: list[Finding]) -> list[Finding]:
        """Those that are found again after a while."""
        if not findings:
            return []
        self._rest(CONFIRM_SECONDS)
        around = look_around(self._store.auditing)
        again = {finding.key for finding in audit_surroundings(self._store, around)}
        return [finding for finding in findings if finding.key in again]

    def _confirmed_timers(self, findings: list[Finding]) -> Iterator[Finding]:
        if not findings:
            return
        self._rest(CONFIRM_SECONDS)
        around = look_around(self._store.auditing)
        again = set()
        for root_id in {finding.root_id for finding in findings}:
            tree = self._store.auditing.read_tree(root_id)
            if tree is not None and around.runs(tree):
                again |= {finding.key for finding in audit_timers(tree, around.now)}
        yield from (finding for finding in findings if finding.key in again)


def _once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple({finding.key: finding for finding in findings}.values())
