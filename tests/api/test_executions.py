"""Executions: reading, listing, changing and deleting them."""

import pytest

from .node_house import Client, data, on_a_node

WORKFLOWS = """
version: '2.0'
shared:
  input: [n: 1]
  vars: {own: 5, hidden: 6}
  output: {n: <% $.n %>}
  tasks:
    one:
      action: std.noop
      on-success:
        publish:
          global: {seen: <% $.n %>}
        next: two
    two:
      action: std.noop
      on-success:
        publish:
          global: {seen: 9, also: x, hidden: 7}
asks:
  tasks:
    ask: {action: test.ask}
pauses:
  output-on-error: {p: <% $.get(p, none) %>}
  tasks:
    first: {publish: {p: 1}, on-success: [pause, second]}
    second: {action: std.echo output=<% env().n %>}
outer:
  tasks:
    call: {workflow: asks}
"""

EVERYTHING = {
    "id", "workflow_id", "workflow_name", "workflow_namespace", "description", "tags", "params",
    "task_execution_id", "root_execution_id", "state", "state_info", "input", "output", "created_at",
    "updated_at", "project_id", "published_global",
}  # fmt: skip

OF_LISTS = EVERYTHING - {"output", "published_global"}


@on_a_node()
async def test_each_endpoint_shows_its_own_attributes(client: Client) -> None:
    await client.upload(WORKFLOWS)
    outer = await client.start("outer")
    path = f"/v2/executions/{outer}"
    (task,) = (await client.tasks(outer)).values()

    async def attributes(path: str) -> set[str]:
        return set((await client.get(path))["executions"][0])

    assert set(await client.get(path)) == EVERYTHING
    assert set(await client.post("/v2/executions", workflow_name="asks")) == EVERYTHING - {"published_global"}
    assert set(await client.put(path, state="RUNNING")) == EVERYTHING - {"published_global"}
    assert set(await client.put(path, description="x")) == OF_LISTS - {"params", "input"}
    assert await attributes("/v2/executions") == OF_LISTS
    assert await attributes("/v2/executions?include_output=") == OF_LISTS
    assert await attributes("/v2/executions?include_output=true") == OF_LISTS | {"output"}
    assert await attributes(f"/v2/tasks/{task['id']}/workflow_executions") == OF_LISTS - {"params", "input"}
    await client.put(path, state="PAUSED")
    assert set(await client.put(path, params={"env": {"a": 1}})) == OF_LISTS - {"input"}


@on_a_node()
async def test_global_variables_are_shown_as_they_are_now_without_those_of_vars(client: Client) -> None:
    await client.upload(WORKFLOWS)

    shared = await client.run("shared")
    asks = await client.start("asks")

    assert data((await client.get(f"/v2/executions/{shared['id']}"))["published_global"]) == {
        "seen": 9,
        "also": "x",
    }
    assert (await client.get(f"/v2/executions/{asks}"))["published_global"] == "{}"


@on_a_node()
async def test_output_is_empty_until_the_execution_ends_and_tells_why_it_was_stopped(client: Client) -> None:
    await client.upload(WORKFLOWS)
    running = await client.start("asks")
    cancelled = await client.start("asks")
    failed = await client.start("asks")

    first = await client.put(f"/v2/executions/{cancelled}", state="CANCELLED")
    second = await client.put(f"/v2/executions/{failed}", state="ERROR", state_info="too late")

    assert (first["state_info"], data(first["output"])) == (None, {"result": None})
    assert (second["state_info"], data(second["output"])) == ("too late", {"result": "too late"})
    rows = (await client.get("/v2/executions?include_output=1"))["executions"]
    assert {row["id"]: data(row["output"]) for row in rows} == {
        running: {},
        cancelled: {"result": None},
        failed: {"result": "too late"},
    }


SAME, REFUSED = "same", "state-change"
MATRIX = {
    "RUNNING": ["PAUSED", "RUNNING", "SUCCESS", "ERROR", "CANCELLED"],
    # Ending a paused execution as an error is ignored, and as a success refused, as Mistral's engine does.
    "PAUSED": [SAME, "SUCCESS", REFUSED, SAME, "CANCELLED"],
    "SUCCESS": [REFUSED, SAME, SAME, SAME, SAME],
    "ERROR": [REFUSED, SAME, REFUSED, SAME, SAME],
    "CANCELLED": [REFUSED, SAME, REFUSED, SAME, SAME],
}
ASKED = ["PAUSED", "RUNNING", "SUCCESS", "ERROR", "CANCELLED"]


