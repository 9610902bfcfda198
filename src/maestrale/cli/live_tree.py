"""Progress on a terminal: a tree that is drawn anew ten times a second at most.

Nothing is drawn, and nothing for drawing imported, before an execution has taken a moment.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from maestrale.cli.progress import Progress, Step
from maestrale.cli.rows import Picture, Row
from maestrale.cli.terminal import say
from maestrale.cli.texts import duration, printable
from maestrale.clock import Clock
from maestrale.core import Execution

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

FIRST_SECONDS = 0.25
SECONDS = 0.1
IDLE_TICKS = 10
MARGIN = 4
"""Lines of the terminal that are left for the head, and for what was there before."""

_STYLES = {
    "RUNNING": "cyan",
    "DELAYED": "yellow",
    "WAITING": "dim",
    "IDLE": "dim",
    "PAUSED": "yellow",
    "SUCCESS": "green",
    "ERROR": "red",
    "CANCELLED": "magenta",
    "SKIPPED": "dim",
    None: "dim",
}


class LiveTree:
    """Draws the picture of an execution on stderr."""

    def __init__(self, progress: Progress, picture: Picture, clock: Clock) -> None:
        self._progress = progress
        self._picture = picture
        self._clock = clock
        self._live: Live | None = None
        self._dirty = False

    def started(self, execution: Execution) -> None:
        say(f"execution {execution.id}")

    def changed(self, steps: Sequence[Step]) -> None:
        self._dirty = True

    def note(self, text: str) -> None:
        if self._live is not None:
            self._live.console.print(printable(text), markup=False, highlight=False)
        else:
            say(text)

    async def run(self) -> None:
        await asyncio.sleep(FIRST_SECONDS)
        self._live = _new_live()
        self._live.start()
        ticks = 0
        while True:
            if self._dirty or ticks % IDLE_TICKS == 0:  # The times grow even if nothing else changes.
                self._draw()
            ticks += 1
            await asyncio.sleep(SECONDS)

    def close(self) -> None:
        """Draw once more and leave the picture there."""
        if self._progress.root is None:
            return
        with suppress(OSError):  # The terminal may have gone; the execution has not.
            if self._live is None:
                self._live = _new_live()
                self._live.start()
            self._draw()
            self._live.stop()

    def _draw(self) -> None:
        assert self._live is not None
        self._dirty = False
        with suppress(OSError):
            self._live.update(self._text(self._live.console), refresh=True)

    def _text(self, console: Any) -> "Text":
        from rich.text import Text

        root, now = self._progress.root, self._clock.now()
        text = Text(no_wrap=True, overflow="ellipsis")
        if root is None:
            return text
        span = (root.finished_at or now) - root.created_at
        text.append(f"{root.workflow}  ", style="bold")
        text.append(root.state.value, style=_STYLES[root.state.value])
        text.append(f"  {duration(span)}", style="dim")
        for row in self._picture.rows(limit=max(console.height - MARGIN, 3), now=now):
            _append(text, row)
        return text


def _new_live() -> "Live":
    from rich.console import Console
    from rich.live import Live

    return Live(
        console=Console(stderr=True), auto_refresh=False, redirect_stdout=False, redirect_stderr=False
    )


def _append(text: "Text", row: Row) -> None:
    text.append("\n" + "  " * (row.depth + 1))
    text.append(f"{row.symbol} ", style=_STYLES[row.state])
    text.append(printable(row.title), style="dim" if row.state is None else "")
    if row.details:
        text.append("  " + "  ".join(row.details), style="red" if row.state == "ERROR" else "dim")
