"""Expressions on a task of an execution that a server has."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from msgspec import Struct

from maestrale.cli.remote.connection import make_client
from maestrale.cli.texts import printable
from maestrale.client import Client, Evaluation, Task
from maestrale.engine.tryout import Fault, Outcome
from maestrale.errors import NotFound
from maestrale.expressions.suggestions import Suggestions
from maestrale.wire.evaluations import MOST_EXPRESSIONS
from maestrale.wire.formats import is_uuid_like

MOST_NAMED = 10


class Server(Struct, frozen=True, kw_only=True):
    """Which server is asked, and for whom."""

    url: str
    project: str | None = None
    token: str | None = None


class ServerPlace:
    """A place at a task of a server, for as long as it is entered.

    Raises:
        NotFound: There is no such execution or task.
        Unavailable: The server does not answer.
    """

    title: str

    def __init__(self, server: Server, execution: str, task: str, *, before: bool, item: int | None) -> None:
        self._server = server
        self._execution = execution
        self._wanted = task
        self._before = before
        self._item = item
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        runner = self._runner = self._stack.enter_context(asyncio.Runner())
        client = self._client = make_client(
            url=self._server.url, project=self._server.project, token=self._server.token
        )
        self._stack.callback(lambda: runner.run(client.close()))
        try:
            self._task = runner.run(_find_task(client, self._execution, self._wanted))
        except BaseException:
            self._stack.close()
            raise
        seen = "before it published" if self._before else "with what it has published"
        name = printable(self._task.name)
        self.title = f"task `{name}` ({self._task.state}) of {self._task.workflow_execution_id}, {seen}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def evaluate(self, texts: Sequence[str]) -> Sequence[Outcome]:
        return self._runner.run(self._evaluate(texts))

    async def _evaluate(self, texts: Sequence[str]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for first in range(0, len(texts), MOST_EXPRESSIONS):
            part = texts[first : first + MOST_EXPRESSIONS]
            found = await self._client.tasks.evaluate(
                self._task.id, part, before=self._before, item=self._item
            )
            outcomes += map(_outcome, found)
        return outcomes


def _outcome(evaluation: Evaluation) -> Outcome:
    error = evaluation.error
    if error is None:
        return Outcome(text=evaluation.expression, value=evaluation.value)
    fault = Fault(
        code=error.code,
        message=error.message,
        hint=error.hint,
        offset=error.offset,
        lines=error.lines,
    )
    return Outcome(text=evaluation.expression, fault=fault)


async def _find_task(client: Client, execution: str, wanted: str) -> Task:
    """The task of that id, or the latest of that name."""
    if is_uuid_like(wanted):
        task = await client.tasks.get(wanted)
        if task.workflow_execution_id == execution:
            return task
    tasks = [task async for task in client.tasks.list(execution=execution, sort="created_at")]
    found = [task for task in tasks if wanted == task.name]
    if found:
        return found[-1]
    names = list(dict.fromkeys(task.name for task in tasks))
    raise NotFound(
        f"the execution {printable(execution)} has no task `{printable(wanted)}`",
        code="unknown-task",
        hint=Suggestions().hint(wanted, names) or _those_there(names),
    )


def _those_there(names: Sequence[str]) -> str:
    if not names:
        return "it has no tasks yet"
    listed = ", ".join(f"`{printable(name)}`" for name in names[:MOST_NAMED])
    return f"it has {listed}; those of a sub-workflow are in an execution of their own"
