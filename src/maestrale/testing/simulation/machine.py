"""A simulated server: the real store, engine, worker and cluster, in a process that the simulator drives."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from random import Random

from msgspec import Struct

from maestrale.actions import Registry
from maestrale.cluster.cluster import Cluster
from maestrale.cluster.settings import WORKER, ClusterSettings
from maestrale.core import Limits, Notice, Publisher
from maestrale.engine import Engine, Feed, Request
from maestrale.expressions import Json
from maestrale.ids import shard_of
from maestrale.store import MembershipStore
from maestrale.store.database import Database
from maestrale.store.membership import View
from maestrale.store.ownership import ShardOwnership
from maestrale.testing.simulation.faults import Faults
from maestrale.testing.simulation.loop import Process, SimulatedLoop
from maestrale.testing.simulation.moves import Move, telling
from maestrale.testing.simulation.nature import LoopClock
from maestrale.testing.simulation.pulse import FlakyMembership, Network, Pulse
from maestrale.testing.simulation.session import RowLocks, Session
from maestrale.testing.simulation.teller import Teller
from maestrale.testing.simulation.thread import SimulatedThread
from maestrale.testing.simulation.triggers import make_triggers
from maestrale.testing.simulation.watched import Watch, WatchedRegistry, WatchedStore
from maestrale.workers import SharedWork

SETTINGS = ClusterSettings(beat_seconds=4.0, lease_seconds=10.0)
"""Long, compared with what else happens, so that a run is not mostly beats."""

GRACE_SECONDS = 5.0

LOOK_SECONDS = 4.0
"""How often a machine looks for the notices of those that are gone."""


RATES = (1.0, 1.0, 0.995, 1.005)
"""How fast the clocks run by which machines measure their leases."""

MOST_TURNS = 20
"""Of the loop, until no action begins any more by itself."""


class Site(Struct, frozen=True, kw_only=True):
    """What all machines of a simulation share."""

    loop: SimulatedLoop
    database: Database
    shard_count: int
    locks: RowLocks
    network: Network
    chance: Random
    registry: Registry
    limits: Limits
    publishers: tuple[Publisher, ...]
    watch: Watch
    log: list[str]
    faults: Callable[[], Faults]
    on_buried: Callable[[Sequence[int]], None]
    has_triggers: bool


class Machine:
    """See the module. It is up once `engine` takes requests.

    Args:
        roles: See `ClusterSettings`.
    """

    def __init__(self, name: str, site: Site, roles: Sequence[str]) -> None:
        self.name = name
        self.is_up = False
        self.has_ended = False
        """It has stopped as it should."""
        self.process = Process(name, rate=site.chance.choice(RATES))
        self.clock = LoopClock(site.loop)
        self._site = site
        self._roles = roles
        self._node_id: int | None = None
        self._looks_at = 0.0
        self._registry = WatchedRegistry(site.registry, name, site.watch, site.chance)
        self._has_looked = False
        self._wakes_at = 0.0
        self._epochs: Mapping[int, int] = {}
        failures = site.faults().failures
        session = Session(site.database, site.locks)
        self.ownership = ShardOwnership(session, site.shard_count)
        self.store = WatchedStore(session, self.ownership, self.name, site.watch, clock=self.clock)
        self.thread = SimulatedThread(
            site.loop,
            self.process,
            session,
            site.chance,
            failures=lambda: site.faults().failures,
            on_done=lambda: None,
        )
        self._session = session
        self.membership = FlakyMembership(
            MembershipStore(Session(site.database, site.locks)),
            site.network,
            self.process,
            site.chance,
            failures,
            on_buried=site.on_buried,
        )
        self.pulse = Pulse(
            self.process,
            lambda: self.membership,  # type: ignore[arg-type, return-value]
            ClusterSettings(
                roles=tuple(roles),
                beat_seconds=SETTINGS.beat_seconds,
                lease_seconds=SETTINGS.lease_seconds,
            ),
            name=name,
            version="simulated",
        )
        self.teller = Teller(self.store, write=self._write, on_told=site.watch.on_told)
        self.engine: Engine
        self.cluster: Cluster
        self.work: SharedWork
        self._stop = asyncio.Event()
        site.network.join(self.process)
        site.loop.spawn(self.process, self._run())

    # Its life.

    async def _run(self) -> None:
        site = self._site
        self.engine = Engine(
            self.store,
            site.registry,
            clock=self.clock,
            limits=site.limits,
            publishers=site.publishers,
            on_notices=self._tell,
            observer=lambda root_id, changes: self.work.observe(root_id, changes),
            thread=self.thread,
        )
        work = self.work = SharedWork(
            self.engine,
            self._registry,
            runs_actions=WORKER in self._roles,
            name=self.name,
            node_id=self._look_at_lease,
            shard_of=lambda root_id: shard_of(root_id, site.shard_count),
            clock=self.clock,
            hint=lambda what, to: self.cluster.hint(what, to),
            route_home=self._route_home,
            drain_seconds=GRACE_SECONDS,
        )
        self.engine.connect(work)
        self.cluster = Cluster(
            self.pulse,
            self.engine,
            self.ownership,
            work,
            clock=self.clock,
            load=dict,
            on_view=self._on_view,
        )
        self.engine.connect_router(self.cluster)
        async with AsyncExitStack() as parts:
            parts.callback(self.pulse.close)
            await parts.enter_async_context(self.engine)
            self.pulse.open()
            await parts.enter_async_context(work)
            await parts.enter_async_context(self.cluster)
            if site.has_triggers:
                await parts.enter_async_context(make_triggers(self.engine, self.clock))
            self.is_up = True
            await self._stop.wait()
            self.is_up = False
        self.has_ended = True

    def _look_at_lease(self) -> int | None:
        self._has_looked = True
        return self.cluster.leased_id

    async def _route_home(self, node_id: int, request: Request) -> Json:
        return await self.cluster.send_home(node_id, request)

    def _on_view(self, view: View) -> None:
        if self._node_id not in (None, self.cluster.node_id):  # It was taken for dead.
            self.teller.begin_anew()
            self._site.log.append(f"    {self.name} is born again")
        self._node_id = self.cluster.node_id
        kept = [it for it in self.engine.list_trees() if not self.ownership.owns(it)]
        self._site.watch.on_kept(self.name, kept)
        if (epochs := self.ownership.epochs) != self._epochs:
            self._epochs = epochs
            self._site.log.append(
                f"    {self.name} is node {self._node_id} and has {dict(sorted(epochs.items()))}"
            )

    def stop(self) -> None:
        """Let it stop as it should: it gives away what it has."""
        self._site.loop.call_in(self.process, self._stop.set)

    def kill(self, *, is_done: bool) -> None:
        """It ends at once. `is_done`: the transaction that is open is done all the same."""
        self.is_up = False
        self.thread.kill(is_done=is_done)
        self._site.loop.end(self.process)
        self._site.network.leave(self.process)

    def deliver(self) -> None:
        """Let the event loop hear what the heart tells."""
        self.process.run(self.pulse.deliver)

    def thaw(self) -> None:
        """It goes on where it stood."""
        self.process.is_frozen = False
        self._wakes_at = self._site.loop.now

    @property
    def is_about_to_begin(self) -> bool:
        """Whether it has an action that has not begun."""
        return self.is_up and self.work.local.running > self._registry.under_way

    @property
    def lives(self) -> bool:
        """Whether it beats, and has beaten since it stood still last: then nobody may take it for dead."""
        return self.beats and self.pulse.beat_at >= self._wakes_at

    def freeze(self) -> None:
        """It stands still."""
        # Between its last look at its lease and the first step of an action, a turn later, it may freeze,
        # too, and no look could help there: here, actions that have leave to begin have begun.
        for _ in range(MOST_TURNS):
            self._has_looked = False
            self._site.loop.turn(self.process)
            if not self._has_looked:
                break
        self.process.is_frozen = True

    def mend(self) -> None:
        """Nothing is wrong with it any more."""
        if self.process.is_frozen:
            self.thaw()
        self.clock.set(ahead=0.0, drift=0.0)
        self.membership.failures = 0

    def step(self) -> None:
        """Let the thread that commits do its next step."""
        was_open = self.thread.is_open
        self.thread.step()
        if self.thread.is_open:
            self._site.log.append(f"    a transaction of {self.name} stands open")
        elif was_open:
            self._site.log.append(f"    the transaction of {self.name} is over")

    def beat(self) -> None:
        """Let the heart do what it has to do."""
        self.process.run(lambda: self.pulse.step(self._site.loop))

    # What the simulator asks.

    @property
    def beats(self) -> bool:
        return self.pulse.is_open and not self.process.is_frozen and not self.process.has_ended

    @property
    def is_due(self) -> bool:
        return self.beats and self.pulse.is_due(
            self._site.loop.now, self._site.network.has_mail(self.process)
        )

    @property
    def is_frozen(self) -> bool:
        return self.process.is_frozen

    @property
    def feed(self) -> Feed:
        return self.engine.feed

    def holds(self, root_id: str) -> bool:
        return self.engine.holds(root_id)

    def telling(self) -> list[Move]:
        """What may become of its notices next."""
        if not self.is_up or self.thread.is_open or self.ownership.node_id is None:
            return []
        moves = telling(self.teller)
        if self._site.loop.now >= self._looks_at:
            moves.append(("", self._look))
        return moves

    def _look(self) -> None:
        self._looks_at = self._site.loop.now + LOOK_SECONDS
        if self.teller.has_more:
            self.teller.look()

    # Its notices.

    def _tell(self, notices: Sequence[Notice]) -> None:
        self._site.watch.on_notices(self.name, notices)
        self.teller.hand_over(notices)

    def _write(self, work: Callable[[], object]) -> None:
        self.membership._fail_at_times("before")
        work()
        self.membership._fail_at_times("after")
