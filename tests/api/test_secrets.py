"""Nothing that the service shows, tells or logs holds a secret: every answer is searched, byte by byte."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from maestrale.api.app import all_endpoints
from maestrale.expressions import Json
from maestrale.store import Access
from maestrale.store.records import EnvironmentRecord, EventTriggerRecord

from .node_house import Client, a_service, data, on_a_node

SECRETS = {"env": "s3cret-of-the-env", "input": "s3cret-of-the-input", "outside": "s3cret-of-another"}
MARKED = {name: {"$secret": text} for name, text in SECRETS.items()}

WORKFLOWS = """
version: '2.0'
all_of_it:
  input: [pw, list]
  vars: {v: "v <% $.pw %>", e: <% env().key %>}
  output: {o: <% $.pw %>, all: <% $ %>}
  tasks:
    worker:
      action: test.echo
      input: {output: {text: "it is <% $.pw %>", n: 1}}
      publish: {p: <% task().result %>, q: <% env().key.toUpper() %>}
      publish-on-error: {err: <% task().result %>}
      on-success:
        publish: {global: {g: <% $.pw %>}}
        next: [inner, loop, asks]
    inner: {workflow: below, input: {token: <% $.pw %>}}
    loop:
      with-items: x in <% $.list %>
      action: std.echo output=<% $.x %>
      publish: {l: <% task().result %>}
    asks: {action: test.ask about=<% $.pw %>, on-success: [fails]}
    fails: {action: std.fail, input: {error_data: {why: "<% $.pw %>"}}, on-complete: [unknown]}
    unknown: {action: <% $.pw %>}
below:
  input: [token]
  output: {t: <% $.token %>}
  tasks:
    one: {action: std.echo output=<% $.token %>}
says:
  input: [pw]
  tasks:
    one: {action: std.noop, on-success: ["fail msg='no <% $.pw %>'"]}
holds:
  input: [pw]
  tasks:
    one: {action: std.noop, on-success: ["pause msg=<% $.pw %>"]}
