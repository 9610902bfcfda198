"""Nothing is lost and nothing is done twice, whatever happens to nodes, connections and the database."""

import asyncio
import os
import sys
from pathlib import Path
from random import Random

import pytest

from .faults import Faults
from .load import Load
from .nodes import Node
from .notary import Notary
from .postgresql import Database
from .proxy import Proxy
from .verdict import audit, bugs_logged, faults_found, wait_ended

SECONDS = float(os.environ.get("MAESTRALE_CHAOS_SECONDS", "15"))
SEED = int(os.environ.get("MAESTRALE_CHAOS_SEED") or "0") or Random().randrange(1, 10**9)
NODES, CLIENTS = 3, 6


@pytest.mark.timeout(SECONDS + 240)
def test_every_accepted_execution_ends_as_it_should_and_no_attempt_is_made_twice(tmp_path: Path) -> None:
    chance = Random(SEED)
    database = Database()

    async def body() -> list[str]:
        proxy, notary = Proxy(database.socket_path, chance), Notary(chance, longest=1.0)
        await proxy.start()
        await notary.start()
        nodes = [
            Node(tmp_path / f"node{number}", f"node{number}", database.url_through(proxy.port))
            for number in range(NODES)
        ]
        load = Load(lambda: chance.choice([node.url for node in nodes if node.url]), notary.url, chance)
        faults = Faults(nodes, proxy, database, chance)
        try:
            await asyncio.gather(*(node.start() for node in nodes))
            await load.upload()
            loading = asyncio.create_task(load.run(CLIENTS))
            await faults.run(SECONDS)
            await faults.mend()
            load.is_over = True
            done, _ = await asyncio.wait([loading], timeout=60)
            assert done, f"seed {SEED}: clients wait still: {load.waiting}"
            await loading
            stuck = await wait_ended(database, load.accepted)
            found = await asyncio.to_thread(faults_found, database, load, notary)
            codes = [await node.stop() for node in nodes]
            counts = f"{len(load.accepted)} executions, {len(notary.noted)} calls"
            sys.stderr.write(f"seed {SEED}: {counts}, {dict(faults.seen)}\n")
            return [
                *stuck,
                *faults.problems,
                *found,
                *([f"exit codes {codes}"] if any(codes) else []),
            ]
        finally:
            for node in nodes:
                node.end()
            await proxy.close()
            await notary.close()

    try:
        wrong = asyncio.run(body())
        wrong += audit(database.url)
        wrong += bugs_logged(tmp_path)
    finally:
        database.close()

    assert not wrong, f"seed {SEED}, logs in {tmp_path}:\n" + "\n".join(wrong[:40])
