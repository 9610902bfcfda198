"""Runs of actions: begun by themselves, completed from outside, read, listed and deleted."""

import asyncio
from typing import Any

from .node_house import Client, data, on_a_node

WORKFLOWS = """
version: '2.0'
asks:
  tags: [w]
  tasks:
    ask: {action: test.ask about="price", tags: [t], on-success: next}
    next: {action: std.echo output=<% task(ask).result %>}
"""

AD_HOC = """
version: '2.0'
twice:
  input: [word]
  base: test.echo
  base-input: {output: "<% $.word + $.word %>"}
"""

PATH = "/v2/action_executions"

OF_LISTS = {
    "id", "workflow_name", "workflow_namespace", "task_execution_id", "state", "state_info", "tags", "name",
    "description", "project_id", "accepted", "input", "created_at", "updated_at",
}  # fmt: skip


async def ended(client: Client, run_id: str) -> Any:
    """A run once it has ended; it must be about to."""
    with client.engine.feed.subscribe(run_id) as live:
        while (run := await client.get(f"{PATH}/{run_id}"))["state"] == "RUNNING":
            await live.next()
    return run


async def question(client: Client) -> tuple[str, str]:
    """A new execution that waits for an answer: its id, and the path of the run to be answered."""
    execution_id = await client.start("asks")
    (run,) = await client.runs((await client.tasks(execution_id))["ask"]["id"])
    return execution_id, f"{PATH}/{run['id']}"


@on_a_node()
async def test_a_run_that_is_not_saved_answers_with_its_result_and_leaves_nothing(client: Client) -> None:
    nothing = {
        "id": None,
        "workflow_name": None,
        "workflow_namespace": "",
        "task_execution_id": None,
        "state_info": None,
        "tags": None,
        "project_id": None,
        "accepted": None,
        "created_at": None,
        "updated_at": None,
    }

    pure = await client.post(PATH, name="std.echo", input='{"output": [1]}', description="try")
    worked = await client.post(PATH, name="test.echo", input={"output": 2}, params={"run_sync": True})
    failed = await client.post(PATH, name="std.fail", input={"error_data": {"a": 1}})

    assert pure == nothing | {
        "name": "std.echo",
        "description": "try",
        "input": '{"output": [1]}',
        "state": "SUCCESS",
        "output": '{"result": [1]}',
    }
    assert (worked["id"], worked["state"], worked["output"]) == (None, "SUCCESS", '{"result": 2}')
    assert (failed["id"], failed["state"], failed["output"]) == (None, "ERROR", '{"result": {"a": 1}}')
    assert await client.get(PATH) == {"action_executions": []}


@on_a_node()
async def test_a_run_that_is_saved_begins_and_is_found_later(client: Client) -> None:
    made = await client.post(
        PATH,
        name="test.echo",
        input={"output": 1},
        description="kept",
        params='{"save_result": true, "whatever": 1}',
    )

    later = await ended(client, made["id"])

    assert made == {
        "id": made["id"],
        "workflow_name": None,
        "workflow_namespace": "",
        "task_execution_id": None,
        "state": "RUNNING",
        "state_info": None,
        "tags": None,
        "name": "test.echo",
        "description": "kept",
        "project_id": "<default-project>",
        "accepted": False,
        "input": '{"output": 1}',
        "output": None,
        "created_at": made["created_at"],
        "updated_at": None,
    }
    assert later == made | {
        "state": "SUCCESS",
        "accepted": True,
        "output": '{"result": 1}',
        "updated_at": later["updated_at"],
    }


@on_a_node()
async def test_a_run_that_is_saved_and_waited_for_answers_with_its_result(client: Client) -> None:
    params = {"save_result": True, "run_sync": True}

    worked = await client.post(PATH, name="test.echo", input={"output": 1}, params=params)
    pure = await client.post(PATH, name="std.noop", params=params)
    failed = await client.post(PATH, name="test.fail", params=params)

    assert (worked["state"], worked["output"], worked["accepted"]) == ("SUCCESS", '{"result": 1}', False)
    assert (pure["state"], pure["output"]) == ("SUCCESS", '{"result": null}')
    assert failed["state"] == "ERROR"
    assert "it went wrong" in data(failed["output"])["result"]
    assert (await client.get(f"{PATH}/{worked['id']}"))["output"] == '{"result": 1}'


