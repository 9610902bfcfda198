"""Tasks: reading and listing them, running failed ones again and going on without them."""

from typing import Any

from .node_house import Client, data, on_a_node

WORKFLOWS = """
version: '2.0'
results:
  tasks:
    value: {action: std.echo, input: {output: {a: 1}}, publish: {x: 1}, on-success: after}
    after: {action: std.noop, wait-before: 0}
    list: {with-items: "i in <% [3, 2, 1] %>", action: "std.echo output=<% $.i %>", concurrency: 2}
    called: {workflow: inner}
    calls: {with-items: "i in <% [5, 6] %>", workflow: inner, input: {n: "<% $.i %>"}}
    wrong: {action: std.fail, input: {error_data: {why: me}}, on-error: noop}
    retried: {action: std.echo output=1, retry: {count: 2, delay: 0, continue-on: <% task().result = 1 %>}}
    shares:
      action: std.noop
      on-success: {publish: {global: {g: 1}}}
    asks: {action: test.ask}
inner:
  input: [n: 4]
  output: {n: <% $.n %>}
  tasks:
    only: {action: std.noop}
fails:
  tasks:
    one: {action: test.fail, on-skip: two}
    two: {action: std.echo, input: {output: "<% env().get(word, none) %>"}}
loops:
  tasks:
    items: {with-items: "i in <% [1, 2] %>", action: test.ask}
outer:
  tasks:
    call: {workflow: fails}
"""

OF_LISTS = {
    "id", "name", "type", "workflow_name", "workflow_namespace", "workflow_id", "workflow_execution_id",
    "tags", "state", "state_info", "project_id", "runtime_context", "published", "processed", "created_at",
    "updated_at", "started_at", "finished_at",
}  # fmt: skip


async def read(client: Client, task: Any) -> Any:
    return await client.get(f"/v2/tasks/{task['id']}")


@on_a_node()
async def test_a_task_shows_its_result_as_json_text_of_any_value(client: Client) -> None:
    await client.upload(WORKFLOWS)
    tasks = await client.tasks(await client.start("results"))

    results = {name: (await read(client, task))["result"] for name, task in tasks.items()}

    assert results == {
        "value": '{"a": 1}',
        "after": "null",
        "list": "[3, 2, 1]",
        "called": '{"n": 4}',
        "calls": '[{"n": 5}, {"n": 6}]',
        "wrong": '{"why": "me"}',
        "retried": "1",
        "shares": "null",
        "asks": "[]",
    }


@on_a_node()
async def test_lists_leave_out_what_only_a_single_task_shows(client: Client) -> None:
    await client.upload(WORKFLOWS)
    tasks = await client.tasks(await client.start("results"))

    assert {frozenset(task) for task in tasks.values()} == {frozenset(OF_LISTS)}
    assert set(await read(client, tasks["value"])) == OF_LISTS | {"result"}
    shares = await read(client, tasks["shares"])
    assert set(shares) == OF_LISTS | {"result", "published_global"}
    assert (shares["published"], shares["published_global"]) == (None, '{"g": 1}')
    assert (tasks["value"]["published"], tasks["value"]["type"], tasks["called"]["type"]) == (
        '{"x": 1}',
        "ACTION",
        "WORKFLOW",
    )
    assert (tasks["asks"]["processed"], tasks["value"]["processed"]) == (False, True)
    assert (tasks["asks"]["finished_at"], tasks["asks"]["started_at"]) == (None, tasks["asks"]["created_at"])


@on_a_node()
async def test_the_runtime_context_tells_what_the_engine_notes(client: Client) -> None:
    await client.upload(WORKFLOWS)
    tasks = await client.tasks(await client.start("results"))

    contexts = {name: data(task["runtime_context"]) for name, task in tasks.items()}

    assert contexts == {
        "value": {},
        "after": {"triggered_by": [{"task_id": tasks["value"]["id"], "event": "on-success"}]},
        "list": {"concurrency": 2, "with_items": {"capacity": 2, "count": 3}},
        "called": {},
        "calls": {"with_items": {"capacity": None, "count": 2}},
        "wrong": {},
        "retried": {"retry_task_policy": {"retry_no": 2}},
        "shares": {},
        "asks": {},
    }


