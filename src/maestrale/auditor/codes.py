"""Every fault that an audit knows, and what can be done about it.

`docs/operations/audit.md` explains each; a test holds that page and this table together.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Repair(StrEnum):
    """How a fault is put right. Each keeps to what the history says, and touches nothing that a node runs."""

    RELOAD = "reload"
    """The node drops the execution from memory and goes on with what is stored. By itself only."""
    REBUILD = "rebuild"
    """The rows are written anew as the history gives them; the report keeps the old ones."""
    DELETE = "delete"
    """What belongs to nothing is deleted."""
    REGISTER = "register"
    """A reference is written down that was missing."""
    MOVE = "move"
    """The row is given to whoever looks for it."""


class Code(Struct, frozen=True):
    """A kind of fault. `repair` None: a person has to look at it."""

    summary: str
    repair: Repair | None = None


_OF_ROWS: Mapping[str, str] = {
    "row-without-parent": "A task, run, timer or sub-workflow belongs to something that is not there.",
    "root-missing": "A tree has neither a root execution nor its only action run.",
    "number-unknown": "A row has a number that its tree has not given out, or has given to another.",
    "project-differs": "A row belongs to another project than its tree.",
    "counters-differ": "The counters of an execution are not what counting its tasks gives.",
    "loop-differs": "The counters of a `with-items` task are not what counting its items gives.",
    "join-differs": "A join counts other branches than those that have come.",
    "end-incomplete": "An end lacks its time or its output, or something that goes on has one.",
    "run-contradictory": "The marks of an action run exclude each other.",
    "delay-contradictory": "The timers of a task do not fit its state.",
    "timer-missing": "A task or action run waits for a timer that is not there.",
    "timer-left-over": "A timer is there for something that has ended.",
    "turn-left-over": "A task is still to begin in an execution that has ended.",
    "backlog-left-over": "An execution that is not paused keeps transitions for its resume.",
    "pause-differs": "A sub-workflow is paused, and what waits for it is not.",
    "child-left-open": "A task has ended, and something that it waits for has not.",
    "execution-overlooked": "An execution runs, and none of its tasks lives.",
    "task-without-work": "A task runs, and nothing runs for it.",
    "task-without-turn": "A task has something to do, and will never have its turn.",
    "join-overlooked": "A join waits for branches that have come already, or never can.",
}

CODES: Mapping[str, Code] = {
    **{code: Code(summary, Repair.REBUILD) for code, summary in _OF_ROWS.items()},
    "definition-missing": Code("The text of a definition that an execution or a name needs cannot be read."),
    "tree-unreadable": Code("Rows of an execution hold what was never written there."),
    "history-gap": Code("A history lacks entries, or has more than its tree knows of."),
    "history-differs": Code("The rows are not what the history gives.", Repair.REBUILD),
    "history-unreadable": Code("The history cannot be decided again, as far as this installation goes."),
    "blob-missing": Code("A large value that a row refers to is not there."),
    "blob-unregistered": Code("A large value would go while a row still refers to it.", Repair.REGISTER),
    "blob-unused": Code("A large value is kept that nothing refers to.", Repair.DELETE),
    "rows-without-tree": Code("There are rows of an execution that does not exist.", Repair.DELETE),
    "timer-overdue": Code("A timer should have fired long ago, and whoever runs its execution lives."),
    "not-in-memory": Code("A node does not have an execution in memory that it is to run.", Repair.RELOAD),
    "memory-differs": Code("A node has something else in memory than what is stored.", Repair.RELOAD),
    "attempt-not-under-way": Code("An action is to run, and no worker has it.", Repair.RELOAD),
    "timer-not-set": Code("A node has not set a timer that an execution waits for.", Repair.RELOAD),
    "turn-not-given": Code("A node does not do what an execution has to do.", Repair.RELOAD),
    "nobody-runs-it": Code("An execution is to go on, and no living process has it.", Repair.RELOAD),
    "shard-without-node": Code("No living node has a shard, and there are nodes that could take it."),
    "shard-differs": Code("A tree is in another shard than the one it is looked for in.", Repair.MOVE),
    "node-dead": Code("A node is gone, and the others have not noticed."),
    "message-old": Code("A message between nodes has not been taken for long."),
    "assignment-stale": Code("A worker may be given an attempt that nobody waits for.", Repair.DELETE),
    "notices-without-node": Code("Notices wait for a node that is gone."),
    "trigger-overdue": Code("A cron trigger should have fired long ago."),
}
