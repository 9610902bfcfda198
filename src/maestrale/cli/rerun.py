"""`maestrale rerun` and `maestrale skip`: go on from a task that has failed."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from maestrale.cli.database import own_database
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.finding import find_root
from maestrale.cli.inputs import read_mapping
from maestrale.cli.progress import Progress
from maestrale.cli.session import Session, View
from maestrale.cli.tasks import find_failed_task
from maestrale.core import Task
from maestrale.core.status import ExecutionState, TaskState
from maestrale.errors import Conflict
from maestrale.main import Node
from maestrale.store import open_store


class Arguments(Struct, frozen=True, kw_only=True):
    """The command line of `maestrale rerun`, and that of `maestrale skip`, which has fewer options."""

    execution: str
    task: str
    failed_items: bool = False
    env_file: str | None = None
    database: str | None = None
    view: View = View()


Operation = Callable[[Node, Task], Awaitable[None]]


def rerun(arguments: Arguments) -> ExitCode:
    """Run a failed task again and its execution to its end; the exit code.

    Raises:
        Error: There is no such task, it cannot be run again, another process runs the execution, or the
            database cannot be used.
    """
    path = arguments.env_file
    env = read_mapping(path, what="environment file") if path else {}
    reset = not arguments.failed_items
    return _go_on(
        arguments,
        lambda node, task: node.engine.rerun_task(task.id, root_id=task.root_id, reset=reset, env=env),
        instead="`maestrale execution rerun`",
    )


def skip(arguments: Arguments) -> ExitCode:
    """Go on without a failed task and run its execution to its end; the exit code. Raises: as `rerun`."""
    return _go_on(
        arguments,
        lambda node, task: node.engine.skip_task(task.id, root_id=task.root_id),
        instead="`maestrale execution skip`",
    )


def _go_on(arguments: Arguments, operation: Operation, *, instead: str) -> ExitCode:
    database = own_database(arguments.database, instead=instead)
    with open_store(database, create=False) as store:
        root = find_root(store, arguments.execution)
    session = Session(root.id, database=database, create=False, view=arguments.view)
    attempt = _Attempt(arguments.task, operation)
    return session.run(attempt.begin)


class _Attempt:
    """One request, made again while the database is locked: it may have been carried out all the same."""

    def __init__(self, name: str, operation: Operation) -> None:
        self._name = name
        self._operation = operation
        self._task: Task | None = None

    async def begin(self, node: Node, session: Session) -> None:
        """Take the tree over, ended or not, and go on with it."""
        root_id = session.progress.root_id
        node.store.claim_tree(root_id)
        rows = node.store.load_tree(root_id)
        assert rows is not None
        stored = Progress(root_id)
        stored.load(rows)
        if self._task is None:
            self._task = find_failed_task(stored, self._name)
            _check_not_paused(stored, self._task)
        if session.progress.root is None:
            session.progress.load(rows)
        if stored.state.tasks[self._task.id] == self._task:
            await self._operation(node, self._task)
        else:
            await node.engine.adopt(root_id)


def _check_not_paused(progress: Progress, task: Task) -> None:
    """Refuse where the core does nothing.

    Raises:
        InvalidInput: The task is none that failed (`task-not-failed`).
        Conflict: The execution is paused (`execution-paused`).
    """
    if task.state is not TaskState.ERROR:
        raise Conflict(
            f"the task `{progress.path(task)}` is in {task.state}, and only one in ERROR can be run again"
            " or skipped",
            code="task-not-failed",
            hint=f"maestrale show {progress.root_id}",
        )
    for execution in progress.above(task):
        if execution.state is ExecutionState.PAUSED:
            raise Conflict(
                f"the execution `{execution.id}` is paused, and starts nothing",
                code="execution-paused",
                hint=f"maestrale resume {progress.root_id}",
            )
