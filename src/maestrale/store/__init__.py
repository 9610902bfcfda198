"""What is durable: trees of executions, their history, and what people make by hand.

What this layer promises:

* A commit stores the changes of many trees, all or none, and they survive the process and the machine
  once it returns.
* What is read equals what was written, to the last digit: `core`'s rows and entries.
* A tree belongs to one living process at a time. One that dies, however it dies, leaves its trees to
  be claimed; one that lost a tree cannot write it any more.
* Large data is stored once, and goes with the last tree that refers to it.
* Whatever the database does, the caller meets `maestrale.errors` with a stable code.

* Nobody lists rows without saying who asks: a project sees what is its own, public or shared to it.

Everything is synchronous: the engine calls it from a thread of its own, and other threads read through
connections of theirs (`open_reader`). What can be listed is in `listing_tables`, what people make by hand in
`records`.
"""

from maestrale.store.commits import TreeCommit, Unstorable
from maestrale.store.definitions import FoundDefinition
from maestrale.store.documents import Document
from maestrale.store.executions import RootSummary
from maestrale.store.expiry import Boundary, Ended
from maestrale.store.fencing import LeaseLost
from maestrale.store.inbox import Message, MessageGone
from maestrale.store.listings import Access, Condition, Order, Query
from maestrale.store.membership import NodeRow, ShardRow, View
from maestrale.store.membership_store import MembershipStore, open_membership
from maestrale.store.notices import Lane
from maestrale.store.ownership import NotOwned, ShardOwnership
from maestrale.store.reader import StoreReader
from maestrale.store.store import Store, open_reader, open_store
from maestrale.store.trees import TreeRows

__all__ = [
    "Access",
    "Boundary",
    "Condition",
    "Document",
    "Ended",
    "FoundDefinition",
    "Lane",
    "LeaseLost",
    "MembershipStore",
    "Message",
    "MessageGone",
    "NodeRow",
    "NotOwned",
    "Order",
    "Query",
    "RootSummary",
    "ShardOwnership",
    "ShardRow",
    "Store",
    "StoreReader",
    "TreeCommit",
    "TreeRows",
    "Unstorable",
    "View",
    "open_membership",
    "open_reader",
    "open_store",
]
