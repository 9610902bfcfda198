"""How much goes into one commit, and in which order."""

import asyncio
from pathlib import Path

import pytest

from maestrale.engine import committer
from tests.engine.house import ONE, House


async def test_a_commit_holds_a_bounded_number_of_rows_and_nobody_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with House(tmp_path / "house.db", ONE) as house:
        await house.start(id="first")
        rows = len(("its execution", "its task", "its run", "its step"))
        monkeypatch.setattr(committer, "MOST_ROWS", 2 * rows)
        house.store.transactions.clear()

        starts = [house.request(id=f"tree-{number}") for number in range(5)]
        await asyncio.gather(*(house.engine.start(each, is_fresh=True) for each in starts))

    assert house.store.transactions == [["tree-0", "tree-1"], ["tree-2", "tree-3"], ["tree-4"]]
