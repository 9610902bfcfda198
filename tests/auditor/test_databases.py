"""An audit of a database finds what is wrong in it, and puts right what can be."""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from maestrale.auditor import CODES, DatabaseAudit, Repaired, Repairs, Report
from maestrale.core import Result, World
from maestrale.engine.library import DocumentLibrary
from maestrale.errors import NotFound
from maestrale.store import StoreReader, open_reader, open_store
from maestrale.testing.clocks import FakeClock

from ..engine.house import REGISTRY, House

TWO = """
version: '2.0'
two:
  input: [word]
  output: {said: <% $.word %>}
  tasks:
    first: {action: test.once, publish: {word: <% task().result %>}, on-success: [second, later]}
    second: {action: test.outside}
    later: {action: test.safe, wait-before: 3600}
"""

LARGE = "x" * 10_000


class Case:
    """A file with an execution that waits, and what is done to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rests: list[float] = []
        self.kept: dict[str, bytes] = {}
        self.root_id = asyncio.run(self._fill())

    async def _fill(self) -> str:
        async with House(self.path, TWO) as house:
            root_id = await house.start("two", word=LARGE)
            await house.succeed("first", LARGE)
            return root_id

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def damage(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    def audit(self, *, deep: bool = True, root_id: str | None = None) -> Report:
        with open_reader(self.url) as reader:
            database = DatabaseAudit(reader, world_of(reader), deep=deep, rest=self.rests.append)
            return database.audit() if root_id is None else database.audit_tree(root_id)

    def codes(self, *, deep: bool = True) -> list[str]:
        return [finding.code for finding in self.audit(deep=deep).findings]

    def repair(self) -> list[Repaired]:
        found = self.audit().findings
        with open_store(self.url, create=False) as store:
            return list(Repairs(store, world_of(store), keep=self.kept.__setitem__).repair(found))


def world_of(store: StoreReader) -> World:
    return World(DocumentLibrary(lambda document: store.get_document(document).text), REGISTRY)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path / "trees.db")


def test_nothing_is_wrong_with_what_an_engine_has_stored(case: Case) -> None:
    assert case.audit() == Report((), 1)
    assert case.audit(deep=False) == Report((), 1)
    assert case.audit(root_id=case.root_id) == Report((), 1)
    assert case.rests == []


# What is done to the database, what is found, and whether the repair undoes it.

DAMAGES: Mapping[str, tuple[str, tuple[str, ...], bool]] = {
    "a counter": ("counters-differ", ("UPDATE executions SET live = 5",), True),
    "a state": (
        "history-differs",
        ("UPDATE tasks SET state_info = 'all is well' WHERE name = 'second'",),
        True,
    ),
    "a lost timer": ("timer-missing", ("DELETE FROM timers",), True),
    "a lost run": ("task-without-work", ("DELETE FROM action_runs WHERE action = 'test.outside'",), True),
    "a lost task": ("row-without-parent", ("DELETE FROM tasks WHERE name = 'second'",), True),
    "a timer that comes from nowhere": (
        "history-differs",
        ("UPDATE timers SET seconds = 7",),
        True,
    ),
    "a lost entry": ("history-gap", ("DELETE FROM history WHERE sequence = 2",), False),
    "a lost beginning": ("history-gap", ("DELETE FROM history WHERE sequence = 1",), False),
    "an entry that says nothing": (
        "history-unreadable",
        ("UPDATE history SET entry = '{}' WHERE sequence = 2",),
        False,
    ),
    "a row that holds no JSON": ("tree-unreadable", ("UPDATE tasks SET published = '{'",), False),
    "a large value that is gone": ("blob-missing", ("DELETE FROM blobs",), False),
    "a large value nobody keeps": ("blob-unregistered", ("DELETE FROM blob_refs",), True),
    "a large value nobody wants": ("blob-unused", ("INSERT INTO blobs VALUES ('b10b', '1')",), True),
    "rows of nothing": (
        "rows-without-tree",
        ("UPDATE timers SET root_id = 'nowhere'", "INSERT INTO blob_refs VALUES ('nowhere', 'b')"),
        True,
    ),
    "a text that is gone": ("definition-missing", ("DELETE FROM documents",), False),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_done_to_a_database_is_found_by_its_name_and_undone_where_it_can_be(
    case: Case, damage: str
) -> None:
    code, statements, is_repaired = DAMAGES[damage]
    case.damage(*statements)

    found = case.codes()
    repaired = [finding.code for each in case.repair() if each.is_done for finding in each.findings]

    assert code in found and set(found) <= set(CODES)
    assert (code in repaired) == is_repaired
    if is_repaired:
        assert [it for it in case.codes() if it != "timer-left-over"] == []


def test_what_differs_is_told_with_its_place_and_its_entry_and_without_its_value(case: Case) -> None:
    case.damage(
        "UPDATE executions SET context = '{\"word\": \"hush-hush\"}', live = 3, description = 'hush-hush'"
    )

    found = [it for it in case.audit().findings if it.code == "history-differs"]

    (finding,) = found
    fields = finding.evidence["fields"]
    assert (finding.kind, finding.id) == ("execution", case.root_id)
    assert [field["field"] for field in fields] == ["description", "context", "live"]
    assert {name: fields[2][name] for name in ("stored", "expected")} == {"stored": 3, "expected": 2}
    assert fields[2]["last_changed_by"].startswith("entry 2, ActionCompleted at ")
    assert "hush" not in str(found)


def test_rows_that_are_replaced_are_kept_and_the_execution_goes_on(case: Case) -> None:
    case.damage("DELETE FROM timers", "UPDATE executions SET live = 9")

    case.repair()

    assert list(case.kept) == [case.root_id]
    assert b'"live":9' in case.kept[case.root_id]

    async def go_on() -> str:
        clock = FakeClock()
        async with House(case.path, clock=clock) as house:
            await house.engine.adopt(case.root_id)
            clock.advance(timedelta(hours=1).total_seconds())
            await house.engine.settle()
            await house.succeed("later")
            (second,) = [run for run in house.stored(case.root_id).runs.values() if run.asynchronous]
            await house.engine.complete_action(second.id, root_id=case.root_id, result=Result())
            await house.engine.settle()
            return str(house.stored(case.root_id).root.state)

    assert asyncio.run(go_on()) == "SUCCESS"


def test_a_tree_that_somebody_runs_is_not_touched(case: Case) -> None:
    with open_store(case.url) as runner:
        runner.claim_tree(case.root_id)
        case.damage("UPDATE executions SET live = 5")

        repaired = {each.findings[0].code: each for each in case.repair()}["counters-differ"]

    assert not repaired.is_done
    assert "is being run by node" in repaired.text
    assert case.codes() != []


def test_who_audits_beside_a_server_finds_what_nobody_runs(case: Case) -> None:
    with open_store(case.url) as runner:
        runner.claim([])  # It lives, and runs nothing.

        found = case.audit(deep=False).findings

    assert [(it.code, it.root_id) for it in found] == [("nobody-runs-it", case.root_id)]
    assert case.rests == [5.0]
    assert case.audit(deep=False).findings == ()


def test_a_timer_that_does_not_fire_is_found_where_its_execution_is_run(case: Case) -> None:
    case.damage("UPDATE timers SET due_at = 0")
    assert case.codes(deep=False) == []

    with open_store(case.url) as runner:
        runner.claim_tree(case.root_id)

        assert case.codes(deep=False) == ["timer-overdue"]


def test_what_has_ended_is_looked_at_only_when_it_is_asked_for(case: Case) -> None:
    case.damage("UPDATE executions SET state = 'ERROR', finished_at = 1, output = '{}'")

    assert case.codes(deep=False) == []
    assert "history-differs" in case.codes()
    assert "timer-left-over" in [it.code for it in case.audit(deep=False, root_id=case.root_id).findings]


def test_an_execution_that_is_not_there_is_told_so(case: Case) -> None:
    with pytest.raises(NotFound) as caught:
        case.audit(root_id="nowhere")

    assert caught.value.code == "unknown-execution"