async def in_state(client: Client, state: str) -> str:
    """A new execution in this state."""
    if state == "PAUSED":
        return str((await client.run("pauses", until="paused", params={"env": {"n": 1}}))["id"])
    execution_id = await client.start("asks")
    if state != "RUNNING":
        await client.put(f"/v2/executions/{execution_id}", state=state)
    return execution_id


@on_a_node()
async def test_the_state_of_an_execution_is_set_by_the_table(client: Client) -> None:
    await client.upload(WORKFLOWS)

    for present, outcomes in MATRIX.items():
        for asked, expected in zip(ASKED, outcomes, strict=True):
            path = f"/v2/executions/{await in_state(client, present)}"
            before = await client.get(path)
            if expected == REFUSED:
                assert await client.refused("PUT", path, state=asked) == (400, REFUSED), (present, asked)
                assert await client.get(path) == before
                continue
            after = await client.put(path, state=asked)
            if expected == SAME:
                assert after | {"published_global": "{}"} == before, (present, asked)
            else:
                assert after["state"] == expected, (present, asked)


@on_a_node()
async def test_updates_are_checked_in_the_order_of_mistral(client: Client) -> None:
    await client.upload(WORKFLOWS)
    path = f"/v2/executions/{await in_state(client, 'RUNNING')}"

    async def refusal(**body: object) -> tuple[int, str]:
        return await client.refused("PUT", path, **body)

    assert await client.refused("PUT", "/v2/executions/none", state="STOPPED") == (404, "unknown-execution")
    assert await refusal() == (400, "nothing-to-update")
    assert await refusal(params={"env": {}}) == (400, "nothing-to-update")
    assert await refusal(state="FOO", description="x") == (400, "description-with-state")
    assert await refusal(state="FOO", params={"env": {"a": 1}}) == (400, "env-with-state")
    assert await refusal(state="PAUSED", params={"env": {"a": 1}}) == (400, "env-with-state")
    assert await refusal(params={"env": "name"}) == (400, "environment-type")
    assert await refusal(params={"env": {"a": 1}}) == (403, "env-in-use")
    for state in ("FOO", "IDLE", "STOPPED", "SKIPPED"):
        assert await refusal(state=state) == (400, "state-not-settable")
    assert await refusal(project_id="x") == (400, "read-only-attribute")
    assert await refusal(colour="x") == (400, "unknown-attribute")


@on_a_node()
async def test_the_description_can_be_changed_and_emptied_at_any_time(client: Client) -> None:
    await client.upload(WORKFLOWS)
    path = f"/v2/executions/{await in_state(client, 'SUCCESS')}"

    changed = await client.put(path, description="new")
    emptied = await client.put(path, description="")

    assert (changed["description"], emptied["description"]) == ("new", "")


@on_a_node()
async def test_an_environment_is_merged_while_paused_and_with_the_resume(client: Client) -> None:
    await client.upload(WORKFLOWS)
    path = f"/v2/executions/{await in_state(client, 'PAUSED')}"

    merged = await client.put(path, params='{"env": {"m": {"a": 1}}}', description="both")
    await client.put(path, state="RUNNING", params={"env": {"n": 2, "m": {"b": 2}}})

    assert data(merged["params"])["env"] == {"n": 1, "m": {"a": 1}}
    assert merged["description"] == "both"
    ended = await client.wait(path.rpartition("/")[2])
    assert data(ended["params"])["env"] == {"n": 2, "m": {"a": 1, "b": 2}}
    tasks = await client.tasks(ended["id"])
    assert (await client.get(f"/v2/tasks/{tasks['second']['id']}"))["result"] == "2"


@on_a_node()
async def test_only_what_has_ended_is_deleted_unless_it_is_forced(client: Client) -> None:
    await client.upload(WORKFLOWS)
    path = f"/v2/executions/{await in_state(client, 'RUNNING')}"

    assert await client.refused("DELETE", path) == (403, "not-ended")
    assert await client.refused("DELETE", f"{path}?force=") == (403, "not-ended")
    await client.delete(f"{path}?force=True")
    assert await client.refused("GET", path) == (404, "unknown-execution")
    assert await client.refused("DELETE", f"{path}?force=True") == (404, "unknown-execution")

    ended = await client.run("shared")
    await client.delete(f"/v2/executions/{ended['id']}")
    assert await client.get("/v2/executions") == {"executions": []}
    assert await client.get("/v2/tasks") == {"tasks": []}