@on_a_node()
async def test_fields_choose_what_is_shown_of_a_task(client: Client) -> None:
    await client.upload(WORKFLOWS)
    task = (await client.tasks(await client.start("results")))["value"]
    path = f"/v2/tasks/{task['id']}"

    assert await client.get(f"{path}?fields=result,name") == {
        "id": task["id"],
        "result": '{"a": 1}',
        "name": "value",
    }
    assert await client.get(f"{path}?fields=published_global,reset,env") == {"id": task["id"]}
    assert (await client.get("/v2/tasks?name=value&fields=result,env,state"))["tasks"] == [
        {"id": task["id"], "state": "SUCCESS"}
    ]
    assert await client.refused("GET", f"{path}?fields=colour") == (400, "unknown-attribute")
    assert await client.refused("GET", "/v2/tasks/none") == (404, "unknown-task")


@on_a_node()
async def test_tasks_are_found_by_their_attributes_and_by_their_execution(client: Client) -> None:
    await client.upload(WORKFLOWS)
    execution_id = await client.start("results")

    async def found(path: str) -> list[str]:
        return sorted(task["name"] for task in (await client.get(path))["tasks"])

    assert await found("/v2/tasks?state=in:RUNNING,ERROR") == ["asks", "wrong"]
    assert await found("/v2/tasks?processed=false") == ["asks"]
    assert await found("/v2/tasks?workflow_name=inner") == ["only"] * 3
    assert len(await found(f"/v2/executions/{execution_id}/tasks")) == 9
    page = await client.get(f"/v2/executions/{execution_id}/tasks?limit=8")
    link = f"http://service/v2/tasks?sort_keys=created_at,id&sort_dirs=asc,asc&workflow_execution_id=eq:{execution_id}"
    assert page["next"] == f"{link}&limit=8&marker={page['tasks'][-1]['id']}"
    assert len((await client.get(page["next"].removeprefix("http://service")))["tasks"]) == 1
    assert await client.refused("GET", "/v2/tasks?result=x") == (400, "unknown-parameter")
    assert await client.refused(
        "GET", f"/v2/executions/{execution_id}/tasks?workflow_execution_id={execution_id}"
    ) == (400, "unknown-parameter")


@on_a_node()
async def test_tasks_of_another_project_are_not_there(client: Client) -> None:
    await client.upload(WORKFLOWS, scope="public")
    theirs = client.of("theirs")
    task = (await theirs.tasks(await theirs.start("results")))["value"]
    path = f"/v2/tasks/{task['id']}"

    ours = client.of("ours")

    assert await ours.refused("GET", path) == (404, "unknown-task")
    assert await ours.refused("PUT", path, state="SKIPPED") == (404, "unknown-task")
    assert await ours.refused("GET", f"{path}/executions") == (404, "unknown-task")
    assert await ours.get(f"{path}/action_executions") == {"action_executions": []}
    assert (await client.get(path))["project_id"] == "theirs"


