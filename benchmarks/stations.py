"""The stations of the model: processors that are shared, a log that is flushed for all, and nodes."""

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable

from msgspec import Struct

MOST_STEPS = 400
"""Steps in one commit; `engine.committer` bounds its rows."""


class Costs(Struct, frozen=True, kw_only=True):
    """Seconds that an event takes at each station, and bytes of the log.

    A step is an event that is decided and committed: a chain of actions that run inside the turn is one.
    """

    decide: float
    """Of the node, for a step: deciding, and answering whoever asked."""
    encode: float
    """Of the node, for a step: making statements and reading answers."""
    encode_commit: float
    """Of the node, for a commit."""
    write: float
    """Of a processor of PostgreSQL, for a step."""
    write_commit: float
    """Of a processor of PostgreSQL, for a commit."""
    flush: float
    """Of the log, for as many commits as wait."""
    round_trips: float
    """Of the network, for a commit."""
    client: float = 0.0
    """Of the machine, for an execution: whoever makes the load, where that is on it."""
    log_bytes: float = 0.0
    """Written for a step."""
    log_rate: float = math.inf
    """Bytes that the disk of the log takes in a second."""


class Calendar:
    """What is to happen, in the order of its time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def at(self, time: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._entries, (time, next(self._count), what))

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        self.at(self.now + seconds, what)

    def run(self, until: float) -> None:
        while self._entries and self._entries[0][0] <= until:
            self.now, _, what = heapq.heappop(self._entries)
            what()
        self.now = until


class Processors:
    """Some processors, shared evenly by all who are ready: nobody gets more than one."""

    def __init__(self, calendar: Calendar, count: int) -> None:
        self._calendar = calendar
        self._count = count
        self._served = 0.0
        """Seconds of service that one job has had which was there from the beginning."""
        self._looked_at = 0.0
        self._jobs: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._looks = 0
        self.busy = 0.0
        """Seconds of all processors together."""

    def do(self, seconds: float, done: Callable[[], None]) -> None:
        """Have a job of so many seconds done; `done` is called then."""
        self._catch_up()
        heapq.heappush(self._jobs, (self._served + seconds, next(self._numbers), done))
        self._look_again()

    def _catch_up(self) -> None:
        passed = self._calendar.now - self._looked_at
        self._looked_at = self._calendar.now
        if self._jobs:
            self._served += passed * self._share
            self.busy += passed * min(len(self._jobs), self._count)

    @property
    def _share(self) -> float:
        return min(1.0, self._count / len(self._jobs))

    def _look_again(self) -> None:
        self._looks += 1
        if self._jobs:
            left = max(0.0, self._jobs[0][0] - self._served)
            look = self._looks
            self._calendar.after(left / self._share, lambda: self._end_first(look))

    def _end_first(self, look: int) -> None:
        if look != self._looks:
            return  # Somebody came in between, and it ends at another time.
        self._catch_up()
        _, _, done = heapq.heappop(self._jobs)
        self._look_again()
        done()


class Log:
    """Flushed for all who wait.

    Args:
        seconds: Of a flush, however much it is.
        rate: Bytes a second, beyond that.
    """

    def __init__(self, calendar: Calendar, seconds: float, *, rate: float = math.inf) -> None:
        self._calendar = calendar
        self._seconds = seconds
        self._rate = rate
        self._waiting: list[Callable[[], None]] = []
        self._bytes = 0.0
        self._is_busy = False
        self._away_until = 0.0
        self.busy = 0.0

    def be_away(self, seconds: float) -> None:
        """Answer nobody for so long, as a database that is being replaced."""
        self._away_until = self._calendar.now + seconds

    def flush(self, bytes: float, done: Callable[[], None]) -> None:
        """Have what was written flushed; `done` is called then."""
        self._waiting.append(done)
        self._bytes += bytes
        if not self._is_busy:
            self._begin()

    def _begin(self) -> None:
        together, self._waiting = self._waiting, []
        seconds, self._bytes = self._seconds + self._bytes / self._rate, 0.0
        self._is_busy = True
        self.busy += seconds

        def end() -> None:
            self._is_busy = False
            if self._waiting:
                self._begin()
            for done in together:
                done()

        self._calendar.at(max(self._calendar.now, self._away_until) + seconds, end)


class Execution(Struct):
    """One under way: when it started, what its actions took, how many events are to come, and whose it is."""

    started_at: float
    steps_left: int
    node: int
    outside: float = 0.0


class Node:
    """See the module: one thread, one commit at a time."""

    def __init__(
        self,
        calendar: Calendar,
        costs: Costs,
        *,
        own: Processors,
        server: Processors,
        log: Log,
        on_committed: Callable[[Execution], None],
    ) -> None:
        self._calendar = calendar
        self._costs = costs
        self._own = own
        self._server = server
        self._log = log
        self._on_committed = on_committed
        self._ready: list[Execution] = []
        self._deciding: list[Execution] = []
        self._decided: deque[Execution] = deque()
        self._jobs: deque[tuple[float, Callable[[], None]]] = deque()
        self._is_computing = self._is_committing = self._is_deciding = False
        self._underway: list[Execution] = []
        """In the commit that is out."""
        self.is_alive = True
        self.busy = 0.0
        self.commits = self.steps = 0

    def kill(self) -> list[Execution]:
        """End it; the executions that had something to do here. What is not committed is lost with it."""
        self.is_alive = False
        lost = [*self._ready, *self._deciding, *self._decided, *self._underway]
        self._ready, self._deciding, self._underway = [], [], []
        self._decided.clear()
        self._jobs.clear()
        return lost

    def receive(self, execution: Execution) -> None:
        """An event for it, to be decided."""
        self._ready.append(execution)
        if not self._is_deciding:
            self._is_deciding = True
            self._calendar.after(0.0, self._decide)  # With all that comes at this very moment.

    def _decide(self) -> None:
        self._deciding, self._ready = self._ready, []

        def decided() -> None:
            self._decided.extend(self._deciding)
            self._deciding = []
            self._commit()
            self._is_deciding = bool(self._ready)
            if self._ready:
                self._decide()

        self._compute(self._costs.decide * len(self._deciding), decided)

    def _compute(self, seconds: float, done: Callable[[], None]) -> None:
        """On the one thread, one after the other."""
        self._jobs.append((seconds, done))
        if not self._is_computing:
            self._next_job()

    def _next_job(self) -> None:
        self._is_computing = bool(self._jobs)
        if not self._jobs:
            return
        seconds, done = self._jobs.popleft()
        self.busy += seconds

        def end() -> None:
            if self.is_alive:
                done()
                self._next_job()

        self._own.do(seconds, end)

    def _commit(self) -> None:
        if self._is_committing or not self._decided:
            return
        self._is_committing = True
        count = min(MOST_STEPS, len(self._decided))
        self._underway = [self._decided.popleft() for _ in range(count)]
        self.commits += 1
        self.steps += count
        costs = self._costs

        def encoded() -> None:
            self._calendar.after(costs.round_trips, arrived)

        def arrived() -> None:
            self._server.do(costs.write_commit + count * costs.write, written)

        def written() -> None:
            self._log.flush(count * costs.log_bytes, committed)

        def committed() -> None:
            if not self.is_alive:
                return  # Whoever took over has decided it again.
            self._is_committing = False
            batch, self._underway = self._underway, []
            for execution in batch:
                self._on_committed(execution)
            self._commit()

        self._compute(costs.encode_commit + count * costs.encode, encoded)
