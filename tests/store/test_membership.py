"""The nodes that share a database: their leases, and the shards that they take."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from maestrale.core.state import Tree
from maestrale.errors import Unavailable
from maestrale.store import MembershipStore, NodeRow, ShardRow, Store, open_membership, open_store
from maestrale.store.membership import MOST_COUNTED
from maestrale.store.schema import SHARDS

from .members import LONG, OVER, a_member, a_message, shard_for
from .rows import a_cron_trigger, a_new_tree, a_workflow, an_event_trigger


@pytest.fixture
def store(shared_url: str) -> Iterator[Store]:
    with open_store(shared_url) as opened:
        yield opened


@pytest.fixture
def membership(shared_url: str) -> Iterator[MembershipStore]:
    with open_membership(shared_url) as opened:
        yield opened


def a_node(membership: MembershipStore, *, lease: timedelta = LONG, name: str = "node") -> int:
    return membership.join(name=name, version="1.0", roles=("engine", "api"), url="http://it", lease=lease)


def holders(membership: MembershipStore) -> dict[int | None, int]:
    """How many shards each node has."""
    counts: dict[int | None, int] = {}
    for shard in membership.look().shards:
        counts[shard.node_id] = counts.get(shard.node_id, 0) + 1
    return counts


# Nodes


def test_a_node_is_seen_as_it_joined(membership: MembershipStore) -> None:
    node_id = membership.join(name="café", version="1.2", roles=("api",), url="http://it:1", lease=LONG)

    view = membership.look()
    [node] = view.nodes
    assert node == NodeRow(
        id=node_id,
        name="café",
        host=os.uname().nodename,
        pid=os.getpid(),
        started_at=node.started_at,
        version="1.2",
        roles=("api",),
        url="http://it:1",
        is_stopping=False,
        leased_until=node.leased_until,
        load={},
    )
    assert node.leased_until is not None
    assert timedelta(0) <= view.now - node.started_at < timedelta(minutes=1)
    assert timedelta(0) <= node.leased_until - node.started_at - LONG < timedelta(minutes=1)


def test_the_number_of_a_node_that_has_left_is_never_given_out_again(membership: MembershipStore) -> None:
    first = a_node(membership)
    membership.leave(first)

    assert (first, a_node(membership)) == (1, 2)


def test_a_beat_renews_the_lease_and_tells_what_the_node_says_of_itself(membership: MembershipStore) -> None:
    node_id = a_node(membership, lease=OVER)
    another = a_node(membership, name="another")

    load = {"running": 3, "places": [1.5, None, "x"]}
    view = membership.beat(node_id, lease=LONG, load=load, is_stopping=True)

    assert view is not None
    node, other = view.nodes
    assert (node.id, node.load, node.is_stopping) == (node_id, load, True)
    assert (other.id, other.name, other.load, other.is_stopping) == (another, "another", {}, False)
    assert node.leased_until is not None
    assert abs(node.leased_until - view.now - LONG) < timedelta(minutes=1)
    assert membership.look().nodes == view.nodes


def test_a_beat_sees_the_shards_and_what_waits(store: Store, membership: MembershipStore) -> None:
    node_id, another = a_node(membership), a_node(membership)
    ours = membership.claim_shards(node_id, limit=2)
    membership.claim_shards(another, limit=1)
    for_us = [a_message("1", shard=0), a_message("2", shard=1), a_message("3", node_id=node_id)]
    store.send([*for_us, a_message("4", shard=2), a_message("5", node_id=another), a_message("6", shard=9)])

    view = membership.beat(node_id, lease=LONG, load={})

    assert ours == {0: 1, 1: 1}
    assert view is not None
    assert view.shards[:4] == (
        ShardRow(0, node_id, 1),
        ShardRow(1, node_id, 1),
        ShardRow(2, another, 1),
        ShardRow(3, None, 0),
    )
    assert len(view.shards) == SHARDS
    assert (view.waiting, membership.look().waiting) == (3, 6)


def test_what_waits_is_counted_up_to_a_bound(store: Store, membership: MembershipStore) -> None:
    node_id = a_node(membership)
    store.send([a_message(str(number), node_id=node_id) for number in range(MOST_COUNTED + 5)])

    view = membership.beat(node_id, lease=LONG, load={})

    assert view is not None
    assert view.waiting == MOST_COUNTED


def test_the_revision_counts_the_changes_of_settings_and_triggers(
    store: Store, membership: MembershipStore
) -> None:
    changes = [
        lambda: store.swap_setting("a", None, "1"),
        lambda: store.swap_setting("a", "1", "2"),
        lambda: store.keep_setting("b", "1"),
        lambda: store.insert_record(a_cron_trigger()),
        lambda: store.delete_record(a_cron_trigger()),
        lambda: store.insert_record(an_event_trigger()),
    ]
    others = [
        lambda: store.keep_setting("b", "2"),
        lambda: store.swap_setting("a", "1", "3"),
        lambda: store.insert_record(a_workflow()),
        lambda: store.get_setting("a"),
    ]

    def revision_after(change: Any) -> int:
        change()
        return membership.look().revision

    assert membership.look().revision == 0
    assert [revision_after(change) for change in changes] == [1, 2, 3, 4, 5, 6]
    assert [revision_after(change) for change in others] == [6, 6, 6, 6]


def test_a_change_that_is_undone_is_not_counted(store: Store, membership: MembershipStore) -> None:
    def put_and_fail() -> None:
        with store.writing():
            store.swap_setting("a", None, "1")
            raise Unavailable("the rest could not be done")

    with pytest.raises(Unavailable):
        put_and_fail()

    assert membership.look().revision == 0


# Leases


def test_only_nodes_whose_lease_has_ended_are_buried_and_their_shards_are_free(
    membership: MembershipStore,
) -> None:
    living, dead = a_node(membership), a_node(membership, lease=OVER)
    membership.claim_shards(living, limit=10)
    taken = membership.claim_shards(dead, limit=3)

    assert membership.bury([dead, living, 99, dead]) == [dead]

    assert [node.id for node in membership.look().nodes] == [living]
    assert holders(membership) == {living: 10, None: SHARDS - 10}
    assert membership.claim_shards(living, limit=3) == {shard: epoch + 2 for shard, epoch in taken.items()}
    assert membership.bury([dead]) == []


def test_a_node_that_was_buried_is_told_with_its_next_beat(membership: MembershipStore) -> None:
    node_id = a_node(membership, lease=OVER)
    membership.bury([node_id])

    assert membership.beat(node_id, lease=LONG, load={}) is None
    assert membership.look().nodes == ()


def test_a_lease_that_has_ended_can_be_renewed_until_somebody_has_seen_it(
    membership: MembershipStore,
) -> None:
    node_id = a_node(membership, lease=OVER)

    assert membership.beat(node_id, lease=LONG, load={}) is not None
    assert membership.bury([node_id]) == []


def test_a_node_is_alive_while_its_lease_lasts(store: Store, membership: MembershipStore) -> None:
    living, dead = a_node(membership), a_node(membership, lease=OVER)

    assert [store.is_alive(node_id) for node_id in (living, dead, 99)] == [True, False, False]


# Shards


def test_free_shards_are_taken_up_to_a_limit_and_nobody_has_one_twice(membership: MembershipStore) -> None:
    first, second = a_node(membership), a_node(membership)

    taken = [
        membership.claim_shards(first, limit=10),
        membership.claim_shards(second, limit=SHARDS),
        membership.claim_shards(first, limit=1),
    ]

    assert taken == [dict.fromkeys(range(10), 1), dict.fromkeys(range(10, SHARDS), 1), {}]


def test_a_node_that_is_gone_gets_no_shard(membership: MembershipStore) -> None:
    node_id = a_node(membership, lease=OVER)
    membership.bury([node_id])

    assert membership.claim_shards(node_id, limit=5) == {}
    assert holders(membership) == {None: SHARDS}


def test_what_a_node_has_is_free_when_it_leaves(store: Store, membership: MembershipStore) -> None:
    node_id = a_node(membership)
    membership.claim_shards(node_id, limit=5)
    store.send([a_message("1", node_id=node_id), a_message("2", shard=1)])

    membership.leave(node_id)

    assert holders(membership) == {None: SHARDS}
    assert membership.look().nodes == ()
    assert store.receive(node_id, [1], 10) == [a_message("2", shard=1)]
    assert membership.beat(node_id, lease=LONG, load={}) is None


def test_every_tree_is_in_a_shard_of_its_node(shared_url: str) -> None:
    with a_member(shared_url) as member:
        member.store.commit([a_new_tree(f"root {number}") for number in range(20)])

        trees = member.store.load_trees([f"root {number}" for number in range(20)])
        assert [tree.tree for tree in trees] == [Tree(id=f"root {it}", sequence=1) for it in range(20)]
        for number in range(20):
            root_id = f"root {number}"
            assert member.store.unfinished_trees([shard_for(root_id)]).count(root_id) == 1


# What it costs


def test_a_beat_is_one_statement_outside_of_transactions(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    execute = psycopg.RawCursor.execute

    def count(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(str(query))
        return execute(cursor, query, *arguments, **options)

    with open_membership(postgresql_url) as membership:
        node_id = a_node(membership)
        monkeypatch.setattr(psycopg.RawCursor, "execute", count)
        view = membership.beat(node_id, lease=LONG, load={})
        membership.listen(0)
        after_first_wait = len(asked)
        membership.beat(node_id, lease=LONG, load={})
        membership.listen(0)

    assert view is not None
    assert len(view.shards) == SHARDS
    assert asked[0].startswith("WITH renewed AS (UPDATE nodes")
    assert asked[1:after_first_wait] == ["LISTEN maestrale"]
    assert len(asked) == after_first_wait + 1


# Hints


def test_a_hint_reaches_every_node_that_listens(postgresql_url: str) -> None:
    with open_membership(postgresql_url) as here, open_membership(postgresql_url) as there:
        assert (here.listen(0), there.listen(0)) == ([], [])

        here.hint(["inbox 1", "work"])
        here.hint([])

        assert there.listen(10) == ["inbox 1", "work"]
        assert here.listen(10) == ["inbox 1", "work"]
        assert there.listen(0) == []


def test_a_hint_that_came_with_another_answer_is_heard(postgresql_url: str) -> None:
    with open_membership(postgresql_url) as here, open_membership(postgresql_url) as there:
        there.listen(0)
        here.hint(["inbox 1"])

        there.look()

        assert there.listen(10) == ["inbox 1"]


def test_a_node_listens_again_after_its_connection_broke(postgresql_url: str) -> None:
    with open_membership(postgresql_url) as here, open_membership(postgresql_url) as there:
        there.listen(0)
        cut = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute(cut)
        for _ in range(2):
            for membership in (here, there):
                try:
                    membership.look()
                    membership.listen(0)
                except Exception as error:
                    assert getattr(error, "code", "") == "database-unreachable"  # noqa: PT017

        here.hint(["work"])

        assert there.listen(10) == ["work"]


def test_who_is_woken_up_waits_no_longer(membership: MembershipStore) -> None:
    membership.listen(0)
    membership.wake()
    membership.wake()

    assert membership.listen(600) == []
    assert membership.listen(0) == []


def test_there_is_nobody_to_tell_on_a_file(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/some.db"
    open_store(url).close()
    with open_membership(url) as membership:
        membership.hint(["work"])

        assert membership.listen(0) == []
        assert membership.look().shards == ()
