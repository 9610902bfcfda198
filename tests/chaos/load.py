"""What runs while everything goes wrong: executions of several shapes, asked for until they are accepted."""

import asyncio
import json
from collections.abc import Callable
from random import Random
from typing import Any

import httpx
from msgspec import Struct

WORKFLOWS = """
version: '2.0'
chain:
  input: [notary, id]
  output: {said: [<% $.a %>, <% $.b %>, <% $.c %>]}
  task-defaults: {safe-rerun: true}
  tasks:
    one:
      action: std.http url="<% $.notary %>/do?what=<% $.id %>.one"
      publish: {a: <% task().result.content.done %>}
      on-success: two
    two:
      action: std.http url="<% $.notary %>/do?what=<% $.id %>.two"
      publish: {b: <% task().result.content.done %>}
      on-success: three
    three:
      action: std.http url="<% $.notary %>/do?what=<% $.id %>.three"
      publish: {c: <% task().result.content.done %>}
join:
  input: [notary, id]
  output: {said: [<% $.a %>, <% $.b %>, <% $.c %>]}
  task-defaults: {safe-rerun: true}
  tasks:
    one:
      action: std.http url="<% $.notary %>/do?what=<% $.id %>.one"
      publish: {a: <% task().result.content.done %>}
      on-success: three
    two:
      action: std.http url="<% $.notary %>/do?what=<% $.id %>.two"
      publish: {b: <% task().result.content.done %>}
      on-success: three
    three:
      join: all
      action: std.http url="<% $.notary %>/do?what=<% $.id %>.three"
      publish: {c: <% task().result.content.done %>}
items:
  input: [notary, id]
  output: {said: <% $.all %>}
  tasks:
    each:
      with-items: name in <% list(one, two, three) %>
      concurrency: 2
      safe-rerun: true
      action: std.http url="<% $.notary %>/do?what=<% $.id %>.<% $.name %>"
      publish: {all: <% task().result.select($.content.done) %>}
nested:
  input: [notary, id]
  output: {said: <% $.said %>}
  tasks:
    below:
      workflow: chain notary=<% $.notary %> id=<% $.id %>
      publish: {said: <% task().result.said %>}
timers:
  input: [notary, id]
  output: {said: [<% $.a %>, <% $.b %>, <% $.c %>]}
  tasks:
    one:
      wait-before: 1
      safe-rerun: true
      action: std.http url="<% $.notary %>/do?what=<% $.id %>.one"
      publish: {a: <% task().result.content.done %>}
      on-success: two
    two:
      wait-after: 1
      safe-rerun: true
      action: std.http url="<% $.notary %>/do?what=<% $.id %>.two"
      publish: {b: <% task().result.content.done %>}
      on-success: three
    three:
      action: std.fail
      retry: {count: 1, delay: 1}
      on-error: four
    four:
      safe-rerun: true
      action: std.http url="<% $.notary %>/do?what=<% $.id %>.three"
      publish: {c: <% task().result.content.done %>}
outside:
  input: [notary, id]
  output: {said: <% $.said %>}
  tasks:
    ask:
      action: std.async_noop
      publish: {said: <% task().result.said %>}
"""

ANSWER_SECONDS = 20.0
"""How long a client waits for an answer before it asks again: nodes may stand still."""

SHAPES = ("chain", "join", "items", "nested", "timers", "outside")
STEPS = ("one", "two", "three")


class Accepted(Struct, frozen=True):
    """An execution that was promised."""

    id: str
    shape: str

    @property
    def output(self) -> dict[str, list[str]]:
        """What it has to give in the end."""
        return {"said": [f"{self.id}.{step}" for step in STEPS]}


class Load:
    """Clients that start executions without a pause, at whichever node is there.

    Args:
        url: That of a node to ask.
    """

    def __init__(self, url: Callable[[], str], notary: str, chance: Random) -> None:
        self._url = url
        self._notary = notary
        self._chance = chance
        self._number = 0
        self.accepted: list[Accepted] = []
        self.unexpected: list[str] = []
        """Answers that nobody should get, whatever goes wrong."""
        self.is_over = False
        self.waiting: dict[str, str] = {}
        """What clients ask for, again and again, and what they were told last."""

    async def upload(self) -> None:
        async with _client() as client:
            answer = await client.post(f"{self._url()}/v2/workflows", content=WORKFLOWS)
            assert answer.status_code == 201, answer.text

    async def run(self, clients: int) -> None:
        async with _client() as client, asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(self._work(client))

    async def _work(self, client: httpx.AsyncClient) -> None:
        while not self.is_over:
            self._number += 1
            id, shape = f"00000000-0000-4000-8000-{self._number:012}", self._chance.choice(SHAPES)
            body = {"id": id, "workflow_name": shape, "input": {"notary": self._notary, "id": id}}
            if await self._insist(client, "POST", "/v2/executions", body, good=(201,)):
                self.accepted.append(Accepted(id, shape))
                if shape == "outside":
                    await self._complete(client, Accepted(id, shape))
            await asyncio.sleep(self._chance.random() * 0.2)

    async def _complete(self, client: httpx.AsyncClient, accepted: Accepted) -> None:
        """Do what an action waits for that only somebody outside can do."""
        run_id = ""
        while not run_id:
            self.waiting[accepted.id] = "looks for its action"
            try:
                answer = await client.get(
                    f"{self._url()}/v2/executions/{accepted.id}/tasks", params={"fields": "id,name"}
                )
                tasks = answer.json().get("tasks", []) if answer.status_code == 200 else []
                for task in tasks:
                    runs = await client.get(f"{self._url()}/v2/tasks/{task['id']}/action_executions")
                    run_id = runs.json()["action_executions"][0]["id"] if runs.status_code == 200 else ""
            except (httpx.TransportError, IndexError):
                await asyncio.sleep(0.05)
        del self.waiting[accepted.id]
        body = {"state": "SUCCESS", "output": accepted.output}
        # A completion whose answer was lost has been done: the second one is a conflict, or changes nothing.
        await self._insist(client, "PUT", f"/v2/action_executions/{run_id}", body, good=(200, 400))

    async def _insist(
        self, client: httpx.AsyncClient, method: str, path: str, body: Any, *, good: tuple[int, ...]
    ) -> bool:
        """Ask until somebody answers: what may have been lost is asked again under the same id."""
        while True:
            what = f"{method} {path} {body.get('id', '')}"
            try:
                url = self._url()
                answer = await client.request(method, url + path, json=body)
            except httpx.TransportError as error:
                self.waiting[what] = f"{url}: {error!r}"
                await asyncio.sleep(0.05)
                continue
            self.waiting[what] = f"{url}: {answer.status_code} {answer.text[:300]}"
            if answer.status_code in good:
                del self.waiting[what]
                return True
            if answer.status_code != 503:
                self.unexpected.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
                return False
            await asyncio.sleep(0.1)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False)


def output_of(row: Any) -> Any:
    return json.loads(row["output"])
