"""Notices on their way: in order, again and again, and nobody waits for another one's target."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from maestrale.actions import HttpSettings
from maestrale.notifier import notifier, queues
from maestrale.notifier.notifier import BUG_SECONDS
from maestrale.notifier.queues import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MOST_HELD,
    MOST_IN_MEMORY,
    pause_after,
)
from maestrale.notifier.signing import key_of, signed_headers
from maestrale.testing.clocks import FakeClock

from .house import notifying
from .receiver import DROP, HANG, receiving

DAY = 86_400
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trees.db"


# Arriving.


async def test_a_notice_arrives_with_its_headers_and_a_signature_and_is_forgotten(path: Path) -> None:
    async with receiving() as receiver, notifying(path, secrets=(SECRET,)) as house:
        await house.tell(f"{receiver.url}/in?a=1", "TASK_FAILED", headers={"X-Team": "b", "User-Agent": "we"})

        [got] = receiver.received
        signed = signed_headers(
            "root-1-0", b'{"event": "TASK_FAILED"}', keys=[key_of(SECRET)], at=house.clock.now()
        )
        assert (got.path, got.body) == ("/in?a=1", b'{"event": "TASK_FAILED"}')
        assert (
            got.headers.items()
            >= {
                **signed,
                "content-type": "application/json",
                "x-team": "b",
                "user-agent": "we",
            }.items()
        )
        assert (house.left, house.outcomes) == (0, {"delivered": 1})


async def test_without_a_secret_a_notice_is_not_signed(path: Path) -> None:
    async with receiving() as receiver, notifying(path) as house:
        await house.tell(receiver.url, "TASK_FAILED")

        assert "webhook-signature" not in receiver.received[0].headers
        assert receiver.ids == ["root-1-0"]


async def test_noop_writes_a_line_and_sends_nothing(path: Path) -> None:
    with capture_logs() as lines:
        async with notifying(path) as house:
            await house.tell("", "WORKFLOW_SUCCEEDED", type="noop")

            assert (house.left, house.outcomes) == (0, {"delivered": 1})

    assert [(line["event"], line["what"], line["root_id"]) for line in lines] == [
        ("a notice", "WORKFLOW_SUCCEEDED", "root")
    ]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_status_of_success_counts(path: Path, status: int) -> None:
    async with receiving() as receiver, notifying(path) as house:
        receiver.answer = lambda received: status

        await house.tell(receiver.url, "TASK_FAILED")

        assert house.outcomes == {"delivered": 1}


# Again.


@pytest.mark.parametrize("answer", [500, 400, 404, "302 Found\r\nlocation: /elsewhere", DROP])
async def test_what_does_not_arrive_is_sent_again_with_the_same_id_until_it_does(
    path: Path, answer: Any
) -> None:
    async with receiving() as receiver, notifying(path) as house:
        receiver.answer = lambda received: answer if len(receiver.received) < 4 else 200
        began = int(house.clock.now().timestamp())
        await house.tell(receiver.url, "TASK_FAILED")

        for pause in (1, 2, 4):
            await house.pass_time(pause - 0.1)
            await house.pass_time(0.1)

        assert [
            (it.path, it.id, int(it.headers["webhook-timestamp"]) - began) for it in receiver.received
        ] == [("/", "root-1-0", seconds) for seconds in (0, 1, 3, 7)]
        assert (house.left, house.outcomes) == (0, {"failed": 3, "delivered": 1})


def test_pauses_double_up_to_a_bound_and_chance_spreads_them() -> None:
    assert [pause_after(failures, 0.0) for failures in (1, 2, 3, 9, 10, 1000)] == [1, 2, 4, 256, 300, 300]
    assert (FIRST_PAUSE, LONGEST_PAUSE) == (1, 300)
    assert pause_after(3, 1.0) == 2


async def test_a_target_may_ask_for_a_longer_pause(path: Path) -> None:
    async with receiving() as receiver, notifying(path) as house:
        receiver.answer = lambda received: "503 Busy\r\nretry-after: 90"
        await house.tell(receiver.url, "TASK_FAILED")

        await house.pass_time(89)
        before = len(receiver.received)
        await house.pass_time(1)

        assert (before, len(receiver.received)) == (1, 2)


async def test_after_a_success_pauses_are_short_again(path: Path) -> None:
    async with receiving() as receiver, notifying(path) as house:
        statuses = iter([500, 500, 200, 500, 200])
        receiver.answer = lambda received: next(statuses)

        await house.tell(receiver.url, "TASK_LAUNCHED", "TASK_FAILED")
        for pause in (1, 2, 1):
            await house.pass_time(pause)

        assert receiver.events == ["TASK_LAUNCHED"] * 3 + ["TASK_FAILED"] * 2
        assert house.left == 0


# Order.


async def test_a_notice_waits_for_the_one_before_it(path: Path) -> None:
    async with receiving() as receiver, notifying(path) as house:
        receiver.answer = lambda received: 500 if len(receiver.received) == 1 else 200
        await house.tell(receiver.url, "TASK_LAUNCHED", "TASK_FAILED")
        await house.tell(receiver.url, "WORKFLOW_FAILED")
        first = list(receiver.events)

        await house.pass_time(1)

        assert first == ["TASK_LAUNCHED"]
        assert receiver.events == ["TASK_LAUNCHED", "TASK_LAUNCHED", "TASK_FAILED", "WORKFLOW_FAILED"]


async def test_other_executions_and_other_targets_do_not_wait_for_what_is_not_taken(path: Path) -> None:
    async with receiving() as receiver, notifying(path) as house:
        receiver.answer = lambda received: 500 if received.id == "a-1-0" and received.path == "/1" else 200

        await house.tell(f"{receiver.url}/1", "TASK_FAILED", "TASK_RERUN", root_id="a")
        await house.tell(f"{receiver.url}/2", "TASK_FAILED", root_id="a")
        await house.tell(f"{receiver.url}/1", "TASK_FAILED", root_id="b")

        assert [(each.path, each.id) for each in receiver.received] == [
            ("/1", "a-1-0"),
            ("/2", "a-2-0"),
            ("/1", "b-1-0"),
        ]
        assert house.left == 2


async def test_more_notices_than_fit_into_memory_keep_their_order(path: Path) -> None:
    events = [f"E{number}" for number in range(3 * MOST_IN_MEMORY + 1)]
    async with receiving() as receiver, notifying(path) as house:
        receiver.answer = lambda received: HANG if len(receiver.received) == 50 else 200
        house.hand_over(receiver.url, *events)
        await receiver.wait_for(50)
        house.hand_over(receiver.url, "LAST")
        receiver.let_go()
        await house.notifier.settle()

        await house.pass_time(1)

        assert receiver.events == [*events[:50], *events[49:], "LAST"]
        assert house.left == 0


# Slow and dead targets.


async def test_a_target_that_hangs_delays_no_other_host(path: Path) -> None:
    async with receiving() as slow, receiving() as quick, notifying(path, slots=2) as house:
        slow.answer = lambda received: HANG
        for number in range(10):
            house.hand_over(slow.url, "TASK_FAILED", root_id=f"slow-{number}")
        house.hand_over(quick.url, "TASK_FAILED", "WORKFLOW_FAILED")

        await quick.wait_for(2)
        await slow.wait_for(2)

        assert quick.events == ["TASK_FAILED", "WORKFLOW_FAILED"]
        assert len(slow.received) == 2
        slow.let_go()


async def test_no_more_is_sent_to_a_host_at_once_than_there_are_slots(path: Path) -> None:
    async with receiving() as receiver, notifying(path, slots=3) as house:
        for number in range(20):
            house.hand_over(f"{receiver.url}/{number}", "TASK_FAILED", root_id=f"root-{number}")

        await house.notifier.settle()

        assert (len(receiver.received), receiver.most_at_once <= 3) == (20, True)


async def test_a_host_that_gives_no_answer_rests_and_is_tried_with_one_notice_at_a_time(path: Path) -> None:
    async with receiving() as receiver, notifying(path, slots=4) as house:
        receiver.answer = lambda received: DROP
        for number in range(12):
            house.hand_over(receiver.url, "TASK_FAILED", root_id=f"root-{number}")
        await house.notifier.settle()
        sent = [len(receiver.received)]

        for pause in (1, 2, 4):
            await house.pass_time(pause)
            sent.append(len(receiver.received))
        receiver.answer = lambda received: 200
        await house.pass_time(8)
        await house.pass_time(60)

        assert sent == [4, 5, 6, 7]
        assert (house.left, house.outcomes) == (0, {"failed": 7, "delivered": 12})


async def test_a_receiver_that_comes_back_gets_everything(path: Path) -> None:
    async with receiving() as receiver:
        port = receiver.port
    async with notifying(path) as house:
        with capture_logs() as lines:
            await house.tell(f"http://127.0.0.1:{port}", "TASK_FAILED", "WORKFLOW_FAILED")
            await house.pass_time(1)
            async with receiving(port) as again:
                await house.pass_time(2)

                assert again.events == ["TASK_FAILED", "WORKFLOW_FAILED"]
        assert [line["event"] for line in lines] == [
            "a notice could not be delivered; it is tried again",
            "notices are delivered again",
        ]


# Giving up.


async def test_what_is_too_old_is_given_up_and_what_follows_goes_on(path: Path) -> None:
    async with receiving() as receiver, notifying(path, give_up_seconds=10) as house:
        receiver.answer = lambda received: 200 if received.event == "WORKFLOW_FAILED" else 500
        await house.tell(receiver.url, "TASK_LAUNCHED", "TASK_FAILED")
        for pause in (1, 2, 4, 2):
            await house.pass_time(pause)
        house.commit(receiver.url, "ANOTHER", root_id="other")
        await house.tell(receiver.url, "WORKFLOW_FAILED")

        with capture_logs() as lines:
            await house.pass_time(6)
            await house.pass_time(16)

        assert receiver.events == ["TASK_LAUNCHED"] * 5 + ["WORKFLOW_FAILED"]
        assert (house.left, house.outcomes) == (1, {"failed": 5, "given_up": 2, "delivered": 1})
        assert [(line["event"], line["count"], line["reason"]) for line in lines] == [
            ("notices were given up", 2, "it answered 500")
        ]


async def test_a_host_that_stays_dead_is_given_up_for_all_executions(path: Path) -> None:
    async with receiving() as receiver, notifying(path, give_up_seconds=10) as house:
        receiver.answer = lambda received: DROP
        for number in range(20):
            house.hand_over(receiver.url, "TASK_FAILED", root_id=f"root-{number}")
        await house.notifier.settle()

        for pause in (1, 2, 4, 8):
            await house.pass_time(pause)

        assert (house.left, house.outcomes["given_up"]) == (0, 20)


async def test_what_is_old_already_when_a_server_starts_is_tried_all_the_same(path: Path) -> None:
    clock = FakeClock()
    async with receiving() as receiver:
        async with notifying(path, clock=clock) as house:
            house.commit(receiver.url, "TASK_FAILED")
        clock.advance(3 * DAY)
        receiver.answer = lambda received: 503 if len(receiver.received) < 3 else 200

        async with notifying(path, clock=clock) as house:
            await house.notifier.settle()
            await house.pass_time(1)
            await house.pass_time(2)

            assert house.outcomes == {"failed": 2, "delivered": 1}


async def test_a_target_that_is_gone_is_not_asked_again(path: Path) -> None:
    async with receiving() as receiver, notifying(path) as house:
        receiver.answer = lambda received: 410

        await house.tell(receiver.url, "TASK_LAUNCHED", "TASK_FAILED")

        assert (len(receiver.received), house.left, house.outcomes) == (2, 0, {"given_up": 2})


@pytest.mark.parametrize(
    "rules", [HttpSettings(denied_cidrs=("127.0.0.0/8",)), HttpSettings(allowed_hosts=("hook.example",))]
)
async def test_the_rules_of_egress_hold_for_webhooks(path: Path, rules: HttpSettings) -> None:
    async with receiving() as receiver, notifying(path, http=rules) as house:
        with capture_logs() as lines:
            await house.tell(receiver.url, "TASK_FAILED")

        assert (receiver.received, house.left, house.outcomes) == ([], 0, {"given_up": 1})
        assert [line["reason"] for line in lines] == ["the settings forbid to connect there"]


# Another process, and the database.


async def test_what_was_not_sent_is_sent_by_the_next_process_in_its_order(path: Path) -> None:
    events = [f"E{number}" for number in range(2 * MOST_IN_MEMORY)]
    async with receiving() as receiver:
        async with notifying(path) as house:
            house.commit(receiver.url, *events)
            house.commit(receiver.url, "LAST")

        async with notifying(path) as house:
            await house.notifier.settle()

            assert receiver.events == [*events, "LAST"]
            assert house.left == 0


async def test_what_a_process_sent_and_could_not_note_is_sent_again_with_the_same_id(path: Path) -> None:
    async with receiving() as receiver:
        async with notifying(path) as house:
            house.hand_over(receiver.url, "TASK_FAILED")
            await receiver.wait_for(1)
            house.failing_calls = 1000

        async with notifying(path) as house:
            await house.notifier.settle()

            assert (receiver.ids, house.left) == (["root-1-0"] * 2, 0)


async def test_what_a_process_leaves_that_ends_meanwhile_is_taken_over(path: Path) -> None:
    async with receiving() as receiver, notifying(path) as house:
        async with notifying(path) as other:
            other.commit(receiver.url, "TASK_FAILED")
            await house.notifier.look()
            while_it_lived = list(receiver.received)

        await house.notifier.look()
        await house.notifier.settle()

        assert (while_it_lived, receiver.events, house.left) == ([], ["TASK_FAILED"], 0)


async def test_a_database_that_does_not_answer_is_asked_again(path: Path) -> None:
    async with receiving() as receiver:
        async with notifying(path) as house:
            house.commit(receiver.url, "TASK_FAILED")
        async with notifying(path) as house:
            house.failing_calls = 1
            await house.notifier.settle()
            at_first = list(receiver.events)

            await house.pass_time(2)

            assert (at_first, receiver.events, house.left) == ([], ["TASK_FAILED"], 0)


# Secrets.


@pytest.mark.parametrize("answer", [500, 410, DROP])
async def test_nothing_of_a_publisher_but_its_host_is_logged(path: Path, answer: Any) -> None:
    async with receiving() as receiver, notifying(path, give_up_seconds=0, secrets=(SECRET,)) as house:
        receiver.answer = lambda received: answer
        url = f"http://user:p4ssword@127.0.0.1:{receiver.port}/t0ken?key=k3y"

        with capture_logs() as lines:
            await house.tell(url, "TASK_FAILED", headers={"Authorization": "Bearer s3cret"})
            for pause in (1, 2, 4, 8):
                await house.pass_time(pause)

        assert house.outcomes["given_up"] == 1
        assert lines[-1]["host"] == receiver.url
        for secret in ("p4ssword", "t0ken", "k3y", "s3cret", SECRET):
            assert secret not in str(lines)


# Many.


async def test_more_executions_than_fit_into_memory_are_told_of_when_there_is_room(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MOST_QUEUES", 20)
    async with receiving() as receiver, notifying(path) as house:
        receiver.answer = lambda received: HANG if len(receiver.received) <= 8 else 200
        for number in range(90):
            house.hand_over(receiver.url, "TASK_LAUNCHED", root_id=f"root-{number:02}")
        house.hand_over(receiver.url, "TASK_FAILED", root_id="root-89")  # Found no room either.
        await receiver.wait_for(8)
        in_memory = len(house.notifier._queues)
        receiver.let_go()
        while house.left:
            await house.pass_time(600)
            await asyncio.sleep(0)  # The notifier has a look at what there is.

        assert in_memory == 20
        assert len(set(receiver.ids)) == 91
        assert [id for id in receiver.ids if id.startswith("root-89")] == ["root-89-1-0", "root-89-2-0"]
        assert not any(host.has_more for host in house.notifier._hosts.values())


async def test_what_waits_for_a_host_that_is_away_stays_in_the_database(path: Path) -> None:
    async with receiving() as receiver, notifying(path) as house:
        receiver.answer = lambda received: HANG if len(receiver.received) <= 8 else DROP
        for number in range(12):
            house.hand_over(receiver.url, *["TASK_FAILED"] * 90, root_id=f"root-{number}")
        host = house.notifier._hosts[receiver.url]
        at_first = host.held
        receiver.let_go()
        await house.notifier.settle()

        for _ in range(12):
            await house.pass_time(600)
        while_away = host.held
        receiver.answer = lambda received: 200
        while house.left:
            await house.pass_time(600)

        assert (at_first, while_away <= MOST_HELD) == (MOST_HELD, True)
        assert (host.held, len(set(receiver.ids))) == (0, 12 * 90)


# Bugs, and what nobody told of.


async def test_what_nobody_told_the_notifier_of_is_found(path: Path) -> None:
    """Such as a commit of which nobody knew, and whose execution was deleted meanwhile."""
    async with receiving() as receiver, notifying(path) as house:
        house.commit(receiver.url, "TASK_FAILED")

        await house.notifier.look()
        await house.notifier.settle()

        assert (receiver.events, house.left) == (["TASK_FAILED"], 0)


async def test_a_bug_keeps_neither_the_others_nor_for_long_what_met_it(path: Path) -> None:
    async with receiving() as receiver, notifying(path, slots=1) as house:
        house.commit(receiver.url, "TASK_FAILED", root_id="a")
        await house.notifier.look()
        house.bugs = 1
        with capture_logs() as lines:
            await house.tell(receiver.url, "TASK_FAILED", root_id="b")
            at_first = list(receiver.ids)
            await house.pass_time(BUG_SECONDS)

        assert [(line["event"], line["root_id"]) for line in lines] == [("sending a notice met a bug", "a")]
        assert (at_first, receiver.ids, house.left) == (["b-1-0"], ["b-1-0", "a-1-0"], 0)


async def test_a_bug_does_not_end_what_looks_after_the_notices(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "BUG_SECONDS", 0.0)
    async with receiving() as receiver:
        async with notifying(path) as gone:
            gone.commit(receiver.url, "TASK_FAILED")
        with capture_logs() as lines:
            async with notifying(path, bugs=1) as house:
                await receiver.wait_for(1)
                await house.notifier.settle()

                assert house.left == 0
        assert [line["event"] for line in lines] == ["looking after notices met a bug"]


async def test_what_a_host_tells_one_sender_is_not_told_for_the_next(path: Path) -> None:
    async with receiving() as receiver, notifying(path) as house:
        receiver.answer = lambda received: "200 OK\r\nset-cookie: session=a"

        await house.tell(receiver.url, "TASK_LAUNCHED", "TASK_FAILED")

        assert ["cookie" in each.headers for each in receiver.received] == [False, False]
