"""Where one PostgreSQL ends: a queueing model of nodes that commit to one database, run event by event.

The stations, and what of the real thing each of them stands for:

* A *node* is one server: everything in Python, deciding and making statements, is done by one thread at a
  time. It takes all events that are ready at once, as the event loop does.
* A node has one *commit* out at a time, with all that was decided during the one before (up to `MOST_STEPS`).
* The *processors* of a machine are shared by whoever is ready to compute: the nodes on it, or the
  processes of PostgreSQL, of which each node keeps at most one busy.
* The *log* of PostgreSQL is flushed for all commits that wait; those that come meanwhile wait for the
  next flush. Its disk takes so many bytes a second.

What each costs is measured (`figures.toml`). Nothing is fitted to the throughput: that is what comes out.
"""

from random import Random

from msgspec import Struct

from benchmarks.stations import Calendar, Costs, Execution, Log, Node, Processors


class Load(Struct, frozen=True, kw_only=True):
    """What is asked of a cell.

    Args:
        at_once: So many clients, each of which starts an execution when its last one has ended. 0: executions
            come by chance, `rate` a second.
        steps: Events of an execution, one after the other.
        outside_seconds: Between two of them: what actions take.
    """

    at_once: int = 0
    rate: float = 0.0
    steps: int = 1
    outside_seconds: float = 0.0


