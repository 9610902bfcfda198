"""Places for requests and reads: the projects take turns."""

import asyncio

import pytest

from maestrale.engine.shares import Place, Shares, TooManyRequests


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_project_has_its_part_and_another_finds_a_place_at_once() -> None:
    shares = Shares(4, of_one=2, most_waiting=10)
    begun: list[str] = []

    async def request(project: str) -> Place:
        place = await shares.take(project)
        begun.append(project)
        return place

    busy = [asyncio.create_task(request("busy")) for _ in range(5)]
    await settle()
    quiet = await request("quiet")

    assert begun == ["busy", "busy", "quiet"]
    assert (shares.taken, shares.waiting) == (3, 3)
    for place in [quiet, busy[0].result(), busy[1].result()]:
        place.leave()
        place.leave()  # Once is enough.
    await settle()
    assert begun == ["busy", "busy", "quiet", "busy", "busy"]
    for task in busy[2:4]:
        task.result().leave()
    (await busy[4]).leave()
    assert (shares.taken, shares.waiting, shares._projects) == (0, 0, {})


async def test_projects_that_wait_take_turns() -> None:
    shares = Shares(1, of_one=1, most_waiting=10)
    begun: list[str] = []

    async def request(name: str) -> None:
        with await shares.take(name[0]):
            begun.append(name)

    first = await shares.take("x")
    tasks = [asyncio.create_task(request(name)) for name in ("a1", "a2", "a3", "b1", "b2", "c1")]
    await settle()
    first.leave()
    await asyncio.gather(*tasks)

    assert begun == ["a1", "b1", "c1", "a2", "b2", "a3"]


async def test_more_than_may_wait_are_refused_and_others_are_not() -> None:
    shares = Shares(2, of_one=1, most_waiting=2)
    place = await shares.take("busy")
    waiting = [asyncio.create_task(shares.take("busy")) for _ in range(2)]
    await settle()

    with pytest.raises(TooManyRequests) as refused:
        await shares.take("busy")
    other = await shares.take("quiet")

    assert "2 of its requests wait already" in refused.value.message
    for each in (place, other):
        each.leave()
    for task in waiting:
        (await task).leave()
    assert shares.taken == 0


async def test_who_waits_too_long_or_goes_away_leaves_nothing_behind() -> None:
    shares = Shares(1, of_one=1, most_waiting=5, wait_seconds=0.0)
    place = await shares.take("a")
    with pytest.raises(TooManyRequests):
        await shares.take("b")

    patient = Shares(1, of_one=1, most_waiting=5)
    held = await patient.take("a")
    gone, stays = (asyncio.create_task(patient.take("b")) for _ in range(2))
    await settle()
    gone.cancel()
    await settle()
    held.leave()
    (await stays).leave()

    place.leave()
    assert (shares._projects, patient._projects) == ({}, {})


async def test_a_place_given_to_who_goes_away_at_that_moment_goes_on_to_the_next() -> None:
    shares = Shares(1, of_one=1, most_waiting=5)
    held = await shares.take("a")
    gone, stays = (asyncio.create_task(shares.take("b")) for _ in range(2))
    await settle()

    held.leave()
    gone.cancel()

    (await stays).leave()
    assert (shares.taken, shares._projects) == (0, {})
