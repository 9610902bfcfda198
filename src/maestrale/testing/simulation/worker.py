"""The worker of a simulated node: it runs nothing, and reports as `workers.local` does."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from maestrale.core import ActionRun, Event, Result
from maestrale.core.events import ActionCompleted, ActionStarted
from maestrale.errors import Conflict, NotFound, Unavailable

Answered = Callable[[bool], None]
"""Told whether what was asked is durable. False: nobody knows; ask again."""


class Home(Protocol):
    """The node that a worker belongs to, as the worker sees it."""

    def submit(self, root_id: str, event: Event, on_answer: Answered) -> None: ...

    def may_begin(self, attempt: "Attempt") -> bool: ...

    def on_begun(self, attempt: "Attempt") -> None: ...


class Attempt(Struct):
    """An attempt that a worker has taken on. `phase`: queued, asking, granted, begun, reporting."""

    root_id: str
    run: ActionRun
    number: int
    result: Result
    phase: str = "queued"


class Worker:
    """The attempts that a node has taken on."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.attempts: dict[tuple[str, int], Attempt] = {}

    def submit(self, attempt: Attempt) -> None:
        self.attempts.setdefault((attempt.run.id, attempt.number), attempt)

    def cancel(self, run_id: str, number: int) -> None:
        self.attempts.pop((run_id, number), None)

    def holds(self, run_id: str, number: int) -> bool:
        return (run_id, number) in self.attempts

    def at_work(self) -> list[tuple[ActionRun, int]]:
        """The runs, with the attempt, whose work has begun and is not known to be durably done."""
        return [
            (attempt.run, attempt.number)
            for attempt in self.attempts.values()
            if attempt.phase in ("begun", "reporting") and not attempt.run.asynchronous
        ]

    def step(self, attempt: Attempt) -> None:
        """Let an attempt come one phase further."""
        match attempt.phase:
            case "queued" if attempt.run.safe_rerun:
                self._begin(attempt)
            case "queued":
                self._ask(attempt)
            case "granted":
                self._begin(attempt)
            case "begun" if attempt.run.asynchronous:
                self._drop(attempt)  # Whoever was told ends it.
            case "begun":
                self._report(attempt)

    def _ask(self, attempt: Attempt) -> None:
        """Say that an attempt begins that must not be repeated blindly; it waits for leave."""
        attempt.phase = "asking"

        def on_answer(durable: bool) -> None:
            if not durable:
                attempt.phase = "queued"
            elif self._home.may_begin(attempt):
                attempt.phase = "granted"
            else:
                self._drop(attempt)

        self._send(attempt, ActionStarted(attempt.run.id, attempt.number), on_answer)

    def _begin(self, attempt: Attempt) -> None:
        attempt.phase = "begun"
        self._home.on_begun(attempt)

    def _report(self, attempt: Attempt) -> None:
        attempt.phase = "reporting"

        def on_answer(durable: bool) -> None:
            if durable:
                self._drop(attempt)
            else:
                attempt.phase = "begun"

        self._send(attempt, ActionCompleted(attempt.run.id, attempt.number, attempt.result), on_answer)

    def _send(self, attempt: Attempt, event: Event, on_answer: Answered) -> None:
        try:
            self._home.submit(attempt.root_id, event, on_answer)
        except Unavailable:
            on_answer(False)
        except (NotFound, Conflict):
            self._drop(attempt)

    def _drop(self, attempt: Attempt) -> None:
        self.attempts.pop((attempt.run.id, attempt.number), None)
