"""Two nodes, each as good as the other: what is asked of the one that does not have an execution.

Everything is done twice, with the execution in a shard of either node. Requests go to the other one.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..postgresql import PostgresqlServer
from .many_nodes import QUICK, Cluster, RoundRobin, nodes
from .mistral_client import Mistral, eventually

ALL = "api,engine,worker,scheduler"

WORKFLOWS = """
version: '2.0'
asks:
  input: [word: none]
  output: {answer: <% task(ask).result %>}
  tasks:
    ask: {action: std.async_noop, publish: {word: <% $.word %>}, on-success: after}
    after: {action: std.noop}
quick:
  output: {said: <% task(say).result %>}
  tasks:
    say: {action: std.echo, input: {output: hello}}
fails:
  tasks:
    ask: {action: std.async_noop, retry: {count: 0, delay: 0}}
calls:
  tasks:
    call: {workflow: asks}
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, postgresql: PostgresqlServer) -> Iterator[Cluster]:
    database = postgresql.make_database()
    with nodes(tmp_path_factory.mktemp("nodes"), database, [ALL, ALL], **QUICK) as cluster:
        cluster.wait_shared(2)
        with cluster.client(0) as client:
            client.post("/v2/workflows", content=WORKFLOWS).raise_for_status()
        yield cluster
    postgresql.drop_database(database)


class Pair:
    """An execution's node, and the other one: both as clients."""

    def __init__(self, cluster: Cluster, owner: int) -> None:
        self.cluster = cluster
        self.owner = owner
        self.there = cluster.client(owner)
        self.here = cluster.client(1 - owner)

    def start(self, workflow: str, **body: Any) -> Any:
        """Start an execution that the one node has, by asking the other."""
        return created(self.here.post("/v2/executions", json=self.request(workflow, **body)))

    def request(self, workflow: str, **body: Any) -> dict[str, Any]:
        return {"workflow_name": workflow, "id": self.cluster.an_id_of(self.owner), **body}

    def asked(self, execution_id: str) -> Any:
        """The task `ask` of an execution, with the id of the run that it waits for."""
        (task,) = got(self.here.get(f"/v2/executions/{execution_id}/tasks?name=ask"))["tasks"]
        (run,) = got(self.here.get(f"/v2/tasks/{task['id']}/action_executions"))["action_executions"]
        return task["id"], run["id"]

    def complete(self, execution_id: str, state: str = "SUCCESS", output: Any = None) -> Any:
        _, run_id = self.asked(execution_id)
        body = {"state": state, "output": json.dumps(output)}
        return got(self.here.put(f"/v2/action_executions/{run_id}", json=body))


@pytest.fixture(params=[0, 1], ids=["its-own-node-is-the-first", "its-own-node-is-the-second"])
def pair(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Pair]:
    pair = Pair(cluster, request.param)
    with pair.here, pair.there:
        yield pair


