"""Running one execution to where it goes on by itself no more, and showing how it goes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from maestrale.cli.displays import Display
from maestrale.cli.progress import Progress
from maestrale.cli.texts import printable
from maestrale.clock import monotonic
from maestrale.core import Changes
from maestrale.errors import Error, Unavailable
from maestrale.main import Node
from maestrale.store import LeaseLost, Unstorable

T = TypeVar("T")

PATIENCE_SECONDS = 30.0
"""How long a database that another program holds locked is waited for."""

PAUSE_SECONDS = 0.2
PASSES_BY_ITSELF = frozenset({"database-locked", "commit-failed"})
"""Codes of trouble that ends without anybody's doing; after any other there is no point in waiting."""


class Watch:
    """Follows an execution through the hooks of the engine.

    Args:
        display: Shows the person what happens.
        patience: Seconds; see `PATIENCE_SECONDS`.
    """

    def __init__(self, progress: Progress, display: Display, *, patience: float = PATIENCE_SECONDS) -> None:
        self.progress = progress
        self._display = display
        self._patience = patience
        self._changed = asyncio.Event()
        self._is_shown = False
        self._trouble: Error | None = None
        self._trouble_since = 0.0
        self._fatal: Error | None = None
        self._bug: BaseException | None = None
        self._notes: set[str] = set()

    def on_changes(self, root_id: str, changes: Changes) -> None:
        """Implements the engine's `observer`."""
        if root_id != self.progress.root_id:
            return
        self._trouble = None
        steps = self.progress.take(changes)
        self.show()
        self._display.changed(steps)
        self._changed.set()

    def show(self) -> None:
        """Tell that the execution is there, once."""
        if not self._is_shown and self.progress.root is not None:
            self._is_shown = True
            self._display.started(self.progress.root)

    def on_trouble(self, error: Error) -> None:
        """Implements the engine's `on_trouble`."""
        if isinstance(error, LeaseLost | Unstorable):
            if self.progress.root_id not in error.root_ids:
                return
            self._fatal = error
        elif isinstance(error, Unavailable) and error.code not in PASSES_BY_ITSELF:
            self._fatal = error
        elif self._trouble is None:
            self._trouble, self._trouble_since = error, monotonic()
            self._display.note(f"waiting: {error.message} [{error.code}]")
        else:
            self._trouble = error
        self._changed.set()

    def on_bug(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Implements asyncio's exception handler: what nobody caught would stop things silently."""
        self._bug = context.get("exception") or AssertionError(context.get("message"))
        self._changed.set()

    async def insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` gives, tried again while another program holds the database locked.

        Raises:
            Error: As `work` does; a locked database only once patience is at its end.
        """
        while True:
            try:
                return await work()
            except Unavailable as error:
                self.on_trouble(error)
                if self._fatal is not None or self._trouble is None or self._is_out_of_patience():
                    raise
            await asyncio.sleep(PAUSE_SECONDS)

    async def wait(self, node: Node) -> None:
        """Wait until the execution has ended, or is paused and has nothing under way any more.

        Raises:
            Error: It cannot go on, for a reason outside of the workflow.
        """
        engine = asyncio.ensure_future(node.engine.watch())
        engine.add_done_callback(lambda done: self._changed.set())
        try:
            while not self._is_over():
                self._check(engine)
                self._tell()
                self._changed.clear()
                timeout = 1.0 if self._trouble is not None else None
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), timeout)
        finally:
            engine.cancel()

    def _is_over(self) -> bool:
        """What still runs when a workflow has ended is not interrupted: it is waited for."""
        at_rest = self.progress.has_ended or self.progress.is_paused
        return at_rest and not self.progress.working

    def _check(self, engine: "asyncio.Future[None]") -> None:
        if self._bug is not None:
            raise self._bug
        if engine.done() and not engine.cancelled():
            engine.result()
        if self._fatal is not None:
            raise self._fatal
        if self._trouble is not None and self._is_out_of_patience():
            raise self._trouble

    def _is_out_of_patience(self) -> bool:
        return monotonic() - self._trouble_since > self._patience

    def _tell(self) -> None:
        """Say why nothing seems to happen, once each."""
        progress = self.progress
        if progress.waits_for_outside:
            names = [f"`{run.name}` ({run.id})" for run in progress.outside_runs()]
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            self._note(
                f"the execution waits for somebody outside to complete {', '.join(names[:3])}{more};"
                " nothing in this process does. Ctrl-C leaves it as it is, to be resumed later"
            )
        elif (progress.has_ended or progress.is_paused) and progress.root is not None:
            actions = "an action" if progress.working == 1 else f"{progress.working} actions"
            self._note(f"{progress.root.state}; waiting for {actions} still under way")

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.add(text)
            self._display.note(printable(text))
