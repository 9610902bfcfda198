"""The whole API over a real node on a database file, and a client that speaks to it without a network."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from maestrale.actions import Registry, action
from maestrale.api import ApiSettings, Backend, make_app
from maestrale.clock import SystemClock
from maestrale.engine import Engine, Following
from maestrale.engine.maintenance import Maintenance
from maestrale.engine.readers import Readers
from maestrale.expressions import Json
from maestrale.main import Node
from maestrale.store import open_reader


@action("test.echo")
async def echo(output: Json = None) -> Json:
    """Is given to a worker, unlike the echo of the standard actions."""
    return output


@action("test.fail")
async def fail() -> None:
    raise ValueError("it went wrong")


@action("test.ask", asynchronous=True)
async def ask(about: str = "") -> None:
    """Somebody outside answers."""


class Client:
    """Speaks to the API for one project. Bodies are decoded; whoever wants the status uses `call`."""

    def __init__(
        self, client: httpx.AsyncClient, engine: Engine, maintenance: Maintenance, project: str | None = None
    ) -> None:
        self._client = client
        self.engine = engine
        self._headers = {} if project is None else {"X-Project-Id": project}
        self.maintenance = maintenance

    def of(self, project: str) -> "Client":
        """The same client for another project."""
        return Client(self._client, self.engine, self.maintenance, project)

    def confirmed(self, project: str, headers: dict[str, str]) -> "Client":
        """The same client, whom a proxy in front has confirmed with these headers."""
        client = self.of(project)
        client._headers |= {"X-Identity-Status": "Confirmed", **headers}
        return client

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self._client.request(method, path, headers=self._headers, **options)

    async def _body(self, wanted: int, method: str, path: str, **options: Any) -> Any:
        answer = await self.call(method, path, **options)
        assert answer.status_code == wanted, answer.text
        return answer.json() if answer.content else None

    async def get(self, path: str) -> Any:
        return await self._body(200, "GET", path)

    async def put(self, path: str, **body: Json) -> Any:
        return await self._body(200, "PUT", path, json=body)

    async def post(self, path: str, **body: Json) -> Any:
        return await self._body(201, "POST", path, json=body)

    async def delete(self, path: str) -> None:
        await self._body(204, "DELETE", path)

    async def upload(self, text: str, kind: str = "workflows", **query: str) -> None:
        await self._body(201, "POST", f"/v2/{kind}", content=text, params=query)

    async def refused(self, method: str, path: str, **body: Json) -> tuple[int, str]:
        """The status and the code of an error."""
        options = {} if method in ("GET", "DELETE") else {"json": body}
        answer = await self.call(method, path, **options)
        assert answer.json()["faultstring"]
        return answer.status_code, answer.headers["maestrale-error-code"]

    async def start(self, workflow: str, **body: Json) -> str:
        execution = await self.post("/v2/executions", workflow_name=workflow, **body)
        return str(execution["id"])

    async def run(self, workflow: str, *, until: str = "done", **body: Json) -> Any:
        """Start a workflow and wait for a state: the execution as it is then."""
        path = f"/v2/executions?wait=20&until={until}"
        return await self.post(path, workflow_name=workflow, **body)

    async def wait(self, execution_id: str, until: str = "done") -> Any:
        return await self.get(f"/v2/executions/{execution_id}?wait=20&until={until}")

    async def tasks(self, execution_id: str) -> dict[str, Any]:
        """The tasks of an execution by name."""
        answer = await self.get(f"/v2/tasks?workflow_execution_id={execution_id}")
        return {task["name"]: task for task in answer["tasks"]}

    async def runs(self, task_id: str) -> list[Any]:
        answer = await self.get(f"/v2/tasks/{task_id}/action_executions?include_output=1")
        return list(answer["action_executions"])


Scenario = Callable[[Client], Awaitable[None]]


@asynccontextmanager
async def a_service(folder: Path, **settings: Any) -> AsyncIterator[Client]:
    """A client of the service on the database in this folder."""
    url = f"sqlite:///{folder}/service.db"
    async with AsyncExitStack() as parts:
        registry = Registry([echo, fail, ask], plugins=True)
        node = await parts.enter_async_context(Node(url, registry=registry))
        readers = Readers(lambda: open_reader(url))
        parts.callback(readers.close)
        await parts.enter_async_context(Following(node.engine.feed, node.engine.world, readers.run))
        for root_id in await node.engine.write(lambda store: store.claim()):
            await node.engine.adopt(root_id)
        maintenance = await parts.enter_async_context(Maintenance(node.engine, readers.run))
        backend = Backend(
            engine=node.engine,
            read=readers.run,
            write=node.engine.write,
            registry=registry,
            clock=SystemClock(),
            settings=ApiSettings(**settings),
            maintenance=maintenance,
        )
        transport = httpx.ASGITransport(app=make_app(backend))
        client = await parts.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://service", timeout=30)
        )
        yield Client(client, node.engine, maintenance)


def on_a_node(**settings: Any) -> Callable[[Scenario], Callable[[Path], None]]:
    """Make a test of a scenario: it gets a client of a new service."""

    def decorate(scenario: Scenario) -> Callable[[Path], None]:
        def test(tmp_path: Path) -> None:
            async def play() -> None:
                async with a_service(tmp_path, **settings) as client:
                    await scenario(client)

            asyncio.run(play())

        return test

    return decorate


def data(text: str) -> Any:
    """What an attribute that carries JSON in a string holds."""
    return json.loads(text)
