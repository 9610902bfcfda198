"""Who plays a scenario: the pure core, and the engine with a database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, Self

from maestrale.actions import Registry
from maestrale.core import Event, Limits, Result, State, World, decide, state_of
from maestrale.core.effects import CancelAction, Effect, RunAction
from maestrale.core.events import (
    ActionCompleted,
    ActionStarted,
    PauseRequested,
    ResumeRequested,
    StopRequested,
    TaskRerunRequested,
    TaskSkipRequested,
)
from maestrale.core.state import Pin
from maestrale.engine import Assignment, Engine, StartRequest
from maestrale.engine.library import DocumentLibrary
from maestrale.engine.recovery import attempts_lost, effects_due
from maestrale.lang import parse
from maestrale.store import Store, TreeRows, open_store
from maestrale.testing.clocks import FakeClock
from maestrale.testing.paths import find_execution, find_run, find_task
from maestrale.testing.stage import ROOT, Stage

from .observing import Dispatched
from .scenario import ScenarioError


class Player(Protocol):
    """Makes the events of a trace happen on one tree. What is refused raises `errors.Error`."""

    log: list[Dispatched]

    @property
    def world(self) -> World: ...

    def state(self) -> State:
        """The tree as it is kept."""
        ...

    def start(self, workflow: str, input: dict[str, Any], params: dict[str, Any]) -> None: ...

    def send(self, event: Event) -> None: ...

    def pass_time(self, seconds: int) -> None: ...

    def crash(self) -> None:
        """The node is gone; another one takes the tree over."""
        ...

    def folded(self) -> State:
        """The tree that its history alone gives."""
        ...


class CorePlayer:
    """The pure core, on a stage."""

    def __init__(self, documents: tuple[str, ...]) -> None:
        self.stage = Stage(*documents)
        self.log: list[Dispatched] = []

    @property
    def world(self) -> World:
        return self.stage.world

    def state(self) -> State:
        return self.stage.state

    def start(self, workflow: str, input: dict[str, Any], params: dict[str, Any]) -> None:
        with self._logged():
            self.stage.start(workflow, input, params)

    def send(self, event: Event) -> None:
        with self._logged():
            self.stage.send(event)

    def pass_time(self, seconds: int) -> None:
        with self._logged():
            self.stage.pass_time(seconds)

    @contextmanager
    def _logged(self) -> Iterator[None]:
        known = len(self.stage.effects)
        yield
        self._note(self.stage.effects[known:])

    def _note(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, RunAction):
                self.log.append(Dispatched("run", effect.run_id, effect.attempt))
            elif isinstance(effect, CancelAction):
                self.log.append(Dispatched("cancel", effect.run_id, effect.attempt))

    def crash(self) -> None:
        state = self.stage.state
        assert state.tree is not None
        self.stage.state = state_of(
            state.tree,
            state.executions.values(),
            state.tasks.values(),
            state.runs.values(),
            state.timers.values(),
        )
        lost = attempts_lost(self.stage.state, lambda run_id, attempt: False)
        self._note(list(effects_due(self.stage.state, lambda run_id, attempt: False)))
        for event in lost:
            self.send(event)

    def folded(self) -> State:
        return self.stage.replayed()


class _Worker:
    """A dispatcher that only notes what it is told."""

    def __init__(self, log: list[Dispatched]) -> None:
        self._log = log

    def submit(self, assignment: Assignment) -> None:
        self._log.append(Dispatched("run", assignment.run_id, assignment.attempt))

    def cancel(self, run_id: str, attempt: int) -> None:
        self._log.append(Dispatched("cancel", run_id, attempt))

    def holds(self, run_id: str, attempt: int) -> bool:
        return False

    def withdraw(self, run_id: str, attempt: int) -> bool:
        return False


class EnginePlayer:
    """The engine on a database file. Its rows are read through a connection of their own.

    Use it as a context manager.

    Args:
        restless: Before each event another node takes the tree over.
    """

    def __init__(self, documents: tuple[str, ...], database: Path, *, restless: bool) -> None:
        self._documents = documents
        self._url = f"sqlite:///{database}"
        self._restless = restless
        self._clock = FakeClock()
        self.log: list[Dispatched] = []
        self._runner = asyncio.Runner()
        self._reader = open_store(self._url)
        library = DocumentLibrary(lambda document: self._reader.get_document(document).text)
        self._world = World(library, Registry.standard(), Limits())
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._runner.close()
        self._reader.close()

    def _open(self) -> None:
        self._store: Store = open_store(self._url, clock=self._clock)
        self._engine = Engine(self._store, Registry.standard(), clock=self._clock)
        self._engine.connect(_Worker(self.log))
        self._wait(self._engine.__aenter__())

    def _close(self) -> None:
        self._wait(self._engine.__aexit__(None, None, None))
        self._store.close()

    def _wait(self, work: Any) -> Any:
        async def in_time() -> Any:
            async with asyncio.timeout(30):
                return await work

        return self._runner.run(in_time())

    @property
    def world(self) -> World:
        return self._world

    def state(self) -> State:
        rows = self._reader.load_tree(ROOT)
        return State() if rows is None else _state(rows)

    def start(self, workflow: str, input: dict[str, Any], params: dict[str, Any]) -> None:
        self._wait(self._start(workflow, input, params))

    async def _start(self, workflow: str, input: dict[str, Any], params: dict[str, Any]) -> None:
        pins: list[Pin] = []
        for number, text in enumerate(self._documents):
            definitions = parse(text).definitions
            assert definitions is not None
            pins += await self._engine.deploy(f"{number}.yaml", text, definitions)
        request = StartRequest(workflow=workflow, pins=tuple(pins), input=input, params=params, id=ROOT)
        await self._engine.start(request)
        await self._engine.settle()

    def send(self, event: Event) -> None:
        if self._restless:
            self._move()
        self._wait(self._send(event))

    async def _send(self, event: Event) -> None:
        match event:
            case ActionCompleted(run_id, int(attempt), result):
                await self._engine.completed(run_id, attempt, result)
            case ActionStarted(run_id, attempt):
                await self._engine.started(run_id, attempt)
            case _:
                await self._engine.submit(ROOT, event)
        await self._engine.settle()

    def pass_time(self, seconds: int) -> None:
        if self._restless:
            self._move()
        until = FakeClock(self._clock.now())
        until.advance(seconds)
        while due := [t.due_at for t in self.state().timers.values() if t.due_at <= until.now()]:
            self._clock.advance_to(min(due))
            self._wait(self._engine.settle())
        self._clock.advance_to(until.now())

    def crash(self) -> None:
        self._close()
        self._open()
        self._store.claim_tree(ROOT)
        self._wait(self._engine.adopt(ROOT))
        self._wait(self._engine.settle())

    def _move(self) -> None:
        """Another node takes over; that it dispatches again what has not begun is no part of the trace."""
        known = len(self.log)
        self.crash()
        del self.log[known:]

    def folded(self) -> State:
        state = State()
        for _, entry in self._reader.read_history(ROOT):
            state.apply(decide(self._world, state, entry).changes)
        return state


def _state(rows: TreeRows) -> State:
    return state_of(rows.tree, rows.executions, rows.tasks, rows.runs, rows.timers)


def event_of(state: State, kind: str, arguments: dict[str, Any]) -> Event:
    """The event that a line of a trace tells of, other than a start, time and a crash."""
    path = arguments.get("path")
    match kind:
        case "pause":
            return PauseRequested(find_execution(state, path).id, arguments.get("message"))
        case "resume":
            return ResumeRequested(find_execution(state, path).id, arguments.get("env", {}))
        case "cancel":
            return StopRequested(find_execution(state, path).id, "CANCELLED", arguments.get("message"))
        case "stop":
            execution = find_execution(state, path)
            return StopRequested(execution.id, arguments["state"], arguments.get("message"))
        case "rerun":
            task = find_task(state, arguments["path"])
            return TaskRerunRequested(task.id, "items" not in arguments, arguments.get("env", {}))
        case "skip":
            return TaskSkipRequested(find_task(state, arguments["path"]).id)
    run = find_run(state, arguments["path"])
    attempt = arguments.get("attempt", None if run.asynchronous else run.attempt)
    match kind:
        case "begin":
            return ActionStarted(run.id, run.attempt)
        case "succeed":
            return ActionCompleted(run.id, attempt, Result(value=arguments.get("value")))
        case "fail":
            return ActionCompleted(run.id, attempt, Result(error=arguments["value"]))
        case "cancel run":
            return ActionCompleted(run.id, attempt, Result(cancelled=True))
    raise ScenarioError(f"`{kind}` is no event")
