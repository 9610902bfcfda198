"""A real engine on a real database file, with a worker that does only what a test says."""

import asyncio
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from maestrale.actions import Registry, action
from maestrale.core import ActionRun, Changes, Limits, Notice, Result, State, World, decide, state_of
from maestrale.core.state import Pin
from maestrale.engine import Assignment, Engine, StartRequest
from maestrale.engine.library import DocumentLibrary
from maestrale.errors import Error, Unavailable
from maestrale.expressions import Json
from maestrale.lang import parse
from maestrale.store import Store, TreeCommit, TreeRows, open_store
from maestrale.store.node_locks import FileLocks
from maestrale.store.ownership import FileOwnership
from maestrale.store.sqlite import open_database
from maestrale.store.tables import damaged_row
from maestrale.testing.clocks import FakeClock
from maestrale.testing.laws import check_same, copy_of


@action("test.once")
async def once(word: Json = None) -> Json:
    """Must not be repeated blindly."""
    return word


@action("test.safe", safe_rerun=True)
async def safe(word: Json = None) -> Json:
    """May be repeated."""
    return word


@action("test.outside", asynchronous=True)
async def outside() -> None:
    """Somebody outside ends it."""


REGISTRY = Registry([once, safe, outside])

ONE = """
version: '2.0'
one:
  output: {said: <% task(ask).result %>}
  tasks:
    ask: {action: test.once}
"""


class FallibleStore(Store):
    """A store that fails when it is told to, before or after it has done its work."""

    def __init__(self, path: Path, clock: FakeClock) -> None:
        database = open_database(str(path), create=True, lock_seconds=5)
        super().__init__(
            database, FileOwnership(database, FileLocks(f"{path}.lock"), name="", clock=clock), clock=clock
        )
        self.transactions: list[list[str]] = []
        self.is_away = False
        self.cannot_load = False
        self.damaged: set[str] = set()
        """Trees that cannot be deleted."""
        self._failures: deque[tuple[str, Exception]] = deque()
        self._gate = threading.Event()
        self._gate.set()
        self._is_held = threading.Event()

    def fail_next(self, when: str, error: Exception | None = None) -> None:
        """Fail one more commit `before` or `after` it is applied."""
        self._failures.append((when, error or Unavailable("the connection was lost")))

    def hold(self) -> None:
        """Let no commit through until `let_go`."""
        self._is_held.clear()
        self._gate.clear()

    def let_go(self) -> None:
        self._gate.set()

    async def wait_held(self) -> None:
        """Wait until a commit waits to be let go."""
        assert await asyncio.to_thread(self._is_held.wait, 10)

    def commit(self, batch: Any, **messages: Any) -> None:
        commits: list[TreeCommit] = list(batch)
        if not commits:
            super().commit(commits, **messages)
            return
        self._is_held.set()
        assert self._gate.wait(10)
        self._check_there()
        when, error = self._failures.popleft() if self._failures else ("never", None)
        if when == "before" and error is not None:
            raise error
        super().commit(commits, **messages)
        self.transactions.append([commit.root_id for commit in commits])
        if error is not None:
            raise error

    def load_tree(self, root_id: str) -> TreeRows | None:
        assert not self.cannot_load
        self._check_there()
        return super().load_tree(root_id)

    def claim_tree(self, root_id: str) -> None:
        self._check_there()
        super().claim_tree(root_id)

    def delete_tree(self, root_id: str, **messages: Any) -> None:
        self._check_there()
        if root_id in self.damaged:
            raise damaged_row("history")
        super().delete_tree(root_id, **messages)

    def _check_there(self) -> None:
        if self.is_away:
            raise Unavailable("the database is away", code="database-away")


class ScriptedWorker:
    """Notes what it is told; a test says how attempts go on."""

    def __init__(self) -> None:
        self.submitted: list[Assignment] = []
        self.cancelled: list[tuple[str, int]] = []
        self.held: set[tuple[str, int]] = set()

    def submit(self, assignment: Assignment) -> None:
        self.submitted.append(assignment)
        self.held.add((assignment.run_id, assignment.attempt))

    def cancel(self, run_id: str, attempt: int) -> None:
        self.cancelled.append((run_id, attempt))
        self.held.discard((run_id, attempt))

    def holds(self, run_id: str, attempt: int) -> bool:
        return (run_id, attempt) in self.held

    def withdraw(self, run_id: str, attempt: int) -> bool:
        """What was submitted has begun."""
        return False

    @property
    def attempts(self) -> list[tuple[str, int]]:
        """The task and the attempt of everything submitted."""
        return [(assignment.task_name, assignment.attempt) for assignment in self.submitted]

    def last(self, task: str) -> Assignment:
        return next(each for each in reversed(self.submitted) if each.task_name == task)


