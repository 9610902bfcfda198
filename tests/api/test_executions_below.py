"""What is below an execution or a task: nested lists and the report."""

from typing import Any

from .node_house import Client, data, on_a_node

WORKFLOWS = """
version: '2.0'
top:
  tasks:
    left: {workflow: middle}
    right: {workflow: leaf}
    fails: {workflow: broken, on-error: noop}
middle:
  tasks:
    first: {workflow: leaf}
    second: {workflow: leaf}
leaf:
  tasks:
    only: {action: std.noop}
broken:
  tasks:
    fails: {action: std.fail, retry: {count: 1, delay: 0}}
    works: {workflow: leaf}
asks:
  tasks:
    ask: {action: test.ask}
    waits: {join: all}
    leads: {action: test.ask, on-success: waits}
many:
  tasks:
    call: {with-items: "i in <% range(600) %>", workflow: leaf}
"""


def names(answer: Any) -> list[str]:
    return [execution["workflow_name"] for execution in answer["executions"]]


@on_a_node()
async def test_an_execution_comes_before_those_below_it_depth_first(client: Client) -> None:
    await client.upload(WORKFLOWS)
    top = await client.run("top")
    path = f"/v2/executions/{top['id']}/executions"

    below = await client.get(path)

    assert names(below) == ["top", "middle", "leaf", "leaf", "leaf", "broken", "leaf"]
    assert below["executions"][0] == {name: value for name, value in top.items() if name != "output"}
    assert names(await client.get(f"{path}?max_depth=0")) == ["top"]
    assert names(await client.get(f"{path}?max_depth=1")) == ["top", "middle", "leaf", "broken"]
    assert names(await client.get(f"{path}?errors_only=1")) == ["top", "broken"]
    assert names(await client.get(f"{path}?errors_only=&max_depth=-1")) == names(below)
    with_output = await client.get(f"{path}?include_output=1")
    assert with_output["executions"][0] == top
    assert await client.refused("GET", f"{path}?limit=1") == (400, "unknown-parameter")


@on_a_node()
async def test_the_executions_that_a_task_has_started_are_its_first_level(client: Client) -> None:
    await client.upload(WORKFLOWS)
    top = await client.run("top")
    tasks = await client.tasks(top["id"])

    async def below(task: str, query: str = "") -> list[str]:
        return names(await client.get(f"/v2/tasks/{tasks[task]['id']}/executions?{query}"))

    assert await below("left") == ["middle", "leaf", "leaf"]
    assert await below("left", "max_depth=0") == []
    assert await below("left", "max_depth=1") == ["middle"]
    assert await below("left", "errors_only=1") == []
    assert await below("fails", "errors_only=1") == ["broken"]


@on_a_node()
async def test_however_many_there_are_all_are_found(client: Client) -> None:
    await client.upload(WORKFLOWS)
    many = await client.run("many")

    below = await client.get(f"/v2/executions/{many['id']}/executions")
    report = await client.get(f"/v2/executions/{many['id']}/report")

    assert len(below["executions"]) == 601
    assert [data(each["params"])["index"] for each in below["executions"][1:]] == list(range(600))
    assert report["statistics"]["success_tasks_count"] == 601
    (task,) = report["root_workflow_execution"]["task_executions"]
    runs = [
        run
        for execution in task["workflow_executions"]
        for leaf in execution["task_executions"]
        for run in leaf["action_executions"]
    ]
    assert len({run["id"] for run in runs}) == 600


@on_a_node()
async def test_ids_that_are_none_are_refused_and_unknown_ones_not_found(client: Client) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"

    for path in (
        "executions/{}/executions",
        "executions/{}/report",
        "executions/{}/tasks",
        "tasks/{}/executions",
    ):
        code = f"unknown-{'task' if path.startswith('tasks') else 'execution'}"
        assert await client.refused("GET", f"/v2/{path.format(unknown)}") == (404, code)
        assert await client.refused("GET", f"/v2/{path.format('nothing')}") == (400, "not-a-uuid")
    for path in ("action_executions", "workflow_executions"):
        answer = await client.get(f"/v2/tasks/{unknown}/{path}")
        assert answer == {path.replace("workflow_", ""): []}
        assert await client.refused("GET", f"/v2/tasks/nothing/{path}") == (400, "not-a-uuid")