@on_a_node()
async def test_an_asynchronous_action_is_always_kept_until_somebody_completes_it(client: Client) -> None:
    for params in ({}, {"save_result": True}):
        made = await client.post(PATH, name="test.ask", params=params)
        assert (made["state"], made["output"]) == ("RUNNING", None)

        done = await client.put(f"{PATH}/{made['id']}", state="SUCCESS", output='{"yes": 1}')
        assert (done["state"], done["output"]) == ("SUCCESS", '{"result": {"yes": 1}}')

    for params in ({"run_sync": True}, {"run_sync": True, "save_result": True}):
        assert await client.refused("POST", PATH, name="test.ask", params=params) == (
            400,
            "asynchronous-action",
        )
    assert len((await client.get(PATH))["action_executions"]) == 2


@on_a_node()
async def test_an_ad_hoc_action_is_looked_up_in_the_namespace_then_in_the_default_one(client: Client) -> None:
    await client.upload(AD_HOC, "actions")
    await client.upload(
        AD_HOC.replace("$.word + $.word", "concat($.word, '3')"), "actions", namespace="apart"
    )

    async def run(namespace: str, **params: bool) -> tuple[str, str, str]:
        run = await client.post(
            PATH, name="twice", input={"word": "ab"}, workflow_namespace=namespace, params=params
        )
        return run["workflow_namespace"], run["name"], run["output"]

    assert await run("") == ("", "twice", '{"result": "abab"}')
    assert await run("other") == ("other", "twice", '{"result": "abab"}')
    assert await run("apart") == ("apart", "twice", '{"result": "ab3"}')
    assert await run("apart", save_result=True, run_sync=True) == ("apart", "twice", '{"result": "ab3"}')


@on_a_node()
async def test_wrong_requests_run_nothing(client: Client) -> None:
    async def refusal(**body: object) -> tuple[int, str]:
        return await client.refused("POST", PATH, **body)

    async def refused_params(**params: object) -> tuple[int, str]:
        return await refusal(name="std.noop", params=params)

    assert await refusal(input={}) == (400, "action-missing")
    assert await refusal(name="std.none") == (400, "unknown-action")
    assert await refusal(name="std.none", params={"save_result": True}) == (400, "unknown-action")
    assert await refusal(name="std.echo") == (400, "action-input")
    assert await refusal(name="std.echo", input={"x": 1}, params={"save_result": True}) == (
        400,
        "action-input",
    )
    assert await refusal(name="std.noop", input="{") == (400, "not-json")
    assert await refused_params(save_result="perhaps") == (400, "action-params")
    assert await refused_params(run_sync=1) == (400, "action-params")
    for timeout in (-1, 1.5, "soon", True, 10**12):
        assert await refused_params(timeout=timeout) == (400, "action-params")
    assert await refused_params(target=5) == (400, "action-params")
    assert await refusal(name="std.noop", project_id="x") == (400, "read-only-attribute")
    assert await refusal(name="std.noop", colour="x") == (400, "unknown-attribute")
    assert await client.get(PATH) == {"action_executions": []}


@on_a_node()
async def test_a_timeout_ends_a_run_as_an_error(client: Client) -> None:
    slow = {"name": "std.sleep", "input": {"seconds": 60}}

    runs = await asyncio.gather(
        client.post(PATH, **slow, params={"timeout": 1}),
        client.post(PATH, **slow, params={"timeout": "1", "save_result": True, "run_sync": True}),
    )

    for run in runs:
        assert (run["state"], run["output"]) == ("ERROR", '{"result": "Timeout after 1 seconds"}')


@on_a_node()
async def test_a_run_of_a_task_is_completed_from_outside(client: Client) -> None:
    await client.upload(WORKFLOWS)
    outcomes: list[tuple[dict[str, Any], str, str, str]] = [
        ({"state": "SUCCESS", "output": {"n": 1}}, "SUCCESS", '{"result": {"n": 1}}', "SUCCESS"),
        ({"state": "SUCCESS"}, "SUCCESS", '{"result": {}}', "SUCCESS"),
        ({"state": "ERROR", "output": '{"why": 2}'}, "ERROR", '{"result": {"why": 2}}', "ERROR"),
        ({"state": "ERROR"}, "ERROR", '{"result": "Unknown error"}', "ERROR"),
        ({"state": "CANCELLED", "output": {"x": 1}}, "CANCELLED", '{"result": null}', "CANCELLED"),
    ]

    for body, state, output, end in outcomes:
        execution_id, path = await question(client)
        done = await client.put(path, **body)
        assert (done["state"], done["output"]) == (state, output)
        assert (await client.wait(execution_id))["state"] == end


