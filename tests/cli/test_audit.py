"""`maestrale audit` tells what is wrong in a database, and puts it right when it is asked to."""

import asyncio
import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from maestrale.actions import Registry
from maestrale.cli.command_line import run_command_line
from maestrale.engine import Engine
from maestrale.errors import InvalidInput, NotFound
from maestrale.testing.stage import ROOT

from ..engine.house import House

WAITING = """
version: '2.0'
waiting:
  tasks:
    outside: {action: std.async_noop}
    later: {action: std.noop, wait-before: 3600}
"""


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with an execution that waits; the directory is one of its own."""
    path = tmp_path / "trees.db"

    class Standard(House):
        def _engine(self) -> Engine:
            engine = Engine(self.store, Registry.standard(), clock=self.clock, limits=self.limits)
            engine.connect(self.worker)
            return engine

        async def __aexit__(self, kind: object, *error: object) -> None:
            await self.engine.__aexit__(None, None, None)
            self.store.close()

    async def fill() -> None:
        async with Standard(path, WAITING) as house:
            await house.start("waiting", id=ROOT)

    asyncio.run(fill())
    monkeypatch.chdir(tmp_path)
    return path


def audit(database: Path, *options: str) -> int:
    return run_command_line(["audit", "--database", f"sqlite:///{database}", *options])


def damage(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement)
        connection.commit()


def written(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("options", [[], ["--deep"], ["--execution", ROOT[:8]], ["--repair"]])
def test_where_nothing_is_wrong_it_says_so_and_ends_with_0(
    database: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = audit(database, *options)

    assert (code, *capsys.readouterr()) == (0, "", "1 execution looked at: nothing is wrong\n")


def test_what_is_wrong_is_told_with_what_shows_it_and_it_ends_with_1(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(database, "UPDATE executions SET live = 7")

    code = audit(database)

    assert (code, *capsys.readouterr()) == (
        1,
        f"execution {ROOT}: its counters are not what counting gives [counters-differ]\n"
        '    kept: {"live": 7, "cancelled": 0, "unhandled": 0}\n'
        '    counted: {"live": 2, "cancelled": 0, "unhandled": 0}\n',
        "1 execution looked at: 1 fault\n",
    )


def test_a_repair_keeps_what_it_replaces_for_the_owner_alone_and_ends_with_0(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(database, "UPDATE executions SET live = 7")

    code = audit(database, "--repair", "--keep", "old.jsonl")
    again = audit(database, "--deep")

    assert (code, again) == (0, 0)
    out = capsys.readouterr()
    assert "repaired: its rows are what its history gives now" in out.out
    assert "the rows that were replaced are in old.jsonl; they may hold secrets\n" in out.err
    kept = database.parent / "old.jsonl"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    (line,) = kept.read_text().splitlines()
    assert json.loads(line)["root_execution_id"] == ROOT
    assert json.loads(line)["rows"]["executions"][0]["live"] == 7


def test_what_cannot_be_repaired_is_said_with_the_reason_and_it_ends_with_1(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(database, "DELETE FROM history WHERE sequence = 1")

    code = audit(database, "--repair", "--json")

    (finding,) = written(capsys)["findings"]
    assert code == 1
    assert (finding["code"], finding["execution"], finding["repair"]) == ("history-gap", ROOT, None)
    assert (finding["repaired"], finding["outcome"]) == (
        False,
        "left as it is: a person has to look at it: the documentation says how",
    )


def test_rows_are_not_replaced_where_the_old_ones_cannot_be_kept(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(database, "UPDATE executions SET live = 7")
    (database.parent / "old.jsonl").write_text("something else")

    code = audit(database, "--repair", "--keep", "old.jsonl", "--json")

    (finding,) = written(capsys)["findings"]
    assert (code, finding["repaired"]) == (1, False)
    assert "cannot be kept in `old.jsonl`: File exists" in finding["outcome"]
    assert audit(database) == 1


def test_an_execution_that_is_not_there_is_wrong_usage(database: Path) -> None:
    with pytest.raises(NotFound) as caught:
        audit(database, "--execution", "nowhere")

    assert caught.value.code == "unknown-execution"


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises((NotFound, InvalidInput)):
        audit(tmp_path / "nothing.db", "--repair")

    assert not (tmp_path / "nothing.db").exists()
