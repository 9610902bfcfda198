"""The manager of executions: starting, steering, waiting, watching, asking why."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from typing import Literal, TypeAlias
from uuid import uuid4

from maestrale.client.answers import NoAnswer
from maestrale.client.collection import Collection, flag, without_none
from maestrale.client.decoding import Json, decode, decode_all
from maestrale.client.events import Event
from maestrale.client.filters import FilterValue
from maestrale.client.runs import ENDED, Execution, Report
from maestrale.client.transport import Transport, path_of
from maestrale.client.views import Explanation, Graph, explanation_of
from maestrale.client.watching import watch
from maestrale.errors import InvalidInput
from maestrale.wire.formats import is_uuid_like

Until: TypeAlias = Literal["done", "paused"]

POLL_SECONDS = 30.0
"""How long the server is asked to hold one question of `wait`; it answers at once when the time has come."""

PAUSE_SECONDS = 0.5
"""Between two questions, if a server answers before the time has come."""


class Executions:
    """Runs of workflows."""

    def __init__(self, transport: Transport) -> None:
        self._rows = Collection(transport, "executions", Execution)
        self._transport = transport

    def list(
        self,
        *,
        limit: int | None = None,
        sort: str | Sequence[str] = (),
        roots_only: bool = False,
        include_output: bool = False,
        all_projects: bool = False,
        **filters: FilterValue,
    ) -> AsyncIterator[Execution]:
        """All executions, those of sub-workflows too, or those that the filters leave.

        Args:
            include_output: Give `output` too, which listings leave out.
            all_projects: For administrators.
        """
        options = {
            **flag("include_output", include_output),
            **flag("all_projects", all_projects),
            **({"nulls": "root_execution_id"} if roots_only else {}),
        }
        return self._rows.list(limit=limit, sort=sort, filters=filters, options=options)

    async def get(self, id: str) -> Execution:
        """Raises: NotFound: There is none of that id, or it is another project's."""
        return await self._rows.get(id)

    async def start(
        self,
        workflow: str | None = None,
        *,
        input: Mapping[str, Json] | None = None,
        id: str | None = None,
        namespace: str = "",
        env: Mapping[str, Json] | str | None = None,
        target_task: str | None = None,
        params: Mapping[str, Json] | None = None,
        description: str = "",
        source: str | None = None,
    ) -> Execution:
        """Start a workflow and give its execution without waiting for its end.

        It is durable before this returns. If the answer is lost it is asked for again with the same `id`,
        so that nothing is started twice.

        Args:
            workflow: Its id, or its name in `namespace`.
            id: The id of the execution. If there is one already, that is given and nothing is started.
                None: a random one.
            env: Variables, or the name of a stored environment.
            target_task: What a reverse workflow is to get done.
            params: Further parameters, such as `notify`.
            source: An execution whose workflow, input and parameters are used where none are given here.

        Raises:
            InvalidInput: The input or a parameter is wrong, or neither a workflow nor a source is named.
            NotFound: There is no such workflow or source.
            Conflict: The id is taken by what this project may not see.
            Unavailable: No answer came in time. It may have started: ask again with the same `id`.
        """
        if workflow is None and source is None:
            raise InvalidInput(
                "neither a workflow nor a source execution is named",
                code="nothing-to-start",
                hint="name the workflow, or with `source` an execution to start again",
            )
        given = without_none({"env": env, "task_name": target_task})
        body = {
            "id": id if id is not None else str(uuid4()),
            **_workflow(workflow, namespace),
            "source_execution_id": source,
            "input": input,
            "params": {**(params or {}), **given} or None,
            "description": description,
        }
        path = path_of("executions")
        data = await self._transport.ask("POST", path, body=without_none(body), repeat=True)
        return decode(Execution, data)

    async def pause(self, id: str) -> Execution:
        """Let the tasks under way end, and begin no more. Raises: InvalidInput: It has ended."""
        return await self._rows.put(id, body={"state": "PAUSED"})

    async def resume(self, id: str, *, env: Mapping[str, Json] | None = None) -> Execution:
        """Go on with a paused execution; `env` is merged into its environment."""
        return await self._rows.put(id, body={"state": "RUNNING", "params": _env(env)})

    async def stop(
        self,
        id: str,
        *,
        state: Literal["SUCCESS", "ERROR", "CANCELLED"] = "CANCELLED",
        message: str | None = None,
    ) -> Execution:
        """End an execution now, in this state, for the reason of this message.

        What is given may be as it was: one that has ended is left alone, and a paused one ends in CANCELLED
        only.

        Raises:
            InvalidInput: It cannot become a success any more.
        """
        return await self._rows.put(id, body={"state": state, "state_info": message})

    async def update(
        self, id: str, *, description: str | None = None, env: Mapping[str, Json] | None = None
    ) -> Execution:
        """Change the description, or merge into the environment of what is paused or has failed."""
        return await self._rows.put(id, body={"description": description, "params": _env(env)})

    async def delete(self, id: str, *, force: bool = False) -> None:
        """Delete an execution with all it has. Raises: Forbidden: It has not ended, and `force` is false."""
        await self._rows.delete(id, query=flag("force", force))

    async def wait(
        self,
        id: str,
        *,
        until: Until = "done",
        timeout: float | None = None,  # noqa: ASYNC109 - It does not raise, and the server is told of it.
    ) -> Execution:
        """Wait until an execution has ended, or with `paused` also until somebody has to resume it.

        Restarts of the server in between are waited through.

        Args:
            timeout: Seconds after which the execution is given as it then is. None: no limit.
        """
        now = asyncio.get_running_loop().time
        deadline = None if timeout is None else now() + timeout
        was_there = False
        while True:
            left = POLL_SECONDS if deadline is None else min(max(deadline - now(), 0.0), POLL_SECONDS)
            asked_at = now()
            execution = await self._poll(id, until, left, was_there=was_there)
            was_there = True
            is_over = deadline is not None and now() >= deadline
            if is_over or execution.state in ENDED or (until == "paused" and execution.state == "PAUSED"):
                return execution
            if now() - asked_at < min(left, PAUSE_SECONDS):  # The server may not want to hold questions.
                await asyncio.sleep(min(PAUSE_SECONDS, left))

    async def _poll(self, id: str, until: Until, seconds: float, *, was_there: bool) -> Execution:
        path = path_of("executions", id)
        query = {"wait": f"{seconds:.3f}", "until": until}
        data = await self._transport.ask(
            "GET", path, query=query, was_there=was_there, silence=seconds + POLL_SECONDS
        )
        return decode(Execution, data)

    def watch(
        self,
        id: str,
        *,
        after: str | None = None,
        on_interruption: Callable[[NoAnswer], None] = lambda error: None,
    ) -> AsyncGenerator[Event, None]:
        """What happened to an execution and its sub-workflows, then what happens, as it happens.

        Each change comes once and in order, also over lost connections and restarts of the server. The last
        event is `Ended`. Who leaves before closes the connection with `contextlib.aclosing`.

        Args:
            after: The `position` of the last event that is known already.
            on_interruption: Told when the connection is lost, before it is made again.

        Raises:
            NotFound: There is no such execution.
            Unavailable: The server did not come back within the client's patience.
        """
        return watch(self._transport, id, after=after, on_interruption=on_interruption)

    async def explain(self, id: str) -> Explanation:
        """What an execution waits for, and what would move it on."""
        return explanation_of(await self._transport.ask("GET", path_of("executions", id, "explain")))

    async def graph(self, id: str) -> Graph:
        """An execution as a graph: its tasks, the ways between them, and which were taken."""
        return decode(Graph, await self._transport.ask("GET", path_of("executions", id, "graph")))

    async def report(
        self, id: str, *, errors_only: bool = False, max_depth: int = -1, statistics_only: bool = False
    ) -> Report:
        """The tree of an execution with numbers. `max_depth` -1: all of it."""
        query = {
            "max_depth": str(max_depth),
            **flag("errors_only", errors_only),
            **flag("statistics_only", statistics_only),
        }
        data = await self._transport.ask("GET", path_of("executions", id, "report"), query=query)
        return decode(Report, data)

    async def list_sub_executions(
        self, id: str, *, errors_only: bool = False, max_depth: int = -1, include_output: bool = False
    ) -> tuple[Execution, ...]:
        """The execution itself and all below, depth first."""
        query = {
            "max_depth": str(max_depth),
            **flag("errors_only", errors_only),
            **flag("include_output", include_output),
        }
        data = await self._transport.ask("GET", path_of("executions", id, "executions"), query=query)
        return decode_all(Execution, data, "executions")


def _workflow(workflow: str | None, namespace: str) -> dict[str, str | None]:
    if workflow is None:
        return {}
    if is_uuid_like(workflow):
        return {"workflow_id": workflow}
    return {"workflow_name": workflow, "workflow_namespace": namespace or None}


def _env(env: Mapping[str, Json] | None) -> dict[str, Json] | None:
    return None if env is None else {"env": env}
