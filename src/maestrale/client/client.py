"""The client: one connection pool, and a manager for each resource of the API."""

from collections.abc import Callable, Mapping
from typing import Self

import httpx

from maestrale.client.answers import NoAnswer
from maestrale.client.executions import Executions
from maestrale.client.nodes import Nodes
from maestrale.client.settings import CronTriggers, DynamicActions, Environments, EventTriggers, Maintenance
from maestrale.client.stored import Actions, CodeSources, Members, Workbooks, Workflows
from maestrale.client.tasks import ActionExecutions, Tasks
from maestrale.client.transport import Transport
from maestrale.errors import InvalidInput

DEFAULT_URL = "http://127.0.0.1:8989"
TIMEOUT_SECONDS = 30.0
PATIENCE_SECONDS = 60.0


class Client:
    """A client of a Maestrale server, or of anything that speaks Mistral v2.

        async with Client() as client:
            execution = await client.executions.start("greet", input={"name": "Ada"})
            execution = await client.executions.wait(execution.id)

    Args:
        url: Of the server, with or without `/v2`.
        project: Whose rows are meant; None: the server's default.
        token: Sent as `X-Auth-Token`, for servers behind something that checks it.
        headers: More of them, for every request, such as those of a proxy.
        timeout: Seconds without a sign of the server after which a request is given up. Requests that
            wait by their nature have bounds of their own.
        patience: Seconds for which a lost answer is asked for again, where that changes nothing, and for
            which `wait` and `watch` stay with a server that is away. A server that is not there at first
            is not waited for.
        on_interruption: Told of each answer that was lost and is asked for again.
        transport: What carries requests; for tests. None: the network.

    Raises:
        InvalidInput: `url` is none, or a header cannot carry its value.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        project: str | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT_SECONDS,
        patience: float = PATIENCE_SECONDS,
        on_interruption: Callable[[NoAnswer], None] = lambda error: None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        all_headers = {"X-Project-Id": project, "X-Auth-Token": token, **(headers or {})}
        self._transport = Transport(
            url,
            headers={name: _header(name, value) for name, value in all_headers.items() if value},
            timeout=timeout,
            patience=patience,
            on_interruption=on_interruption,
            transport=transport,
        )
        self.workflows = Workflows(self._transport)
        self.workbooks = Workbooks(self._transport)
        self.members = Members(self._transport)
        self.actions = Actions(self._transport)
        self.code_sources = CodeSources(self._transport)
        self.dynamic_actions = DynamicActions(self._transport)
        self.executions = Executions(self._transport)
        self.tasks = Tasks(self._transport)
        self.action_executions = ActionExecutions(self._transport)
        self.environments = Environments(self._transport)
        self.cron_triggers = CronTriggers(self._transport)
        self.event_triggers = EventTriggers(self._transport)
        self.maintenance = Maintenance(self._transport)
        self.nodes = Nodes(self._transport)

    @property
    def url(self) -> str:
        """The server, without `/v2`."""
        return self._transport.url

    async def close(self) -> None:
        """Let go of the connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


def _header(name: str, value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise InvalidInput(
            f"`{name}` cannot carry `{value.encode('unicode_escape').decode()}`: headers are printable ASCII",
            code="header-value",
        )
    return value
