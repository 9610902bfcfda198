"""`POST /v2/executions`: what is started, for whom, and what is answered."""

import asyncio

from .node_house import Client, data, on_a_node

WORKFLOWS = """
version: '2.0'
greet:
  tags: [daily]
  input: [who, greeting: hello]
  output:
    text: <% $.greeting %> <% $.who %>
  tasks:
    say: {action: std.echo output=<% $.who %>}
asks:
  tasks:
    ask: {action: test.ask}
shows:
  output:
    seen: <% env() %>
  tasks:
    only: {action: std.noop}
backwards:
  type: reverse
  tasks:
    first: {action: std.noop}
"""


@on_a_node()
async def test_the_answer_is_the_execution_as_it_was_made(client: Client) -> None:
    await client.upload(WORKFLOWS)

    made = await client.post(
        "/v2/executions", workflow_name="greet", input='{"who": "Zoë"}', description="first"
    )

    workflow = await client.get("/v2/workflows/greet")
    assert made == {
        "id": made["id"],
        "workflow_id": workflow["id"],
        "workflow_name": "greet",
        "workflow_namespace": "",
        "description": "first",
        "tags": ["daily"],
        "params": '{"env": {}, "namespace": ""}',
        "task_execution_id": None,
        "root_execution_id": None,
        "state": "RUNNING",
        "state_info": None,
        "input": made["input"],
        "output": "{}",
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "project_id": "<default-project>",
    }
    assert data(made["input"]) == {"who": "Zoë", "greeting": "hello"}
    assert "\\u00eb" in made["input"]


@on_a_node()
async def test_a_workflow_is_named_by_its_id_or_its_name_in_either_attribute(client: Client) -> None:
    await client.upload(WORKFLOWS)
    workflow_id = (await client.get("/v2/workflows/shows"))["id"]

    bodies = [
        {"workflow_id": workflow_id},
        {"workflow_id": "shows"},
        {"workflow_name": workflow_id},
        {"workflow_id": workflow_id, "workflow_name": "greet", "workflow_namespace": "nowhere"},
    ]
    started = [(await client.post("/v2/executions", **body))["workflow_name"] for body in bodies]

    assert started == ["shows"] * 4


@on_a_node()
async def test_a_name_is_looked_up_in_exactly_the_namespace_that_is_given(client: Client) -> None:
    await client.upload(WORKFLOWS, namespace="apart")

    made = await client.post("/v2/executions", workflow_name="shows", workflow_namespace="apart")

    assert (made["workflow_namespace"], data(made["params"])) == ("apart", {"env": {}, "namespace": "apart"})
    answer = await client.call("POST", "/v2/executions", json={"workflow_name": "shows"})
    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (404, "unknown-workflow")
    assert answer.json()["faultstring"] == "there is no workflow `shows` [unknown-workflow]"
    elsewhere = {"workflow_name": "shows", "workflow_namespace": "other"}
    answer = await client.call("POST", "/v2/executions", json=elsewhere)
    fault = "there is no workflow `shows` in the namespace `other` [unknown-workflow]"
    assert answer.json()["faultstring"] == fault


@on_a_node()
async def test_wrong_requests_are_refused_and_start_nothing(client: Client) -> None:
    await client.upload(WORKFLOWS)

    async def refusal(**body: object) -> tuple[int, str]:
        return await client.refused("POST", "/v2/executions", **body)

    assert await refusal() == (400, "workflow-missing")
    assert await refusal(workflow_name=5) == (400, "wrong-attribute")
    assert await refusal(workflow_name="greet") == (400, "workflow-input")
    assert await refusal(workflow_name="shows", input={"x": 1}) == (400, "workflow-input")
    assert await refusal(workflow_name="shows", input="") == (400, "not-json")
    assert await refusal(workflow_name="shows", input="[1]") == (400, "not-an-object")
    assert await refusal(workflow_name="shows", params='{"env": 5}') == (400, "environment-type")
    assert await refusal(workflow_name="shows", params={"env": "none"}) == (400, "unknown-environment")
    assert await refusal(workflow_name="backwards") == (400, "target-task")
    assert await refusal(workflow_name="shows", project_id="x") == (400, "read-only-attribute")
    assert await refusal(workflow_name="shows", colour="red") == (400, "unknown-attribute")
    assert await refusal(workflow_name="shows", id="x" * 256) == (400, "execution-id")
    assert await refusal(workflow_name="shows", id="x\0") == (400, "execution-id")
    assert await refusal(source_execution_id="none") == (404, "unknown-execution")
    assert await client.get("/v2/executions") == {"executions": []}


@on_a_node()
async def test_attributes_that_mean_nothing_here_and_nulls_are_ignored(client: Client) -> None:
    await client.upload(WORKFLOWS)

    made = await client.post(
        "/v2/executions", workflow_name="shows", state="ERROR", tags=["x"], input=None, id=None
    )

    assert (made["state"], made["tags"], made["input"]) == ("RUNNING", [], "{}")


@on_a_node()
async def test_with_wait_the_answer_comes_when_the_execution_has_ended(client: Client) -> None:
    await client.upload(WORKFLOWS)

    ended = await client.run("greet", input={"who": "Ann"})

    assert (ended["state"], data(ended["output"])) == ("SUCCESS", {"text": "hello Ann"})