@on_a_node()
async def test_a_run_is_completed_once(client: Client) -> None:
    await client.upload(WORKFLOWS)
    _, path = await question(client)
    before = await client.put(path, state="SUCCESS", output={"n": 1})

    for state in ("SUCCESS", "ERROR", "CANCELLED", "PAUSED", "RUNNING"):
        answer = await client.call("PUT", path, json={"state": state})
        assert (answer.status_code, answer.headers["maestrale-error-code"]) == (400, "action-completed")
        assert "already completed" in answer.json()["faultstring"]
    assert await client.get(path) == before


@on_a_node()
async def test_an_asynchronous_run_rests_and_goes_on_with_its_execution(client: Client) -> None:
    await client.upload(WORKFLOWS)
    execution_id, path = await question(client)

    paused = await client.put(path, state="PAUSED")
    assert (paused["state"], paused["output"]) == ("PAUSED", None)
    assert (await client.get(f"/v2/executions/{execution_id}"))["state"] == "PAUSED"

    assert (await client.put(path, state="RUNNING"))["state"] == "RUNNING"
    assert (await client.get(f"/v2/executions/{execution_id}"))["state"] == "RUNNING"


@on_a_node()
async def test_updates_that_say_nothing_possible_are_refused(client: Client) -> None:
    await client.upload(WORKFLOWS)
    _, path = await question(client)
    slow = await client.post(PATH, name="std.sleep", input={"seconds": 60}, params={"save_result": True})

    async def refusal(path: str, **body: object) -> tuple[int, str]:
        return await client.refused("PUT", path, **body)

    assert await refusal(f"{PATH}/none", state="SUCCESS") == (404, "unknown-action-execution")
    assert await refusal(path) == (400, "action-state")
    assert await refusal(path, output={"a": 1}) == (400, "action-state")
    assert await refusal(path, state="IDLE") == (400, "action-state")
    assert await refusal(path, state="SUCCESS", output="[1]") == (400, "not-an-object")
    assert await refusal(path, state="SUCCESS", project_id="x") == (400, "read-only-attribute")
    assert await refusal(path, state="SUCCESS", colour="x") == (400, "unknown-attribute")
    assert await refusal(f"{PATH}/{slow['id']}", state="PAUSED") == (400, "not-asynchronous")
    assert (await client.put(f"{PATH}/{slow['id']}", state="RUNNING"))["state"] == "RUNNING"
    assert (await client.put(f"{PATH}/{slow['id']}", state="CANCELLED", task_name="x"))[
        "state"
    ] == "CANCELLED"


@on_a_node()
async def test_each_endpoint_shows_its_own_attributes(client: Client) -> None:
    await client.upload(WORKFLOWS)
    execution_id, path = await question(client)
    task_id = (await client.tasks(execution_id))["ask"]["id"]

    async def attributes(path: str) -> set[str]:
        return set((await client.get(path))["action_executions"][0])

    run = await client.get(path)

    assert {name: run[name] for name in ("workflow_name", "task_execution_id", "tags", "name", "input")} == {
        "workflow_name": "asks",
        "task_execution_id": task_id,
        "tags": ["t"],
        "name": "test.ask",
        "input": '{"about": "price"}',
    }
    assert set(run) == OF_LISTS | {"output"}
    assert await attributes(PATH) == OF_LISTS
    assert await attributes(f"{PATH}?task_execution_id={task_id}") == OF_LISTS
    assert await attributes(f"{PATH}?include_output=1") == OF_LISTS | {"output"}
    assert await attributes(f"{PATH}?fields=output,task_name,params") == {"id", "output"}
    assert await attributes(f"/v2/tasks/{task_id}/action_executions") == OF_LISTS
    assert await client.get(f"/v2/tasks/{task_id}/action_executions/{run['id']}") == run
    assert await client.get(f"{path}?fields=state,colour,task_name") == {"id": run["id"], "state": "RUNNING"}
    other = await client.post(PATH, name="test.ask")
    assert await client.refused("GET", f"/v2/tasks/{task_id}/action_executions/{other['id']}") == (
        404,
        "unknown-action-execution",
    )


