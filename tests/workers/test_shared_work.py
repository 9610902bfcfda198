"""Attempts that one node decides about and another one runs: real engines and workers on one database."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest
from msgspec.structs import replace

from maestrale.actions import ActionContext, Registry, action
from maestrale.clock import SystemClock
from maestrale.core import Changes, Result, State
from maestrale.core.status import RunState
from maestrale.engine import ActionRequest, Engine, Request, StartRequest, Submission
from maestrale.engine.assignments import assignment_for
from maestrale.errors import NotFound, Unavailable
from maestrale.expressions import Json
from maestrale.ids import new_id, shard_of
from maestrale.lang import parse
from maestrale.store import Store, open_membership, open_store
from maestrale.workers import SharedWork
from maestrale.workers.queue import WorkQueue

T = TypeVar("T")

LEASE = timedelta(hours=1)
SHARDS = 64
PATIENCE = 8.0


class Outside:
    """The world that actions have their effects in."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.gate = asyncio.Event()
        self.arrived = asyncio.Event()
        self.cancelled = asyncio.Event()

    def actions(self, node: str) -> list[Callable[..., Any]]:
        @action("test.quick")
        async def quick(word: str = "") -> str:
            self.calls.append(word)
            return f"{word} by {node}"

        @action("test.plain", safe_rerun=True)
        def plain(*, context: ActionContext) -> str:
            return context.idempotency_key

        @action("test.slow", safe_rerun=True)
        async def slow(*, context: ActionContext) -> str:
            return await self._wait(node, context)

        @action("test.careful")
        async def careful(*, context: ActionContext) -> str:
            return await self._wait(node, context)

        @action("test.outside", asynchronous=True)
        async def outside(*, context: ActionContext) -> None:
            self.calls.append(context.action_execution_id)
            self.arrived.set()

        return [quick, plain, slow, careful, outside]

    async def _wait(self, node: str, context: ActionContext) -> str:
        self.calls.append(f"{node} {context.attempt}")
        self.arrived.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return f"{node} {context.attempt}"


class Place:
    """One node, without the machinery of a cluster: the test says what it sees."""

    def __init__(self, town: "Town", name: str, *, decides: bool, runs_actions: bool) -> None:
        self.name = name
        self.town = town
        self.decides = decides
        self.runs_actions = runs_actions
        self.is_unreachable = False
        self.parts = AsyncExitStack()

    async def open(self) -> None:
        store = open_store(self.town.url, shards=SHARDS)
        self.parts.callback(store.close)
        self.node_id = self.town.membership.join(name=self.name, version="1", roles=(), url="", lease=LEASE)
        epochs = self.town.membership.claim_shards(self.node_id, limit=SHARDS) if self.decides else {}
        assert store.shards is not None
        store.shards.hold(self.node_id, epochs)
        registry = Registry(self.town.outside.actions(self.name))
        self.engine = Engine(
            store, registry, clock=SystemClock(), observer=lambda *told: self.work.observe(*told)
        )
        self.engine.connect_router(self)
        self.work = SharedWork(
            self.engine,
            registry if self.runs_actions else Registry(),
            runs_actions=self.runs_actions,
            name=self.name,
            node_id=lambda: self.node_id,
            shard_of=lambda root_id: shard_of(root_id, SHARDS),
            clock=SystemClock(),
            hint=self.town.hint,
            route_home=self.town.route_home,
        )
        self.engine.connect(self.work)
        await self.parts.enter_async_context(self.engine)
        await self.parts.enter_async_context(self.work)
        self.work.begin_anew(self.node_id)
        self.beat()

    def engine_shards(self) -> dict[int, int]:
        """Its shards, and their epochs."""
        view = self.town.membership.look()
        return {shard.id: shard.epoch for shard in view.shards if shard.node_id == self.node_id}

    async def take(self, root_ids: list[str]) -> None:
        """It has been given these trees, as all that there are."""
        shards = self.engine_shards()

        def hold(store: Store) -> None:
            assert store.shards is not None
            store.shards.hold(self.node_id, shards)

        await self.engine.write(hold)
        self.decides = True
        await self.work.learn(shards)
        await self.engine.adopt_many(root_ids)

    def beat(self) -> None:
        self.work.on_view(self.town.membership.look())

    # As a router.

    is_current = True

    def owns(self, root_id: str) -> bool:
        return self.decides

    def new_id(self) -> str:
        return new_id()

    async def send(self, root_id: str, request: Request) -> Json:
        for place in self.town.places.values():
            if place.decides and not self.is_unreachable:
                return await place.engine.route(root_id, request)
        raise Unavailable("nobody answers")


