"""What the database of a simulation holds, step by step, and the laws of it, whoever wrote it."""

from collections import Counter
from collections.abc import Callable

from maestrale.core import ActionRun, Notice, Result, State, World, decide
from maestrale.core.confidential import arguments_of
from maestrale.core.events import StopRequested
from maestrale.core.state import TimerKind
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, RunState
from maestrale.engine.ledger import Pending, Step
from maestrale.store import StoreReader
from maestrale.testing import laws
from maestrale.testing.laws import demand
from maestrale.testing.simulation.quiet_day import undisturbed, was_cut_off
from maestrale.testing.simulation.watcher import Watcher

STALE = Result(value="an answer that came too late")
"""What a worker of a crashed node says when it comes to itself: the attempt was given up long ago."""


class Chronicle(Watcher):
    """See the module.

    Args:
        is_behind: Whether a node may not know what has become of a tree: others have gone on with it.
        on_handed_out: Called with an asynchronous run that begins: somebody outside does its work.
    """

    def __init__(
        self,
        world: World,
        reader: StoreReader,
        log: list[str],
        *,
        is_behind: Callable[[int, str], bool],
        on_handed_out: Callable[[ActionRun], None],
    ) -> None:
        self.folded: dict[str, State] = {}
        """What folding the stored history gives."""
        self.steps: dict[str, list[Step]] = {}
        """The same step by step; of deleted trees, too."""
        self.doomed: set[str] = set()
        """Trees that somebody wants to be deleted."""
        self.began: Counter[str] = Counter()
        """How often a worker began to work at each run."""
        self.seen: Counter[str] = Counter()
        """What this run was about: how many commits, runs cut off, outcomes compared …"""
        self._world = world
        self._reader = reader
        self._log = log
        self._is_behind = is_behind
        self._on_handed_out = on_handed_out
        self._owed: dict[tuple[str, str], Notice] = {}
        self._told: dict[tuple[str, str], Notice] = {}
        """Notices, by id and target: those that follow from what is stored, those that have left a node."""
        self._hurried: set[str] = set()
        """Trees whose outcome depends on the order of things: somebody or a timeout may stop something."""

    # What is stored.

    def on_stored(self, root_id: str) -> None:
        """The stored rows are what folding the stored history gives."""
        self.seen["commits"] += 1
        rows = self._reader.load_tree(root_id)
        if rows is None:
            gone = self.folded.pop(root_id, None) is not None
            demand(not gone or root_id in self.doomed, "what was stored stays stored", root_id)
            self.seen["deleted"] += gone
            return
        is_new = root_id in self.folded or root_id not in self.steps
        demand(is_new, "what was deleted stays deleted", root_id)
        folded = self.folded.setdefault(root_id, State())
        known = 0 if folded.tree is None else folded.tree.sequence
        self._fold(root_id, folded, known)
        laws.check_same(laws.copy_of(folded), laws.copy_of(rows.state()), "the rows are the folded history")
        laws.check_rows(folded)
        laws.check_waiting(self._world, folded)

    def _fold(self, root_id: str, folded: State, known: int) -> None:
        for sequence, entry in self._reader.read_history(root_id, after=known):
            demand(sequence == known + 1, "the history has no gaps", sequence, known)
            before = laws.copy_of(folded)
            decision = decide(self._world, folded, entry)
            folded.apply(decision.changes)
            self._owed |= {(notice.id, notice.target): notice for notice in decision.notices}
            laws.check_moves(before, laws.copy_of(folded))
            self.on_step(root_id, Step(sequence, entry, decision.changes))
            known = sequence

    def on_step(self, root_id: str, step: Step) -> None:
        """Note a step that is stored."""
        self._log.append(f"    stored: {root_id[:4]} {step.sequence} {type(step.entry.event).__name__}")
        self.steps.setdefault(root_id, []).append(step)
        stale = [run for run in step.changes.runs.values() if run.result == STALE.value]
        demand(not stale, "an answer that came too late counts for nothing", *stale)
        kinds = {timer.kind for timer in step.changes.timers.values() if timer is not None}
        self.seen["timeouts"] += not kinds.isdisjoint({TimerKind.TIMEOUT, TimerKind.ACTION_TIMEOUT})
        self.seen[type(step.entry.event).__name__] += 1
        if isinstance(step.entry.event, StopRequested) or TimerKind.TIMEOUT in kinds:
            self._hurried.add(root_id)

    # What leaves a node.

    def on_released(self, pending: Pending) -> None:
        """Nothing leaves a node before what it follows from is stored."""
        folded = self.folded.get(pending.root_id)
        stored = 0 if folded is None or folded.tree is None else folded.tree.sequence
        latest = max((sequence for sequence, _ in pending.entries), default=0)
        demand(latest <= stored, "what leaves a node is stored", latest, stored)

    def on_begun(self, run: ActionRun, attempt: int, node_id: int) -> None:
        """What must not be repeated blindly begins once, and only after that is stored."""
        self.began[run.id] += 1
        is_behind = self._is_behind(node_id, run.root_id)
        if run.root_id in self.doomed and run.root_id not in self.folded:
            demand(is_behind, "nothing begins for what was deleted", run.name)
            return
        stored = self.folded[run.root_id].runs.get(run.id)
        demand(stored is not None, "an attempt that begins is stored", run.name)
        assert stored is not None
        if run.asynchronous and stored.state not in ENDED_RUN:
            self._on_handed_out(run)
        if run.safe_rerun:
            at_work = is_behind or run.asynchronous or stored.state not in ENDED_RUN
            demand(at_work, "what is done is not begun again", run.name)
            return
        demand(stored.started, "an attempt begins after it was noted", run.name)
        demand(self.began[run.id] == 1, "what is not safe to repeat begins once", run.name)

    def on_told(self, notice: Notice) -> None:
        """Nothing is told but what is stored."""
        key = notice.id, notice.target
        demand(self._owed.get(key) == notice, "what is told is stored", notice)
        self.seen["told again"] += key in self._told
        self._told[key] = notice

    # The end.

    def check_end(self, roots: list[str], text: str) -> None:
        """Everything that was asked for has come to its end, and to the right one.

        Args:
            text: The document that the workflows are from.
        """
        for root_id, state in self.folded.items():
            laws.check_waiting(self._world, state)
            demand(state.has_ended, "everything ends", root_id, state.runs)
            states = [execution.state for execution in state.executions.values()]
            demand(all(each in ENDED_EXECUTION for each in states), "everything ends", root_id, states)
            for run in state.runs.values():
                self._check_run(run)
        there = [id for id in roots if id in self.folded or id in self.doomed]
        demand(there == roots, "every execution that was asked for is there")
        self._check_notices()
        for root_id, state in self.folded.items():
            cut_off = sum(map(was_cut_off, state.runs.values()))
            self.seen["cut off"] += cut_off
            if not cut_off and root_id not in self._hurried and state.executions:
                self.seen["outcomes"] += 1
                expected, got = undisturbed(text, state.root), laws.outcome_of(state)
                demand(got == expected, "the outcome is that of a quiet day", got, expected)

    def _check_notices(self) -> None:
        untold = [notice for key, notice in self._owed.items() if key not in self._told]
        demand(not untold, "everybody is told everything", untold)
        self.seen["notices"] += len(self._told)
        left = self._reader.count_notices()
        demand(not left, "what was told is not kept", left)

    def _check_run(self, run: ActionRun) -> None:
        spec = self._world.catalogue.find_action(run.action)
        assert spec is not None
        pure = spec.pure is not None and spec.pure(arguments_of(run)) is not None
        if pure or run.safe_rerun or run.abandoned:
            return
        if run.state is RunState.SUCCESS:
            demand(self.began[run.id] == 1, "what succeeded began once", self.began[run.id], run)
        demand(self.began[run.id] <= 1, "what is not safe to repeat begins once", self.began[run.id], run)
