"""Whose turn it is among trees that go on by themselves, on a loop whose time a test sets."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from maestrale.engine.turns import AHEAD, CROWDED_SECONDS, STEPS_IN_A_CROWD, Turns


class SteppedLoop(asyncio.SelectorEventLoop):
    """Its time passes only when a test says so, or when nothing is left to do but to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 1000.0
        self._scheduled: list[Any]
        self._ready: Any

    def time(self) -> float:
        return self.at

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.at = max(self.at, self._scheduled[0]._when)
        super()._run_once()  # type: ignore[misc]


def play(scenario: Callable[[SteppedLoop], Any]) -> Any:
    loop = SteppedLoop()
    try:
        return loop.run_until_complete(scenario(loop))
    finally:
        loop.close()


TURN_SECONDS = 0.01


def taken(turns: int, *names: str, is_crowded: bool) -> list[tuple[str, float]]:
    """Who had a turn, and after how many seconds, where each tree wants as many turns as it gets."""
    log: list[tuple[str, float]] = []

    async def scenario(loop: SteppedLoop) -> list[tuple[str, float]]:
        began, done = loop.time(), asyncio.Event()

        def take(root_id: str, steps: int | None) -> None:
            assert steps in ((None, STEPS_IN_A_CROWD) if is_crowded else (None,))
            log.append((root_id, round(loop.time() - began, 3)))
            loop.at += TURN_SECONDS
            if len(log) == turns:
                done.set()
            else:
                each.ask(root_id)

        each = Turns(take, ahead=lambda root_id: 0)
        if is_crowded:
            each.make_room()
        for name in names:
            each.ask(name)
            each.ask(name)  # Twice is once.
        await done.wait()
        return log[:turns]

    return list(play(scenario))


def test_trees_take_turns_without_a_rest_where_nobody_else_asks() -> None:
    assert taken(5, "a", "b", is_crowded=False) == [
        ("a", 0.0), ("b", 0.01), ("a", 0.02), ("b", 0.03), ("a", 0.04),
    ]  # fmt: skip


def test_after_each_turn_the_others_have_as_much_time_as_it_took() -> None:
    assert taken(4, "a", "b", is_crowded=True) == [("a", 0.0), ("b", 0.02), ("a", 0.04), ("b", 0.06)]


def test_the_rests_end_when_nobody_has_asked_for_a_while() -> None:
    turns = taken(40, "a", is_crowded=True)

    rested = [at for (_, at), (_, later) in pairwise(turns) if round(later - at, 3) == 2 * TURN_SECONDS]
    hurried = [at for (_, at), (_, later) in pairwise(turns) if round(later - at, 3) == TURN_SECONDS]
    assert [*rested, *hurried] == [at for _, at in turns[:-1]]
    assert max(rested) < CROWDED_SECONDS <= min(hurried) + TURN_SECONDS


@pytest.mark.parametrize(("is_crowded", "steps"), [(False, None), (True, STEPS_IN_A_CROWD)])
def test_turns_are_short_where_others_ask(is_crowded: bool, steps: int | None) -> None:
    async def scenario(loop: SteppedLoop) -> list[int | None]:
        had: list[int | None] = []
        each = Turns(lambda root_id, steps: had.append(steps), ahead=lambda root_id: 0)
        if is_crowded:
            each.make_room()
        each.ask("giant")
        await asyncio.sleep(0.01)
        return had

    assert play(scenario) == [steps]


def asked(ahead: int, *, by: str | None, is_crowded: bool) -> bool:
    """Whether a tree gets a turn that is so many turns ahead of its last commit."""

    async def scenario(loop: SteppedLoop) -> bool:
        each = Turns(lambda root_id, steps: None, ahead=lambda root_id: 0)
        each.ask("giant")
        await asyncio.sleep(0.1)
        if is_crowded:
            each.make_room(by)
        each._ahead = lambda root_id: ahead
        each.ask("giant")
        return "giant" in each

    return bool(play(scenario))


def test_a_tree_is_some_turns_ahead_of_its_commit_and_one_where_others_ask() -> None:
    alone = [asked(ahead, by=None, is_crowded=False) for ahead in range(AHEAD + 1)]
    in_a_crowd = [asked(ahead, by=None, is_crowded=True) for ahead in range(AHEAD + 1)]

    assert alone == [True] * AHEAD + [False]
    assert in_a_crowd == [True] + [False] * AHEAD


def test_what_a_tree_itself_asks_for_is_no_crowd() -> None:
    assert asked(1, by="giant", is_crowded=True)
    assert not asked(1, by="small", is_crowded=True)
