"""The thread on which a node speaks to its database, and who waits for the end of a tree."""

import asyncio
import threading

import pytest

from maestrale.core import Execution
from maestrale.core.status import ExecutionState
from maestrale.engine.ends import Ends
from maestrale.engine.store_thread import StoreThread
from maestrale.errors import NotFound, Unavailable
from maestrale.testing.clocks import NOON

ENDED = Execution(
    id="root", root_id="root", number=0, workflow="wf", document="doc", state=ExecutionState.SUCCESS,
    input={}, params={}, context={}, created_at=NOON, updated_at=NOON,
)  # fmt: skip


def test_all_work_is_done_on_one_thread_even_work_that_asks_for_more() -> None:
    async def body() -> None:
        thread = StoreThread()
        idents = [
            await thread.run(threading.get_ident),
            thread.run_now(threading.get_ident),
            await thread.run(lambda: thread.run_now(threading.get_ident)),
        ]
        thread.close()

        assert len(set(idents)) == 1
        assert idents[0] != threading.get_ident()

    asyncio.run(body())


def test_work_that_comes_after_the_end_is_refused() -> None:
    async def body() -> None:
        thread = StoreThread()
        thread.close()

        with pytest.raises(Unavailable) as caught:
            await thread.run(int)
        with pytest.raises(Unavailable):
            thread.run_now(int)
        assert caught.value.code == "engine-closed"

    asyncio.run(body())


def test_everybody_who_waits_for_an_end_is_told_once() -> None:
    async def body() -> None:
        ends = Ends()
        first, gone, other = ends.expect("root"), ends.expect("root"), ends.expect("other")
        gone.cancel()

        ends.resolve(ENDED)
        ends.fail("root", NotFound("too late"))
        ends.fail_all(Unavailable("closing"))

        assert (await first, len(ends)) == (ENDED, 0)
        with pytest.raises(Unavailable):
            await other

    asyncio.run(body())


def test_who_waits_no_more_is_forgotten() -> None:
    async def body() -> None:
        ends = Ends()
        future = ends.expect("root")

        ends.forget("root", future)
        ends.forget("root", future)

        assert (len(ends), ends._futures) == (0, {})

    asyncio.run(body())
