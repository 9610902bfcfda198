"""Long polls: a request that is answered as soon as an execution has come to a state.

A waiter costs an entry in a table and a timer. Where another node runs the execution, one look at the states
of all that is waited for here tells what has come.
"""

import asyncio
import math
from contextlib import suppress

from msgspec import Struct

from maestrale.api.call import Call
from maestrale.api.endpoint import Parameter
from maestrale.core.status import ENDED_EXECUTION, ExecutionState
from maestrale.errors import InvalidInput
from maestrale.store.listing_tables import EXECUTIONS

WAIT_PARAMETERS = (
    Parameter("wait", "text", "Answer when the state is reached, but after so many seconds at the latest"),
    Parameter(
        "until",
        "text",
        "What to wait for: `done` (`SUCCESS`, `ERROR` or `CANCELLED`; the default), `paused` (done, or"
        " `PAUSED`), or a state",
    ),
)

_DONE = frozenset(str(state) for state in ENDED_EXECUTION)
_WORDS = {"done": _DONE, "paused": _DONE | {str(ExecutionState.PAUSED)}}


class Waiting(Struct, frozen=True):
    """What a request waits for, and for how long."""

    seconds: float
    states: frozenset[str]


def read_waiting(call: Call) -> Waiting | None:
    """What a request waits for. None: nothing.

    Raises:
        InvalidInput: The seconds are no number, or there is no such state.
    """
    wait, until = call.query.get("wait"), call.query.get("until")
    if wait is None:
        if until is not None:
            raise InvalidInput(
                "`until` says what to wait for, and `wait` is not there to say how long",
                code="until-without-wait",
                hint="add `wait=30`, or another number of seconds",
            )
        return None
    seconds = min(_seconds(wait), call.backend.settings.longest_wait_seconds)
    return Waiting(seconds, _states("done" if until is None else until))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise InvalidInput(
            f"`wait` has to be a number of seconds, and is `{text[:50]}`",
            code="wait-seconds",
            hint="such as `wait=30` or `wait=0.5`",
        )
    return seconds


def _states(text: str) -> frozenset[str]:
    if text in _WORDS:
        return _WORDS[text]
    if text in list(ExecutionState):
        return frozenset({text})
    names = ", ".join([*_WORDS, *ExecutionState])
    raise InvalidInput(
        f"`until` has to be one of {names}, and is `{text[:50]}`",
        code="until-what",
        hint="`done` is the default",
    )


async def wait_for_state(
    call: Call, execution_id: str, root_id: str, waiting: Waiting, *, looks_first: bool = True
) -> None:
    """Return when the execution has such a state, when it is gone, or when the time is over; or earlier,
    when nothing can be seen of it here any more, for instance because the server stops.

    Args:
        looks_first: Whether the state may have been reached before this is called.
    """
    call.rest()
    feed = call.backend.engine.feed
    with feed.expect(root_id, execution_id, waiting.states) as reached, suppress(TimeoutError):
        async with asyncio.timeout(waiting.seconds):
            if not looks_first or not await _has_come(call, execution_id, waiting):
                await reached.come()


async def _has_come(call: Call, execution_id: str, waiting: Waiting) -> bool:
    row = await call.backend.read(
        lambda store: store.find_row(EXECUTIONS, call.access, execution_id, ("state",))
    )
    return row is None or row["state"] in waiting.states
