"""How much goes wrong, and a store that fails at times."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from msgspec import Struct

from maestrale.clock import Clock
from maestrale.errors import NotFound, Unavailable
from maestrale.store import Store, TreeCommit, TreeRows
from maestrale.store.database import Database
from maestrale.store.node_locks import PrivateLocks
from maestrale.store.ownership import FileOwnership

T = TypeVar("T")


class Faults(Struct, frozen=True, kw_only=True):
    """How much goes wrong.

    Args:
        failures: Transactions in a hundred that fail, before or after they are done.
        crashes: Steps in a thousand at which a node ends, or stands still.
        steps: How long it goes wrong, before everything is let come to its end.
    """

    failures: int = 15
    crashes: int = 25
    steps: int = 120


NO_FAULTS = Faults(failures=0, crashes=0, steps=0)


def open_private(database: Database, clock: Clock) -> Store:
    """A store on the simulated database for whoever looks at it, which owns nothing."""
    return Store(database, FileOwnership(database, PrivateLocks(), name="reader", clock=clock), clock=clock)


class FlakyStore:
    """A store that does not answer at times: before or after it has done what it was asked.

    Args:
        failures: How many transactions in a hundred fail.
    """

    def __init__(self, store: Store, chance: Random, failures: int) -> None:
        self.store = store
        self.failures = failures
        self._chance = chance

    def commit(self, batch: Sequence[TreeCommit]) -> None:
        self.write(lambda: self.store.commit(batch))

    def load_tree(self, root_id: str) -> TreeRows | None:
        """Take a tree over, unless another living node has it, and read it."""
        self._fail_at_times("before")
        try:
            self.store.claim_tree(root_id)
        except NotFound:
            return None
        return self.store.load_tree(root_id)

    def delete_tree(self, root_id: str) -> None:
        self.write(lambda: self.store.delete_tree(root_id))

    def write(self, work: Callable[[], T]) -> T:
        """Have something written, in one transaction."""
        self._fail_at_times("before")
        result = work()
        self._fail_at_times("after")
        return result

    def _fail_at_times(self, when: str) -> None:
        if self._chance.randrange(200) < self.failures:
            raise Unavailable(f"the database was gone {when} it did it", code="simulated")
