"""What is durable: trees of executions, their history, and the definitions they run.

What this layer promises:

* A commit stores the changes of many trees, all or none, and they survive the process and the machine
  once it returns.
* What is read equals what was written, to the last digit: `core`'s rows and entries.
* A tree belongs to one living process at a time. One that dies, however it dies, leaves its trees to
  be claimed; one that lost a tree cannot write it any more.
* Large data is stored once, and goes with the last tree that refers to it.
* Whatever the database does, the caller meets `maestrale.errors` with a stable code.

Everything is synchronous: the engine calls it from a thread of its own.
"""

from maestrale.store.commits import TreeCommit, Unstorable
from maestrale.store.documents import Document
from maestrale.store.executions import RootSummary
from maestrale.store.fencing import LeaseLost
from maestrale.store.store import Store, open_store
from maestrale.store.trees import TreeRows

__all__ = [
    "Document",
    "LeaseLost",
    "RootSummary",
    "Store",
    "TreeCommit",
    "TreeRows",
    "Unstorable",
    "open_store",
]
