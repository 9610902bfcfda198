"""Load, decide, commit, carry out; and the operations on executions.

An engine promises: what it answered is durable; an effect leaves only after the commit of the decision
that asked for it; a commit whose outcome is unknown is treated as if nobody had decided anything, and
the tree is read again.
"""

from maestrale.engine.assignments import Assignment, Reports
from maestrale.engine.engine import Engine, StartRequest
from maestrale.engine.trees import Dispatcher

__all__ = ["Assignment", "Dispatcher", "Engine", "Reports", "StartRequest"]
