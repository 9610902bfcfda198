"""Putting right what an audit has found, where that is safe: nothing that somebody runs is touched."""

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from maestrale.auditor.codes import CODES, Repair
from maestrale.auditor.differences import differences, rows_by_kind, rows_of
from maestrale.auditor.folding import fold
from maestrale.core import World
from maestrale.core.audit import audit_state
from maestrale.core.findings import Finding
from maestrale.errors import Error, Unavailable
from maestrale.store import Store, json_text
from maestrale.store.auditing import StoredTree


class Repaired(Struct, frozen=True, kw_only=True):
    """What became of the findings of one thing.

    Args:
        text: What was done, or why nothing was.
    """

    findings: tuple[Finding, ...]
    is_done: bool
    text: str


class Repairs:
    """See the module. What only a node can do for itself is left alone, and said so.

    Args:
        world: As for the audit.
        keep: Called with a root's id and its rows as JSON before others take their place; these may hold
            secrets.
    """

    def __init__(self, store: Store, world: World, *, keep: Callable[[str, bytes], None]) -> None:
        self._store = store
        self._world = world
        self._keep = keep

    def repair(self, findings: Iterable[Finding]) -> Iterator[Repaired]:
        """Put right what can be, thing by thing.

        Raises:
            Unavailable: The database did not answer.
        """
        groups: dict[tuple[str, Repair | None], list[Finding]] = {}
        for finding in findings:
            thing = finding.root_id or f"{finding.kind} {finding.id}"
            groups.setdefault((thing, CODES[finding.code].repair), []).append(finding)
        for (_, repair), group in groups.items():
            try:
                yield self._repair(repair, tuple(group))
            except Unavailable:
                raise
            except Error as error:
                text = f"left as it is: {error.message}" + (f" ({error.hint})" if error.hint else "")
                yield Repaired(findings=tuple(group), is_done=False, text=text)

    def _repair(self, repair: Repair | None, group: tuple[Finding, ...]) -> Repaired:
        match repair:
            case Repair.REBUILD:
                return self._rebuild(group)
            case Repair.DELETE:
                return self._delete(group)
            case Repair.REGISTER:
                blobs = [blob for finding in group for blob in finding.evidence["blobs"]]
                self._store.mending.register_blobs(group[0].root_id, blobs)
                return _done(group, "its references are written down")
            case Repair.MOVE:
                self._store.mending.put_into_shard(group[0].root_id, group[0].evidence["expected"])
                return _done(group, f"it is in shard {group[0].evidence['expected']} now")
            case Repair.RELOAD:
                return _left(
                    group, f"go on with it: maestrale resume {group[0].root_id}, or start a server anew"
                )
        return _left(group, "a person has to look at it: the documentation says how")

    def _rebuild(self, group: tuple[Finding, ...]) -> Repaired:
        root_id = group[0].root_id
        tree = self._store.auditing.read_tree(root_id)
        if tree is None or tree.rows is None:
            return _left(group, "its rows cannot be read")
        if not _is_whole(tree):
            return _left(group, "its history is not whole: restore it from a copy of the database")
        folded = fold(self._world, lambda: self._store.read_history(root_id))
        if folded.state is None:
            return _left(group, f"its history cannot be decided again: {folded.problem}")
        if not any(differences(rows_by_kind(tree.rows), rows_of(folded.state))):
            return _left(group, "its history gives the very same: this is a bug, please report it")
        if wrong := audit_state(self._world, folded.state):
            return _left(group, f"what its history gives is wrong, too: {wrong[0].text} [{wrong[0].code}]")
        self._keep(root_id, json_text.encode(tree.rows))
        self._store.mending.rewrite_tree(folded.state, sequence=tree.rows.tree.sequence)
        return _done(group, "its rows are what its history gives now")

    def _delete(self, group: tuple[Finding, ...]) -> Repaired:
        mending = self._store.mending
        strays = {finding.root_id for finding in group if finding.code == "rows-without-tree"}
        for root_id in strays:
            mending.delete_stray_rows(root_id)
        if blobs := [finding.id for finding in group if finding.code == "blob-unused"]:
            mending.delete_unused_blobs(blobs)
        stale = [finding for finding in group if finding.code == "assignment-stale"]
        if stale:
            mending.delete_assignments([(it.id, it.evidence["attempt"]) for it in stale])
        return _done(group, "deleted")


def _is_whole(tree: StoredTree) -> bool:
    return tree.entries > 0 and (tree.first, tree.last) == (1, tree.entries)


def _done(group: tuple[Finding, ...], text: str) -> Repaired:
    return Repaired(findings=group, is_done=True, text=text)


def _left(group: tuple[Finding, ...], text: str) -> Repaired:
    return Repaired(findings=group, is_done=False, text=f"left as it is: {text}")
