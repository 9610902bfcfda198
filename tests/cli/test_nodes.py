"""`maestrale nodes`, and what commands that read tell of a database that nodes share."""

import asyncio
import json
import re
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from maestrale import __version__
from maestrale.cli.main import main
from maestrale.cluster.load import to_row
from maestrale.store import MembershipStore, open_membership, open_store
from maestrale.wire.nodes import NodeLoad
from tests.cluster.house import ANode

from .processes import Maestrale

HOUR = timedelta(hours=1)


@pytest.fixture
def membership(postgresql_url: str) -> Iterator[MembershipStore]:
    open_store(postgresql_url).close()
    with closing(open_membership(postgresql_url)) as opened:
        yield opened


def join(membership: MembershipStore, name: str, *, lease: timedelta = HOUR) -> int:
    """The number of a new node, which has beaten once."""
    node_id = membership.join(
        name=name, version="1.0", roles=("api", "engine"), url=f"http://{name}", lease=lease
    )
    load = to_row(
        NodeLoad(trees=1234, rss=50 * 2**20), beat_seconds=60.0, lease_seconds=lease.total_seconds()
    )
    assert membership.beat(node_id, lease=lease, load=load) is not None
    return node_id


def test_a_database_tells_its_nodes_their_shards_and_what_they_last_said(
    membership: MembershipStore, postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = join(membership, "first"), join(membership, "second")
    membership.claim_shards(first, limit=24)
    membership.claim_shards(second, limit=30)

    assert main(["nodes", "--database", postgresql_url]) == 0

    told = capsys.readouterr()
    cells = [re.split(r"\s{2,}", line) for line in told.out.splitlines()]
    assert cells[0][:7] == ["ID", "NAME", "STATE", "ROLES", "SHARDS", "EXECUTIONS", "RUNS"]
    assert [row[:7] for row in cells[1:]] == [
        [str(first), "first", "up", "api, engine", "24", "1,234", "0"],
        [str(second), "second", "up", "api, engine", "30", "1,234", "0"],
    ]
    assert told.err == (
        "no node has the role worker: actions wait\n"
        "no node has the role scheduler: no cron trigger fires, and nothing expires\n"
        "10 of 64 shards have no node: their executions stand still\n"
    )


def test_as_json_everything_is_told(
    membership: MembershipStore, postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = join(membership, "gone", lease=timedelta(microseconds=1))
    node_id = join(membership, "only")
    claimed = membership.claim_shards(node_id, limit=64)

    assert main(["nodes", "--database", postgresql_url, "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert [(node["id"], node["state"], node["shards"]) for node in told["nodes"]] == [
        (gone, "dead", []),
        (node_id, "up", sorted(claimed)),
    ]
    assert (told["shard_count"], told["free_shards"], len(claimed)) == (64, [], 64)


def test_a_file_that_no_server_has_open_has_no_nodes(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('nodes')}/x.db"
    open_store(url).close()

    assert main(["nodes", "--database", url]) == 0
    assert capsys.readouterr() == ("", "no server works on this database\n")


def test_a_server_on_a_file_is_its_only_node(maestrale: Maestrale) -> None:
    maestrale.variables["MAESTRALE_LOG_FORMAT"] = "json"
    running = maestrale.start("server", "--port", "0", "--node-name", "the one")
    url = json.loads(running.wait_for_line('"listening"'))["url"]

    told = maestrale("nodes", "--url", url, "--json").json
    refused = maestrale("nodes", "--url", url, "--project", "somebody")

    [node] = told["nodes"]
    wanted = ("name", "url", "version", "roles", "state", "pid", "leased_until", "shards", "is_self")
    assert {name: node[name] for name in wanted} == {
        "name": "the one",
        "url": url,
        "version": __version__,
        "roles": ["api", "engine", "worker", "scheduler"],
        "state": "up",
        "pid": running.process.pid,
        "leased_until": None,
        "shards": [],
        "is_self": True,
    }
    assert (told["shard_count"], told["free_shards"]) == (0, [])
    assert (refused.code, "[admin-only]" in refused.stderr) == (2, True)


def test_watching_goes_on_until_somebody_ends_it(maestrale: Maestrale) -> None:
    open_store(maestrale.database).close()
    running = maestrale.start("nodes", "--database", maestrale.database, "--watch")

    for _ in range(2):
        running.wait_for_line("no server works on this database")
    running.signal(signal.SIGINT)

    assert running.end().code == 130


def test_a_server_and_a_database_are_not_asked_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "--database", "sqlite:///x.db", "--url", "http://127.0.0.1:1"]) == 2
    assert "--url asks a server, and --database reads a database [usage]" in capsys.readouterr().err


def test_reading_commands_tell_which_node_has_an_execution(
    membership: MembershipStore,
    postgresql_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAESTRALE_DATABASE", postgresql_url)
    id = asyncio.run(_left_behind(postgresql_url))

    assert main(["list"]) == 0
    alone = capsys.readouterr().out
    node_id = join(membership, "node")
    membership.claim_shards(node_id, limit=64)
    assert main(["show", id[:8]]) == 0
    shown = capsys.readouterr().out
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)

    assert re.search(rf"^{id} .*RUNNING .*no node has it yet$", alone, re.MULTILINE)
    assert f"state      RUNNING (node {node_id} has it)" in shown
    assert "outside RUNNING" in shown
    assert [(row["execution"], row["state"], row["is_running"]) for row in listed] == [(id, "RUNNING", True)]


async def _left_behind(url: str) -> str:
    """An execution that waits, of a node that has stopped."""
    async with ANode(url) as node:
        return await node.start("waits")
