"""What expressions ask of the world outside their tree: answered once, and kept in the history."""

import asyncio
from pathlib import Path

import pytest

from maestrale.store import open_store

from .house import ONE, House, check_replay, state_of_tasks

ASKING = """
version: '2.0'
asks:
  input: [whose: null, at: null]
  output:
    tasks: <% tasks($.whose).select([$.name, $.state, $.result]) %>
    executions: <% executions(id => $.whose).select([$.name, $.state, $.output]) %>
    since: <% executions(fromTime => $.at).len() %>
  tasks:
    a: {action: std.noop}
"""


def test_an_execution_sees_the_others_as_they_were_committed_and_a_replay_sees_the_same(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        async with House(tmp_path / "db", ONE, ASKING) as house:
            other = await house.start("one")
            before = await house.engine.run(house.request("asks", id="before", at="2020-01-01"))
            await house.succeed("ask", {"a": [1, None]})
            after = await house.engine.run(
                house.request("asks", id="after", at="2026-03-01 12:00:00", whose=other)
            )
            asked = await house.engine.run(house.request("asks", at="2030-01-01T00:00:00+02:00"))
            assert [before.state_info, after.state_info, asked.state_info] == [None] * 3
            assert before.output is not None
            assert after.output is not None
            assert asked.output is not None
            assert (before.output["since"], after.output["since"], asked.output["since"]) == (2, 3, 0)
            assert ["ask", "RUNNING", []] in before.output["tasks"]
            assert ["ask", "SUCCESS", {"a": [1, None]}] in after.output["tasks"]
            assert ["one", "SUCCESS", {"said": {"a": [1, None]}}] in after.output["executions"]
        with open_store(f"sqlite:///{house.path}") as reader:
            facts = [fact.question for _, entry in reader.read_history("after") for fact in entry.facts]
        assert [question.partition(" ")[0] for question in facts] == ["tasks", "executions", "executions"]
        check_replay(house.path, house.limits)

    asyncio.run(body())


@pytest.mark.parametrize(
    ("expression", "state"),
    [
        ("executions(fromTime => garbage).len()", "ERROR"),
        ("executions(toTime => {a => 1}).len()", "ERROR"),
        ("executions(state => {a => 1}, id => [1]).len()", "SUCCESS"),
        ("executions(rootExecutionId => 7).len()", "SUCCESS"),
        ("tasks(17, true, [1], true).len()", "SUCCESS"),
        ("tasks(state => false).len()", "SUCCESS"),
        ("tasks({a => 1}).len()", "SUCCESS"),
        ("task({a => 1})", "SUCCESS"),
    ],
)
def test_a_question_without_sense_harms_nobody_else(tmp_path: Path, expression: str, state: str) -> None:
    text = f"""
version: '2.0'
asks:
  tasks:
    a: {{action: std.noop, publish: {{found: "<% {expression} %>"}}}}
"""

    async def body() -> None:
        async with House(tmp_path / "db", ONE, text) as house:
            await house.start("one")
            async with asyncio.timeout(5):
                ended = await house.engine.run(house.request("asks"))
                await house.succeed("ask")

            assert ended.state == state, ended.state_info
            assert (house.bugs, house.troubles) == ([], [])

    asyncio.run(body())


def test_a_task_of_another_tree_is_found_by_the_id_of_its_execution(tmp_path: Path) -> None:
    text = """
version: '2.0'
asks:
  input: [whose]
  output: {names: <% tasks($.whose).name %>}
  tasks: {a: {action: std.noop}}
"""

    async def body() -> None:
        async with House(tmp_path / "db", ONE, text) as house:
            one, _ = await house.start("one"), await house.start("one")
            ended = await house.engine.run(house.request("asks", whose=one))

            assert ended.output is not None
            assert ended.output["names"] == ["ask"]
            assert state_of_tasks(house.stored(one)) == {"ask": "RUNNING"}

    asyncio.run(body())
