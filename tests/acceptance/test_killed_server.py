"""A server under load is killed and started again: what was accepted is there, and ends, and nothing twice.

Clients start executions through the API without a pause while the server is killed with SIGKILL at a
random moment, again and again. An execution that was answered with 201 must be there and end; one
whose answer was lost is asked for again under the same id, and must not have begun twice.
"""

import asyncio
import json
import os
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from ..cli.processes import DEADLINE, Maestrale, Running

KILLS = max(2, int(os.environ.get("MAESTRALE_KILLS", "60")) // 15)
CLIENTS = 8

# The first step notes its attempt: one that was cut off is repeated under the next number, none twice.
WORK = """
version: '2.0'
work:
  input: [name, notes]
  output: {noted: <% $.noted %>}
  tasks:
    first:
      action: std.command
      safe-rerun: true
      input:
        script: 'echo "$NAME/$MAESTRALE_ATTEMPT" >> "$NOTES"; echo noted'
        env: {NAME: <% $.name %>, NOTES: <% $.notes %>}
      publish: {noted: <% task().result.stdout.trim() %>}
      on-success: [left, right]
    left: {action: std.noop, on-success: both}
    right: {wait-before: 1, on-success: both}
    both: {join: all}
"""


def start(maestrale: Maestrale) -> tuple[Running, str]:
    running = maestrale.start("server", "--port", "0", "--log-level", "info")
    found = re.search(r'"url":"([^"]+)"', running.wait_for_line('"event":"listening"'))
    assert found is not None
    return running, found[1]


class Load:
    """Clients that start executions, and what they were answered. `params` are those of each execution."""

    def __init__(self, notes: Path, **params: Any) -> None:
        self.url = ""
        self.is_over = False
        self.accepted: list[str] = []
        self.asked: list[str] = []
        self._notes = notes
        self._params = params
        self._number = 0

    async def upload(self) -> None:
        async with httpx.AsyncClient(timeout=DEADLINE, trust_env=False) as client:
            answer = await client.post(f"{self.url}/v2/workflows", content=WORK)
            assert answer.status_code == 201, answer.text

    async def run(self) -> None:
        async with httpx.AsyncClient(timeout=DEADLINE, trust_env=False) as client:
            await asyncio.gather(*(self._work(client) for _ in range(CLIENTS)))

    async def _work(self, client: httpx.AsyncClient) -> None:
        while not self.is_over:
            self._number += 1
            id = f"00000000-0000-4000-8000-{self._number:012}"
            self.asked.append(id)
            await self._insist(client, id)

    async def _insist(self, client: httpx.AsyncClient, id: str) -> None:
        """Ask until there is an answer: a request that may have been lost is sent again with its id."""
        body = {
            "id": id,
            "workflow_name": "work",
            "input": {"name": id, "notes": str(self._notes)},
            "params": self._params,
        }
        while True:
            try:
                answer = await client.post(f"{self.url}/v2/executions", json=body)
            except httpx.TransportError:
                await asyncio.sleep(0.02)
                continue
            assert answer.status_code == 201, answer.text
            self.accepted.append(answer.json()["id"])
            return


async def kill_again_and_again(maestrale: Maestrale, load: Load, chance: random.Random) -> Running:
    """The server that is left at the end."""
    running, load.url = await asyncio.to_thread(start, maestrale)
    await load.upload()
    loading = asyncio.ensure_future(load.run())
    for _ in range(KILLS):
        before = len(load.accepted)
        while len(load.accepted) == before and not loading.done():  # noqa: ASYNC110 - Processes tell nothing.
            await asyncio.sleep(0.01)
        await asyncio.sleep(chance.uniform(0, 0.4))
        await asyncio.to_thread(running.kill)
        running, load.url = await asyncio.to_thread(start, maestrale)
    load.is_over = True
    await loading
    return running


async def ends_of(url: str, ids: list[str]) -> Counter[str]:
    async with httpx.AsyncClient(timeout=DEADLINE, trust_env=False) as client:
        states: Counter[str] = Counter()
        for id in ids:
            answer = await client.get(f"{url}/v2/executions/{id}", params={"wait": "60"})
            assert answer.status_code == 200, (id, answer.text)
            execution = answer.json()
            states[execution["state"]] += 1
            assert json.loads(execution["output"]) == {"noted": "noted"}, execution
            tasks = (await client.get(f"{url}/v2/executions/{id}/tasks")).json()["tasks"]
            assert Counter(task["name"] for task in tasks) == Counter(["first", "left", "right", "both"]), id
        return states


def test_what_a_killed_server_had_accepted_is_there_after_it_starts_again_and_ends(tmp_path: Path) -> None:
    async def body() -> None:
        notes = tmp_path / "notes"
        maestrale = Maestrale(tmp_path)
        load = Load(notes)
        try:
            await kill_again_and_again(maestrale, load, random.Random(7))
            states = await ends_of(load.url, load.accepted)
        finally:
            await asyncio.to_thread(maestrale.end_all)

        assert len(set(load.accepted)) == len(load.accepted) == len(load.asked) > KILLS
        assert states == Counter({"SUCCESS": len(load.accepted)})
        noted = notes.read_text().split()
        assert len(set(noted)) == len(noted)
        assert {note.partition("/")[0] for note in noted} == set(load.accepted)

    asyncio.run(body())