class Cell(Struct, frozen=True, kw_only=True):
    """A cluster with its database.

    Args:
        node_processors: Of the machine of each node.
        server_processors: Of the machine of PostgreSQL.
        is_one_machine: Nodes, PostgreSQL and clients share one of `server_processors`.
    """

    nodes: int
    server_processors: int
    node_processors: int = 2
    is_one_machine: bool = False


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of it, in the measured time. Times are seconds.

    Args:
        started, ended, left: Executions from the very beginning: left is what is under way in the end.
        rate: Executions that ended in a second.
        underway: How many there were at a time, on average.
        latencies: From the start of an execution to its end, without what actions take; sorted.
        node_use, server_use, log_use: The part of the time in which each was busy, of one node on average.
        commit_steps: Steps in a commit, on average.
        log_bytes: Written in a second.
    """

    started: int
    ended: int
    left: int
    rate: float
    underway: float
    latencies: tuple[float, ...]
    node_use: float
    server_use: float
    log_use: float
    commit_steps: float
    log_bytes: float

    def percentile(self, part: float) -> float:
        if not self.latencies:
            return float("inf")
        return self.latencies[min(len(self.latencies) - 1, int(part * len(self.latencies)))]


class Simulation:
    """One cell under one load."""

    def __init__(self, cell: Cell, costs: Costs, load: Load, *, seed: int = 1) -> None:
        self._calendar = Calendar()
        self._cell, self._costs, self._load = cell, costs, load
        self._chance = Random(seed)
        self._server = Processors(self._calendar, cell.server_processors)
        self._log = Log(self._calendar, costs.flush, rate=costs.log_rate)
        self._nodes = [
            Node(
                self._calendar,
                costs,
                own=self._server if cell.is_one_machine else Processors(self._calendar, cell.node_processors),
                server=self._server,
                log=self._log,
                on_committed=self._on_committed,
            )
            for _ in range(cell.nodes)
        ]
        self._next = 0
        self._stranded: list[Execution] = []
        self._heirs: list[int] = []
        self._started = self._ended = 0
        self._underway = 0
        self._area, self._counted_at = 0.0, 0.0
        self._latencies: list[float] = []
        self.ends: list[tuple[float, float]] = []
        """When each execution ended, and its latency."""
        self._measured_from = 0.0

    def run(self, seconds: float, *, warm_up: float) -> Outcome:
        """Run so long, and measure from the end of the warm-up."""
        for _ in range(self._load.at_once):
            self._start()
        if not self._load.at_once:
            self._come()
        self._calendar.run(warm_up)
        self._count(0)
        before = self._totals()
        self._area, self._latencies, self._measured_from = 0.0, [], warm_up
        self._calendar.run(warm_up + seconds)
        self._count(0)
        return self._outcome(seconds, [now - then for now, then in zip(self._totals(), before, strict=True)])

    def _totals(self) -> list[float]:
        nodes = self._nodes
        return [
            self._ended,
            sum(node.busy for node in nodes),
            self._server.busy,
            self._log.busy,
            sum(node.commits for node in nodes),
            sum(node.steps for node in nodes),
        ]

    def _outcome(self, seconds: float, passed: list[float]) -> Outcome:
        ended, node_busy, server_busy, log_busy, commits, steps = passed
        return Outcome(
            started=self._started,
            ended=self._ended,
            left=self._underway,
            rate=ended / seconds,
            underway=self._area / seconds,
            latencies=tuple(sorted(self._latencies)),
            node_use=node_busy / seconds / len(self._nodes),
            server_use=server_busy / seconds / self._cell.server_processors,
            log_use=log_busy / seconds,
            commit_steps=steps / commits if commits else 0.0,
            log_bytes=steps * self._costs.log_bytes / seconds,
        )

    def _come(self) -> None:
        """Executions come independently of each other."""
        self._start()
        self._calendar.after(self._chance.expovariate(self._load.rate), self._come)

    def _start(self) -> None:
        execution = Execution(self._calendar.now, self._load.steps, self._choose())
        self._started += 1
        self._count(+1)
        if self._costs.client:
            self._server.do(self._costs.client, lambda: self._deliver(execution))
        else:
            self._deliver(execution)

    def _choose(self) -> int:
        """The next node that listens: whoever spreads the requests passes the dead over at once."""
        for _ in self._nodes:
            self._next = (self._next + 1) % len(self._nodes)
            if self._nodes[self._next].is_alive:
                break
        return self._next

    def _deliver(self, execution: Execution) -> None:
        """Give an event to whoever has the execution; until somebody has taken it over, it waits."""
        node = self._nodes[execution.node]
        if node.is_alive:
            node.receive(execution)
        else:
            self._strand(execution)

    def kill_node(self, at: float, *, taken_over_after: float) -> None:
        """Let a node die: others go on with what it had after so many seconds."""

        def die() -> None:
            self._stranded += self._nodes[0].kill()
            self._calendar.after(taken_over_after, take_over)

        def take_over() -> None:
            self._heirs = list(range(1, len(self._nodes)))
            stranded, self._stranded = self._stranded, []
            for execution in stranded:
                self._give(execution)

        self._calendar.at(at, die)

    def _strand(self, execution: Execution) -> None:
        if self._heirs:
            self._give(execution)
        else:
            self._stranded.append(execution)

    def _give(self, execution: Execution) -> None:
        execution.node = self._heirs[self._chance.randrange(len(self._heirs))]
        self._nodes[execution.node].receive(execution)

    def stop_database(self, at: float, *, seconds: float) -> None:
        """Let no commit be answered for so long."""
        self._calendar.at(at, lambda: self._log.be_away(seconds))

    def _on_committed(self, execution: Execution) -> None:
        execution.steps_left -= 1
        if execution.steps_left:
            seconds = self._chance.expovariate(1.0) * self._load.outside_seconds
            execution.outside += seconds
            self._calendar.after(seconds, lambda: self._deliver(execution))
            return
        self._ended += 1
        self._count(-1)
        latency = self._calendar.now - execution.started_at - execution.outside
        self._latencies.append(latency)
        self.ends.append((self._calendar.now, latency))
        if self._load.at_once:
            self._start()

    def _count(self, change: int) -> None:
        """Keep the time integral of how many are under way."""
        now = self._calendar.now
        self._area += self._underway * (now - max(self._counted_at, self._measured_from))
        self._counted_at = now
        self._underway += change
