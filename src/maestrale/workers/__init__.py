"""Lease an action, run it, report.

This layer promises: a bounded number of actions runs at once; an attempt that must not be repeated
begins only after that is durable; a result reaches the engine even if the database is away for a while;
what is cancelled ends, with the processes it started, and reports nothing.
"""

from maestrale.workers.local import LocalWorker

__all__ = ["LocalWorker"]
