"""Ctrl-C and SIGTERM: the first asks for a clean end, the second ends at once."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from maestrale.cli.terminal import is_terminal, say

T = TypeVar("T")

SHOW_CURSOR = "\x1b[?25h"


class Interrupted(Exception):
    """A signal asks for the end. `signal` is its number."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.signal = number


class Signals:
    """Catches the signals inside its `with`. Enter it on the running event loop."""

    def __init__(self) -> None:
        self._received: int | None = None
        self._event = asyncio.Event()

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._on_signal, number)
        return self

    def __exit__(self, *error: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)

    def _on_signal(self, number: int) -> None:
        if self._received is not None:
            _leave_now(number)
        self._received = number
        self._event.set()

    async def race(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns.

        Raises:
            Interrupted: A signal came before; the work is cancelled and has ended.
        """
        task = asyncio.ensure_future(work)
        signalled = asyncio.ensure_future(self._event.wait())
        try:
            await asyncio.wait([task, signalled], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            signalled.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
        assert self._received is not None
        raise Interrupted(self._received)


def _leave_now(number: int) -> None:
    import sys

    if is_terminal(sys.stderr):
        sys.stderr.write(SHOW_CURSOR)
    say("stopped at once")
    os._exit(128 + number)
