"""What goes on by itself as long as a server runs."""

import asyncio
from contextlib import suppress
from typing import Self


class Background:
    """Enter it as an asynchronous context manager, and what `_run` does goes on until it is left."""

    _task: asyncio.Task[None] | None = None

    @property
    def _is_enabled(self) -> bool:
        """Whether there is anything to do; the settings may say no."""
        return True

    async def _run(self) -> None:
        """For ever: a bug must be told here, and must not end it."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        if self._is_enabled:
            self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