def got(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def created(answer: httpx.Response) -> Any:
    assert answer.status_code == 201, answer.text
    return answer.json()


def both(pair: Pair, path: str) -> Any:
    """What both nodes answer, which has to be the same."""
    here, there = got(pair.here.get(path)), got(pair.there.get(path))
    assert here == there
    return here


# Starting and waiting.


def test_an_execution_started_at_the_other_node_looks_like_one_of_its_own(pair: Pair) -> None:
    started = pair.start("quick", description="d", input={})

    own = created(pair.there.post("/v2/executions", json=pair.request("quick", description="d", input={})))

    own_kinds = {name: type(value) for name, value in own.items()}
    assert {name: type(value) for name, value in started.items()} == own_kinds
    for name in ("state", "state_info", "output", "description", "input", "params", "project_id"):
        assert started[name] == own[name], name
    assert started["state"] == "RUNNING"
    assert started["created_at"] == started["updated_at"]


def test_a_request_that_is_repeated_at_either_node_starts_one_execution(pair: Pair) -> None:
    request = pair.request("asks", input={"word": "once"})

    with ThreadPoolExecutor(4) as pool:
        sent = [
            pool.submit(client.post, "/v2/executions", json=request)
            for client in (pair.here, pair.there, pair.here, pair.there)
        ]
    ids = {created(each.result())["id"] for each in sent}

    assert ids == {request["id"]}
    assert [task["name"] for task in both(pair, f"/v2/executions/{request['id']}/tasks")["tasks"]] == ["ask"]


def test_who_waits_at_the_other_node_is_answered_when_the_end_has_come(pair: Pair) -> None:
    began = time.monotonic()

    ended = created(pair.here.post("/v2/executions?wait=30", json=pair.request("quick")))

    assert (ended["state"], json.loads(ended["output"])) == ("SUCCESS", {"said": "hello"})
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("until", ["done", "PAUSED"])
def test_a_long_poll_at_the_other_node_sees_the_state_come(pair: Pair, until: str) -> None:
    id = pair.start("asks")["id"]

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(pair.here.get, f"/v2/executions/{id}?wait=30&until={until}")
        if until == "done":
            pair.complete(id, output={"yes": 1})
        else:
            got(pair.there.put(f"/v2/executions/{id}", json={"state": "PAUSED"}))
        seen = got(waiting.result())

    assert seen["state"] == {"done": "SUCCESS"}.get(until, until)


def test_a_long_poll_at_the_other_node_ends_with_what_it_waits_for(pair: Pair) -> None:
    id = pair.start("asks")["id"]

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(pair.here.get, f"/v2/executions/{id}?wait=30")
        assert pair.there.delete(f"/v2/executions/{id}?force=true").status_code == 204
        assert waiting.result().status_code == 404


# Changing.


def test_what_was_changed_is_read_at_both_nodes_as_soon_as_it_is_answered(pair: Pair) -> None:
    id = pair.start("asks")["id"]

    for state in ("PAUSED", "RUNNING", "PAUSED", "RUNNING"):
        answer = got(pair.here.put(f"/v2/executions/{id}", json={"state": state}))
        assert answer["state"] == both(pair, f"/v2/executions/{id}")["state"] == state
    described = got(pair.here.put(f"/v2/executions/{id}", json={"description": "told"}))
    assert described["description"] == both(pair, f"/v2/executions/{id}")["description"] == "told"

    assert pair.complete(id, output={"a": 1})["state"] == "SUCCESS"
    ended = both(pair, f"/v2/executions/{id}?wait=30")
    assert json.loads(ended["output"]) == {"answer": {"a": 1}}
    refused = pair.here.put(f"/v2/executions/{id}", json={"state": "PAUSED"})
    own = pair.there.put(f"/v2/executions/{id}", json={"state": "PAUSED"})
    assert (refused.status_code, refused.json()) == (own.status_code, own.json())
    assert refused.status_code == 400


def test_a_failed_task_is_run_again_and_skipped_at_the_other_node(pair: Pair) -> None:
    for state, end in (("RUNNING", "RUNNING"), ("SKIPPED", "SUCCESS")):
        id = pair.start("fails")["id"]
        task_id, _ = pair.asked(id)
        assert pair.complete(id, "ERROR")["state"] == "ERROR"
        assert both(pair, f"/v2/executions/{id}?wait=30")["state"] == "ERROR"

        body = {"id": task_id, "state": state, "reset": True}
        changed = got(pair.here.put(f"/v2/tasks/{task_id}", json=body))

        assert changed["id"] == task_id
        assert both(pair, f"/v2/executions/{id}")["state"] == end


def test_an_action_execution_rests_and_goes_on_at_the_other_node(pair: Pair) -> None:
    id = pair.start("asks")["id"]
    _, run_id = pair.asked(id)

    for state in ("PAUSED", "RUNNING", "CANCELLED"):
        assert got(pair.here.put(f"/v2/action_executions/{run_id}", json={"state": state}))["state"] == state
        assert both(pair, f"/v2/action_executions/{run_id}")["state"] == state


def test_an_execution_is_deleted_at_the_other_node_only_when_it_has_ended_or_by_force(pair: Pair) -> None:
    alive, ended = pair.start("asks")["id"], pair.start("quick")["id"]
    both(pair, f"/v2/executions/{ended}?wait=30")

    assert pair.here.delete(f"/v2/executions/{alive}").status_code == 403
    assert pair.here.delete(f"/v2/executions/{alive}?force=true").status_code == 204
    assert pair.here.delete(f"/v2/executions/{ended}").status_code == 204

    for client in (pair.here, pair.there):
        for id in (alive, ended):
            assert client.get(f"/v2/executions/{id}").status_code == 404
            assert client.get(f"/v2/executions/{id}/events").status_code == 404
            assert client.delete(f"/v2/executions/{id}").status_code == 404
            assert client.put(f"/v2/executions/{id}", json={"state": "PAUSED"}).status_code == 404


# Looking.


def test_both_nodes_explain_draw_and_evaluate_alike(pair: Pair) -> None:
    id = pair.start("calls", input={})["id"]
    (inner,) = both(pair, f"/v2/executions?root_execution_id={id}")["executions"]
    task_id, _ = pair.asked(inner["id"])

    for path in ("explain", "graph", "report", "tasks", "executions"):
        both(pair, f"/v2/executions/{id}/{path}")
    asked = {"expressions": ["<% $.word %>", "<% task().state %>", "<% 1 / 0 %>"]}
    here, there = [
        got(client.post(f"/v2/tasks/{task_id}/evaluate", json=asked)) for client in (pair.here, pair.there)
    ]
    assert here == there
    assert [each.get("value") for each in here["evaluations"]] == ["none", "RUNNING", None]


def stream(client: httpx.Client, id: str, after: str = "") -> list[tuple[str, str, Any]]:
    """The id, the kind and the data of each event, to the end of the stream."""
    found, fields = [], {}
    headers = {"Last-Event-ID": after} if after else {}
    with client.stream("GET", f"/v2/executions/{id}/events", headers=headers) as answer:
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
            elif "data" in fields:
                found.append((fields["id"], fields["event"], json.loads(fields["data"])))
                fields = {}
    return found


def test_events_are_the_same_at_both_nodes_and_come_as_they_happen(pair: Pair) -> None:
    id = pair.start("asks")["id"]

    with ThreadPoolExecutor(3) as pool:
        here, again, there = [pool.submit(stream, each, id) for each in (pair.here, pair.here, pair.there)]
        for state in ("PAUSED", "RUNNING"):
            got(pair.there.put(f"/v2/executions/{id}", json={"state": state}))
        began = time.monotonic()
        pair.complete(id)
        told = here.result()

    assert time.monotonic() - began < 5  # A keep-alive comes after 15 s.
    assert told == again.result() == there.result() == stream(pair.here, id)
    assert [told[0][0], told[-1][1]] == ["1.0", "end"]
    assert [each[2]["state"] for each in told if each[1] == "execution"] == [
        "RUNNING",
        "PAUSED",
        "RUNNING",
        "SUCCESS",
    ]
    assert stream(pair.there, id, after=told[2][0]) == told[3:]


# Definitions and actions.


def test_a_definition_changed_at_one_node_is_what_the_other_starts_next(cluster: Cluster) -> None:
    with cluster.client(0) as one, cluster.client(1) as other:
        for number in range(6):
            changing, using = (one, other) if number % 2 else (other, one)
            text = f"version: '2.0'\nchanging: {{output: {{n: {number}}}, tasks: {{a: {{action: twice}}}}}}"
            adhoc = f"version: '2.0'\ntwice: {{base: std.echo, base-input: {{output: {number}}}}}"
            method = "PUT" if number else "POST"
            assert changing.request(method, "/v2/actions", content=adhoc).status_code in (200, 201)
            assert changing.request(method, "/v2/workflows", content=text).status_code in (200, 201)

            ended = created(using.post("/v2/executions?wait=30", json={"workflow_name": "changing"}))
            (task,) = got(using.get(f"/v2/executions/{ended['id']}/tasks"))["tasks"]

            assert json.loads(ended["output"]) == {"n": number}
            assert json.loads(got(using.get(f"/v2/tasks/{task['id']}"))["result"]) == number
        assert one.delete("/v2/workflows/changing").status_code == 204
        gone = other.post("/v2/executions", json={"workflow_name": "changing"})
        assert gone.status_code == 404


def test_maintenance_at_one_node_is_maintenance_at_the_other(cluster: Cluster) -> None:
    pairs = [Pair(cluster, owner) for owner in (0, 1)]
    ids = [pair.start("asks")["id"] for pair in pairs]
    one, other = pairs[0].there, pairs[0].here

    assert got(one.put("/maintenance", json={"status": "PAUSED"}))["status"] == "PAUSING"
    assert got(other.get("/maintenance"))["status"] in ("PAUSING", "PAUSED")
    refused = eventually(
        lambda: other.post("/v2/workflows", content="version: '2.0'"),
        lambda answer: answer.status_code == 423,
    )
    assert refused.headers["maestrale-error-code"] == "maintenance"
    for pair, id in zip(pairs, ids, strict=True):
        assert got(pair.here.get(f"/v2/executions/{id}?wait=30&until=PAUSED"))["state"] == "PAUSED"

    assert got(other.put("/maintenance", json={"status": "RUNNING"}))["status"] == "RUNNING"
    assert got(one.get("/maintenance"))["status"] == "RUNNING"
    for pair, id in zip(pairs, ids, strict=True):
        assert got(pair.here.get(f"/v2/executions/{id}?wait=30&until=RUNNING"))["state"] == "RUNNING"
    for client in (one, other):
        eventually(
            lambda client=client: client.put(f"/v2/executions/{ids[0]}", json={"description": "x"}),  # type: ignore[misc]
            lambda answer: answer.status_code == 200,
        )
    for pair in pairs:
        pair.here.close()
        pair.there.close()


# The unmodified client.


def test_the_client_of_mistral_may_ask_another_node_with_every_command(
    cluster: Cluster, tmp_path: Path
) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(WORKFLOWS.replace("\nasks:", "\nasked:").split("quick:")[0])
    balancer = RoundRobin(cluster.urls)
    with balancer as url:
        mistral = Mistral(f"{url}/v2")
        assert [row["Name"] for row in mistral.rows("workflow-create", str(file))] == ["asked"]
        id = mistral.raw("execution-create", "asked", "{}")["ID"]
        for state in ("PAUSED", "RUNNING", "PAUSED", "RUNNING"):
            assert mistral.raw("execution-update", id, "-s", state)["State"] == state
            assert mistral.raw("execution-get", id)["State"] == state
        (task,) = mistral.raw("task-list", id)
        (run,) = mistral.raw("action-execution-list", task["ID"])
        ended = mistral.raw(
            "action-execution-update", run["ID"], "--state", "SUCCESS", "--output", '{"yes": 1}'
        )
        assert ended["State"] == "SUCCESS"
        assert mistral.ended(id)["state"] == "SUCCESS"
        assert json.loads(mistral.told("execution-get-output", id)) == {"answer": {"yes": 1}}
        assert json.loads(mistral.told("run-action", "std.echo", '{"output": 3}')) == {"result": 3}
        saved = mistral.told("run-action", "std.echo", '{"output": 4}', "--run-sync", "-s")
        assert json.loads(saved) == {"result": 4}
        mistral.told("execution-delete", id)
        assert id in mistral.refused("execution-get", id)
    assert balancer.connections > 15