class House:
    """An engine with its store, worker and clock. Use it as an asynchronous context manager.

    On leaving, every stored tree must be what its history gives.
    """

    def __init__(
        self, path: Path, *texts: str, limits: Limits | None = None, clock: FakeClock | None = None
    ) -> None:
        self.path = path
        self.clock = clock or FakeClock()
        self.store = FallibleStore(path, self.clock)
        self.worker = ScriptedWorker()
        self.seen: list[tuple[str, Changes]] = []
        self.told: list[Notice] = []
        self.troubles: list[Error] = []
        self.bugs: list[BaseException | str] = []
        self.limits = limits or Limits()
        self.engine = self._engine()
        self.pins: tuple[Pin, ...] = ()
        self._texts = texts

    def _engine(self) -> Engine:
        engine = Engine(
            self.store,
            REGISTRY,
            clock=self.clock,
            limits=self.limits,
            observer=lambda root_id, changes: self.observe(root_id, changes),
            on_trouble=self.troubles.append,
            on_notices=self.told.extend,
        )
        engine.connect(self.worker)
        return engine

    def observe(self, root_id: str, changes: Changes) -> None:
        self.seen.append((root_id, changes))

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, told: self.bugs.append(told.get("exception") or told["message"]))
        await self.engine.__aenter__()
        for number, text in enumerate(self._texts):
            definitions = parse(text).definitions
            assert definitions is not None
            self.pins += await self.engine.deploy(f"{number}.yaml", text, definitions)
        return self

    async def __aexit__(self, kind: object, *error: object) -> None:
        with ExitStack() as parts:
            parts.callback(self.store.close)
            await self.engine.__aexit__(None, None, None)
        if kind is None:
            check_replay(self.path, self.limits)

    def request(self, workflow: str = "one", *, id: str | None = None, **input: Json) -> StartRequest:
        return StartRequest(workflow=workflow, pins=self.pins, id=id, input=input)

    def waiting_notices(self) -> int:
        """How many notices another connection finds."""
        with open_store(f"sqlite:///{self.path}") as reader:
            return reader.count_notices()

    async def start(self, workflow: str = "one", *, id: str | None = None, **input: Json) -> str:
        root_id = await self.engine.start(self.request(workflow, id=id, **input))
        await self.engine.settle()
        return root_id

    async def succeed(self, task: str, value: Json = None) -> None:
        await self.end(task, Result(value=value))

    async def end(self, task: str, result: Result) -> None:
        """Report the end of the last attempt of a task."""
        assignment = self.worker.last(task)
        await self.engine.completed(assignment.run_id, assignment.attempt, result)
        self.worker.held.discard((assignment.run_id, assignment.attempt))
        await self.engine.settle()

    def stored(self, root_id: str) -> State:
        """The tree as another connection reads it."""
        with open_store(f"sqlite:///{self.path}") as reader:
            rows = reader.load_tree(root_id)
        assert rows is not None
        return state_of(rows.tree, rows.executions, rows.tasks, rows.runs, rows.timers)

    def run_of(self, root_id: str, task: str) -> ActionRun:
        return self.stored(root_id).runs[self.worker.last(task).run_id]

    def in_memory(self) -> list[str]:
        return list(self.engine._trees._ledger)


def state_of_tasks(state: State) -> Mapping[str, str]:
    return {task.name: str(task.state) for task in state.tasks.values()}


def check_replay(path: Path, limits: Limits, registry: Registry = REGISTRY) -> None:
    """Folding `decide` over each stored history gives the stored rows, without asking anybody."""
    with open_store(f"sqlite:///{path}") as reader:
        library = DocumentLibrary(lambda document: reader.get_document(document).text)
        world = World(library, registry, limits)
        for root in reader.list_roots(limit=10_000):
            rows = reader.load_tree(root.id)
            assert rows is not None
            state = State()
            for _, entry in reader.read_history(root.id):
                state.apply(decide(world, state, entry).changes)
            stored = state_of(rows.tree, rows.executions, rows.tasks, rows.runs, rows.timers)
            check_same(copy_of(state), copy_of(stored), "the history gives the rows")