@on_a_node()
async def test_an_update_of_a_task_is_checked_in_the_order_of_mistral(client: Client) -> None:
    await client.upload(WORKFLOWS)
    failed = (await client.tasks((await client.run("fails"))["id"]))["one"]
    running = (await client.tasks(await client.start("results")))["asks"]

    async def refusal(task: Any, **body: object) -> tuple[int, str]:
        return await client.refused("PUT", f"/v2/tasks/{task['id']}", **body)

    assert await client.refused("PUT", "/v2/tasks/none", state="FOO") == (404, "unknown-task")
    assert await refusal(running, name="x", workflow_name="x", state="FOO") == (400, "task-name")
    assert await refusal(running, name="asks", workflow_name="x", state="FOO") == (400, "workflow-name")
    assert await refusal(running, workflow_name="results", state="FOO") == (400, "task-state")
    assert await refusal(running) == (400, "task-state")
    assert await refusal(running, state="RUNNING") == (400, "task-not-failed")
    assert await refusal(running, state="SKIPPED") == (400, "task-not-failed")
    assert await refusal(failed, state="RUNNING") == (400, "reset-missing")
    assert await refusal(failed, state="RUNNING", reset=None) == (400, "reset-missing")
    assert await refusal(failed, state="RUNNING", reset=False) == (400, "rerun-reset")
    assert await refusal(failed, state="RUNNING", reset="perhaps") == (400, "wrong-attribute")
    assert await refusal(failed, state="RUNNING", reset=True, env="[1]") == (400, "not-an-object")
    assert await refusal(failed, project_id="x") == (400, "read-only-attribute")
    assert await refusal(failed, colour="x") == (400, "unknown-attribute")


@on_a_node()
async def test_a_failed_task_runs_again_with_a_changed_environment(client: Client) -> None:
    await client.upload(WORKFLOWS)
    execution = await client.run("fails")
    failed = (await client.tasks(execution["id"]))["one"]

    again = await client.put(
        f"/v2/tasks/{failed['id']}",
        id=failed["id"],
        name="one",
        workflow_name="fails",
        state="RUNNING",
        reset="yes",
        env='{"word": 1}',
    )

    assert set(again) == OF_LISTS | {"result"}
    assert (again["state"], again["result"]) == ("RUNNING", "[]")
    ended = await client.wait(execution["id"])
    assert (ended["state"], data(ended["params"])["env"]) == ("ERROR", {"word": 1})
    assert [run["state"] for run in await client.runs(failed["id"])] == ["ERROR", "ERROR"]


@on_a_node()
async def test_a_failed_task_is_skipped(client: Client) -> None:
    await client.upload(WORKFLOWS)
    execution = await client.run("fails", params={"env": {"word": "on"}})
    failed = (await client.tasks(execution["id"]))["one"]

    skipped = await client.put(f"/v2/tasks/{failed['id']}", state="SKIPPED")

    assert (skipped["state"], skipped["state_info"]) == ("SKIPPED", "Task was skipped.")
    assert (await client.wait(execution["id"]))["state"] == "SUCCESS"
    assert (await read(client, (await client.tasks(execution["id"]))["two"]))["result"] == '"on"'


@on_a_node()
async def test_without_reset_only_the_items_that_failed_run_again(client: Client) -> None:
    await client.upload(WORKFLOWS)
    execution_id = await client.start("loops")
    task = (await client.tasks(execution_id))["items"]
    good, bad = await client.runs(task["id"])
    await client.put(f"/v2/action_executions/{good['id']}", state="SUCCESS")
    await client.put(f"/v2/action_executions/{bad['id']}", state="ERROR")

    await client.put(f"/v2/tasks/{task['id']}", state="RUNNING", reset=False)

    states = [run["state"] for run in await client.runs(task["id"])]
    assert sorted(states) == ["ERROR", "RUNNING", "SUCCESS"]
    assert (await client.wait(execution_id, until="RUNNING"))["state"] == "RUNNING"


@on_a_node()
async def test_a_rerun_in_a_sub_execution_opens_what_waits_for_it(client: Client) -> None:
    await client.upload(WORKFLOWS)
    outer = await client.run("outer")
    (inner,) = (await client.get("/v2/executions?workflow_name=fails"))["executions"]
    failed = (await client.tasks(inner["id"]))["one"]

    await client.put(f"/v2/tasks/{failed['id']}", state="SKIPPED")

    assert outer["state"] == "ERROR"
    assert (await client.wait(outer["id"], until="SUCCESS"))["state"] == "SUCCESS"
