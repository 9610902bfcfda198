"""A server under load is killed again and again: whoever is to be told of what it had accepted is told.

The receiver takes some notices at the second time only. Each execution that was accepted ends, and its end
arrives at least once; however often it does, it is under the same id and with the same body.
"""

import asyncio
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from ..cli.processes import DEADLINE, Maestrale
from ..notifier.receiver import DROP, Received, Receiver, receiving
from .test_killed_server import Load, ends_of, kill_again_and_again


def take_some_at_the_second_time(receiver: Receiver) -> None:
    """One notice in three is refused at first, in the one way or the other."""

    def answer(received: Received) -> Any:
        kind = sum(received.id.encode()) % 6
        return 200 if kind > 1 or receiver.ids.count(received.id) > 1 else (500, DROP)[kind]

    receiver.answer = answer


def heard(receiver: Receiver) -> dict[str, list[Received]]:
    """What arrived of each execution."""
    found: dict[str, list[Received]] = defaultdict(list)
    for received in receiver.received:
        found[json.loads(received.body)["id"]].append(received)
    return found


def test_a_killed_server_tells_of_all_that_it_had_accepted_and_always_under_one_id(tmp_path: Path) -> None:
    async def body() -> None:
        maestrale = Maestrale(tmp_path)
        async with receiving() as receiver:
            take_some_at_the_second_time(receiver)
            hook = {"type": "webhook", "url": receiver.url, "event_types": ["WORKFLOW_SUCCEEDED"]}
            load = Load(tmp_path / "notes", notify=[hook])
            try:
                await kill_again_and_again(maestrale, load, random.Random(11))
                await ends_of(load.url, load.accepted)
                async with asyncio.timeout(DEADLINE):
                    while heard(receiver).keys() != set(load.accepted):  # noqa: ASYNC110 - Nothing tells.
                        await asyncio.sleep(0.02)
            finally:
                await asyncio.to_thread(maestrale.end_all)

        told = heard(receiver)
        assert len(load.accepted) > 0
        assert all(len({(each.id, each.body) for each in notices}) == 1 for notices in told.values())
        assert set(receiver.events) == {"WORKFLOW_SUCCEEDED"}
        assert any(len(notices) > 1 for notices in told.values())

    asyncio.run(body())
