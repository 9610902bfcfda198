"""The real `Heart` of a simulated node, which beats when the simulator lets it, and hints between nodes."""

from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from random import Random

from maestrale.clock import monotonic
from maestrale.cluster.heart import Heart, Listener
from maestrale.cluster.settings import ClusterSettings
from maestrale.errors import Error, Unavailable
from maestrale.expressions import Json
from maestrale.store import MembershipStore
from maestrale.store.membership import View
from maestrale.testing.simulation.loop import Process, SimulatedLoop
from maestrale.testing.simulation.session import Waits

PAUSE_SECONDS = 0.1
"""Before a database that did not answer is asked again."""


class Network:
    """Hints on their way: they come late, in any order, twice or never."""

    def __init__(self, chance: Random) -> None:
        self.loses_all = False
        self._chance = chance
        self._mailboxes: dict[Process, deque[str]] = {}

    def join(self, process: Process) -> None:
        self._mailboxes[process] = deque()

    def leave(self, process: Process) -> None:
        self._mailboxes.pop(process, None)

    def post(self, payloads: Sequence[str]) -> None:
        for mailbox in self._mailboxes.values():
            for payload in payloads:
                for _ in range(0 if self.loses_all else self._chance.choice((0, 1, 1, 1, 2))):
                    mailbox.insert(self._chance.randint(0, len(mailbox)), payload)

    def has_mail(self, process: Process) -> bool:
        return bool(self._mailboxes.get(process))

    def take(self, process: Process) -> list[str]:
        """One that has come."""
        mailbox = self._mailboxes[process]
        return [mailbox.popleft()] if mailbox else []


class FlakyMembership:
    """The real membership of a node, on a database that does not answer at times."""

    def __init__(
        self,
        store: MembershipStore,
        network: Network,
        process: Process,
        chance: Random,
        failures: int,
        *,
        on_buried: Callable[[Sequence[int]], None],
    ) -> None:
        self.failures = failures
        self._on_buried = on_buried
        self._store = store
        self._network = network
        self._process = process
        self._chance = chance

    def join(self, *, name: str, version: str, roles: tuple[str, ...], url: str, lease: timedelta) -> int:
        self._fail_at_times("before")
        return self._store.join(name=name, version=version, roles=roles, url=url, lease=lease)

    def beat(
        self, node_id: int, *, lease: timedelta, load: Mapping[str, Json], is_stopping: bool = False
    ) -> View | None:
        self._fail_at_times("before")
        view = self._store.beat(node_id, lease=lease, load=load, is_stopping=is_stopping)
        self._fail_at_times("after")
        return view

    def look(self) -> View:
        self._fail_at_times("before")
        return self._store.look()

    def bury(self, node_ids: Sequence[int]) -> list[int]:
        buried = self._store.bury(node_ids)
        self._on_buried(buried)
        self._fail_at_times("after")
        return buried

    def claim_shards(self, node_id: int, *, limit: int) -> dict[int, int]:
        claimed = self._store.claim_shards(node_id, limit=limit)
        self._fail_at_times("after")
        return claimed

    def leave(self, node_id: int) -> None:
        self._fail_at_times("before")
        self._store.leave(node_id)

    def hint(self, payloads: Sequence[str]) -> None:
        self._network.post(payloads)

    def listen(self, seconds: float) -> list[str]:
        """What has come; then the simulator goes on with something else."""
        if not self._network.has_mail(self._process):
            raise Waits
        return self._network.take(self._process)

    def wake(self) -> None:
        """Nobody sleeps."""

    def close(self) -> None:
        self._store.close()

    def _fail_at_times(self, when: str) -> None:
        if self._chance.randrange(200) < self.failures:
            raise Unavailable(f"the database was gone {when} it did it", code="simulated")


class Pulse(Heart):
    """A heart without a thread. What it tells comes to the event loop when the simulator lets it: `deliver`.

    Attributes:
        next_at, beat_at: When it beats next, and when it has renewed the lease last, by the time of the loop.
    """

    def __init__(
        self,
        process: Process,
        open_membership: Callable[[], MembershipStore],
        settings: ClusterSettings,
        *,
        name: str,
        version: str,
    ) -> None:
        super().__init__(open_membership, settings, name=name, version=version)
        self.next_at = self.beat_at = 0.0
        self._process = process
        self._news: deque[Callable[[Listener], None]] = deque()

    def start(self, loop: AbstractEventLoop, listener: Listener) -> None:
        self._loop, self._listener = loop, listener
        self._is_due = True

    @property
    def is_open(self) -> bool:
        return self._loop is not None and not self._is_ended

    def open(self) -> None:
        """The first beat may wait, too, or fail."""
        self._store = self._open_membership()

    def is_due(self, now: float, has_mail: bool) -> bool:
        return self._is_due or has_mail or bool(self._hints) or now >= self.next_at

    def step(self, loop: SimulatedLoop) -> None:
        """Beat if it is time; send and take hints."""
        assert self._store is not None
        self.seen()
        try:
            if self._is_due or loop.now >= self.next_at:
                seconds = self._beat() - monotonic()
                self.next_at = loop.now + seconds / self._process.rate
            self._wait(self._store, monotonic() + (self.next_at - loop.now) * self._process.rate)
        except Waits:
            self.next_at = max(self.next_at, loop.now + PAUSE_SECONDS)
        except Error:
            self.next_at = loop.now + PAUSE_SECONDS

    def _on_success(self, sent_at: float) -> None:
        super()._on_success(sent_at)
        self.beat_at = sent_at / self._process.rate

    def _tell(self, what: Callable[[Listener], None]) -> None:
        self._news.append(what)

    @property
    def has_news(self) -> bool:
        return bool(self._news)

    def deliver(self) -> None:
        """Let the event loop hear what was told first."""
        super()._tell(self._news.popleft())

    def close(self) -> None:
        self._is_ended = True
        if self._store is not None:
            with suppress(Waits):  # It is killed before the statement comes to its end.
                self._leave(self._store)
