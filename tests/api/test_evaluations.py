"""`POST /v2/tasks/{id}/evaluate`: expressions on the data of a task."""

from typing import Any

from maestrale.expressions import Json

from .node_house import Client, on_a_node

WORKFLOW = """
version: '2.0'
counts:
  input: [start]
  tasks:
    first: {publish: {count: <% $.start + 1 %>}, on-success: each}
    each:
      with-items: name in <% [a, b] %>
      action: std.echo output=<% $.name %>
      publish: {count: <% $.count + 10 %>}
"""


async def a_task(client: Client, name: str) -> str:
    await client.upload(WORKFLOW)
    execution = await client.run("counts", input={"start": 1}, params={"env": {"k": 5}})
    return str((await client.tasks(execution["id"]))[name]["id"])


async def evaluate(client: Client, task_id: str, *expressions: str, **more: Json) -> list[Any]:
    """The values; of a fault its code."""
    answer = await client.call(
        "POST", f"/v2/tasks/{task_id}/evaluate", json={"expressions": list(expressions), **more}
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()["evaluations"]
    assert [each["expression"] for each in found] == list(expressions)
    return [each["error"]["code"] if "error" in each else each["value"] for each in found]


@on_a_node()
async def test_expressions_see_what_the_task_sees(client: Client) -> None:
    task_id = await a_task(client, "each")

    values = await evaluate(
        client, task_id, "<% $.count %>", "{{ env().k }}", "x<% task().state %>", "<% task(first).result %>",
        "<% execution().name %>", "<% executions().len() %>", "plain", "<% null %>",
    )  # fmt: skip

    assert values == [12, 5, "xSUCCESS", None, "counts", 1, "plain", None]


@on_a_node()
async def test_the_context_and_the_item_can_be_chosen(client: Client) -> None:
    task_id = await a_task(client, "each")

    before = await evaluate(client, task_id, "<% $.count %>", context="before")
    item = await evaluate(client, task_id, "<% $.name %>", item=1)
    beyond = await evaluate(client, task_id, "<% $.name %>", item=9)

    assert (before, item, beyond) == ([2], ["b"], ["unknown-item"])


@on_a_node()
async def test_what_fails_does_not_keep_the_others(client: Client) -> None:
    task_id = await a_task(client, "first")

    values = await evaluate(client, task_id, "<% $.nothing %>", "<% 1 + %>", "<% $.count %>")

    assert values == ["expression-error", "yaql-syntax", 2]


@on_a_node()
async def test_a_fault_says_where_in_the_text_it_is(client: Client) -> None:
    task_id = await a_task(client, "first")

    answer = await client.call(
        "POST", f"/v2/tasks/{task_id}/evaluate", json={"expressions": ["a <% $.x + %>"]}
    )

    (found,) = answer.json()["evaluations"]
    assert (found["error"]["code"], found["error"]["offset"]) == ("yaql-syntax", 10)


@on_a_node()
async def test_after_an_expression_that_went_over_its_budget_nothing_is_evaluated(client: Client) -> None:
    task_id = await a_task(client, "first")
    for_ever = "<% range(9000).select(range(100000).sum()).sum() %>"

    values = await evaluate(client, task_id, "<% 1 %>", for_ever, "<% 2 %>", "<% 3 %>")

    assert values == [1, "over-budget", "not-evaluated", "not-evaluated"]


@on_a_node(admin_projects=())
async def test_whoever_does_not_see_the_task_learns_nothing_of_it(client: Client) -> None:
    task_id = await a_task(client.of("ours"), "first")
    path = f"/v2/tasks/{task_id}/evaluate"

    assert await client.of("theirs").refused("POST", path, expressions=["<% $ %>"]) == (404, "unknown-task")
    assert await client.refused("POST", "/v2/tasks/none/evaluate", expressions=["1"]) == (404, "unknown-task")
    assert await evaluate(client.of("ours"), task_id, "<% $.count %>") == [2]


@on_a_node()
async def test_a_wrong_request_is_refused(client: Client) -> None:
    path = f"/v2/tasks/{await a_task(client, 'first')}/evaluate"
    wrong: list[dict[str, Json]] = [
        {"expressions": []},
        {"expressions": ["1"] * 51},
        {"expressions": [1]},
        {"expressions": ["1"], "context": "during"},
        {"expressions": ["1"], "item": -1},
    ]

    refused = [await client.refused("POST", path, **body) for body in wrong]

    assert refused == [(400, "wrong-attribute")] * len(wrong)


@on_a_node()
async def test_nothing_changes_by_it(client: Client) -> None:
    task_id = await a_task(client, "first")
    before = await client.get(f"/v2/tasks/{task_id}")

    await evaluate(client, task_id, "<% uuid() %>")

    assert await client.get(f"/v2/tasks/{task_id}") == before