@on_a_node()
async def test_runs_are_found_by_their_attributes(client: Client) -> None:
    await client.upload(WORKFLOWS)
    _, path = await question(client)
    await client.put(path, state="SUCCESS", output={"n": 1})
    asked = path.rpartition("/")[2]
    alone = (await client.post(PATH, name="test.ask", description="by hand"))["id"]

    async def found(query: str) -> set[str]:
        return {row["id"] for row in (await client.get(f"{PATH}?{query}"))["action_executions"]}

    everything = await found("")
    assert len(everything) == 3
    assert await found("task_name=ask") == {asked}
    assert await found("name=test.ask&accepted=true") == {asked}
    assert await found("description=has:hand") == {alone}
    assert await found("workflow_name=asks&name=test.ask") == {asked}
    assert await found('input={"about": "price"}') == {asked}
    assert await found('output={"result": {"n": 1}}') == everything - {alone}
    assert await found('output=neq:{"result": {"n": 1}}') == set()
    assert await found('output={"n": 1}') == set()
    done = await client.post(PATH, name="std.noop", params={"save_result": True, "run_sync": True})
    assert await found('output={"result": null}') == {done["id"]}
    assert await found('output=neq:{"result": {"n": 1}}') == {done["id"]}
    assert await found('output=neq:{"result": null}') == everything - {alone}
    assert await found("state_info=x") == set()
    assert await found("tags=t") == {asked}
    assert await client.refused("GET", f"{PATH}?output=x") == (400, "not-json")
    assert await client.refused("GET", f"{PATH}?output=has:1") == (400, "filter-operator")
    assert await client.refused("GET", f"{PATH}?params=x") == (400, "unknown-parameter")


@on_a_node()
async def test_runs_of_another_project_are_not_there(client: Client) -> None:
    made = await client.of("theirs").post(PATH, name="test.ask")
    ours, path = client.of("ours"), f"{PATH}/{made['id']}"

    assert await ours.get(PATH) == {"action_executions": []}
    assert await ours.refused("GET", path) == (404, "unknown-action-execution")
    assert await ours.refused("PUT", path, state="SUCCESS") == (404, "unknown-action-execution")
    assert (await client.get(path))["project_id"] == "theirs"


@on_a_node()
async def test_nothing_is_deleted_unless_the_operator_allows_it(client: Client) -> None:
    made = await client.post(PATH, name="std.noop", params={"save_result": True})

    assert await client.refused("DELETE", f"{PATH}/{made['id']}") == (403, "deletion-off")
    assert await client.refused("DELETE", f"{PATH}/none") == (403, "deletion-off")


@on_a_node(allow_action_execution_deletion=True)
async def test_a_run_by_itself_is_deleted_once_it_has_ended(client: Client) -> None:
    await client.upload(WORKFLOWS)
    _, path = await question(client)
    made = await client.post(PATH, name="test.ask")
    alone = f"{PATH}/{made['id']}"

    assert await client.refused("DELETE", f"{PATH}/none") == (404, "unknown-action-execution")
    assert await client.refused("DELETE", path) == (403, "action-of-a-task")
    assert await client.refused("DELETE", alone) == (403, "not-ended")
    await client.put(alone, state="SUCCESS")
    await client.delete(alone)
    assert await client.refused("GET", alone) == (404, "unknown-action-execution")


@on_a_node()
async def test_the_link_to_the_next_page_repeats_the_filter_by_output(client: Client) -> None:
    for number in (1, 2, 1):
        await client.post(
            PATH,
            name="std.echo",
            input={"output": number},
            params={"save_result": True, "run_sync": True},
        )

    first = await client.get(PATH + '?state=SUCCESS&limit=1&include_output=1&output={"result": 1}')
    second = await client.get(first["next"].removeprefix("http://service"))
    third = await client.get(second["next"].removeprefix("http://service"))

    pages = [[data(row["output"]) for row in page["action_executions"]] for page in (first, second, third)]
    assert pages == [[{"result": 1}], [{"result": 1}], []]
