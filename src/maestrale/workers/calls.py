"""Calling the function of an action: async ones on the loop, plain ones in a thread."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any

from maestrale.actions.declare import Action
from maestrale.actions.results import message_of


class EndedAbnormally(Exception):
    """The action raised what is meant for the whole program, such as `sys.exit` does."""

    def __init__(self, raised: BaseException) -> None:
        super().__init__(f"{type(raised).__name__}: {message_of(raised)}")


async def call(action: Action, arguments: Mapping[str, Any], *, on_thread_end: Callable[[], None]) -> Any:
    """What the function returns; what it raises is raised.

    Args:
        on_thread_end: Called once where the function runs in a thread, when that has ended: after a
            cancellation later than this call, since Python cannot end a thread.
    """
    if not action.is_async:
        return await _call_in_thread(action, arguments, on_thread_end)
    try:
        return await action.function(**arguments)
    except (SystemExit, GeneratorExit) as raised:
        raise EndedAbnormally(raised) from raised


async def _call_in_thread(
    action: Action, arguments: Mapping[str, Any], on_thread_end: Callable[[], None]
) -> Any:
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Any] = loop.create_future()

    def run() -> None:
        value: Any = None
        error: Exception | None = None
        try:
            value = action.function(**arguments)
        except StopIteration as raised:
            error = EndedAbnormally(raised)  # A future refuses it.
        except Exception as raised:
            error = raised
        except BaseException as raised:
            error = EndedAbnormally(raised)
        with contextlib.suppress(RuntimeError):  # Nobody waits once the loop is closed.
            loop.call_soon_threadsafe(settle, value, error)

    def settle(value: Any, error: Exception | None) -> None:
        on_thread_end()
        if outcome.done():
            return  # Cancelled meanwhile.
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(value)

    # A daemon: a function that never returns must not keep the process from ending.
    thread = threading.Thread(target=run, name=f"action {action.name}", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # The system has no more threads.
        on_thread_end()
        raise
    return await outcome
