"""The attempts that this node has given to its dispatcher, which may report of them."""

from collections.abc import Iterable, Iterator

from maestrale.core import State
from maestrale.core.state import ActionRun
from maestrale.core.status import ENDED_RUN
from maestrale.engine.assignments import Assignment, Dispatcher, assignment_for
from maestrale.engine.ledger import Ledger


class Attempts:
    """By the run's id: its tree, and which attempt was given out last.

    Args:
        ledger: Where the runs are.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.dispatcher: Dispatcher | None = None
        """Who runs them. Set before the first tree comes."""
        self._ledger = ledger
        self._given: dict[str, tuple[str, int]] = {}
        self._of: dict[str, set[str]] = {}
        """The runs among them, by their tree."""

    def __len__(self) -> int:
        """How many may be reported of."""
        return len(self._given)

    def give(self, root_id: str, run_id: str, attempt: int) -> None:
        """Have an attempt run, unless it was given up or ended from outside before it began."""
        if root_id not in self._ledger or self.dispatcher is None:
            return
        state = self._ledger.state(root_id)
        run = state.runs.get(run_id)
        if run is None or run.attempt != attempt or run.state in ENDED_RUN:
            return
        self._note(root_id, run_id, attempt)
        self.dispatcher.submit(assignment_for(state, run))

    def learn(self, root_id: str, state: State) -> None:
        """Listen to what is under way already for a tree that has come into memory."""
        for run in state.runs.values():
            if run.state not in ENDED_RUN and self.holds(run.id, run.attempt):
                self._note(root_id, run.id, run.attempt)

    def _note(self, root_id: str, run_id: str, attempt: int) -> None:
        self._given[run_id] = (root_id, attempt)
        self._of.setdefault(root_id, set()).add(run_id)

    def cancel(self, run_id: str, attempt: int) -> None:
        """Nobody waits for the attempt any more."""
        if self.dispatcher is not None:
            self.dispatcher.cancel(run_id, attempt)

    def cancel_all(self, root_id: str) -> None:
        """End what is under way for a tree, and listen to none of it."""
        for run_id in list(self._of.get(root_id, ())):
            _, attempt = self._given[run_id]
            self.forget(run_id)
            self.cancel(run_id, attempt)

    def hand_over(self, state: State) -> Iterator[Assignment]:
        """Give up the attempts of a tree that have not begun; those that have, which go on here."""
        for run in state.runs.values():
            if run.state in ENDED_RUN or self.dispatcher is None:
                continue
            if not self.dispatcher.withdraw(run.id, run.attempt) and self.holds(run.id, run.attempt):
                yield assignment_for(state, run)
            elif not run.asynchronous:
                self.forget(run.id)

    def holds(self, run_id: str, attempt: int) -> bool:
        """Whether the attempt is under way here."""
        return self.dispatcher is not None and self.dispatcher.holds(run_id, attempt)

    def forget(self, run_id: str) -> None:
        """The run has ended; the dispatcher has no more to say about it."""
        root_id, _ = self._given.pop(run_id, (None, 0))
        if root_id is not None:
            self._of[root_id].discard(run_id)
            if not self._of[root_id]:
                del self._of[root_id]

    def forget_ended(self, state: State) -> None:
        """As `forget`, for all runs of a tree that have ended or are under way nowhere."""
        for run in state.runs.values():
            if run.state in ENDED_RUN or not self.holds(run.id, run.attempt):
                self.forget(run.id)

    def forget_over(self, runs: Iterable[ActionRun | None]) -> None:
        """As `forget`, for those of the runs that have ended and of which nobody here will report."""
        for run in runs:
            if run is not None and run.state in ENDED_RUN and not self.holds(run.id, run.attempt):
                self.forget(run.id)

    def root_of(self, run_id: str) -> str | None:
        """The tree of a run that was given to the dispatcher and has not ended."""
        root_id, _ = self._given.get(run_id, (None, 0))
        return root_id

    def find_open_run(self, run_id: str) -> ActionRun | None:
        """A run of a tree in memory that has not ended."""
        root_id = self.root_of(run_id)
        if root_id is None or root_id not in self._ledger:
            return None
        run = self._ledger.state(root_id).runs.get(run_id)
        return None if run is None or run.state in ENDED_RUN else run