"""


def assert_silent(told: str) -> None:
    found = [text for text in SECRETS.values() if text in told or text.upper() in told or text[::-1] in told]
    assert found == [], told


class Watched(Client):
    """A client whose every answer is searched."""

    answers = 0

    async def call(self, method: str, path: str, **options: Any) -> Any:
        answer = await super().call(method, path, **options)
        assert_silent(answer.text + str(answer.headers))
        type(self).answers += 1
        return answer


@asynccontextmanager
async def a_house_of_secrets(folder: Path) -> AsyncIterator[tuple[Watched, dict[str, str]]]:
    """A service with a secret in every place that takes one, and the names to put into paths."""
    async with a_service(folder, allow_action_execution_deletion=True) as plain:
        client = Watched(plain._client, plain.engine, plain.maintenance)
        await client.upload(WORKFLOWS)
        await client.post("/v2/environments", name="site", variables={"key": MARKED["env"], "url": "u"})
        input: Json = {"pw": MARKED["input"], "list": {"$secret": [SECRETS["outside"], "another-one"]}}
        params: Json = {"env": "site", "notify": [{"type": "noop", "note": MARKED["outside"]}]}
        trigger = {"workflow_input": json.dumps(input), "workflow_params": json.dumps({"env": MARKED})}
        await client.post(
            "/v2/cron_triggers", name="cron", workflow_name="all_of_it", pattern="0 0 1 1 *", **trigger
        )
        workflow = await client.get("/v2/workflows/all_of_it")
        event = await client.post(
            "/v2/event_triggers",
            name="ev",
            workflow_id=workflow["id"],
            exchange="x",
            topic="t",
            event="e",
            **trigger,
        )
        execution = await client.start("all_of_it", input=input, params=params)
        await until_it_asks(client, execution)
        (asked,) = (await client.get("/v2/action_executions?state=RUNNING"))["action_executions"]
        await client.get(f"/v2/executions/{execution}/explain")
        outside = {"result": {"said": MARKED["outside"], "with": f"all of {SECRETS['input']}"}}
        await client.put(f"/v2/action_executions/{asked['id']}", state="SUCCESS", output=outside)
        ended = await client.wait(execution)
        assert ended["state"] == "ERROR"
        names = {
            "execution": execution,
            "event": event["id"],
            "asked": asked["id"],
            "workflow": workflow["id"],
        }
        yield client, names


async def until_it_asks(client: Client, execution: str) -> None:
    while not (await client.get("/v2/action_executions?name=test.ask"))["action_executions"]:
        await client.get(f"/v2/executions/{execution}?wait=1&until=PAUSED")


def test_no_answer_and_no_log_line_of_any_endpoint_holds_a_secret(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def walk() -> None:
        async with a_house_of_secrets(tmp_path) as (client, names):
            tasks = await client.tasks(names["execution"])
            everything = (await client.get("/v2/action_executions"))["action_executions"]
            runs = [run["id"] for run in everything]
            below = await client.get(f"/v2/tasks/{tasks['inner']['id']}/workflow_executions")
            executions = [names["execution"], below["executions"][0]["id"]]
            ids = {
                "executions": executions,
                "tasks": [task["id"] for task in tasks.values()],
                "action_executions": runs,
                "environments": ["site"],
                "cron_triggers": ["cron"],
                "event_triggers": [names["event"]],
                "workflows": ["all_of_it", names["workflow"]],
                "actions": ["std.echo"],
            }
            walked = {
                path for each in all_endpoints() if each.method == "GET" for path in paths(each.path, ids)
            }
            assert len(walked) > 60
            for path in sorted(walked):
                answer = await client.call("GET", path)
                assert answer.status_code < 500, path

    with capture_logs() as logs:
        asyncio.run(walk())
    assert Watched.answers > 80
    assert_silent("".join([str(logs), caplog.text, *capfd.readouterr()]))


def paths(path: str, ids: dict[str, list[str]]) -> list[str]:
    """The addresses of an endpoint: with every id that there is, and everything shown that may be."""
    kind = path.split("/")[2] if path.startswith("/v2/") else ""
    if "/tasks/{task_id" in path:
        return [
            re.sub(r"\{task_id[^}]*\}", task, path).replace("{id}", run)
            for task in ids["tasks"]
            for run in ids["action_executions"]
        ]
    found = (
        [path] if "{" not in path else [re.sub(r"\{[^}]*\}", id, path, count=1) for id in ids.get(kind, ())]
    )
    found = [re.sub(r"\{[^}]*\}", "x", each) for each in found]
    return [*found, *(f"{each}?include_output=true" for each in found if each.endswith("executions"))]


@on_a_node()
async def test_what_people_see_of_a_secret_is_three_stars(client: Client) -> None:
    await client.upload(WORKFLOWS)
    await client.post("/v2/environments", name="site", variables={"key": MARKED["env"], "url": "u"})
    body = {"pw": MARKED["input"], "list": [1, MARKED["outside"]]}
    id = await client.start("all_of_it", input=body, params={"env": "site"})
    await until_it_asks(client, id)

    execution, tasks = await client.get(f"/v2/executions/{id}"), await client.tasks(id)
    task = await client.get(f"/v2/tasks/{tasks['loop']['id']}")
    (run,) = await client.runs(tasks["worker"]["id"])

    assert data(execution["input"]) == {"pw": "***", "list": [1, "***"]}
    assert data(execution["params"])["env"] == {"key": "***", "url": "u"}
    assert data((await client.get("/v2/environments/site"))["variables"]) == {"key": "***", "url": "u"}
    assert data(task["result"]) == [1, "***"] and data(task["published"]) == {"l": [1, "***"]}
    assert data(run["output"]) == {"result": {"text": "***", "n": 1}}
    assert data(run["input"]) == {"output": {"text": "***", "n": 1}}


@on_a_node()
async def test_who_sends_back_what_was_shown_keeps_the_secrets(client: Client) -> None:
    await client.upload(WORKFLOWS)
    await client.post("/v2/environments", name="site", variables={"key": MARKED["env"], "url": "u", "old": 1})
    shown = data((await client.get("/v2/environments/site"))["variables"])
    await client.put("/v2/environments", name="site", variables=json.dumps({**shown, "url": "new"}))
    await client.put("/v2/environments", name="site", description="and again")
    first = await client.run("says", input={"pw": MARKED["input"]}, params={"env": "site"})
    again = await client.post(
        "/v2/executions?wait=20",
        source_execution_id=first["id"],
        input=first["input"],
        params={"env": {"url": "2"}},
    )

    stored = await client.engine.write(
        lambda store: store.find_record(EnvironmentRecord, Access(), name="site")
    )
    rows = await client.engine.write(lambda store: store.load_tree(again["id"]))
    assert stored is not None and rows is not None
    assert (stored.variables, stored.description) == (
        {"key": MARKED["env"], "url": "new", "old": 1},
        "and again",
    )
    assert rows.executions[0].input == {"pw": MARKED["input"]}
    assert rows.executions[0].params["env"] == {"key": MARKED["env"], "url": "2", "old": 1}


@on_a_node()
async def test_who_sends_back_a_trigger_or_the_environment_of_an_execution_keeps_them_too(
    client: Client,
) -> None:
    await client.upload(WORKFLOWS)
    workflow = (await client.get("/v2/workflows/says"))["id"]
    wanted = {"workflow_input": {"pw": MARKED["input"]}, "workflow_params": {"env": {"key": MARKED["env"]}}}
    event = await client.post(
        "/v2/event_triggers", name="e", workflow_id=workflow, exchange="x", topic="t", event="e", **wanted
    )
    await client.put(
        f"/v2/event_triggers/{event['id']}",
        workflow_input=event["workflow_input"],
        workflow_params={"env": {"key": "***", "n": 1}},
    )
    paused = await client.run(
        "holds", until="PAUSED", input={"pw": "-"}, params={"env": {"key": MARKED["env"]}}
    )
    await client.put(f"/v2/executions/{paused['id']}", params={"env": {"key": "***", "n": 2}})

    trigger = await client.engine.write(
        lambda store: store.find_record(EventTriggerRecord, Access(), id=event["id"])
    )
    rows = await client.engine.write(lambda store: store.load_tree(paused["id"]))
    assert trigger is not None and rows is not None
    assert trigger.workflow_input == {"pw": MARKED["input"]}
    assert trigger.workflow_params == {"env": {"key": MARKED["env"], "n": 1}}
    assert rows.executions[0].params["env"] == {"key": MARKED["env"], "n": 2}
    assert (rows.tree.has_secrets, rows.tree.secrets) == (True, (SECRETS["env"],))


@on_a_node()
async def test_expressions_that_are_tried_show_no_secret(client: Client) -> None:
    await client.upload(WORKFLOWS)
    execution = await client.run("says", input={"pw": MARKED["input"]})
    task = (await client.tasks(execution["id"]))["one"]["id"]

    tried = ["<% $.pw %>", "<% $.pw.len() %>", "<% $.pw.foo() %>", "{{ _.pw[::-1] }}", "<% [$.pw, 1] %>"]
    answer = await client.call("POST", f"/v2/tasks/{task}/evaluate", json={"expressions": tried})

    assert_silent(answer.text)
    values = [each.get("value") for each in answer.json()["evaluations"]]
    assert values == ["***", "***", None, "***", ["***", 1]]


@on_a_node()
async def test_what_a_workflow_says_of_a_secret_is_masked_in_its_state_info(client: Client) -> None:
    await client.upload(WORKFLOWS)
    failed = await client.run("says", input={"pw": MARKED["input"]})
    paused = await client.run("holds", until="PAUSED", input={"pw": MARKED["input"]})

    assert (failed["state_info"], paused["state_info"]) == ("***", "***")


@on_a_node()
async def test_nobody_finds_a_secret_out_by_filtering(client: Client) -> None:
    await client.upload(WORKFLOWS)
    id = (await client.run("says", input={"pw": MARKED["input"]}))["id"]

    async def found(**input: Json) -> list[str]:
        answer = await client.call("GET", "/v2/executions", params={"input": json.dumps(input)})
        return [each["id"] for each in answer.json()["executions"]]

    assert await found(pw=SECRETS["input"]) == await found(pw=MARKED["input"]) == []
    assert await found(pw="***") == [id]


@on_a_node()
async def test_an_action_that_is_run_by_itself_shows_no_secret(client: Client) -> None:
    for params in ({"save_result": True, "run_sync": True}, {}):
        answer = await client.call(
            "POST",
            "/v2/action_executions",
            json={"name": "test.echo", "input": {"output": {"a": MARKED["input"]}}, "params": params},
        )
        assert_silent(answer.text)
        shown = answer.json()
        assert (data(shown["input"]), data(shown["output"])) == (
            {"output": {"a": "***"}},
            {"result": {"a": "***"}},
        )
