"""The operations on executions, and what a node does at its beginning and its end."""

import asyncio
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from maestrale.core import Changes, Limits, Result
from maestrale.core.events import StopRequested
from maestrale.errors import Conflict, InvalidInput, NotFound, Unavailable

from .house import ONE, House, state_of_tasks

ROOT = "00000000-0000-4000-8000-000000000001"

ENDLESS = """
version: '2.0'
endless:
  tasks:
    begin: {action: std.noop, on-success: again}
    again: {action: std.noop, on-success: again}
"""

NESTED = """
version: '2.0'
outer:
  tasks:
    call: {workflow: inner}
inner:
  output: {said: <% task(work).result %>}
  tasks:
    work: {action: test.once}
"""

OUTSIDE = """
version: '2.0'
asks:
  output: {said: <% task(ask).result %>}
  tasks:
    ask: {action: test.outside}
"""

SLOW = """
version: '2.0'
slow:
  tasks:
    wait: {action: std.noop, wait-before: 60}
"""


# Starting


def test_an_id_starts_one_execution_however_many_ask_at_once(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            asked = [house.engine.start(house.request(id=ROOT)) for _ in range(10)]
            assert set(await asyncio.gather(*asked)) == {ROOT}
            await house.start(id=ROOT)
            await house.succeed("ask", 1)
            await house.start(id=ROOT)

            assert (await house.engine.run(house.request(id=ROOT))).output == {"said": 1}
            assert house.worker.attempts == [("ask", 1)]

    asyncio.run(body())


def test_a_repeated_start_answers_only_once_the_first_is_durable(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            house.store.hold()
            first = asyncio.create_task(house.engine.start(house.request(id=ROOT)))
            await house.store.wait_held()
            second = asyncio.create_task(house.engine.start(house.request(id=ROOT)))
            for _ in range(10):
                await asyncio.sleep(0)
            assert not second.done()

            house.store.fail_next("before")
            house.store.let_go()
            assert [type(e) for e in await asyncio.gather(first, second, return_exceptions=True)] == [
                Unavailable,
                Unavailable,
            ]

    asyncio.run(body())


def test_a_start_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            with pytest.raises(InvalidInput):
                await house.engine.run(house.request(id=ROOT, unknown=1))
            with pytest.raises(InvalidInput):
                await house.engine.run(house.request(unknown=1))
            with pytest.raises(NotFound):
                await house.engine.start(house.request("nothing"))
            with pytest.raises(NotFound):
                await house.engine.wait_ended(ROOT)

            assert (house.in_memory(), len(house.engine._trees._custody.ends)) == ([], 0)
            assert house.store.transactions == []
            assert await house.start(id=ROOT) == ROOT

    asyncio.run(body())


def test_an_execution_goes_on_when_its_caller_went_away(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            house.store.hold()
            callers = [asyncio.create_task(house.engine.run(house.request())) for _ in range(3)]
            await house.store.wait_held()
            for caller in callers:
                caller.cancel()
            await asyncio.wait(callers)
            house.store.let_go()
            await house.engine.settle()

            assert house.worker.attempts == [("ask", 1)] * 3
            assert len(house.engine._trees._custody.ends) == 0
            waiter = asyncio.create_task(house.engine.wait_ended(house.in_memory()[0]))
            await asyncio.sleep(0)
            waiter.cancel()
            await asyncio.wait([waiter])
            assert len(house.engine._trees._custody.ends) == 0

    asyncio.run(body())


# Operations


def test_a_paused_execution_begins_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    text = ONE.replace("test.once}", "test.once, on-success: then}\n    then: {action: test.safe}")

    async def body() -> None:
        async with House(tmp_path / "db", text) as house:
            root_id = await house.start()
            await house.engine.pause(root_id, root_id=root_id, message="lunch")
            await house.succeed("ask", 1)
            paused = house.stored(root_id)
            await house.engine.resume(root_id, root_id=root_id)
            await house.succeed("then")

            assert (paused.root.state, paused.root.state_info) == ("PAUSED", "lunch")
            assert house.worker.attempts == [("ask", 1), ("then", 1)]
            assert house.stored(root_id).root.state == "SUCCESS"
            with pytest.raises(Conflict):
                await house.engine.pause(root_id, root_id=root_id)

    asyncio.run(body())


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start()
            unknown: list[Any] = [
                lambda: house.engine.adopt(ROOT),
                lambda: house.engine.wait_ended(ROOT),
                lambda: house.engine.pause(ROOT, root_id=ROOT),
                lambda: house.engine.stop(ROOT, root_id=root_id, state="ERROR"),
                lambda: house.engine.complete_action(ROOT, root_id=root_id, result=Result()),
            ]
            for ask in unknown:
                with pytest.raises(NotFound):
                    await ask()
            assert not await house.engine.started(ROOT, 1)
            await house.engine.completed(ROOT, 1, Result(value=1))  # Nobody waits for it.

    asyncio.run(body())


def test_the_beginning_of_an_id_is_no_id(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            await house.start(id=ROOT)
            await house.succeed("ask")

            assert (await house.engine.wait_ended(ROOT)).id == ROOT
            with pytest.raises(NotFound):
                await house.engine.wait_ended(ROOT[:8])

    asyncio.run(body())


def test_an_action_is_completed_once_from_outside(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", OUTSIDE) as house:
            root_id = await house.start("asks")
            run_id = house.worker.last("ask").run_id
            ended = asyncio.create_task(house.engine.wait_ended(root_id))
            await house.engine.complete_action(run_id, root_id=root_id, result=Result(value="yes"))

            assert (await ended).output == {"said": "yes"}
            with pytest.raises(Conflict):
                await house.engine.complete_action(run_id, root_id=root_id, result=Result(value="no"))
            assert house.in_memory() == []
            assert len(house.engine._trees.attempts) == 0

    asyncio.run(body())


def test_a_sub_workflow_that_outlives_its_stopped_root_goes_on_to_its_end(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", NESTED) as house:
            root_id = await house.start("outer")
            await house.engine.stop(root_id, root_id=root_id, state="ERROR", message="enough")
            assert (await house.engine.wait_ended(root_id)).state_info == "enough"
            assert house.in_memory() == [root_id]
            await house.succeed("work", "done")

            executions = {e.workflow: (e.state, e.output) for e in house.stored(root_id).executions.values()}
            assert executions["inner"] == ("SUCCESS", {"said": "done"})
            assert executions["outer"][0] == "ERROR"
            assert house.in_memory() == []

    asyncio.run(body())


def test_a_stop_of_a_sub_workflow_takes_its_own_id(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", NESTED) as house:
            root_id = await house.start("outer")
            inner = house.worker.last("work").execution_id
            await house.engine.submit(root_id, StopRequested(inner, "CANCELLED", "not this"))
            await house.engine.settle()
            assert house.stored(root_id).root.state == "CANCELLED"

    asyncio.run(body())


def test_a_refused_result_fails_the_whole_execution(tmp_path: Path) -> None:
    text = ONE.replace("test.once}", "test.once, on-error: saved}\n    saved: {action: std.noop}")

    async def body() -> None:
        async with House(tmp_path / "db", text, limits=Limits(field_bytes=100)) as house:
            refused, large = await house.start(), await house.start()
            first, second = house.worker.submitted
            await house.engine.completed(first.run_id, 1, Result(refusal="it has 2 GiB"))
            await house.engine.completed(second.run_id, 1, Result(value="x" * 200))
            await house.engine.settle()

            for root_id, reason in ((refused, "it has 2 GiB"), (large, "Field size limit exceeded")):
                state = house.stored(root_id)
                assert (state.root.state, state_of_tasks(state)) == ("ERROR", {"ask": "ERROR"})
                assert reason in (state.root.state_info or "")

    asyncio.run(body())


# Beginning, ending


def test_another_node_goes_on_where_the_first_one_left(tmp_path: Path) -> None:
    text = """
version: '2.0'
many:
  tasks:
    begun: {action: test.once, on-error: noted}
    unbegun: {action: test.once}
    safe: {action: test.safe}
    outside: {action: test.outside}
    noted: {action: std.noop}
"""

    async def body() -> None:
        async with House(tmp_path / "db", text) as house:
            root_id = await house.start("many")
            for task in ("begun", "outside"):
                assert await house.engine.started(house.worker.last(task).run_id, 1)
        async with House(tmp_path / "db", text) as house:
            await house.engine.adopt(root_id)
            await house.engine.settle()

            assert sorted(house.worker.attempts) == [("safe", 2), ("unbegun", 1)]
            assert state_of_tasks(house.stored(root_id)) == {
                "begun": "ERROR",
                "noted": "SUCCESS",
                "outside": "RUNNING",
                "safe": "RUNNING",
                "unbegun": "RUNNING",
            }

    asyncio.run(body())


def test_a_timer_that_was_due_while_nobody_ran_fires_at_once(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", SLOW) as house:
            root_id = await house.start("slow")
        house = House(tmp_path / "db", SLOW, clock=house.clock)
        house.clock.advance(3600)
        async with house:
            await house.engine.adopt(root_id)
            await house.engine.settle()
            assert (await house.engine.wait_ended(root_id)).state == "SUCCESS"

    asyncio.run(body())


def test_a_timer_whose_commit_failed_fires_again(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", SLOW) as house:
            root_id = await house.start("slow")
            house.store.fail_next("before")
            house.clock.advance(60)
            await house.engine.settle()
            await house.engine.settle()

            assert house.stored(root_id).root.state == "SUCCESS"

    asyncio.run(body())


def test_what_is_decided_is_committed_before_the_engine_ends(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            house.store.hold()
            starts = [asyncio.create_task(house.engine.start(house.request())) for _ in range(2)]
            await house.store.wait_held()
            starts.append(asyncio.create_task(house.engine.start(house.request())))
            await asyncio.sleep(0)
            house.store.let_go()
        roots = await asyncio.gather(*starts)

        assert sorted(chain(*house.store.transactions)) == sorted(roots)

    asyncio.run(body())


def test_the_engine_ends_while_a_tree_would_go_on_for_ever(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ENDLESS, limits=Limits(steps=5)) as house:
            root_id = await house.engine.start(house.request("endless"))
            ended = asyncio.create_task(house.engine.wait_ended(root_id))
            await asyncio.sleep(0)
            async with asyncio.timeout(5):
                await house.engine.__aexit__(None, None, None)

            with pytest.raises(Unavailable) as caught:
                await ended
            assert caught.value.code == "engine-closed"

    asyncio.run(body())


def test_who_still_waits_or_asks_when_the_engine_has_ended_is_told(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start()
            house.store.hold()
            pause = asyncio.create_task(house.engine.pause(root_id, root_id=root_id))
            await house.store.wait_held()
            resume = asyncio.create_task(house.engine.resume(root_id, root_id=root_id))
            ended = asyncio.create_task(house.engine.wait_ended(root_id))
            await asyncio.sleep(0)
            house.store.is_away = True
            house.store.let_go()
            async with asyncio.timeout(5):
                await house.engine.__aexit__(None, None, None)

                outcomes = await asyncio.gather(
                    pause,
                    resume,
                    ended,
                    house.engine.start(house.request()),
                    house.engine.pause(root_id, root_id=root_id),
                    house.engine.wait_ended(root_id),
                    return_exceptions=True,
                )
            assert [type(outcome) for outcome in outcomes] == [Unavailable] * 6

    asyncio.run(body())


# Looking on


def test_an_observer_that_fails_stops_nothing_and_is_reported(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            bug = RuntimeError("a bug of the observer")

            def fail(root_id: str, changes: Changes) -> None:
                raise bug

            house.observe = fail  # type: ignore[method-assign]
            root_id = await house.start()
            await house.succeed("ask")

            assert house.stored(root_id).root.state == "SUCCESS"
            assert house.bugs == [bug, bug]

    asyncio.run(body())


def test_a_bug_in_a_commit_ends_the_engine_and_leaves_nobody_waiting(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            root_id = await house.start()
            ended = asyncio.create_task(house.engine.wait_ended(root_id))
            await asyncio.sleep(0)
            bug = ZeroDivisionError("a bug of ours")
            house.store.fail_next("before", bug)
            async with asyncio.timeout(5):
                for ask in (
                    house.engine.pause(root_id, root_id=root_id),
                    ended,
                    house.engine.start(house.request()),
                ):
                    with pytest.raises(Unavailable) as caught:
                        await ask
                    assert caught.value.code == "engine-stopped"
                with pytest.raises(ZeroDivisionError):
                    await house.engine.watch()
            assert house.bugs == [bug]

    asyncio.run(body())


def test_many_executions_run_at_once_and_leave_no_trace_in_memory(tmp_path: Path) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE) as house:
            runs = [asyncio.create_task(house.engine.run(house.request())) for _ in range(300)]
            while len(house.worker.submitted) < 300:
                await house.engine.settle()
                await asyncio.sleep(0)
            for number, each in enumerate(house.worker.submitted):
                await house.engine.started(each.run_id, each.attempt) if number % 50 == 0 else None
            reports = (
                house.engine.completed(r.run_id, r.attempt, Result(value=r.run_id))
                for r in house.worker.submitted
            )
            await asyncio.gather(*reports)
            ended = await asyncio.gather(*runs)

            assert {execution.state for execution in ended} == {"SUCCESS"}
            assert {e.output["said"] for e in ended if e.output} == {r.run_id for r in house.worker.submitted}
            trees = house.engine._trees
            assert (house.in_memory(), len(trees.attempts), len(trees._custody.ends)) == ([], 0, 0)
            assert len(house.store.transactions) < 60

    asyncio.run(body())
