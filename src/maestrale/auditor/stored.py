"""What is wrong with one tree as it is stored."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from maestrale.auditor.folding import History, compare, fold
from maestrale.core import World
from maestrale.core.audit import audit_rows
from maestrale.core.findings import Finding, found
from maestrale.errors import Unavailable
from maestrale.expressions import Json
from maestrale.ids import shard_of
from maestrale.store.auditing import StoredTree

LATE = timedelta(minutes=1)
"""A timer that is due for so long, and whose tree is being run, is overdue."""


def audit_stored(world: World, tree: StoredTree, *, shard_count: int) -> list[Finding]:
    """What is wrong with the rows of a tree, its large values and the numbers of its history.

    Raises:
        Unavailable: A definition could not be read.
    """
    findings = [*_check_blobs(tree), *_check_history(tree), *_check_shard(tree, shard_count)]
    if tree.rows is None:
        findings.append(_of(tree, "tree-unreadable", f"its rows cannot be read: {tree.damage}"))
    else:
        findings += audit_rows(world, tree.rows)
    return findings


def audit_history(world: World, tree: StoredTree, history: History) -> list[Finding]:
    """What is wrong with the rows of a tree, going by its history. It costs what deciding all of it costs.

    Raises:
        Unavailable: The database did not answer.
    """
    if tree.rows is None:
        return []
    try:
        return compare(world, tree.rows, history, fold(world, history))
    except Unavailable as error:
        if error.code != "database-damaged":
            raise
        return [_of(tree, "history-unreadable", f"its history cannot be read: {error.message}")]


def audit_timers(tree: StoredTree, now: datetime) -> Iterator[Finding]:
    """The timers that should have fired, of a tree that a living node runs."""
    for timer in tree.rows.timers if tree.rows is not None else ():
        if timer.due_at < now - LATE:
            text = f"it was due at {timer.due_at.isoformat()}, and has not fired"
            yield found("timer-overdue", timer, text, kind=timer.kind.value)


def _of(tree: StoredTree, code: str, text: str, **evidence: Json) -> Finding:
    return Finding(
        code=code, root_id=tree.root_id, kind="tree", id=tree.root_id, text=text, evidence=evidence
    )


def _check_blobs(tree: StoredTree) -> Iterator[Finding]:
    if tree.blobs_missing:
        text = "large values that its rows refer to are not there"
        yield _of(tree, "blob-missing", text, blobs=list(tree.blobs_missing))
    if tree.blobs_unregistered:
        text = "it refers to large values, and would not keep them if another execution is deleted"
        yield _of(tree, "blob-unregistered", text, blobs=list(tree.blobs_unregistered))


def _check_history(tree: StoredTree) -> Iterator[Finding]:
    """Entries are numbered from 1, and the tree knows the number of the last."""
    expected = tree.rows.tree.sequence if tree.rows is not None else tree.last or 0
    told = {"entries": tree.entries, "first": tree.first, "last": tree.last, "expected": expected}
    if tree.entries != expected or (expected and (tree.first, tree.last) != (1, expected)):
        yield _of(tree, "history-gap", "the numbers of its history are not those of its rows", **told)


def _check_shard(tree: StoredTree, shard_count: int) -> Iterator[Finding]:
    if shard_count and tree.shard != (expected := shard_of(tree.root_id, shard_count)):
        text = f"it is in shard {tree.shard}, and is looked for in shard {expected}"
        yield _of(tree, "shard-differs", text, stored=tree.shard, expected=expected)
