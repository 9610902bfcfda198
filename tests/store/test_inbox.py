"""Messages between nodes: each is there until it is done, in the order in which they were sent."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from maestrale.store.inbox import MessageGone
from maestrale.store.lists import LONGEST

from .members import Member, a_member, a_message
from .rows import NOON


@pytest.fixture
def here(shared_url: str) -> Iterator[Member]:
    with a_member(shared_url) as member:
        yield member


def ids(member: Member, *shards: int, limit: int = 10) -> list[str]:
    return [message.id for message in member.store.receive(None, shards, limit)]


def test_messages_stay_until_they_are_done(here: Member) -> None:
    first = a_message("1", shard=3, sender=here.id, sent_at=NOON + timedelta(microseconds=7))
    second = a_message("2", node_id=here.id, body='{"text": "è\\u0000"}')
    here.store.send([first, second])

    assert here.store.receive(here.id, [3, 4], 10) == [first, second]
    assert here.store.receive(None, [3, 4], 10) == [first]
    assert here.store.receive(here.id, [], 10) == [second]
    assert here.store.receive(None, [], 10) == []
    here.store.settle(["1"], [])
    assert here.store.receive(here.id, [3, 4], 10) == [second]


def test_messages_are_read_in_the_order_in_which_they_were_sent(here: Member) -> None:
    here.store.send([a_message(id, shard=0) for id in ("z", "b", "a")])
    here.store.send([a_message(id, shard=0, sent_at=NOON - timedelta(days=1)) for id in ("y", "c")])

    assert ids(here, 0) == ["z", "b", "a", "y", "c"]
    assert ids(here, 0, limit=2) == ["z", "b"]
    assert ids(here, 1) == []


def test_a_message_that_is_sent_twice_is_there_once(here: Member) -> None:
    here.store.send([a_message("1", shard=0)])
    here.store.send([a_message("1", shard=0, body="another"), a_message("2", shard=0)])

    assert here.store.receive(None, [0], 10) == [a_message("1", shard=0), a_message("2", shard=0)]


def test_a_message_for_a_node_that_is_gone_is_dropped(here: Member) -> None:
    here.store.send([a_message("1", node_id=99), a_message("2", shard=0)])

    assert here.store.receive(99, [0], 10) == [a_message("2", shard=0)]


def test_answers_are_taken_once_in_their_order_some_at_a_time(here: Member) -> None:
    answers = [a_message(id, node_id=here.id) for id in ("z", "b", "a")]
    here.store.settle([], answers)
    here.store.send([a_message("for the shard", shard=0)])

    taken = [here.store.take_answers(here.id, 2) for _ in range(3)]

    assert taken == [answers[:2], answers[2:], []]
    assert ids(here, 0) == ["for the shard"]


def test_many_messages_are_done_at_once_or_none(here: Member) -> None:
    names = [f"{number:04}" for number in range(LONGEST + 100)]
    here.store.send([a_message(name, shard=0) for name in names])

    with pytest.raises(MessageGone) as caught:
        here.store.settle([*names[:-1], "gone", "gone too"], [a_message("answer", node_id=here.id)])
    assert caught.value.ids == ("gone", "gone too")
    assert ids(here, 0, limit=10_000) == names
    here.store.settle(names, [])

    assert ids(here, 0) == []
    assert here.store.take_answers(here.id, 1) == []
