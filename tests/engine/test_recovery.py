"""What a commit that failed leaves to do, with timers, sub-workflows and workers that are busy."""

import asyncio
from contextlib import suppress
from pathlib import Path

from maestrale.actions import Registry, action
from maestrale.core import Limits, Result
from maestrale.engine import Engine, StartRequest
from maestrale.errors import Unavailable
from maestrale.lang import parse
from maestrale.testing.clocks import FakeClock
from maestrale.workers import LocalWorker

from .house import FallibleStore, House, check_replay

MANY = """
version: '2.0'
many:
  tasks:
    all:
      with-items: i in <% range(6) %>
      action: test.once
"""


def test_items_whose_reports_meet_failing_commits_each_end_once(tmp_path: Path) -> None:
    async def report(house: House, run_id: str) -> None:
        begun = ended = False
        while not ended:
            with suppress(Unavailable):
                begun = begun or await house.engine.started(run_id, 1)
                await house.engine.completed(run_id, 1, Result(value=run_id))
                ended = True
        assert begun

    async def body() -> None:
        async with House(tmp_path / "db", MANY) as house:
            root_id = await house.start("many")
            for when in ("before", "after", "before", "after"):
                house.store.fail_next(when)
            ended = asyncio.create_task(house.engine.wait_ended(root_id))
            await asyncio.gather(*(report(house, each.run_id) for each in list(house.worker.submitted)))

            assert (await ended).state == "SUCCESS"
            assert house.worker.attempts == [("all", 1)] * 6
            assert {run.attempt for run in house.stored(root_id).runs.values()} == {1}

    asyncio.run(body())


def test_the_worker_of_a_node_begins_each_attempt_once_while_commits_fail(tmp_path: Path) -> None:
    begun: list[int] = []

    @action("test.counted")
    async def counted(number: int) -> int:
        """Counts."""
        begun.append(number)
        return number

    text = MANY.replace("test.once", "test.counted number=<% $.i %>")

    async def body() -> None:
        clock = FakeClock()
        store = FallibleStore(tmp_path / "db", clock)
        registry = Registry([counted])
        engine = Engine(store, registry, clock=clock)
        worker = LocalWorker(registry, engine, pause=0.001)
        engine.connect(worker)
        definitions = parse(text).definitions
        assert definitions is not None
        async with engine:
            pins = await engine.deploy("many.yaml", text, definitions)
            root_id = await engine.start(StartRequest(workflow="many", pins=pins))
            for when in ("after", "before", "after"):
                store.fail_next(when)
            ended = await engine.wait_ended(root_id)
            await worker.close(1)
        store.close()

        assert ended.state == "SUCCESS"
        assert sorted(begun) == list(range(6))
        check_replay(tmp_path / "db", Limits(), registry)

    asyncio.run(body())
