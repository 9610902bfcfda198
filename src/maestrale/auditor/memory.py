"""What is wrong with what a node has in memory: with a tree as it stands there, and beside what is stored."""

from collections.abc import Iterator

from maestrale.auditor.differences import differences, rows_by_kind
from maestrale.auditor.stored import audit_stored
from maestrale.core import World
from maestrale.core.findings import Finding
from maestrale.core.status import ENDED_RUN
from maestrale.engine.inspection import Inspection
from maestrale.expressions import Json
from maestrale.store.auditing import Auditing
from maestrale.store.trees import TreeRows

MOST_NAMED = 20


def audit_memory(seen: Inspection) -> Iterator[Finding]:
    """What should happen by itself for a tree, and will not: it costs a look at each run and each timer."""
    root_id = seen.tree.id
    if seen.attempts_missing:
        text = "actions of it are to run, and no worker has them"
        runs = [{"action_run": run_id, "attempt": attempt} for run_id, attempt in seen.attempts_missing]
        yield _finding("attempt-not-under-way", root_id, text, runs=runs[:MOST_NAMED], count=len(runs))
    if seen.timers_missing:
        text = "it waits for timers that are not set"
        timers = list(seen.timers_missing)
        yield _finding("timer-not-set", root_id, text, timers=timers[:MOST_NAMED], count=len(timers))
    if seen.lacks_turn:
        yield _finding("turn-not-given", root_id, "it has something to do, and does not get its turn")


def audit_beside_stored(world: World, auditing: Auditing, seen: Inspection) -> list[Finding] | None:
    """What is wrong with a tree as it is stored, and where memory differs from that.

    Returns: None: it has gone on since it was looked at.

    Raises:
        Unavailable: The database did not answer.
    """
    tree = auditing.read_tree(seen.tree.id)
    if tree is None or tree.rows is None:
        stored = None if tree is None else audit_stored(world, tree, shard_count=auditing.shard_count)
        return stored or [_finding("memory-differs", seen.tree.id, "it is in memory and not stored")]
    if tree.rows.tree.sequence > seen.tree.sequence:
        return None
    findings = audit_stored(world, tree, shard_count=auditing.shard_count)
    difference = next(differences(rows_by_kind(tree.rows), rows_by_kind(seen)), None)
    if difference is not None:
        row, field = f"{difference.kind} {difference.id}", difference.field or "the row"
        text = f"what is in memory is not what is stored: {field} of {row}"
        told = {"stored": difference.stored, "in_memory": difference.expected}
        findings.append(_finding("memory-differs", seen.tree.id, text, **told))
    return findings


def is_at_rest(rows: TreeRows) -> bool:
    """Whether nothing happens to a tree by itself, so that no node keeps it in memory: what it was made for
    has ended, and what is still open of it is ended by somebody outside."""
    state = rows.state()
    return (
        state.has_ended
        and not state.has_work
        and not state.timers
        and all(run.state in ENDED_RUN or run.asynchronous or run.abandoned for run in rows.runs)
    )


def _finding(code: str, root_id: str, text: str, **evidence: Json) -> Finding:
    return Finding(code=code, root_id=root_id, kind="tree", id=root_id, text=text, evidence=evidence)