def outline(execution: Any) -> Any:
    """The names and states of a report: execution → task → runs and sub-executions."""
    return {
        task["name"]: [
            task["state"],
            [run["state"] for run in task["action_executions"]],
            [outline(child) for child in task["workflow_executions"]],
        ]
        for task in execution.get("task_executions", [])
    } or (execution["name"], execution["state"])


@on_a_node()
async def test_a_report_shows_tasks_with_their_runs_and_sub_workflows(client: Client) -> None:
    await client.upload(WORKFLOWS)
    top = await client.run("top")
    path = f"/v2/executions/{top['id']}/report"

    whole = await client.get(path)
    failures = await client.get(f"{path}?errors_only=True")
    flat = await client.get(f"{path}?max_depth=0")
    numbers = await client.get(f"{path}?statistics_only=1")

    leaf = {"only": ["SUCCESS", ["SUCCESS"], []]}
    broken = {"fails": ["ERROR", ["ERROR", "ERROR"], []], "works": ["SUCCESS", [], [leaf]]}
    assert outline(whole["root_workflow_execution"]) == {
        "left": ["SUCCESS", [], [{"first": ["SUCCESS", [], [leaf]], "second": ["SUCCESS", [], [leaf]]}]],
        "right": ["SUCCESS", [], [leaf]],
        "fails": ["ERROR", [], [broken]],
    }
    assert outline(failures["root_workflow_execution"]) == {
        "fails": ["ERROR", [], [{"fails": ["ERROR", ["ERROR", "ERROR"], []]}]]
    }
    assert outline(flat["root_workflow_execution"]) == {
        "left": ["SUCCESS", [], [("middle", "SUCCESS")]],
        "right": ["SUCCESS", [], [("leaf", "SUCCESS")]],
        "fails": ["ERROR", [], [("broken", "ERROR")]],
    }
    assert numbers == {"statistics": whole["statistics"]}
    assert whole["statistics"] == {
        "total_tasks_count": 11,
        "running_tasks_count": 0,
        "success_tasks_count": 9,
        "error_tasks_count": 2,
        "idle_tasks_count": 0,
        "paused_tasks_count": 0,
        "estimated_time": 0,
    }
    assert failures["statistics"] == {**whole["statistics"], "total_tasks_count": 2, "success_tasks_count": 0}


@on_a_node()
async def test_a_reported_task_and_run_have_what_the_command_line_shows(client: Client) -> None:
    await client.upload(WORKFLOWS)
    broken = await client.run("broken")

    report = await client.get(f"/v2/executions/{broken['id']}/report?errors_only=1")

    root = report["root_workflow_execution"]
    (task,) = root["task_executions"]
    (shown,) = [each for each in (await client.tasks(broken["id"])).values() if each["name"] == "fails"]
    common = ("id", "name", "created_at", "updated_at", "state", "state_info")
    assert {name: root[name] for name in common[2:]} == {name: broken[name] for name in common[2:]}
    assert (root["id"], root["name"]) == (broken["id"], "broken")
    assert {name: task[name] for name in common} == {name: shown[name] for name in common}
    assert task["retry_count"] == 1
    runs = {run["id"]: run for run in await client.runs(task["id"])}
    assert task["action_executions"] == [
        {
            "id": run["id"],
            "name": "std.fail",
            "created_at": runs[run["id"]]["created_at"],
            "updated_at": runs[run["id"]]["updated_at"],
            "state": "ERROR",
            "state_info": None,
            "accepted": accepted,
            "last_heartbeat": runs[run["id"]]["updated_at"],
        }
        for run, accepted in zip(task["action_executions"], (False, True), strict=True)
    ]


@on_a_node()
async def test_only_five_states_are_counted_and_time_is_estimated_from_earlier_successes(
    client: Client,
) -> None:
    await client.upload(WORKFLOWS)
    first = await client.start("asks")
    path = f"/v2/executions/{first}/report"

    unknown = (await client.get(path))["statistics"]
    earlier = await client.start("asks")
    await client.put(f"/v2/executions/{earlier}", state="SUCCESS")
    estimated = (await client.get(path))["statistics"]

    assert unknown == {
        "total_tasks_count": 2,
        "running_tasks_count": 2,
        "success_tasks_count": 0,
        "error_tasks_count": 0,
        "idle_tasks_count": 0,
        "paused_tasks_count": 0,
        "estimated_time": -1,
    }
    # The first has run for longer already than the second took.
    assert estimated == {**unknown, "estimated_time": 1}
