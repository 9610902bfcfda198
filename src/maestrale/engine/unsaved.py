"""Action runs that leave nothing behind: decided like any other, on a ledger that nobody commits."""

import asyncio

from maestrale.clock import Clock
from maestrale.core import ActionRun, Event, Result
from maestrale.core.events import ActionCompleted, ActionRequested, ActionStarted
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
        attempt = 0
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
            assert self.dispatcher is not None
            attempt = run.attempt
            self.dispatcher.submit(assignment_for(self._ledger.state(run_id), run))
            return await ended
        finally:
            del self._ended[run_id]
            self._ledger.forget(run_id)
            has_answer = ended.done() and not ended.cancelled()
            if attempt and not has_answer and self.dispatcher is not None:
                self.dispatcher.cancel(run_id, attempt)

    def started(self, run_id: str, attempt: int) -> bool:
        """The attempt is about to begin."""
        return self._decide(run_id, ActionStarted(run_id, attempt)).started

    def completed(self, run_id: str, attempt: int, result: Result) -> None:
        """The attempt ended."""
        run = self._decide(run_id, ActionCompleted(run_id, attempt, result))
        if run.state in ENDED_RUN and not self._ended[run_id].done():
            self._ended[run_id].set_result(run)

    def _decide(self, run_id: str, event: Event) -> ActionRun:
        self._ledger.handle(run_id, event, now=self._clock.now())
        return self._ledger.state(run_id).runs[run_id]
