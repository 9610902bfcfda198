"""When following an execution ends although the execution has not."""

import asyncio
from collections.abc import Sequence

import pytest

from maestrale.cli.progress import Progress, Step
from maestrale.cli.running import Watch
from maestrale.core import Execution
from maestrale.errors import Conflict, Error, Unavailable
from maestrale.main import Node
from maestrale.store import LeaseLost

LOCKED = Unavailable("somebody holds it", code="database-locked")
FULL = Unavailable("no space", code="database-full")


class Notes:
    """A display that keeps the notes."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def started(self, execution: Execution) -> None:
        pass

    def changed(self, steps: Sequence[Step]) -> None:
        pass

    def note(self, text: str) -> None:
        self.texts.append(text)

    async def run(self) -> None:
        pass

    def close(self) -> None:
        pass


def what_ends_it(*troubles: Error, patience: float = 60) -> tuple[Error, list[str]]:
    """The error that ends the waiting, and what the person was told before."""

    async def follow() -> tuple[Error, list[str]]:
        notes = Notes()
        watch = Watch(Progress("root"), notes, patience=patience)
        async with Node("sqlite://") as node:
            for trouble in troubles:
                watch.on_trouble(trouble)
            with pytest.raises(Error) as raised:
                await watch.wait(node)
        return raised.value, notes.texts

    return asyncio.run(follow())


@pytest.mark.parametrize("trouble", [FULL, Unavailable("?", code="database-error"), LeaseLost(["root"])])
def test_trouble_that_does_not_pass_by_itself_ends_it_at_once(trouble: Error) -> None:
    assert what_ends_it(trouble) == (trouble, [])


def test_a_database_that_stays_locked_ends_it_when_patience_does() -> None:
    ended_by, told = what_ends_it(LOCKED, LOCKED, patience=-1)

    assert ended_by is LOCKED
    assert told == ["waiting: somebody holds it [database-locked]"]


def test_another_execution_s_trouble_is_none_of_ours() -> None:
    assert what_ends_it(LeaseLost(["other"]), FULL) == (FULL, [])


def test_what_passes_is_tried_again_and_what_does_not_is_raised() -> None:
    answers: list[Error | str] = [LOCKED, LOCKED, "done"]

    async def work() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Error):
            raise answer
        return answer

    async def refused() -> str:
        raise Conflict("no")

    async def insist() -> str:
        watch = Watch(Progress("root"), Notes())
        with pytest.raises(Conflict):
            await watch.insist(refused)
        return await watch.insist(work)

    assert asyncio.run(insist()) == "done"


def test_a_bug_that_nobody_caught_ends_it() -> None:
    async def follow() -> None:
        watch = Watch(Progress("root"), Notes())
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(watch.on_bug)
        async with Node("sqlite://") as node:
            loop.call_soon(lambda: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                await watch.wait(node)

    asyncio.run(follow())