@on_a_node()
async def test_a_sub_execution_is_deleted_with_its_root_only(client: Client) -> None:
    await client.upload(WORKFLOWS)
    outer = await client.start("outer")
    (inner,) = (await client.get("/v2/executions?workflow_name=asks"))["executions"]

    answer = await client.call("DELETE", f"/v2/executions/{inner['id']}?force=1")
    await client.delete(f"/v2/executions/{outer}?force=1")

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (403, "sub-execution")
    assert f"delete `{outer}`" in answer.json()["faultstring"]
    for collection in ("executions", "tasks", "action_executions"):
        assert await client.get(f"/v2/{collection}") == {collection: []}


@on_a_node()
async def test_fields_choose_what_is_shown(client: Client) -> None:
    await client.upload(WORKFLOWS)
    made = await client.run("shared")
    path = f"/v2/executions/{made['id']}"

    assert await client.get(f"{path}?fields=output,State") == {
        "id": made["id"],
        "output": '{"n": 1}',
        "state": "SUCCESS",
    }
    assert (await client.get("/v2/executions?fields=published_global,output"))["executions"] == [
        {"id": made["id"], "output": '{"n": 1}'}
    ]
    assert await client.refused("GET", f"{path}?fields=colour") == (400, "unknown-attribute")
    assert await client.refused("GET", f"{path}?fields=published_global") == (400, "unknown-attribute")
    assert await client.refused("GET", "/v2/executions?fields=colour") == (400, "unknown-attribute")


@on_a_node()
async def test_executions_are_found_by_their_attributes(client: Client) -> None:
    await client.upload(WORKFLOWS)
    shared = (await client.run("shared", input={"n": 3}, description="mine"))["id"]
    outer = await client.start("outer")
    (inner,) = (await client.get("/v2/executions?workflow_name=asks"))["executions"]

    async def found(query: str) -> set[str]:
        return {row["id"] for row in (await client.get(f"/v2/executions?{query}"))["executions"]}

    assert await found("nulls=root_execution_id") == {shared, outer}
    assert await found(f"root_execution_id={outer}") == {inner["id"]}
    assert await found(f"task_execution_id={inner['task_execution_id']}") == {inner["id"]}
    assert await found("state=in:SUCCESS,ERROR") == {shared}
    assert await found("state=FOO") == set()
    assert await found("description=has:min") == {shared}
    assert await found('input={"n": 3}') == {shared}
    assert await found('output={"n": 3}') == {shared}
    assert await found("workflow_name=neq:shared") == {outer, inner["id"]}
    assert await found("created_at=gt:2020-01-01") == {shared, outer, inner["id"]}


@on_a_node()
async def test_the_rows_of_all_projects_are_for_administrators(client: Client) -> None:
    await client.upload(WORKFLOWS, scope="public")
    project = "8c5d1a0c-0000-4000-8000-000000000001"
    theirs = await client.of(project).start("asks")
    ours = await client.start("asks")

    async def found(client: Client, query: str = "") -> set[str]:
        return {row["id"] for row in (await client.get(f"/v2/executions?{query}"))["executions"]}

    assert await found(client.of(project)) == {theirs}
    assert await found(client) == {ours, theirs}
    assert await found(client, f"project_id={project}") == {theirs}
    for query in ("all_projects=true", f"project_id={project}"):
        assert await client.of(project).refused("GET", f"/v2/executions?{query}") == (403, "admin-only")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "limit-not-positive"),
        ("limit=x", "not-an-integer"),
        ("nulls=state", "never-null"),
        ("nulls=colour", "unknown-attribute"),
        ("sort_keys=input", "no-order"),
        ("workflow_id=x", "not-a-uuid"),
        ("workflow_namespace=x", "unknown-parameter"),
        ("input=x", "not-json"),
    ],
)
def test_a_list_that_cannot_be_made_is_refused(query: str, code: str, tmp_path: object) -> None:
    @on_a_node()
    async def scenario(client: Client) -> None:
        assert await client.refused("GET", f"/v2/executions?{query}") == (400, code)

    scenario(tmp_path)  # type: ignore[arg-type]
