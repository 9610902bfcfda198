"""Load, decide, commit, carry out; and the operations on executions.

An engine promises: what it answered is durable; an effect leaves only after the commit of the decision
that asked for it; a commit whose outcome is unknown is treated as if nobody had decided anything, and
the tree is read again.
"""

from maestrale.engine.assignments import Assignment, Dispatcher, Reports
from maestrale.engine.engine import ActionRequest, Engine, StartRequest
from maestrale.engine.feed import Feed, Subscription
from maestrale.engine.ledger import Step
from maestrale.engine.readers import Read, Readers
from maestrale.engine.story import Story, replay
from maestrale.engine.trees import Load

__all__ = [
    "ActionRequest",
    "Assignment",
    "Dispatcher",
    "Engine",
    "Feed",
    "Load",
    "Read",
    "Readers",
    "Reports",
    "StartRequest",
    "Step",
    "Story",
    "Subscription",
    "replay",
]
