"""Load, decide, commit, carry out; and the operations on executions.

An engine promises: what it answered is durable; an effect leaves only after the commit of the decision
that asked for it; a commit whose outcome is unknown is treated as if nobody had decided anything, and
the tree is read again.
"""

from maestrale.engine.assignments import Assignment, Dispatcher, Reports
from maestrale.engine.engine import ActionRequest, Engine, StartRequest
from maestrale.engine.feed import Expectation, Feed, Subscription
from maestrale.engine.following import Following
from maestrale.engine.ledger import Step
from maestrale.engine.readers import Read, Readers
from maestrale.engine.routing import Deletion, Planting, Receipt, Request, Router, Submission
from maestrale.engine.story import Story
from maestrale.engine.trees import Load

__all__ = [
    "ActionRequest",
    "Assignment",
    "Deletion",
    "Dispatcher",
    "Engine",
    "Expectation",
    "Feed",
    "Following",
    "Load",
    "Planting",
    "Read",
    "Readers",
    "Receipt",
    "Reports",
    "Request",
    "Router",
    "StartRequest",
    "Step",
    "Story",
    "Submission",
    "Subscription",
]
