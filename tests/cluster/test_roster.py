"""What people are told of the nodes."""

from datetime import timedelta

import pytest

from maestrale.cluster.load import from_row
from maestrale.cluster.roster import look, missing_roles, roster, state_of
from maestrale.cluster.settings import ROLES
from maestrale.store import open_store
from maestrale.store.membership import NodeRow
from maestrale.wire.nodes import Node, NodeList, NodeLoad

from .views import NOON, a_node, a_view


def test_a_roster_has_each_node_with_its_shards_and_what_it_last_said() -> None:
    load = NodeLoad(trees=7, rss=1024, overloaded=True)

    told = roster(a_view([a_node(2, beat_age=0.5, load=load), a_node(1)], [2, None, 2, 1]), self_id=1)

    def node(id: int, shards: list[int], age: float, load: NodeLoad, *, is_self: bool) -> Node:
        return Node(
            id=id,
            name=f"n{id}",
            host="h",
            pid=100 + id,
            url=f"http://n{id}",
            version="1.0",
            roles=["api", "engine"],
            state="up",
            started_at=NOON - timedelta(hours=1),
            leased_until=NOON + timedelta(seconds=3 - age),
            beat_age_seconds=age,
            shards=shards,
            shard_count=len(shards),
            load=load,
            is_self=is_self,
        )

    assert told == NodeList(
        nodes=[
            node(1, [3], 0.0, NodeLoad(), is_self=True),
            node(2, [0, 2], 0.5, load, is_self=False),
        ],
        shard_count=4,
        free_shards=[1],
        missing_roles=("worker", "scheduler"),
    )


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (a_node(1, beat_age=0.0), "up"),
        (a_node(1, beat_age=1.8), "up"),
        (a_node(1, beat_age=1.81), "late"),
        (a_node(1, beat_age=2.99), "late"),
        (a_node(1, beat_age=3.0), "dead"),
        (a_node(1, beat_age=500.0), "dead"),
        (a_node(1, is_stopping=True), "stopping"),
        (a_node(1, is_stopping=True, beat_age=2.5), "stopping"),
        (a_node(1, is_stopping=True, beat_age=3.5), "dead"),
        (a_node(1, leased_until=None), "up"),
        (a_node(1, load=None, beat_age=2.9), "up"),
    ],
)
def test_a_node_is_late_after_one_beat_and_a_half_and_dead_when_its_lease_has_ended(
    row: NodeRow, state: str
) -> None:
    assert state_of(row, a_view([row])) == state


@pytest.mark.parametrize(
    ("nodes", "missing"),
    [
        ([a_node(1, roles=ROLES)], ()),
        ([a_node(1, roles=("api", "engine")), a_node(2, roles=("worker", "scheduler"))], ()),
        ([a_node(1, roles=("api", "engine"))], ("worker", "scheduler")),
        ([a_node(1, roles=("api",)), a_node(2, roles=ROLES, beat_age=2.5)], ()),
        (
            [a_node(1, roles=("api",)), a_node(2, roles=ROLES, beat_age=3.5)],
            ("engine", "worker", "scheduler"),
        ),
        ([a_node(1, roles=("api",)), a_node(2, roles=ROLES, is_stopping=True)], ROLES[1:]),
    ],
)
def test_a_role_is_missing_that_no_node_has_which_lives_and_goes_on(
    nodes: list[NodeRow], missing: tuple[str, ...]
) -> None:
    assert missing_roles(a_view(nodes, [1])) == missing


def test_on_a_file_no_role_is_missing() -> None:
    assert missing_roles(a_view([a_node(1, roles=(), leased_until=None)])) == ()


def test_a_shard_whose_node_is_in_no_row_counts_as_free() -> None:
    assert roster(a_view([a_node(1)], [9, 1])).free_shards == [0]


def test_the_load_of_another_version_is_read_as_far_as_it_is_understood() -> None:
    newer = {"trees": 3, "beat_seconds": 1.0, "lease_seconds": 2.0, "mood": "good"}

    said = from_row(newer)
    changed = from_row({"trees": "three"})

    assert (said.load, said.beat_seconds, said.lease_seconds) == (NodeLoad(trees=3), 1.0, 2.0)
    assert (changed.load, changed.beat_seconds) == (NodeLoad(), 0.0)


def test_of_a_file_only_the_processes_that_live_are_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('nodes')}/x.db"
    with open_store(url, name="first") as first, open_store(url, name="second") as second:
        ids = [first.node_id, second.node_id]
        both = roster(look(first), self_id=first.node_id)
    with open_store(url, name="third") as third:
        nobody = roster(look(third))

    told = [(node.id, node.name, node.state, node.is_self) for node in both.nodes]
    assert told == [(ids[0], "first", "up", True), (ids[1], "second", "up", False)]
    assert (both.shard_count, nobody) == (0, NodeList(nodes=[], shard_count=0, free_shards=[]))


def test_a_node_of_a_file_has_neither_a_lease_nor_a_beat() -> None:
    [node] = roster(a_view([a_node(1, leased_until=None, load=None)])).nodes

    assert (node.leased_until, node.beat_age_seconds, node.shards) == (None, None, [])
