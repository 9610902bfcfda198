"""The managers of tasks and action executions."""

from collections.abc import AsyncIterator, Mapping, Sequence

from maestrale.client.collection import Collection, flag, without_none
from maestrale.client.decoding import Json, decode, decode_all
from maestrale.client.evaluations import Evaluation
from maestrale.client.filters import FilterValue
from maestrale.client.runs import ActionExecution, Execution, Task
from maestrale.client.transport import NO_LIMIT, Transport, path_of


class Tasks:
    """What executions do, step by step."""

    def __init__(self, transport: Transport) -> None:
        self._rows = Collection(transport, "tasks", Task)
        self._transport = transport

    def list(
        self,
        *,
        execution: str | None = None,
        limit: int | None = None,
        sort: str | Sequence[str] = (),
        **filters: FilterValue,
    ) -> AsyncIterator[Task]:
        """All tasks, or those of one execution. Raises: NotFound: There is no such execution."""
        path = None if execution is None else path_of("executions", execution, "tasks")
        return self._rows.list(limit=limit, sort=sort, filters=filters, path=path)

    async def get(self, id: str) -> Task:
        return await self._rows.get(id)

    async def rerun(self, id: str, *, reset: bool = True, env: Mapping[str, Json] | None = None) -> Task:
        """Run a failed task again; its execution goes on from there.

        Args:
            reset: Of a loop, run all items again. False: only those that did not succeed; for loops alone.
            env: Merged into the environment of the execution.

        Raises:
            InvalidInput: The task is not in ERROR, or `reset` is false and it is no loop.
        """
        return await self._rows.put(id, body={"state": "RUNNING", "reset": reset, "env": env})

    async def skip(self, id: str) -> Task:
        """Go on as if a failed task had done its work. Raises: InvalidInput: It is not in ERROR."""
        return await self._rows.put(id, body={"state": "SKIPPED"})

    async def evaluate(
        self, id: str, expressions: Sequence[str], *, before: bool = False, item: int | None = None
    ) -> tuple[Evaluation, ...]:
        """Evaluate expressions on the data of a task; nothing changes by it.

        Args:
            expressions: Texts as a workflow has them, with their delimiters.
            before: See only what the task was given. False: what it has published, too.
            item: Of a loop, the number of the item whose variables are seen.
        """
        body = {
            "expressions": list(expressions),
            "context": "before" if before else "after",
            "item": item,
        }
        path = path_of("tasks", id, "evaluate")
        data = await self._transport.ask("POST", path, body=without_none(body), repeat=True)
        return decode_all(Evaluation, data, "evaluations")

    async def list_sub_executions(
        self, id: str, *, errors_only: bool = False, max_depth: int = -1, include_output: bool = False
    ) -> tuple[Execution, ...]:
        """The executions of a task's sub-workflow and all below, depth first."""
        query = {
            "max_depth": str(max_depth),
            **flag("errors_only", errors_only),
            **flag("include_output", include_output),
        }
        data = await self._transport.ask("GET", path_of("tasks", id, "executions"), query=query)
        return decode_all(Execution, data, "executions")


class ActionExecutions:
    """Single runs of actions, for tasks or by themselves."""

    def __init__(self, transport: Transport) -> None:
        self._rows = Collection(transport, "action_executions", ActionExecution)
        self._transport = transport

    def list(
        self,
        *,
        task: str | None = None,
        include_output: bool = False,
        limit: int | None = None,
        sort: str | Sequence[str] = (),
        **filters: FilterValue,
    ) -> AsyncIterator[ActionExecution]:
        """All of them, or those of one task; with their output if it is wanted."""
        path = None if task is None else path_of("tasks", task, "action_executions")
        options = flag("include_output", include_output)
        return self._rows.list(limit=limit, sort=sort, filters=filters, options=options, path=path)

    async def get(self, id: str) -> ActionExecution:
        return await self._rows.get(id)

    async def run(
        self,
        action: str,
        input: Mapping[str, Json] | None = None,
        *,
        save: bool = False,
        wait: bool = False,
        namespace: str = "",
        description: str | None = None,
        target: str | None = None,
        timeout_seconds: int | None = None,
    ) -> ActionExecution:
        """Run an action without a workflow. One that fails has the state ERROR; nothing is raised then.

        Args:
            save: Store it and answer at once. False: run it now, and store nothing unless it is asynchronous.
            wait: With `save`: answer only once it has ended.
            target: The host that is to run it.
            timeout_seconds: After so many it has failed.

        Raises:
            InvalidInput: There is no such action, its input is wrong, or it is asynchronous and `wait`
                is true.
        """
        params = without_none(
            {
                "save_result": True if save else None,
                "run_sync": True if wait else None,
                "target": target,
                "timeout": timeout_seconds,
            }
        )
        body = {
            "name": action,
            "input": input,
            "params": params or None,
            "workflow_namespace": namespace or None,
            "description": description,
        }
        path = path_of("action_executions")
        answer_limit = None if save and not wait else NO_LIMIT
        data = await self._transport.ask("POST", path, body=without_none(body), silence=answer_limit)
        return decode(ActionExecution, data)

    async def complete(
        self, id: str, output: Mapping[str, Json] | None = None, *, state: str = "SUCCESS"
    ) -> ActionExecution:
        """Say how an asynchronous action ended: `SUCCESS`, `ERROR` or `CANCELLED`, and with what result.

        Raises:
            InvalidInput: It has ended already.
        """
        return await self._rows.put(id, body={"state": state, "output": output})

    async def pause(self, id: str) -> ActionExecution:
        """Pause a run, its task and its execution."""
        return await self._rows.put(id, body={"state": "PAUSED"})

    async def resume(self, id: str) -> ActionExecution:
        return await self._rows.put(id, body={"state": "RUNNING"})

    async def delete(self, id: str) -> None:
        """Delete a run that no task asked for. Raises: Forbidden: The server does not allow it."""
        await self._rows.delete(id)
