"""What must be done outside once a decision is committed. All of it can be read off the rows again:
a node that takes a tree over carries out what its predecessor did not.
"""

from typing import TypeAlias

from msgspec import Struct


class RunAction(Struct, frozen=True, gc=False):
    """Give this attempt to a worker."""

    run_id: str
    attempt: int


class CancelAction(Struct, frozen=True, gc=False):
    """Nobody waits for this attempt any more: end it if it still runs."""

    run_id: str
    attempt: int


class SetTimer(Struct, frozen=True, gc=False):
    """Send `TimerFired` when the timer is due."""

    timer_id: str


class ClearTimer(Struct, frozen=True, gc=False):
    timer_id: str


class ContinueTurn(Struct, frozen=True, gc=False):
    """Send `TurnContinued`: there is more to do."""


Effect: TypeAlias = RunAction | CancelAction | SetTimer | ClearTimer | ContinueTurn
