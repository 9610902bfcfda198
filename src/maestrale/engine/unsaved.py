"""Action runs that leave nothing behind: decided like any other, on a ledger that nobody commits."""

import asyncio

from msgspec.structs import replace

from maestrale.clock import Clock
from maestrale.core import ActionRun, Event, Result
from maestrale.core.events import ActionCompleted, ActionLost, ActionRequested, ActionStarted
from maestrale.core.status import ENDED_RUN
from maestrale.engine.assignments import Dispatcher, assignment_for
from maestrale.engine.ledger import Ledger
from maestrale.errors import InvalidInput


class UnsavedRuns:
    """The runs of this process that somebody waits for. They end with the process."""

    def __init__(self, ledger: Ledger, *, clock: Clock) -> None:
        self.dispatcher: Dispatcher | None = None
        self._ledger = ledger
        self._clock = clock
        self._ended: dict[str, asyncio.Future[ActionRun]] = {}

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._ended

    def preview(self, event: ActionRequested) -> ActionRun:
        """The run as it would begin. Raises: InvalidInput: There is no such action, or its input is wrong."""
        self._ledger.plant(event.run_id)
        try:
            return self._decide(event.run_id, event)
        finally:
            self._ledger.forget(event.run_id)

    async def run(self, event: ActionRequested) -> ActionRun:
        """Run an action to its end. Whoever stops waiting ends it.

        Raises:
            InvalidInput: There is no such action, its input is wrong, or it is asynchronous.
        """
        run_id = event.run_id
        self._ledger.plant(run_id)
        ended: asyncio.Future[ActionRun] = asyncio.get_running_loop().create_future()
        self._ended[run_id] = ended
        is_given = False
        try:
            run = self._decide(run_id, event)
            if run.asynchronous and run.state not in ENDED_RUN:
                raise InvalidInput(
                    f"Action {run.name} does not support synchronous execution.",
                    code="asynchronous-action",
                    hint="leave `run_sync` out, and complete it with `PUT /v2/action_executions/{id}`",
                )
            if run.state in ENDED_RUN:
                return run
            is_given = True
            self._give(run)
            return await ended
        finally:
            has_answer = ended.done() and not ended.cancelled()
            if is_given and not has_answer and self.dispatcher is not None:
                self.dispatcher.cancel(run_id, self._ledger.state(run_id).runs[run_id].attempt)
            del self._ended[run_id]
            self._ledger.forget(run_id)

    def started(self, run_id: str, attempt: int) -> bool:
        """The attempt is about to begin. False: it was given up."""
        run = self._decide(run_id, ActionStarted(run_id, attempt))
        return run.started and run.attempt == attempt and run.state not in ENDED_RUN

    def completed(self, run_id: str, attempt: int, result: Result) -> None:
        """The attempt ended."""
        self._see_end(self._decide(run_id, ActionCompleted(run_id, attempt, result)))

    def lost(self, run_id: str, attempt: int) -> None:
        """The worker that had the attempt is gone."""
        before = self._ledger.state(run_id).runs[run_id].attempt
        run = self._decide(run_id, ActionLost(run_id, attempt))
        if run.attempt > before:
            self._give(run)
        self._see_end(run)

    def _give(self, run: ActionRun) -> None:
        assert self.dispatcher is not None
        self.dispatcher.submit(replace(assignment_for(self._ledger.state(run.id), run), is_kept=False))

    def _see_end(self, run: ActionRun) -> None:
        if run.state in ENDED_RUN and not self._ended[run.id].done():
            self._ended[run.id].set_result(run)

    def _decide(self, run_id: str, event: Event) -> ActionRun:
        self._ledger.handle(run_id, event, now=self._clock.now())
        return self._ledger.state(run_id).runs[run_id]
