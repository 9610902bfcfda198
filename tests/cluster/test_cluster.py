"""Nodes that share a real PostgreSQL."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from msgspec.structs import replace

from maestrale.core.status import ExecutionState
from maestrale.errors import Conflict, NotFound
from maestrale.store import open_reader

from .house import QUICK, ANode, Gate, until


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def state_of(url: str, id: str) -> ExecutionState | None:
    with open_reader(url) as reader:
        found = reader.find_execution(id)
        return None if found is None else found.state


def test_a_node_alone_has_all_shards_and_runs_what_it_is_given(postgresql_url: str) -> None:
    async def work() -> None:
        async with ANode(postgresql_url) as node:
            await until(lambda: len(node.cluster._holdings.shards) == 64)
            id = await node.start("chain")
            await until(lambda: state_of(postgresql_url, id) == ExecutionState.SUCCESS)

    run(work())


def test_two_nodes_share_the_shards_and_one_that_stops_gives_its_own_to_the_other(
    postgresql_url: str,
) -> None:
    async def work() -> None:
        async with ANode(postgresql_url, name="first") as first:
            async with ANode(postgresql_url, name="second") as second:
                await until(lambda: (first.shards, second.shards) == (32, 32))
            await until(lambda: first.shards == 64)

    run(work())


def test_what_one_node_started_another_one_can_stop(postgresql_url: str) -> None:
    async def work() -> None:
        async with (
            ANode(postgresql_url, name="first") as first,
            ANode(postgresql_url, name="second") as other,
        ):
            await until(lambda: (first.shards, other.shards) == (32, 32))
            id = await first.start("waits")
            assert first.cluster.owns(id)

            await other.engine.stop(id, root_id=id, state="ERROR", message="enough")

            await until(lambda: state_of(postgresql_url, id) == ExecutionState.ERROR)
            with pytest.raises(NotFound):
                await other.engine.pause("unknown", root_id=next_id(first))

    run(work())


def test_an_action_that_runs_while_its_node_stops_is_let_finish_and_reported_to_the_new_owner(
    postgresql_url: str,
) -> None:
    async def work() -> None:
        gate = Gate()
        async with ANode(postgresql_url, name="stays", gate=gate) as stays:
            async with ANode(postgresql_url, name="stops", gate=gate, drain_seconds=10) as stops:
                await until(lambda: (stays.shards, stops.shards) == (32, 32))
                id = await stops.start("works")
                await until(lambda: gate.begun == ["stops"])
                stopping = asyncio.create_task(stops.__aexit__(None, None, None))
                await until(lambda: stays.cluster.owns(id))
                gate.open.set()
                await stopping

            await until(lambda: state_of(postgresql_url, id) == ExecutionState.SUCCESS)
            assert gate.begun == ["stops"]
            assert stays.store.assignments.of(range(64)) == []

    run(work())


def test_a_node_without_actions_and_one_without_an_engine_work_together(postgresql_url: str) -> None:
    async def work() -> None:
        gate = Gate()
        gate.open.set()
        engine = replace(QUICK, roles=("api", "engine", "scheduler"))
        worker = replace(QUICK, roles=("worker",))
        async with (
            ANode(postgresql_url, name="decides", gate=gate, settings=engine) as decides,
            ANode(postgresql_url, name="works", gate=gate, settings=worker) as works,
        ):
            await until(lambda: (decides.shards, works.shards) == (64, 0))
            id = await decides.start("works")
            await until(lambda: state_of(postgresql_url, id) == ExecutionState.SUCCESS)

        assert gate.begun == ["works"]

    run(work())


def test_what_is_started_at_a_node_without_shards_begins_where_they_are(postgresql_url: str) -> None:
    async def work() -> None:
        only_api = replace(QUICK, roles=("api",))
        async with (
            ANode(postgresql_url, name="decides") as decides,
            ANode(postgresql_url, name="listens", settings=only_api) as listens,
        ):
            await until(lambda: (decides.shards, listens.shards) == (64, 0))
            id = await listens.start("chain")
            await until(lambda: state_of(postgresql_url, id) == ExecutionState.SUCCESS)

            again = await listens.start("chain", id=id)
            assert again == id

    run(work())


def test_what_one_node_has_refused_is_refused_by_the_node_that_was_asked(postgresql_url: str) -> None:
    async def work() -> None:
        async with (
            ANode(postgresql_url, name="first") as first,
            ANode(postgresql_url, name="second") as other,
        ):
            await until(lambda: (first.shards, other.shards) == (32, 32))
            id = await first.start("chain")
            await until(lambda: state_of(postgresql_url, id) == ExecutionState.SUCCESS)

            with pytest.raises(Conflict) as refused:
                await other.engine.pause(id, root_id=id)

            with pytest.raises(Conflict) as refused_there:
                await first.engine.pause(id, root_id=id)
            assert (refused.value.code, refused.value.message, refused.value.hint) == (
                refused_there.value.code,
                refused_there.value.message,
                refused_there.value.hint,
            )

    run(work())


def next_id(node: ANode) -> str:
    return node.cluster.new_id()