class Town:
    """Some nodes on one database. Hints arrive at once."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.outside = Outside()
        self.places: dict[str, Place] = {}

    async def __aenter__(self) -> Self:
        open_store(self.url, shards=SHARDS).close()
        self.membership = open_membership(self.url)
        return self

    async def __aexit__(self, *error: object) -> None:
        for place in reversed(self.places.values()):
            await place.parts.aclose()
        self.membership.close()

    async def settle(self, name: str, *, decides: bool = False, runs_actions: bool = True) -> Place:
        place = self.places[name] = Place(self, name, decides=decides, runs_actions=runs_actions)
        await place.open()
        for other in self.places.values():
            other.beat()
        return place

    async def bury(self, name: str) -> None:
        """The node dies without a word, and the others find out."""
        place = self.places.pop(name)
        place.is_unreachable = True
        self.membership.leave(place.node_id)
        await place.parts.aclose()
        for other in self.places.values():
            other.beat()

    def hint(self, what: str, to: int | None) -> None:
        for place in self.places.values():
            if to in (None, place.node_id):
                place.work.on_hint(what)

    async def route_home(self, node_id: int, request: Request) -> Json:
        assert isinstance(request, Submission)
        for place in self.places.values():
            if place.node_id == node_id:
                return await place.work.on_report(request.event)
        raise NotFound("that node is gone")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that many nodes can share."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shared.db"
    found: str = request.getfixturevalue("postgresql_url")
    return found


def play(url: str, body: Callable[[Town], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with Town(url) as town, asyncio.timeout(PATIENCE):
            await body(town)

    asyncio.run(run())


async def start(place: Place, tasks: str) -> str:
    """Begin a workflow of these tasks."""
    text = f"version: '2.0'\nwf:\n  tasks:\n    {tasks}\n"
    definitions = parse(text).definitions
    assert definitions is not None, text
    pins = await place.engine.deploy("wf.yaml", text, definitions)
    return await place.engine.start(StartRequest(workflow="wf", pins=pins))


async def results(place: Place, root_id: str) -> list[Json]:
    """What the runs of an execution gave, once it has ended."""
    await place.engine.wait_ended(root_id)
    tree = await place.engine.write(lambda store: store.load_tree(root_id))
    assert tree is not None
    return [run.result for run in sorted(tree.runs, key=lambda run: run.number)]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():  # noqa: ASYNC110 - Nothing tells.
        await asyncio.sleep(0)


async def no_rows(place: Place) -> None:
    """Wait until every row is gone."""

    async def none() -> bool:
        rows = await place.engine.write(lambda store: store.assignments.of(range(SHARDS)))
        return not rows and len(place.work.queue) == 0

    await until(none)


def test_a_node_that_runs_no_actions_has_them_run_by_one_that_decides_nothing(url: str) -> None:
    async def body(town: Town) -> None:
        engine = await town.settle("engine", decides=True, runs_actions=False)
        await town.settle("worker")

        root_id = await start(
            engine, "a: {action: test.quick, input: {word: hi}, on-success: b}\n    b: {action: test.plain}"
        )
        quick, plain = await results(engine, root_id)

        assert quick == "hi by worker"
        assert isinstance(plain, str)
        assert plain.startswith(f"{root_id}/")
        assert plain.endswith("/1")
        await no_rows(engine)

    play(url, body)


def test_what_came_before_any_worker_waits_and_a_loop_larger_than_the_places_gets_done(url: str) -> None:
    async def body(town: Town) -> None:
        engine = await town.settle("engine", decides=True, runs_actions=False)
        root_id = await start(
            engine, "a: {with-items: i in <% range(300) %>, action: test.quick word=<% str($.i) %>}"
        )
        worker = await town.settle("worker")

        given = await results(engine, root_id)

        assert given == [f"{number} by worker" for number in range(300)]
        assert sorted(town.outside.calls, key=int) == [str(number) for number in range(300)]
        await no_rows(engine)
        assert worker.work.worker.running == 0

    play(url, body)


def test_what_one_worker_has_no_place_for_goes_to_the_other(url: str) -> None:
    async def body(town: Town) -> None:
        engine = await town.settle("engine", decides=True, runs_actions=False)
        for name in ("red", "blue"):
            await town.settle(name)

        root_id = await start(engine, "a: {with-items: i in <% range(300) %>, action: test.slow}")
        async with asyncio.timeout(20):
            while len({call.split()[0] for call in town.outside.calls}) < 2:
                for place in town.places.values():
                    place.beat()
                await asyncio.sleep(0.01)
        town.outside.gate.set()

        assert {str(result).split()[0] for result in await results(engine, root_id)} == {"red", "blue"}

    play(url, body)


def test_two_workers_run_all_there_is_and_nothing_twice(url: str) -> None:
    async def body(town: Town) -> None:
        engine = await town.settle("engine", decides=True, runs_actions=False)
        for name in ("red", "blue"):
            await town.settle(name)

        root_id = await start(
            engine, "a: {with-items: i in <% range(300) %>, action: test.quick word=<% str($.i) %>}"
        )
        given = await results(engine, root_id)

        assert len(given) == 300
        assert len(town.outside.calls) == 300
        assert {str(result).split()[-1] for result in given} <= {"red", "blue"}

    play(url, body)


def test_a_task_with_a_target_runs_on_the_node_of_that_name(url: str) -> None:
    async def body(town: Town) -> None:
        both = await town.settle("both", decides=True)
        await town.settle("red")
        await town.settle("blue")

        root_id = await start(
            both,
            "a: {action: test.quick, input: {word: '1'}, target: blue, on-success: b}\n"
            "    b: {action: test.quick, input: {word: '2'}, target: red, on-success: c}\n"
            "    c: {action: test.quick, input: {word: '3'}, target: both, on-success: d}\n"
            "    d: {action: test.quick, input: {word: '4'}}",
        )

        assert await results(both, root_id) == ["1 by blue", "2 by red", "3 by both", "4 by both"]

    play(url, body)


@pytest.mark.parametrize("name", ["test.slow", "test.careful"])
def test_deleting_an_execution_ends_its_action_on_the_other_node(url: str, name: str) -> None:
    async def body(town: Town) -> None:
        engine = await town.settle("engine", decides=True, runs_actions=False)
        worker = await town.settle("worker")
        root_id = await start(engine, f"a: {{action: {name}}}")
        await town.outside.arrived.wait()

        await engine.engine.delete(root_id, force=True)

        await town.outside.cancelled.wait()
        await no_rows(engine)
        await until(lambda: _is_idle(worker))

    play(url, body)


async def _is_idle(place: Place) -> bool:
    place.beat()
    return place.work.worker.running == 0


def test_an_attempt_whose_worker_dies_is_repeated_elsewhere_under_the_next_number(url: str) -> None:
    async def body(town: Town) -> None:
        engine = await town.settle("engine", decides=True, runs_actions=False)
        await town.settle("red")
        root_id = await start(engine, "a: {action: test.slow}")
        await town.outside.arrived.wait()

        await town.bury("red")
        town.outside.gate.set()
        await town.settle("blue")

        assert await results(engine, root_id) == ["blue 2"]
        assert town.outside.calls == ["red 1", "blue 2"]
        await no_rows(engine)

    play(url, body)


def test_an_attempt_that_must_not_be_repeated_fails_when_its_worker_dies(url: str) -> None:
    async def body(town: Town) -> None:
        engine = await town.settle("engine", decides=True, runs_actions=False)
        await town.settle("red")
        await town.settle("blue")
        root_id = await start(engine, "a: {action: test.careful, target: red}")
        await town.outside.arrived.wait()

        await town.bury("red")

        [result] = await results(engine, root_id)
        assert "Attempt 1 of action test.careful was cut off" in str(result)
        assert town.outside.calls == ["red 1"]
        await no_rows(engine)

    play(url, body)


async def claimed_and_not_begun(town: Town) -> tuple[Place, Place, str]:
    """Who decides, who has claimed an attempt and cannot say that it begins, and the tree."""
    engine = await town.settle("engine", decides=True, runs_actions=False)
    red = await town.settle("red")
    red.is_unreachable = True
    root_id = await start(engine, "a: {action: test.careful}")

    async def is_claimed() -> bool:
        return red.work.worker.running == 1

    await until(is_claimed)
    return engine, red, root_id


def test_an_attempt_that_was_claimed_and_had_not_begun_has_a_successor(url: str) -> None:
    async def body(town: Town) -> None:
        engine, _, root_id = await claimed_and_not_begun(town)
        await town.bury("red")
        town.outside.gate.set()
        await town.settle("blue")

        assert await results(engine, root_id) == ["blue 2"]
        assert town.outside.calls == ["blue 2"]

    play(url, body)


def test_an_attempt_that_was_given_up_does_not_begin(url: str) -> None:
    async def body(town: Town) -> None:
        engine, red, root_id = await claimed_and_not_begun(town)
        tree = await engine.engine.write(lambda store: store.load_tree(root_id))
        assert tree is not None
        await engine.engine.lost(root_id, tree.runs[0].id, 1)
        town.outside.gate.set()
        red.is_unreachable = False

        assert await results(engine, root_id) == ["red 2"]
        assert town.outside.calls == ["red 2"]

    play(url, body)


def test_an_asynchronous_action_begins_elsewhere_and_is_completed_from_outside(url: str) -> None:
    async def body(town: Town) -> None:
        engine = await town.settle("engine", decides=True, runs_actions=False)
        worker = await town.settle("worker")
        root_id = await start(engine, "a: {action: test.outside}")
        await town.outside.arrived.wait()
        await until(lambda: _is_idle(worker))
        await town.bury("worker")
        [run_id] = town.outside.calls

        await engine.engine.complete_action(run_id, root_id=root_id, result=Result(value="done"))

        assert await results(engine, root_id) == ["done"]
        await no_rows(engine)

    play(url, body)


def test_a_run_that_nobody_keeps_comes_back_to_the_node_that_waits_for_it(url: str) -> None:
    async def body(town: Town) -> None:
        engine = await town.settle("engine", decides=True, runs_actions=False)
        await town.settle("worker")

        run = await engine.engine.run_action(ActionRequest(action="test.quick", input={"word": "alone"}))

        assert (str(run.state), run.result) == ("SUCCESS", "alone by worker")
        assert len(engine.work.queue) == 0

    play(url, body)


def test_a_run_that_nobody_keeps_survives_its_worker(url: str) -> None:
    async def body(town: Town) -> None:
        engine = await town.settle("engine", decides=True, runs_actions=False)
        await town.settle("red")
        waiting = asyncio.create_task(engine.engine.run_action(ActionRequest(action="test.slow")))
        await town.outside.arrived.wait()

        await town.bury("red")
        town.outside.gate.set()
        await town.settle("blue")

        assert (await waiting).result == "blue 2"

    play(url, body)


def test_whoever_takes_the_trees_over_finds_what_waits_and_what_runs(url: str) -> None:
    async def body(town: Town) -> None:
        first = await town.settle("first", decides=True, runs_actions=False)
        await town.settle("worker")
        running = await start(first, "a: {action: test.careful}")
        waiting = await start(first, "a: {action: test.careful, target: late}")
        await town.outside.arrived.wait()
        await town.bury("first")

        second = await town.settle("second", decides=True, runs_actions=False)
        await second.work.learn(range(SHARDS))
        await second.engine.adopt_many([running, waiting])
        town.outside.gate.set()
        await town.settle("late")

        assert await results(second, running) == ["worker 1"]
        assert await results(second, waiting) == ["late 1"]
        assert town.outside.calls == ["worker 1", "late 1"]
        await no_rows(second)

    play(url, body)


def test_what_a_node_runs_goes_on_there_while_its_trees_go_to_another(url: str) -> None:
    async def body(town: Town) -> None:
        first = await town.settle("first", decides=True)
        root_id = await start(first, "a: {action: test.careful, on-success: b}\n    b: {action: test.quick}")
        await town.outside.arrived.wait()
        shards = first.engine_shards()

        first.decides = False
        underway = await first.engine.hand_over(lambda root_id: True)
        rows = [first.work.row_of(root, shard_of(root, SHARDS), each) for root, each in underway]
        await first.engine.write(lambda store: store.give_shards(shards, to=None, attempts=rows))
        first.work.keep(rows)
        second = await town.settle("second", decides=True)
        await second.work.learn(range(SHARDS))
        await second.engine.adopt_many([root_id])
        first.beat()
        town.outside.gate.set()

        assert await results(second, root_id) == ["first 1", " by second"]
        assert town.outside.calls == ["first 1", ""]
        await no_rows(second)

    play(url, body)


async def give_all(giver: Place, taker: Place, roots: list[str]) -> None:
    """The shards of one node go to another, as `cluster.Holdings` does it."""
    shards = giver.engine_shards()
    giver.decides = False
    underway = await giver.engine.hand_over(lambda root_id: True)
    rows = [giver.work.row_of(root, shard_of(root, SHARDS), each) for root, each in underway]
    await giver.engine.write(lambda store: store.give_shards(shards, to=taker.node_id, attempts=rows))
    giver.work.forget(shards)
    giver.work.keep(rows)
    await taker.take(roots)


def test_what_a_node_runs_goes_on_there_while_its_trees_come_back_and_go_again(url: str) -> None:
    async def body(town: Town) -> None:
        first = await town.settle("first", decides=True)
        second = await town.settle("second")
        root_id = await start(first, "a: {action: test.careful}")
        await town.outside.arrived.wait()

        await give_all(first, second, [root_id])
        await give_all(second, first, [root_id])
        await give_all(first, second, [root_id])
        first.beat()
        town.outside.gate.set()

        assert await results(second, root_id) == ["first 1"]
        await no_rows(second)

    play(url, body)


def test_what_is_cut_off_when_a_worker_ends_is_given_up_and_not_forgotten(url: str) -> None:
    async def body(town: Town) -> None:
        engine = await town.settle("engine", decides=True, runs_actions=False)
        worker = await town.settle("worker")
        root_id = await start(engine, "a: {action: test.slow}")
        await town.outside.arrived.wait()

        await worker.work.local.close(grace=1)
        worker.beat()  # It is a node for a moment yet.
        for _ in range(3):
            await worker.engine.write(lambda store: None)
        await town.bury("worker")
        town.outside.gate.set()
        await town.settle("late")

        assert await results(engine, root_id) == ["late 2"]
        await no_rows(engine)

    play(url, body)


def test_a_look_for_lost_attempts_leaves_those_alone_whose_shard_is_only_just_taken(url: str) -> None:
    async def body(town: Town) -> None:
        first = await town.settle("first", decides=True, runs_actions=False)
        await town.settle("worker")
        root_id = await start(first, "a: {action: test.slow}")
        await town.outside.arrived.wait()
        await town.bury("first")
        await town.bury("worker")

        second = await town.settle("second", decides=True, runs_actions=False)
        second.work.queue.look_for_lost()
        await second.take([root_id])
        town.outside.gate.set()
        await town.settle("late")

        assert await results(second, root_id) == ["late 2"]
        await no_rows(second)

    play(url, body)


class Line:
    """To a store; the first answer gets lost."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.has_failed = False

    async def __call__(self, work: Callable[[Store], T]) -> T:
        done = await self._place.engine.write(work)
        if not self.has_failed:
            self.has_failed = True
            raise Unavailable("the answer got lost")
        return done


def test_a_row_of_which_nobody_knows_whether_it_was_written_goes_once_its_run_has_ended(url: str) -> None:
    async def body(town: Town) -> None:
        place = await town.settle("engine", decides=True, runs_actions=False)
        line = Line(place)
        queue = WorkQueue(
            line,
            node_id=lambda: place.node_id,
            shard_of=lambda root_id: shard_of(root_id, SHARDS),
            on_lost=place.engine.lost,
            clock=SystemClock(),
        )
        run = place.engine.preview_action(ActionRequest(action="test.quick"))
        state = State()
        state.apply(Changes(runs={run.id: run}))

        async def has_failed() -> bool:
            return line.has_failed

        async def is_gone() -> bool:
            return town.membership.look().queued == 0

        async with queue:
            queue.submit(assignment_for(state, run))
            await until(has_failed)
            queue.observe(run.root_id, Changes(runs={run.id: replace(run, state=RunState.SUCCESS)}))
            await until(is_gone)

    play(url, body)
