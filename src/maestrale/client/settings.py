"""The managers of what JSON describes: environments, triggers, dynamic actions; and of the whole service."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from maestrale.client.collection import Collection, flag, in_namespace
from maestrale.client.decoding import Json, unexpected
from maestrale.client.definitions import CronTrigger, DynamicAction, Environment, EventTrigger
from maestrale.client.filters import FilterValue
from maestrale.client.transport import Transport
from maestrale.errors import InvalidInput
from maestrale.wire.formats import is_uuid_like

ServiceStatus: TypeAlias = Literal["RUNNING", "PAUSING", "PAUSED"]


class Environments:
    """Named sets of variables that executions can be started with."""

    def __init__(self, transport: Transport) -> None:
        self._rows = Collection(transport, "environments", Environment)

    def list(
        self, *, limit: int | None = None, sort: str | Sequence[str] = (), **filters: FilterValue
    ) -> AsyncIterator[Environment]:
        return self._rows.list(limit=limit, sort=sort, filters=filters)

    async def get(self, name: str) -> Environment:
        return await self._rows.get(name)

    async def create(
        self,
        name: str,
        variables: Mapping[str, Json],
        *,
        description: str | None = None,
        scope: str | None = None,
    ) -> Environment:
        body = {"name": name, "variables": variables, "description": description, "scope": scope}
        return await self._rows.post(body)

    async def update(
        self,
        name: str,
        *,
        variables: Mapping[str, Json] | None = None,
        description: str | None = None,
        scope: str | None = None,
    ) -> Environment:
        """Change what is given; `variables` replace all that there were."""
        body = {"name": name, "variables": variables, "description": description, "scope": scope}
        return await self._rows.put(body=body)

    async def delete(self, name: str) -> None:
        await self._rows.delete(name)


class CronTriggers:
    """Workflows that start by the clock. A trigger cannot be changed: delete it and make another."""

    def __init__(self, transport: Transport) -> None:
        self._rows = Collection(transport, "cron_triggers", CronTrigger)

    def list(
        self,
        *,
        limit: int | None = None,
        sort: str | Sequence[str] = (),
        all_projects: bool = False,
        **filters: FilterValue,
    ) -> AsyncIterator[CronTrigger]:
        options = flag("all_projects", all_projects)
        return self._rows.list(limit=limit, sort=sort, filters=filters, options=options)

    async def get(self, trigger: str) -> CronTrigger:
        """By name or id."""
        return await self._rows.get(trigger)

    async def create(
        self,
        name: str,
        workflow: str,
        *,
        pattern: str | None = None,
        first_time: datetime | None = None,
        count: int | None = None,
        input: Mapping[str, Json] | None = None,
        params: Mapping[str, Json] | None = None,
        scope: str | None = None,
    ) -> CronTrigger:
        """Start a workflow again and again, or once.

        Args:
            workflow: Its id, or its name in the default namespace.
            pattern: Such as `*/5 * * * *`, six fields with seconds last, or `@hourly`; in UTC.
            first_time: Aware, to the minute, at least one minute ahead; alone: the only time.
            count: How often; None: for ever.
        """
        which = "workflow_id" if is_uuid_like(workflow) else "workflow_name"
        return await self._rows.post(
            {
                "name": name,
                which: workflow,
                "pattern": pattern,
                "first_execution_time": _minute(first_time),
                "remaining_executions": count,
                "workflow_input": input,
                "workflow_params": params,
                "scope": scope,
            }
        )

    async def delete(self, trigger: str) -> None:
        await self._rows.delete(trigger)


def _minute(instant: datetime | None) -> str | None:
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise InvalidInput(
            f"`first_time` is {instant}, which names no zone",
            code="naive-instant",
            hint="use an aware datetime, such as datetime(2026, 8, 1, 12, 0, tzinfo=UTC)",
        )
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


class EventTriggers:
    """Workflows that start when an event comes."""

    def __init__(self, transport: Transport) -> None:
        self._rows = Collection(transport, "event_triggers", EventTrigger)

    def list(
        self,
        *,
        limit: int | None = None,
        sort: str | Sequence[str] = (),
        all_projects: bool = False,
        **filters: FilterValue,
    ) -> AsyncIterator[EventTrigger]:
        options = flag("all_projects", all_projects)
        return self._rows.list(limit=limit, sort=sort, filters=filters, options=options)

    async def get(self, id: str) -> EventTrigger:
        return await self._rows.get(id)

    async def create(
        self,
        workflow_id: str,
        *,
        exchange: str,
        topic: str,
        event: str,
        name: str = "",
        input: Mapping[str, Json] | None = None,
        params: Mapping[str, Json] | None = None,
        scope: str | None = None,
    ) -> EventTrigger:
        where = {"exchange": exchange, "topic": topic, "event": event}
        given = {"name": name, "workflow_input": input, "workflow_params": params, "scope": scope}
        return await self._rows.post({"workflow_id": workflow_id, **where, **given})

    async def update(
        self,
        id: str,
        *,
        name: str | None = None,
        workflow_id: str | None = None,
        input: Mapping[str, Json] | None = None,
        params: Mapping[str, Json] | None = None,
        scope: str | None = None,
    ) -> EventTrigger:
        """Change what is given. What it listens to cannot be changed."""
        given = {"name": name, "workflow_id": workflow_id, "scope": scope}
        return await self._rows.put(id, body={**given, "workflow_input": input, "workflow_params": params})

    async def delete(self, id: str) -> None:
        await self._rows.delete(id)


class DynamicActions:
    """Classes of code sources that are actions. For administrators."""

    def __init__(self, transport: Transport) -> None:
        self._rows = Collection(transport, "dynamic_actions", DynamicAction)

    def list(
        self,
        *,
        limit: int | None = None,
        sort: str | Sequence[str] = (),
        all_projects: bool = False,
        **filters: FilterValue,
    ) -> AsyncIterator[DynamicAction]:
        options = flag("all_projects", all_projects)
        return self._rows.list(limit=limit, sort=sort, filters=filters, options=options)

    async def get(self, action: str, *, namespace: str = "") -> DynamicAction:
        """By name or id."""
        return await self._rows.get(action, query=in_namespace(namespace))

    async def create(
        self, name: str, class_name: str, code_source: str, *, namespace: str = "", scope: str | None = None
    ) -> DynamicAction:
        """Make an action of a class. `code_source` is its id, or its name in `namespace`."""
        given = {"namespace": namespace or None, "scope": scope}
        body = {"name": name, "class_name": class_name, **_source(code_source), **given}
        return await self._rows.post(body)

    async def update(
        self,
        action: str,
        *,
        class_name: str | None = None,
        code_source: str | None = None,
        namespace: str = "",
        scope: str | None = None,
    ) -> DynamicAction:
        """Change what is given. `action` is its id or its name."""
        which = {"id" if is_uuid_like(action) else "name": action, "namespace": namespace or None}
        given = {"class_name": class_name, "scope": scope}
        return await self._rows.put(body={**which, **given, **(_source(code_source) if code_source else {})})

    async def delete(self, action: str, *, namespace: str = "") -> None:
        await self._rows.delete(action, query=in_namespace(namespace))


def _source(code_source: str) -> dict[str, str]:
    return {"code_source_id" if is_uuid_like(code_source) else "code_source_name": code_source}


class Maintenance:
    """Whether the service takes requests that change something. Pausing pauses running executions too."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def status(self) -> ServiceStatus:
        return _status(await self._transport.ask("GET", "/maintenance"))

    async def pause(self) -> ServiceStatus:
        """Let the service come to rest: `PAUSING`, and `PAUSED` once no task runs any more."""
        return await self._put("PAUSED")

    async def resume(self) -> ServiceStatus:
        """Take requests again, and resume the executions that the pause paused."""
        return await self._put("RUNNING")

    async def _put(self, status: str) -> ServiceStatus:
        # The same again changes nothing, so that a lost answer costs nothing.
        return _status(await self._transport.ask("PUT", "/maintenance", body={"status": status}, repeat=True))


def _status(data: Json) -> ServiceStatus:
    status = data.get("status") if isinstance(data, dict) else None
    if status not in ("RUNNING", "PAUSING", "PAUSED"):
        raise unexpected("a status of the service was expected")
    found: ServiceStatus = status
    return found
