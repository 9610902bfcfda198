"""The rules. (world, state, entry) → decision: pure, total, and the same on every machine for ever.

Nothing here does I/O, reads a clock, draws a random number or writes a log. Folding `decide` over the
history of a tree gives exactly its stored rows.
"""

from maestrale.core.catalogue import ActionSpec, Catalogue, Library, Limits, Result, World
from maestrale.core.decide import decide
from maestrale.core.events import Entry, Event, Fact
from maestrale.core.notices import Notice
from maestrale.core.publishers import Publisher, check_publishers
from maestrale.core.state import ActionRun, Changes, Execution, State, Task, Timer, Tree, state_of
from maestrale.core.turn import Decision

__all__ = [
    "ActionRun",
    "ActionSpec",
    "Catalogue",
    "Changes",
    "Decision",
    "Entry",
    "Event",
    "Execution",
    "Fact",
    "Library",
    "Limits",
    "Notice",
    "Publisher",
    "Result",
    "State",
    "Task",
    "Timer",
    "Tree",
    "World",
    "check_publishers",
    "decide",
    "state_of",
]