@on_a_node()
async def test_an_id_that_is_known_gives_its_execution_whatever_else_the_request_says(client: Client) -> None:
    await client.upload(WORKFLOWS)
    first = await client.run("shows", id="nightly-7", description="one")

    again = await client.post("/v2/executions", id="nightly-7")
    other = await client.post("/v2/executions", id="nightly-7", workflow_name="greet", description="two")
    waited = await client.post("/v2/executions?wait=5", id="nightly-7")

    assert [again, other, waited] == [first] * 3
    assert len((await client.get("/v2/executions"))["executions"]) == 1


@on_a_node()
async def test_one_id_asked_for_many_times_at_once_is_one_execution(client: Client) -> None:
    await client.upload(WORKFLOWS)

    made = await asyncio.gather(*(client.start("asks", id="one") for _ in range(8)))

    assert set(made) == {"one"}
    assert len((await client.get("/v2/tasks"))["tasks"]) == 1


@on_a_node()
async def test_an_id_that_another_project_uses_is_taken_and_nothing_is_told_of_it(client: Client) -> None:
    await client.upload(WORKFLOWS, scope="public")
    await client.of("theirs").start("asks", id="known")

    ours = await client.of("ours").call(
        "POST", "/v2/executions", json={"id": "known", "workflow_name": "asks"}
    )
    admins = await client.post("/v2/executions", id="known")

    assert (ours.status_code, ours.headers["maestrale-error-code"]) == (409, "execution-exists")
    assert "theirs" not in ours.text
    assert admins["project_id"] == "theirs"


@on_a_node()
async def test_two_projects_that_ask_for_one_id_at_once_never_share_an_execution(client: Client) -> None:
    await client.upload(WORKFLOWS, scope="public")
    projects = [client.of(f"project-{number}") for number in range(6)]
    body = {"id": "wanted", "workflow_name": "asks"}

    answers = await asyncio.gather(
        *(project.call("POST", "/v2/executions", json=body) for project in projects)
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5


@on_a_node()
async def test_an_execution_of_a_public_workflow_belongs_to_who_started_it(client: Client) -> None:
    await client.upload(WORKFLOWS, scope="public")
    ours, theirs = client.of("ours"), client.of("theirs")

    made = await ours.run("shows")

    assert made["project_id"] == "ours"
    assert (await theirs.get("/v2/executions")) == {"executions": []}
    assert await theirs.refused("GET", f"/v2/executions/{made['id']}") == (404, "unknown-execution")
    assert await theirs.refused("PUT", f"/v2/executions/{made['id']}", state="PAUSED") == (
        404,
        "unknown-execution",
    )
    assert await theirs.refused("DELETE", f"/v2/executions/{made['id']}") == (404, "unknown-execution")


@on_a_node()
async def test_an_environment_may_be_named_if_the_project_sees_it(client: Client) -> None:
    await client.upload(WORKFLOWS, scope="public")
    ours, theirs = client.of("ours"), client.of("theirs")
    await theirs.post("/v2/environments", name="where", variables='{"place": "there"}')
    assert await ours.refused("POST", "/v2/executions", workflow_name="shows", params={"env": "where"}) == (
        400,
        "unknown-environment",
    )
    assert await client.refused("POST", "/v2/executions", workflow_name="shows", params={"env": "where"}) == (
        400,
        "unknown-environment",
    )
    await ours.post("/v2/environments", name="where", variables='{"place": "here", "twice": "<% 1 + 1 %>"}')

    made = await ours.run("shows", params={"env": "where", "more": [1]})

    environment = {"place": "here", "twice": 2}
    assert data(made["params"]) == {"env": environment, "namespace": "", "more": [1]}
    assert data(made["output"]) == {"seen": environment}


@on_a_node()
async def test_an_earlier_execution_is_started_again_with_its_input_and_parameters(client: Client) -> None:
    await client.upload(WORKFLOWS, namespace="apart")
    source = await client.run(
        "greet",
        workflow_namespace="apart",
        input={"who": "Ann", "greeting": "bye"},
        params={"env": {"a": {"x": 1}, "b": 2}},
    )

    again = await client.post(
        "/v2/executions",
        source_execution_id=source["id"],
        workflow_name="shows",
        input={"who": "Bob"},
        params='{"env": {"a": {"y": 3}}}',
        description="Anew.",
    )
    same = await client.post("/v2/executions", source_execution_id=source["id"])

    assert (again["workflow_name"], again["workflow_namespace"]) == ("greet", "apart")
    assert data(again["input"]) == {"who": "Bob", "greeting": "bye"}
    assert data(again["params"]) == {"env": {"a": {"x": 1, "y": 3}, "b": 2}, "namespace": "apart"}
    assert again["description"] == f"Anew. Based on the execution '{source['id']}'"
    assert (same["input"], same["params"]) == (source["input"], source["params"])
    assert same["description"] == f"Based on the execution '{source['id']}'"


@on_a_node()
async def test_a_sub_execution_can_be_started_again_as_an_execution_of_its_own(client: Client) -> None:
    await client.upload(WORKFLOWS)
    await client.upload("version: '2.0'\nouter:\n  tasks:\n    call: {workflow: shows}\n")
    await client.run("outer")
    found = await client.get("/v2/executions?workflow_name=shows")

    again = await client.post("/v2/executions", source_execution_id=found["executions"][0]["id"])

    assert (again["task_execution_id"], again["root_execution_id"]) == (None, None)
    assert data(again["params"]) == {"env": {}, "namespace": ""}
