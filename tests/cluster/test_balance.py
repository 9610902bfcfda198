"""Who takes which shard, as a pure function of what a beat told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from maestrale.cluster.balance import GIVEN_AT_ONCE, Plan, open_shards, plan, shares
from maestrale.store.membership import NodeRow, ShardRow, View

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL = ("api", "engine", "worker", "scheduler")


def a_node(
    id: int,
    *,
    roles: tuple[str, ...] = ALL,
    left: float = 2.0,
    is_stopping: bool = False,
    overloaded: bool = False,
) -> NodeRow:
    return NodeRow(
        id=id,
        name=f"node {id}",
        host="here",
        pid=id,
        started_at=NOW,
        version="1",
        roles=roles,
        url="",
        is_stopping=is_stopping,
        leased_until=NOW + timedelta(seconds=left),
        load={"overloaded": overloaded},
    )


def a_view(nodes: Sequence[NodeRow], holders: Sequence[int | None]) -> View:
    """Shard number n is held by the n-th of `holders`."""
    shards = tuple(ShardRow(number, holder, 1) for number, holder in enumerate(holders))
    return View(now=NOW, nodes=tuple(nodes), shards=shards, waiting=0, revision=0)


def test_a_node_alone_takes_everything() -> None:
    assert plan(a_view([a_node(1)], [None] * 8), 1) == Plan(claim=8)


def test_a_node_takes_no_more_of_what_is_free_than_it_is_due() -> None:
    view = a_view([a_node(1), a_node(2)], [None] * 8)

    assert plan(view, 1).claim == plan(view, 2).claim == 4


def test_what_a_dead_node_has_is_taken_once_it_is_buried() -> None:
    view = a_view([a_node(1), a_node(2, left=-0.1), a_node(3)], [1, 1, 2, 2, 3, 3])

    assert plan(view, 1) == Plan(bury=(2,), claim=1, look_in=timedelta(seconds=2))


def test_the_next_look_is_when_the_first_lease_of_another_node_ends() -> None:
    view = a_view([a_node(1, left=0.1), a_node(2, left=1.5), a_node(3, left=0.5)], [1, 2, 3])

    assert plan(view, 1).look_in == timedelta(seconds=0.5)


def test_who_has_too_many_gives_some_to_the_one_who_has_least_and_a_few_at_a_time() -> None:
    view = a_view([a_node(1), a_node(2), a_node(3)], [1] * 20 + [2] * 10 + [3] * 0)

    gifts = plan(view, 1).give

    assert len(gifts) == GIVEN_AT_ONCE and set(gifts.values()) == {3}
    assert plan(view, 2).give == plan(view, 3).give == {}


def test_a_difference_of_one_moves_nothing() -> None:
    view = a_view([a_node(1), a_node(2), a_node(3)], [1] * 22 + [2] * 21 + [3] * 21)

    assert [dict(plan(view, id).give) for id in (1, 2, 3)] == [{}, {}, {}]


def test_a_node_that_stops_takes_nothing_and_gives_everything_at_once() -> None:
    view = a_view([a_node(1, is_stopping=True), a_node(2), a_node(3)], [*[1] * 6, 2, 3, None])

    gifts = plan(view, 1).give

    assert plan(view, 1).claim == 0
    assert set(gifts) == set(range(6)) and sorted(gifts.values()) == [2, 2, 2, 2, 3, 3]


def test_a_node_that_stops_alone_keeps_what_it_has_until_it_leaves() -> None:
    assert plan(a_view([a_node(1, is_stopping=True)], [1, 1]), 1) == Plan()


def test_a_node_without_the_role_of_an_engine_takes_none() -> None:
    view = a_view([a_node(1, roles=("api", "worker")), a_node(2)], [None] * 4)

    assert (plan(view, 1).claim, plan(view, 2).claim) == (0, 4)


def test_an_overloaded_node_is_due_less() -> None:
    dues = shares([a_node(1, overloaded=True), a_node(2)], 64)

    assert dues[1] < dues[2] and sum(dues.values()) == 64
    assert shares([a_node(1, overloaded=True), a_node(2, overloaded=True)], 64) == {1: 32, 2: 32}


def test_new_executions_are_placed_where_nobody_is_overloaded() -> None:
    view = a_view([a_node(1, overloaded=True), a_node(2), a_node(3, left=-1)], [1, 2, 3, None])

    assert open_shards(view) == frozenset({1})


nodes = st.lists(
    st.builds(
        a_node,
        st.integers(1, 6),
        roles=st.sampled_from([ALL, ALL, ("api",), ("engine",)]),
        left=st.sampled_from([2.0, 2.0, 2.0, -1.0]),
        is_stopping=st.sampled_from([False, False, False, True]),
        overloaded=st.booleans(),
    ),
    min_size=1,
    unique_by=lambda node: node.id,
)


@given(nodes, st.lists(st.one_of(st.none(), st.integers(1, 6)), min_size=16, max_size=16))
def test_whatever_the_nodes_do_ends_with_every_shard_where_it_is_due(
    given_nodes: list[NodeRow], given_holders: list[int | None]
) -> None:
    """Nodes act one after the other on what they see; after some beats nothing moves any more."""
    known = {node.id for node in given_nodes}
    holders = [holder if holder in known else None for holder in given_holders]
    living = [node for node in given_nodes if node.leased_until is not None and node.leased_until > NOW]
    dues = shares(living, len(holders))

    for _ in range(20):
        before = list(holders)
        for node in living:
            todo = plan(a_view(given_nodes, holders), node.id)
            holders = [None if holder in todo.bury else holder for holder in holders]
            given_nodes = [other for other in given_nodes if other.id not in todo.bury]
            free = [number for number, holder in enumerate(holders) if holder is None]
            for number in free[: todo.claim]:
                holders[number] = node.id
            for number, to in todo.give.items():
                assert holders[number] == node.id
                holders[number] = to
        if holders == before:
            break
    else:
        raise AssertionError(f"shards move for ever: {holders}")

    if dues:
        assert {id: holders.count(id) for id in dues} == dues
