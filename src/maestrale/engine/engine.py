"""The operations on executions that a node offers."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Literal, Self, TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from maestrale.clock import Clock
from maestrale.core import (
    ActionRun,
    Changes,
    Event,
    Execution,
    Limits,
    Notice,
    Publisher,
    Result,
    World,
    check_publishers,
)
from maestrale.core.catalogue import Catalogue
from maestrale.core.events import (
    ActionCompleted,
    ActionPauseRequested,
    ActionRequested,
    ActionResumeRequested,
    ExecutionRequested,
    ExecutionUpdateRequested,
    PauseRequested,
    ResumeRequested,
    StopRequested,
    TaskRerunRequested,
    TaskSkipRequested,
)
from maestrale.core.state import Pin
from maestrale.engine.assignments import Assignment, Dispatcher
from maestrale.engine.facts import StoredFacts
from maestrale.engine.feed import Feed
from maestrale.engine.inspection import Inspection
from maestrale.engine.ledger import Ledger, Step
from maestrale.engine.library import DocumentLibrary
from maestrale.engine.reporting import AttemptReports
from maestrale.engine.requests import Requests
from maestrale.engine.routing import Deletion, Planting, Receipt, Request, Router, Submission
from maestrale.engine.stopwatch import Stopwatch
from maestrale.engine.store_thread import StoreThread
from maestrale.engine.trees import Load, Trees
from maestrale.engine.unsaved import UnsavedRuns
from maestrale.errors import Error, NotFound
from maestrale.expressions import Json, reveal
from maestrale.ids import DEFAULT_PROJECT, new_id
from maestrale.lang.model import Definitions, Workflow
from maestrale.store import Store
from maestrale.store.definitions import ACTION_PROVIDERS, ActionProvider

T = TypeVar("T")


class StartRequest(Struct, frozen=True, kw_only=True):
    """A workflow to start.

    Args:
        pins: The definitions that the execution may use, this one among them; see `Engine.deploy`.
            Others are looked up among the stored ones when they are needed.
        security: Who starts it, as its expressions see it; see `ExecutionRequested`.
        id: The id of the execution to be; the same id starts only one.
    """

    workflow: str
    pins: tuple[Pin, ...]
    project_id: str = DEFAULT_PROJECT
    namespace: str = ""
    input: Mapping[str, Json] = {}
    params: Mapping[str, Json] = {}
    description: str = ""
    security: Mapping[str, Json] = {}
    id: str | None = None


class ActionRequest(Struct, frozen=True, kw_only=True):
    """An action to run by itself.

    Args:
        namespace: Where its name is looked up first, if it is an ad-hoc action.
        timeout_seconds: None: as long as it wants.
    """

    action: str
    input: Mapping[str, Json] = {}
    project_id: str = DEFAULT_PROJECT
    namespace: str = ""
    description: str = ""
    target: str | None = None
    timeout_seconds: int | None = None

    def event(self, run_id: str) -> ActionRequested:
        """The request as an event, under the id that the run will have."""
        return ActionRequested(run_id=run_id, **asdict(self))


class Engine:
    """Runs the trees that this node owns. Use it as an asynchronous context manager.

    It implements `Reports`: workers tell it how their attempts go.

    Args:
        store: Where the trees are kept.
        observer: Called after each commit with a root's id and the rows changed; must be quick.
        on_trouble: Called with the error when the database did not take a commit, or a tree was lost to
            another node. After an `Unavailable` the engine tries again by itself.
        on_commit: Called after each commit with the seconds it took and the steps it held; must be quick.
        on_steps: Called after each commit with a root's id and its steps, one by one; must be quick.
        on_notices: Called after each commit with what is to be told to publishers; must be quick.
        publishers: Told of every execution, besides those that it names itself.
        providers: The kinds of stored actions that tasks may use.
        thread: Where the store is used, which ends with the engine. None: a new one.
    """

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        *,
        clock: Clock,
        limits: Limits | None = None,
        observer: Callable[[str, Changes], None] = lambda root_id, changes: None,
        on_trouble: Callable[[Error], None] = lambda error: None,
        on_commit: Callable[[float, int], None] = lambda seconds, steps: None,
        on_steps: Callable[[str, Sequence[Step]], None] = lambda root_id, steps: None,
        on_notices: Callable[[Sequence[Notice]], None] = lambda notices: None,
        publishers: tuple[Publisher, ...] = (),
        providers: Sequence[ActionProvider] = ACTION_PROVIDERS,
        thread: StoreThread | None = None,
    ) -> None:
        self._store = store
        self._thread = thread = thread or StoreThread()
        self._library = DocumentLibrary(
            lambda document: thread.run_now(lambda: store.get_document(document).text)
        )
        limits = limits or Limits()
        world = self._world = World(self._library, catalogue, limits, publishers)
        facts = StoredFacts(store, world, providers=providers)
        stopwatch = Stopwatch(seconds=limits.expression_seconds, memory=limits.expression_bytes)
        guard = self._guard = stopwatch.guard

        def answer(question: str) -> Json:
            return thread.run_now(lambda: facts.answer(question))

        self._trees = Trees(
            store,
            thread,
            Ledger(world, answer=answer, seed=new_id, guard=guard),
            clock=clock,
            observer=observer,
            on_trouble=on_trouble,
            on_commit=on_commit,
            on_steps=on_steps,
            on_notices=on_notices,
            owns=lambda root_id: self._requests.router.owns(root_id),
            is_current=lambda: self._requests.router.is_current,
        )
        self._requests = Requests(self._trees)
        self._unsaved = UnsavedRuns(Ledger(world, answer=answer, seed=new_id, guard=guard), clock=clock)
        self._reports = AttemptReports(self._unsaved, self._trees.attempts, self._requests)

    def connect(self, dispatcher: Dispatcher) -> None:
        """Say who executes actions. Before the engine is entered."""
        self._trees.attempts.dispatcher = dispatcher
        self._unsaved.dispatcher = dispatcher

    async def __aenter__(self) -> Self:
        self._trees.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stop: what is decided is committed, then nothing happens any more."""
        try:
            await self._trees.close()
        finally:
            self._thread.close()

    async def watch(self) -> None:
        """Wait for as long as the engine works, and raise what ends it: that is a bug."""
        await self._trees.watch()

    async def settle(self) -> None:
        """Fire the timers that are due, and wait until everything that follows is durable.

        For whoever moves the clock by hand; with a clock that runs, the engine does so by itself.
        """
        await self._trees.settle()

    def get_workflow(self, execution: Execution) -> Workflow:
        """The definition that an execution of this node runs.

        Raises:
            Unavailable: The database did not answer.
        """
        return self._library.get_workflow(execution.document, execution.workflow)

    @property
    def feed(self) -> Feed:
        """Where to see what is committed, tree by tree."""
        return self._trees.feed

    @property
    def world(self) -> World:
        """What decisions are made in; for whoever replays them."""
        return self._world

    @property
    def guard(self) -> Callable[[], AbstractContextManager[None]]:
        """Bounds the expressions of a decision; for whoever evaluates some beside decisions."""
        return self._guard

    def holds(self, root_id: str) -> bool:
        """Whether this node has the tree in memory."""
        return self._trees.holds(root_id)

    def list_trees(self) -> list[str]:
        """The roots of the trees in memory."""
        return self._trees.list_trees()

    def inspect(self, root_id: str) -> Inspection | None:
        """How a tree in memory stands. None: it is not there, or is being worked on just now."""
        return self._trees.inspect(root_id)

    def owns(self, root_id: str) -> bool:
        """Whether this node decides about a tree, as far as shards tell."""
        return self._requests.router.owns(root_id)

    async def read_again(self, root_id: str) -> bool:
        """Forget a tree in memory, and go on with what is stored of it. False: it is not stored.

        What runs for it goes on. Nothing is lost: memory never has more than the database, but for a moment.

        Raises:
            Conflict: Another living process or node has it.
            Unavailable: The database did not answer.
        """
        return await self._trees.read_again(root_id)

    @property
    def load(self) -> Load:
        """How busy the engine is."""
        return self._trees.load

    def make_room(self) -> None:
        """Somebody asks this node for something: what goes on by itself, such as a long loop, goes slower."""
        self._trees.make_room()

    async def write(self, work: Callable[[Store], T]) -> T:
        """Have something written that is no tree, on the thread that commits.

        Raises:
            Unavailable: The engine is closed, or as the store does.
        """
        return await self._thread.run(lambda: work(self._store))

    # Operations.

    async def deploy(self, name: str, text: str, definitions: Definitions) -> tuple[Pin, ...]:
        """Keep a document for the executions to come.

        Args:
            name: Where the text comes from, for people; a file's path for instance.

        Returns: What it defines, to be named in a `StartRequest`.

        Raises:
            Unavailable: The database did not take it.
        """
        document = await self._thread.run(lambda: self._store.put_document(name, text))
        self._library.add(document, definitions)
        workflows = [Pin("workflow", "", name, document) for name in definitions.workflows]
        return (*workflows, *(Pin("action", "", name, document) for name in definitions.actions))

    def new_id(self) -> str:
        """A fresh id for an execution: one that this node decides about, if it decides about any."""
        return self._requests.router.new_id()

    async def start(self, request: StartRequest, *, is_fresh: bool = False) -> str:
        """Start a workflow and return the id of its execution without waiting for it.

        The execution is durable before this returns: it goes on if this node dies.

        Args:
            is_fresh: Nobody else can have used the id, so that no execution is looked for that has it.

        Raises:
            NotFound: None of the pins is a workflow of that name.
            InvalidInput: The input, the parameters or the workflow's variables are wrong.
            Unavailable: No answer, and it may have started. Repeat the request with the same id.
        """
        pin = _workflow_pin(request)
        root_id = request.id or self.new_id()
        await self._start(root_id, pin, request, is_fresh=is_fresh or request.id is None)
        return root_id

    async def run(self, request: StartRequest) -> Execution:
        """Start a workflow and wait for its end. Raises: see `start` and `wait_ended`."""
        if request.id is not None:
            return await self.wait_ended(await self.start(request))
        root_id = self.new_id()
        ended = self._trees.expect_end(root_id)
        try:
            await self._start(root_id, _workflow_pin(request), request, is_fresh=True)
            return await ended
        finally:
            self._trees.forget_expected(root_id, ended)

    async def _start(self, root_id: str, pin: Pin, request: StartRequest, *, is_fresh: bool) -> None:
        # Here and not where it is decided: what was accepted once must be decided again for ever.
        check_publishers(reveal(request.params.get("notify")))
        event = ExecutionRequested(
            execution_id=root_id,
            project_id=request.project_id,
            workflow=pin.name,
            workflow_id=pin.id,
            namespace=request.namespace,
            document=pin.document,
            input=request.input,
            params=request.params,
            description=request.description,
            security=request.security,
            pins=request.pins,
        )
        await self._requests.route(root_id, Planting(event, is_fresh))

    async def adopt(self, root_id: str) -> None:
        """Go on with a tree that this node has claimed, from the very point where it was left.

        Raises:
            NotFound: There is no such execution.
            Conflict: Another living process runs it.
            Unavailable: The database did not answer.
        """
        if not await self._trees.adopt(root_id):
            raise NotFound(f"there is no execution `{root_id}`", code="unknown-execution")

    async def pause(self, execution_id: str, *, root_id: str, message: str | None = None) -> None:
        """Pause an execution. Raises: Conflict: it has ended. NotFound, Unavailable."""
        await self._submit(root_id, PauseRequested(execution_id, message))

    async def resume(self, execution_id: str, *, root_id: str, env: Mapping[str, Json] | None = None) -> None:
        """Resume a paused execution; any other stays as it is. Raises: NotFound, Unavailable."""
        await self._submit(root_id, ResumeRequested(execution_id, env or {}))

    async def stop(
        self,
        execution_id: str,
        *,
        root_id: str,
        state: Literal["SUCCESS", "ERROR", "CANCELLED"],
        message: str | None = None,
    ) -> None:
        """End an execution. Raises: Conflict: it cannot get to this state. NotFound, Unavailable."""
        await self._submit(root_id, StopRequested(execution_id, state, message))

    async def rerun_task(
        self, task_id: str, *, root_id: str, reset: bool = True, env: Mapping[str, Json] | None = None
    ) -> None:
        """Run a failed task again, in its execution and all that wait for it; paused ones stay as they are.

        Args:
            reset: Of a loop, run all items again; False: only those that did not succeed.
            env: Merged deeply into the environment; only where the execution is in ERROR.

        Raises:
            Conflict: The task has not failed, or its execution has succeeded all the same.
            InvalidInput: `reset` is False, and the task is no loop.
            NotFound, Unavailable
        """
        await self._submit(root_id, TaskRerunRequested(task_id, reset, env or {}))

    async def skip_task(self, task_id: str, *, root_id: str) -> None:
        """Go on as if a failed task had done its work. Raises: as for a rerun."""
        await self._submit(root_id, TaskSkipRequested(task_id))

    async def update_execution(
        self,
        execution_id: str,
        *,
        root_id: str,
        description: str | None = None,
        env: Mapping[str, Json] | None = None,
    ) -> None:
        """Change the description, and merge into the environment. None: left as it is.

        Raises:
            Forbidden: The environment must not change in the state the execution is in (`env-in-use`).
            NotFound, Unavailable
        """
        event = ExecutionUpdateRequested(execution_id=execution_id, description=description, env=env or {})
        await self._submit(root_id, event)

    async def delete(self, root_id: str, *, force: bool = False) -> None:
        """Delete a root execution, or an action run without a task, with everything that belongs to it.

        Args:
            force: Even if it has not ended; what runs for it is ended.

        Raises:
            Forbidden: It has not ended (`not-ended`).
            Conflict: Another living process runs it.
            NotFound, Unavailable
        """
        await self._requests.route(root_id, Deletion(force))

    async def start_action(self, request: ActionRequest) -> str:
        """Begin an action run without a task and return its id; it is durable before this returns.

        Raises:
            InvalidInput: There is no such action, or its input is wrong.
            Unavailable: No answer, and it may have begun.
        """
        run_id = self.new_id()
        await self._requests.route(run_id, Planting(request.event(run_id), is_fresh=True))
        return run_id

    def preview_action(self, request: ActionRequest) -> ActionRun:
        """The run as it would begin; nothing is run or kept. Raises: see `start_action`."""
        return self._unsaved.preview(request.event(new_id()))

    async def run_action(self, request: ActionRequest) -> ActionRun:
        """Run an action to its end without keeping anything of it. Raises: see `start_action`.

        Raises:
            InvalidInput: The action is asynchronous: somebody outside would have to end it.
        """
        return await self._unsaved.run(request.event(new_id()))

    async def pause_action(self, run_id: str, *, root_id: str) -> None:
        """Note that an asynchronous action rests. Raises: Conflict: it has ended, or is not one."""
        await self._submit(root_id, ActionPauseRequested(run_id))

    async def resume_action(self, run_id: str, *, root_id: str) -> None:
        """Note that an asynchronous action goes on. Raises: as for a pause."""
        await self._submit(root_id, ActionResumeRequested(run_id))

    async def complete_action(self, run_id: str, *, root_id: str, result: Result) -> None:
        """End an action run from outside. Raises: Conflict: it has ended. NotFound, Unavailable."""
        await self._submit(root_id, ActionCompleted(run_id, None, result))

    async def wait_ended(self, root_id: str) -> Execution:
        """The root execution once it has ended, and that is durable.

        Raises:
            NotFound: This node does not run it, and it has not ended.
            Conflict: Another node has taken it over meanwhile.
        """
        return await self._trees.wait_ended(root_id)

    async def submit(self, root_id: str, event: Event) -> None:
        """Decide an event and return once its consequences are durable.

        Raises:
            InvalidInput, NotFound, Conflict: The event was refused.
            Unavailable: Not known to be durable; send it again.
        """
        await self._submit(root_id, event)

    # What workers report.

    async def started(self, run_id: str, attempt: int) -> bool:
        """Implements `Reports`."""
        return await self._reports.started(run_id, attempt)

    async def completed(self, run_id: str, attempt: int, result: Result) -> None:
        """Implements `Reports`."""
        await self._reports.completed(run_id, attempt, result)

    async def lost(self, root_id: str, run_id: str, attempt: int) -> None:
        """The worker of an attempt is gone. Raises: NotFound: so is the tree. Unavailable."""
        await self._reports.lost(root_id, run_id, attempt)

    # Other nodes.

    def connect_router(self, router: Router) -> None:
        """Say who has which tree. Before the engine is entered; without one all trees are this node's."""
        self._requests.router = router

    async def route(self, root_id: str, request: Request) -> Json:
        """Have a request done by whoever has the tree, and return what comes out of it.

        Raises:
            Unavailable: Nobody has the tree for a while, or nobody knows what became of it.
            Error: It is refused.
        """
        return await self._requests.route(root_id, request)

    async def serve(self, root_id: str, request: Request, receipt: Receipt) -> Json:
        """Do what another node asks for a tree of this one; what comes out is durable then.

        Raises:
            LeaseLost, NotOwned: The tree is not ours any more; nothing has happened.
            Unavailable: Nobody knows; it may have happened.
            Error: It is refused.
        """
        return await self._requests.carry_out(root_id, request, receipt)

    async def adopt_many(self, root_ids: Sequence[str]) -> None:
        """Go on with trees that have become this node's. Raises: Unavailable: with some, perhaps."""
        await self._trees.adopt_many(root_ids)

    def drop(self, leaves: Callable[[str], bool]) -> int:
        """Forget the trees that have become another node's, with what is decided and what runs for them.

        Returns: How many they were.
        """
        return self._trees.drop(leaves)

    async def hand_over(self, leaves: Callable[[str], bool]) -> list[tuple[str, Assignment]]:
        """Let go of trees that this node does not own any more, once what it decided about them is durable.

        Returns: The attempts that go on here, with their trees.
        """
        return await self._trees.hand_over(leaves)

    async def _submit(self, root_id: str, event: Event) -> None:
        await self._requests.route(root_id, Submission(event))


def _workflow_pin(request: StartRequest) -> Pin:
    for pin in request.pins:
        if (pin.kind, pin.namespace, pin.name) == ("workflow", request.namespace, request.workflow):
            return pin
    raise NotFound(f"there is no workflow `{request.workflow}`", code="unknown-workflow")
