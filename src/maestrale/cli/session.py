"""What the commands that run an execution share: a node for it, from the first line to the exit code."""

import asyncio
import shlex
import sys
from collections.abc import Awaitable, Callable

from msgspec import Struct

from maestrale.cli.database import database_url
from maestrale.cli.displays import Display, Silence
from maestrale.cli.exit_codes import ExitCode, exit_code_for
from maestrale.cli.field_limit import limits_from_environment
from maestrale.cli.leaving import leave
from maestrale.cli.plain_lines import PlainLines
from maestrale.cli.progress import Progress
from maestrale.cli.report import report_end, result_object, task_to_rerun
from maestrale.cli.running import Watch
from maestrale.cli.signals import Interrupted, Signals
from maestrale.cli.terminal import OutputLost, is_terminal, say, say_error, write_output
from maestrale.cli.texts import to_json
from maestrale.core import Execution
from maestrale.errors import Conflict, Error, InvalidInput, NotFound
from maestrale.expressions import Json
from maestrale.lang import Workflow
from maestrale.main import Node
from maestrale.store.urls import is_memory


class View(Struct, frozen=True, kw_only=True):
    """What the person wants to see. `quiet`: the output alone. `as_json`: one object on stdout."""

    as_json: bool = False
    quiet: bool = False


class Session:
    """One execution that this process runs.

    Args:
        create: Make the database where there is none.
    """

    def __init__(self, root_id: str, *, database: str, create: bool, view: View) -> None:
        self.progress = Progress(root_id)
        self._database = database
        self._create = create
        self._view = view
        self._node: Node | None = None
        self._has_begun = False

    def run(self, begin: Callable[[Node, "Session"], Awaitable[None]]) -> ExitCode:
        """Run the execution to where it goes on by itself no more; the exit code.

        Args:
            begin: Starts the execution, or takes it over, on the node. Called again while another
                program holds the database locked.

        Raises:
            Error: It could not be started or taken over.
        """
        return asyncio.run(self._run(begin))

    async def _run(self, begin: Callable[[Node, "Session"], Awaitable[None]]) -> ExitCode:
        with Signals() as signals:
            try:
                await self._follow(begin, signals)
            except Interrupted as interrupted:
                if not self.progress.has_ended:
                    self._write_object()
                    self._say_how_to_go_on("interrupted")
                    return await leave(ExitCode(128 + interrupted.signal))
            except Error as error:
                refused = not self._has_begun and isinstance(error, InvalidInput | NotFound | Conflict)
                if refused or self.progress.root is None:
                    raise
                self._write_object()
                say_error(error)
                self._say_how_to_go_on("stopped; nothing is lost")
                return await leave(ExitCode.CANNOT_GO_ON)
            except Exception:  # A bug; whoever called us tells of it.
                self._say_how_to_go_on("stopped by a bug")
                raise
            return await leave(self.report())

    async def _follow(self, begin: Callable[[Node, "Session"], Awaitable[None]], signals: Signals) -> None:
        display = self._display()
        watch = Watch(self.progress, display)
        asyncio.get_running_loop().set_exception_handler(watch.on_bug)
        node = Node(
            self._database,
            create=self._create,
            limits=limits_from_environment(),
            observer=watch.on_changes,
            on_trouble=watch.on_trouble,
        )
        drawing = asyncio.ensure_future(display.run())
        try:
            await signals.race(watch.insist(node.__aenter__))
            self._node = node
            try:
                await signals.race(watch.insist(lambda: begin(node, self)))
                self._has_begun = True
                watch.show()
                await signals.race(watch.wait(node))
            except Interrupted:
                display.note("stopping: actions under way are ended; again Ctrl-C leaves at once")
                raise
            finally:
                await node.__aexit__()
        finally:
            drawing.cancel()
            display.close()

    def _display(self) -> Display:
        if self._view.quiet:
            return Silence()
        if is_terminal(sys.stderr):
            from maestrale.cli.live_tree import LiveTree
            from maestrale.cli.rows import Picture
            from maestrale.clock import SystemClock

            return LiveTree(self.progress, Picture(self.progress, self._workflow_of), SystemClock())
        return PlainLines(self.progress)

    def _workflow_of(self, execution: Execution) -> Workflow:
        assert self._node is not None
        return self._node.engine.get_workflow(execution)

    def _say_how_to_go_on(self, what: str) -> None:
        """Said even where little is to be said: without it nobody could go on."""
        if self.progress.root is not None:
            say(f"{what}; {self._how_to_go_on()}")

    def _how_to_go_on(self) -> str:
        command = self._command("resume")
        return f"go on with: {command}" if command else "it cannot go on: its database was in memory"

    def _command(self, *words: str) -> str | None:
        """A command about the execution; None: it will be gone with this process."""
        if is_memory(self._database):
            return None
        named = self._database != database_url(None)
        option = ["--database", self._database] if named else []
        return shlex.join(["maestrale", words[0], self.progress.root_id, *words[1:], *option])

    def report(self) -> ExitCode:
        """Tell how it went; the exit code."""
        root = self.progress.root
        assert root is not None
        code = exit_code_for(root.state)
        if not self._write_object() or (
            not self._view.as_json and code is ExitCode.SUCCESS and not _wrote(root.output)
        ):
            return ExitCode.CANNOT_GO_ON
        if not (self._view.quiet and code is ExitCode.SUCCESS):
            report_end(self.progress, how_to_go_on=self._how_to_go_on())
            self._say_how_to_rerun()
        return code

    def _say_how_to_rerun(self) -> None:
        task = task_to_rerun(self.progress)
        command = None if task is None else self._command("rerun", self.progress.path(task))
        if command is not None:
            say(f"  run it again with: {command}")

    def _write_object(self) -> bool:
        """Write the JSON object if one is wanted. False: it could not be written."""
        if not self._view.as_json or self.progress.root is None:
            return True
        return _wrote(result_object(self.progress))


def _wrote(value: Json) -> bool:
    """Write a value to stdout. False: it could not be written; a reader that went away is no trouble."""
    try:
        write_output(to_json(value, pretty=True))
    except OutputLost as lost:
        if not lost.reader_gone:
            say(f"the execution goes its way, but {lost}")
        return lost.reader_gone
    return True
