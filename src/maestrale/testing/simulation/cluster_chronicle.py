"""What many simulated machines make of one database, and the laws of it."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from maestrale.actions import ActionContext
from maestrale.core import ActionRun, Changes, Event, Notice, Result
from maestrale.core.events import (
    ActionCompleted,
    ActionLost,
    ExecutionUpdateRequested,
    PauseRequested,
    ResumeRequested,
    StopRequested,
)
from maestrale.core.status import ENDED_RUN
from maestrale.engine.ledger import Step
from maestrale.ids import shard_of
from maestrale.store.ownership import Tenure
from maestrale.testing.laws import LawBroken, demand
from maestrale.testing.simulation.chronicle import Chronicle
from maestrale.testing.simulation.quiet_day import answer_of
from maestrale.testing.simulation.watched import Watch

Tenancy: TypeAlias = tuple[int | None, int | None]
"""A node, and the epoch under which it has a shard."""


def mark_of(event: Event) -> str | None:
    """By what a request is known again wherever it is decided. None: it has no such thing."""
    match event:
        case PauseRequested(_, mark) | StopRequested(_, _, mark) if mark:
            return mark
        case ResumeRequested(_, env) if "mark" in env:
            return str(env["mark"])
        case ExecutionUpdateRequested(description=str(mark)):
            return mark
    return None


class ClusterChronicle(Chronicle, Watch):
    """See the module."""

    refused: set[str]
    marks: Counter[str]

    def note_shards(self) -> None:
        """To be called once, before anything happens."""
        self.marks, self.refused, self.broken = Counter(), set(), []
        self._lost: set[tuple[str, int | None]] = set()
        self._attempts: Counter[tuple[str, int]] = Counter()
        self._notices: dict[tuple[str, str, str], tuple[int, int]] = {}
        """By machine, tree and target: the place of the last notice that it was given to tell."""

    # What is stored.

    def on_commit(self, machine: str, root_ids: Sequence[str], tenure: Tenure) -> None:
        """Who writes a tree has its shard at that moment, under the epoch that it believes in."""
        holders = self._holders()
        for root_id in root_ids:
            shard = shard_of(root_id, len(holders))
            ours = tenure.node_id, tenure.epochs.get(shard)
            self.check_holder(root_id, holders[shard], ours)
            self._log.append(f"    {machine} has written {root_id[:4]} (shard {shard})")
            self.on_stored(root_id)

    def check_holder(self, root_id: str, holder: Tenancy, ours: Tenancy) -> None:
        demand(holder == ours, "who writes a tree has its shard", root_id, ours, holder)

    def _holders(self) -> dict[int, Tenancy]:
        rows = self._reader._database.rows("SELECT id, node_id, epoch FROM shards")
        return {shard: (node_id, epoch) for shard, node_id, epoch in rows}

    def on_step(self, root_id: str, step: Step) -> None:
        super().on_step(root_id, step)
        if isinstance(step.entry.event, ActionLost):
            self._lost.add((step.entry.event.run_id, step.entry.event.attempt))
        if isinstance(step.entry.event, ActionCompleted):
            self._check_answer(step.entry.event, step.changes)
        mark = mark_of(step.entry.event)
        if mark is not None:
            self.marks[mark] += 1
            demand(self.marks[mark] == 1, "a request is decided once", step.entry.event)
            demand(mark not in self.refused, "what was refused does not happen", step.entry.event)

    def _check_answer(self, event: ActionCompleted, changes: Changes) -> None:
        is_late = (event.run_id, event.attempt) in self._lost and event.run_id in changes.runs
        demand(not is_late, "an answer that came too late counts for nothing", event)

    # What people hear.

    def on_accepted(self, root_id: str, event: Event | None) -> None:
        """Somebody was told that it is done."""
        if root_id in self.doomed:
            return
        demand(root_id in self.folded, "what was accepted is stored", root_id, event)
        if isinstance(event, ExecutionUpdateRequested) and event.description is not None:
            demand(self.marks[event.description] == 1, "what was accepted is stored", event)
        self.seen["accepted"] += 1

    def on_refused(self, event: Event | None) -> None:
        """Somebody was told that it is not done, and will not be."""
        mark = None if event is None else mark_of(event)
        if mark is not None:
            demand(not self.marks[mark], "what was refused does not happen", event)
            self.refused.add(mark)
        self.seen["refused"] += 1

    # What a machine has in memory.

    def on_kept(self, machine: str, root_ids: Sequence[str]) -> None:
        if root_ids:  # Told within the machine, which would take it for a bug of its own.
            self.broken.append(LawBroken(f"what is lost is forgotten: {machine}, {root_ids}"))

    # What is told.

    def on_notices(self, machine: str, notices: Sequence[Notice]) -> None:
        """What a machine is to tell of a tree comes in the order in which it happened."""
        for notice in notices:
            lane, place = (machine, notice.root_id, notice.target), (notice.sequence, notice.position)
            last = self._notices.get(lane, (0, 0))
            demand(last < place, "what is told comes in its order", notice, last)
            self._notices[lane] = place

    # What runs.

    def on_begin(self, machine: str, attempt: ActionContext) -> Result:
        """An attempt begins once, whatever becomes of the machine that runs it."""
        run_id, number = attempt.action_execution_id, attempt.attempt
        self.seen["attempts"] += 1
        self._log.append(f"    {machine} begins {attempt.task_name} {run_id[:4]}/{number}")
        run = self._find_run(run_id)
        if run is None:
            return Result(value=None)
        self.began[run_id] += 1
        self._attempts[run_id, number] += 1
        if run.asynchronous:
            if run.state not in ENDED_RUN:
                self._on_handed_out(run)
        else:
            once = self._attempts[run_id, number] == 1
            demand(once, "an attempt begins once", attempt.task_name, run_id, number)
            is_lost = (run_id, number) in self._lost
            demand(not is_lost, "what was given up does not begin", attempt.task_name, run_id, number)
        if not run.safe_rerun:
            demand(run.started, "an attempt begins after it was noted", run.name)
            demand(self.began[run_id] == 1, "what is not safe to repeat begins once", run.name)
        if run.asynchronous:
            return Result(value=None)
        return answer_of(self.folded[run.root_id], run)

    def _find_run(self, run_id: str) -> ActionRun | None:
        """The run as it is stored; None: its tree is deleted."""
        found = [state.runs[run_id] for state in self.folded.values() if run_id in state.runs]
        demand(bool(found) or bool(self.doomed), "an attempt that begins is stored", run_id)
        return found[0] if found else None

    # The end.

    def check_left(self) -> None:
        """Nothing is left of what went from node to node."""
        for table in ("inbox", "assignments", "timers"):
            [(count,)] = self._reader._database.rows(f"SELECT count(*) FROM {table}")
            demand(not count, f"nothing is left in {table}", count)
