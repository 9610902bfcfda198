"""What keeps two nodes from writing the same tree on a real server, however their statements meet."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import monotonic

import psycopg
import pytest

from maestrale.errors import Unavailable
from maestrale.store import LeaseLost, MessageGone, Store, open_membership
from maestrale.store.schema import SHARDS

from .members import LONG, OVER, Member, a_member, a_message
from .rows import a_new_tree, load, the_next


@pytest.fixture
def late(postgresql_url: str) -> Iterator[Member]:
    """A node with all shards, whose lease has ended."""
    with a_member(postgresql_url, lease=OVER) as member:
        yield member


@pytest.fixture
def heir(postgresql_url: str, late: Member) -> Iterator[Member]:
    """A node without any shard."""
    with a_member(postgresql_url, limit=0) as member:
        yield member


def wait_until_somebody_waits_for_a_lock(url: str) -> None:
    """Wait for it by asking the server, not by hoping that some time is enough."""
    question = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = monotonic() + 10
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(question).fetchone() == (0,):
            assert monotonic() < deadline, "nobody waits"


def test_taking_over_waits_for_a_commit_under_way_and_shuts_out_the_next(
    postgresql_url: str, late: Member, heir: Member
) -> None:
    first = a_new_tree()
    with ThreadPoolExecutor(1) as pool:
        with late.store.writing():
            late.store.commit([first])
            burial = pool.submit(lambda: heir.membership.bury([late.id]))
            wait_until_somebody_waits_for_a_lock(postgresql_url)
            late.store.commit([the_next(first)])
            assert not burial.done()

        assert burial.result(10) == [late.id]
    heir.take()
    assert load(heir.store).tree.sequence == 2
    with pytest.raises(LeaseLost):
        late.store.commit([the_next(the_next(first))])
    heir.store.commit([the_next(the_next(first))])


def test_who_buries_does_not_wait_long_for_a_commit(postgresql_url: str, late: Member) -> None:
    with late.store.writing():
        late.store.commit([a_new_tree()])
        with a_member(postgresql_url, limit=0, patience=0.01) as hasty:
            with pytest.raises(Unavailable):
                hasty.membership.bury([late.id])

            assert hasty.membership.beat(hasty.id, lease=LONG, load={}) is not None
            assert [node.id for node in hasty.membership.look().nodes] == [late.id, hasty.id]


def test_a_commit_that_comes_during_a_burial_waits_and_is_refused(
    postgresql_url: str, late: Member, heir: Member
) -> None:
    def commit() -> str:
        try:
            late.store.commit([a_new_tree()])
        except LeaseLost as lost:
            return lost.code
        return "written"

    with ThreadPoolExecutor(1) as pool:
        with heir.membership._database.writing():
            assert heir.membership.bury([late.id]) == [late.id]
            commit_result = pool.submit(commit)
            wait_until_somebody_waits_for_a_lock(postgresql_url)

        assert commit_result.result(10) == "lease-lost"
    assert heir.store.load_tree("root") is None


def test_a_renewal_does_not_wait_for_a_commit(late: Member, postgresql_url: str) -> None:
    with late.store.writing():
        late.store.commit([a_new_tree()])

        view = late.membership.beat(late.id, lease=LONG, load={})
        with open_membership(postgresql_url) as another:
            assert another.look().nodes == (view.nodes if view else ())

        late.store.commit([a_new_tree("after the renewal")])
    assert late.membership.bury([late.id]) == []


def test_a_renewal_that_was_quicker_saves_the_node(postgresql_url: str, late: Member, heir: Member) -> None:
    with ThreadPoolExecutor(1) as pool:
        with late.membership._database.writing():
            assert late.membership.beat(late.id, lease=LONG, load={}) is not None
            burial = pool.submit(lambda: heir.membership.bury([late.id]))
            wait_until_somebody_waits_for_a_lock(postgresql_url)

        assert burial.result(10) == []
    late.store.commit([a_new_tree()])


def test_shards_that_are_given_while_their_heir_is_buried_are_free(
    postgresql_url: str, late: Member, heir: Member
) -> None:
    giver = heir
    late.membership.leave(late.id)
    giver.take()
    with a_member(postgresql_url, lease=OVER) as dying, a_member(postgresql_url) as third:
        with ThreadPoolExecutor(1) as pool:
            with giver.store.writing():
                assert giver.store.give_shards({0: giver.shards.epochs[0]}, to=dying.id) == [0]
                burial = pool.submit(lambda: third.membership.bury([dying.id]))
                wait_until_somebody_waits_for_a_lock(postgresql_url)

            assert burial.result(10) == [dying.id]
        shard = third.membership.look().shards[0]

    assert shard.node_id is None


def test_a_node_that_is_being_buried_takes_no_shard(postgresql_url: str, late: Member, heir: Member) -> None:
    late.membership.leave(late.id)
    with a_member(postgresql_url, lease=OVER, limit=0) as dying, ThreadPoolExecutor(1) as pool:
        with heir.membership._database.writing():
            assert heir.membership.bury([dying.id]) == [dying.id]
            claim = pool.submit(lambda: dying.membership.claim_shards(dying.id, limit=5))
            wait_until_somebody_waits_for_a_lock(postgresql_url)

        assert claim.result(10) == {}
        assert {shard.node_id for shard in heir.membership.look().shards} == {None}


def test_of_many_who_take_shards_at_once_none_gets_one_that_another_has(postgresql_url: str) -> None:
    count = 6
    together = threading.Barrier(count)

    def take(_: int) -> tuple[int, dict[int, int]]:
        with open_membership(postgresql_url, lock_seconds=10, answer_seconds=20) as membership:
            node_id = membership.join(name="", version="", roles=("engine",), url="", lease=LONG)
            together.wait(10)
            taken: dict[int, int] = {}
            while more := membership.claim_shards(node_id, limit=3):
                assert not taken.keys() & more.keys()
                taken |= more
            return node_id, taken

    with ThreadPoolExecutor(count) as pool:
        taken = dict(pool.map(take, range(count)))

    with open_membership(postgresql_url, lock_seconds=10, answer_seconds=20) as membership:
        shards = membership.look().shards
    assert len(taken) == count
    assert all(shard.epoch == 1 for shard in shards if shard.node_id is not None)
    assert {node: {shard.id for shard in shards if shard.node_id == node} for node in taken} == {
        node: set(given) for node, given in taken.items()
    }
    assert sum(map(len, taken.values())) == SHARDS


def test_of_many_who_do_the_same_messages_at_once_one_does_each(postgresql_url: str) -> None:
    count, rounds = 4, 20
    together = threading.Barrier(count)
    names = [f"message {number}" for number in range(rounds)]
    with a_member(postgresql_url) as member:
        member.store.send([a_message(name, shard=0) for name in names])

        def settle(store: Store) -> list[str]:
            done = []
            for name in names:
                together.wait(10)
                try:
                    store.settle([name], [a_message(f"answer to {name}", node_id=member.id)])
                    done.append(name)
                except MessageGone:
                    pass
            return done

        with ExitStack() as stack, ThreadPoolExecutor(count) as pool:
            others = [stack.enter_context(a_member(postgresql_url, limit=0)) for _ in range(count)]
            done = [name for each in pool.map(lambda it: settle(it.store), others) for name in each]

        assert sorted(done) == sorted(names)
        answers = member.store.take_answers(member.id, 100)
        assert [answer.id for answer in answers] == [f"answer to {name}" for name in names]


def test_many_who_bury_and_give_at_once_do_not_wait_for_each_other_for_ever(postgresql_url: str) -> None:
    with ExitStack() as stack:
        giver = stack.enter_context(a_member(postgresql_url))
        dying = [stack.enter_context(a_member(postgresql_url, lease=OVER, limit=0)) for _ in range(4)]
        ids = [member.id for member in dying]

        def bury(order: list[int]) -> list[int]:
            with open_membership(postgresql_url, lock_seconds=10, answer_seconds=20) as membership:
                return membership.bury(order)

        with ThreadPoolExecutor(3) as pool:
            burials = [pool.submit(bury, order) for order in (ids, ids[::-1], ids[2:] + ids[:2])]
            for shard, node_id in enumerate(ids):
                giver.store.give_shards({shard: 1}, to=node_id)
            buried = [id for burial in burials for id in burial.result(20)]

        assert sorted(buried) == ids
        assert {shard.node_id for shard in giver.membership.look().shards} <= {giver.id, None}
