"""Lease an action, run it, report.

This layer promises: a bounded number of actions runs at once; an attempt that must not be repeated
begins only after that is durable; a result reaches the engine even if the database is away for a while;
what is cancelled ends, with the processes it started, and reports nothing.

`LocalWorker` runs the attempts. In a cluster `WorkQueue` gives those that do not run in this process to other
nodes, through rows of the database, and `QueueWorker` takes such rows on. `SharedWork` is a node's part in
both.
"""

from maestrale.workers.claiming import QueueWorker
from maestrale.workers.local import LocalWorker
from maestrale.workers.queue import WorkQueue
from maestrale.workers.shared import SharedWork

__all__ = ["LocalWorker", "QueueWorker", "SharedWork", "WorkQueue"]
