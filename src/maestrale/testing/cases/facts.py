"""What lies outside the execution of a test: nothing."""

from maestrale.core import Entry
from maestrale.core.events import TurnContinued
from maestrale.core.turn import Turn
from maestrale.expressions import Json
from maestrale.testing.stage import Stage


def reading_turn(stage: Stage) -> Turn:
    """A turn that decides nothing."""
    return Turn(stage.world, stage.state, Entry(TurnContinued(), at=stage.clock.now(), seed=""))


def answer(question: str) -> Json:
    """The answer to a question of `core.inquiries`: there are no other executions, and all definitions are
    pinned from the start.
    """
    return [] if question.partition(" ")[0] in ("executions", "tasks") else None
