"""What an operator watches of a cluster, as one of its nodes sees it."""

from collections import Counter as Count
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from maestrale.cluster.roster import STATES, state_of
from maestrale.store.membership import View

BEAT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
FORWARDED = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TAKEOVER = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class ClusterFigures:
    """Counts what happens between nodes; `registry` is for `/metrics`. Any thread may tell it.

    Args:
        beat_age: Seconds since the last beat that was answered; asked at each scrape.
        version: Of this program.
    """

    def __init__(self, *, beat_age: Callable[[], float], version: str) -> None:
        self.registry = registry = CollectorRegistry()
        build = Gauge("maestrale_build_info", "Always 1.", ("version",), registry=registry)
        build.labels(version).set(1)
        self._nodes = Gauge(
            "maestrale_nodes", "Nodes of the cluster, by state.", ("state",), registry=registry
        )
        self._shards = Gauge("maestrale_shards", "Shards that this node has.", registry=registry)
        self._free_shards = Gauge("maestrale_shards_free", "Shards that no node has.", registry=registry)
        self._waiting = Gauge(
            "maestrale_inbox_waiting",
            "Messages for this node that it has not decided yet.",
            registry=registry,
        )
        self._queued = Gauge(
            "maestrale_attempts_waiting",
            "Attempts of actions that no node with the role worker has taken yet.",
            registry=registry,
        )
        age = Gauge("maestrale_beat_age_seconds", "Since this node renewed its lease.", registry=registry)
        age.set_function(beat_age)
        self._beats = Histogram(
            "maestrale_beat_seconds", "How long a beat took.", buckets=BEAT, registry=registry
        )
        self._failed_beats = Counter(
            "maestrale_beats_failed", "Beats that were not answered.", registry=registry
        )
        self._buried = Counter(
            "maestrale_nodes_buried", "Dead nodes that this one has buried.", registry=registry
        )
        self._moved = Counter(
            "maestrale_shards_moved",
            "Shards that this node gained, gave away, or lost to others by force.",
            ("how",),
            registry=registry,
        )
        self._takeovers = Histogram(
            "maestrale_takeover_seconds",
            "From taking shards until all their executions go on here.",
            buckets=TAKEOVER,
            registry=registry,
        )
        self._refused = Counter(
            "maestrale_commits_refused",
            "Commits refused because a shard was not this node's any more.",
            registry=registry,
        )
        self._forwarded = Histogram(
            "maestrale_forwarded_seconds",
            "How long requests took that another node had to decide.",
            ("outcome",),
            buckets=FORWARDED,
            registry=registry,
        )
        for how in ("gained", "given", "lost"):  # So that a first one is seen as an increase.
            self._moved.labels(how)
        for outcome in ("done", "refused", "unanswered"):
            self._forwarded.labels(outcome)

    def on_beat(self, view: View, *, node_id: int, seconds: float) -> None:
        """A beat was answered with this view."""
        self._beats.observe(seconds)
        states = Count(state_of(row, view) for row in view.nodes)
        for state in STATES:
            self._nodes.labels(state).set(states[state])
        known = {row.id for row in view.nodes}
        self._shards.set(sum(shard.node_id == node_id for shard in view.shards))
        self._free_shards.set(sum(shard.node_id not in known for shard in view.shards))
        self._waiting.set(view.waiting)
        self._queued.set(view.queued)

    def on_beat_failed(self) -> None:
        self._failed_beats.inc()

    def on_buried(self, count: int) -> None:
        self._buried.inc(count)

    def on_takeover(self, shards: int, seconds: float) -> None:
        """So many shards were gained, and all their unfinished executions go on here."""
        self._moved.labels("gained").inc(shards)
        self._takeovers.observe(seconds)

    def on_given(self, shards: int) -> None:
        self._moved.labels("given").inc(shards)

    def on_lost(self, shards: int) -> None:
        self._moved.labels("lost").inc(shards)

    def on_refused_commit(self) -> None:
        self._refused.inc()

    def on_forwarded(self, outcome: str, seconds: float) -> None:
        """A request was sent to another node: `done`, `refused` by it, or `unanswered` in time."""
        self._forwarded.labels(outcome).observe(seconds)
