"""What `/metrics` says of a cluster."""

from maestrale.main.cluster_figures import ClusterFigures
from tests.cluster.views import a_node, a_view


def test_figures_follow_the_last_view() -> None:
    figures = ClusterFigures(beat_age=lambda: 0.25, version="1.2.3")
    figures.on_beat(a_view([a_node(1)], [1, 1]), node_id=1, seconds=0.002)
    nodes = [a_node(1), a_node(2, beat_age=2.0), a_node(3, beat_age=9.0), a_node(4, is_stopping=True)]

    figures.on_beat(a_view(nodes, [1, 2, None, 9, 4], waiting=6), node_id=1, seconds=0.004)

    registry = figures.registry
    told = {
        state: registry.get_sample_value("maestrale_nodes", {"state": state})
        for state in ("up", "stopping", "late", "dead")
    }
    assert told == {"up": 1, "stopping": 1, "late": 1, "dead": 1}
    names = ("shards", "shards_free", "inbox_waiting", "beat_age_seconds", "beat_seconds_count")
    values = [registry.get_sample_value(f"maestrale_{name}") for name in names]
    assert values == [1, 2, 6, 0.25, 2]
    assert registry.get_sample_value("maestrale_build_info", {"version": "1.2.3"}) == 1


def test_what_happens_is_counted() -> None:
    figures = ClusterFigures(beat_age=lambda: 0.0, version="1")
    figures.on_beat_failed()
    figures.on_buried(2)
    figures.on_takeover(3, 0.2)
    figures.on_given(4)
    figures.on_refused_commit()
    figures.on_forwarded("done", 0.01)

    def value(name: str, **labels: str) -> float | None:
        return figures.registry.get_sample_value(f"maestrale_{name}", labels)

    assert [value("shards_moved_total", how=how) for how in ("gained", "given", "lost")] == [3, 4, 0]
    once = [value(f"{name}_total") for name in ("beats_failed", "nodes_buried", "commits_refused")]
    assert once == [1, 2, 1]
    counts = [
        value("forwarded_seconds_count", outcome=outcome) for outcome in ("done", "refused", "unanswered")
    ]
    assert (counts, value("takeover_seconds_sum")) == ([1, 0, 0], 0.2)
