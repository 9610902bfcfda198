"""Generated workflows come to the same end on the pure core and on a real server, through the API alone.

hypothesis makes the workflows, the stage plays them by the rules of the core: that is the oracle. The same
documents go to a server process, whose asynchronous actions are ended over HTTP, several workflows at a time.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from maestrale.core import Result
from maestrale.core.events import ActionCompleted
from maestrale.ids import new_id
from maestrale.testing import laws
from maestrale.testing.stage import Stage
from maestrale.testing.workflows import ACTIONS, AT_ONCE, Program, programs

from ..cli.processes import DEADLINE
from .mistral_client import serving

TOGETHER = 12
"""Workflows that a server has at the same time."""

ROUNDS = max(2, int(os.environ.get("MAESTRALE_KILLS", "60")) // 12)
"""How often; more where more time is."""

ENDED = ("SUCCESS", "ERROR", "CANCELLED")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        serving(tmp_path_factory.mktemp("server")) as base,
        httpx.Client(base_url=base, timeout=DEADLINE, trust_env=False) as client,
    ):
        assert client.post("/actions", content=ACTIONS).status_code == 201
        yield client


@settings(max_examples=ROUNDS, phases=(Phase.generate,))  # Shrinking asks a real server too often.
@given(several=st.lists(programs(AT_ONCE), min_size=TOGETHER, max_size=TOGETHER))
def test_a_server_ends_every_generated_workflow_as_the_pure_core_does(
    api: httpx.Client, several: list[Program]
) -> None:
    ids = [start(api, program) for program in several]

    finish(api, ids)

    for program, id in zip(several, ids, strict=True):
        assert seen(api, id) == foretold(program), program.texts[0]


def fails(task_name: str) -> bool:
    """Whether the asynchronous actions of a task end in an error: by its name, whenever they end."""
    return sum(map(ord, task_name)) % 3 == 0


# The oracle.


def foretold(program: Program) -> dict[str, Any]:
    stage = Stage(*program.texts)
    stage.start(program.workflow, program.input, program.params)
    for _ in range(2_000):
        if runs := stage.open_runs():
            name = stage.state.tasks[runs[0].task_id].name
            result = Result(error={"by": name}) if fails(name) else Result(value={"by": name})
            stage.send(ActionCompleted(runs[0].id, None, result))
        elif not stage.pass_to_next_timer():
            return laws.outcome_of(stage.state)
    raise AssertionError("it does not end")


# The server.


def start(api: httpx.Client, program: Program) -> str:
    """Start a program in a namespace of its own, so that all may call their workflows the same."""
    id = new_id()
    answer = api.post("/workflows", params={"namespace": id}, content=program.texts[0])
    assert answer.status_code == 201, answer.text
    body = {
        "id": id,
        "workflow_name": program.workflow,
        "workflow_namespace": id,
        "input": program.input,
        "params": program.params,
    }
    assert api.post("/executions", json=body).status_code == 201
    return id


def finish(api: httpx.Client, ids: list[str]) -> None:
    """End asynchronous actions until all the executions have ended."""
    end = time.monotonic() + DEADLINE
    while any(get(api, f"/executions/{id}")["state"] not in ENDED for id in ids):
        assert time.monotonic() < end, [get(api, f"/executions/{id}/explain") for id in ids]
        for run in get(api, "/action_executions", state="RUNNING")["action_executions"]:
            name = get(api, f"/tasks/{run['task_execution_id']}")["name"]
            body = {"state": "ERROR" if fails(name) else "SUCCESS", "output": {"by": name}}
            answer = api.put(f"/action_executions/{run['id']}", json=body)
            assert answer.status_code in (200, 400), answer.text  # 400: it was pure and has ended meanwhile.


def seen(api: httpx.Client, id: str) -> dict[str, Any]:
    """The outcome as `laws.outcome_of` tells it, out of what the API shows."""
    root = get(api, f"/executions/{id}")
    executions = get(api, f"/executions/{id}/executions")["executions"]  # The root among them.
    tasks = [
        (execution["workflow_name"], task["name"], task["state"], task["published"])
        for execution in executions
        for task in get(api, f"/executions/{execution['id']}/tasks")["tasks"]
    ]
    output = dict(root["output"] if isinstance(root["output"], dict) else json.loads(root["output"]))
    if root["state"] != "SUCCESS":
        output.pop("result", None)
    return {
        "state": root["state"],
        "output": output,
        "executions": Counter((each["workflow_name"], each["state"]) for each in executions),
        "tasks": Counter(
            (workflow, name, state, json.dumps(json.loads(published or "{}"), sort_keys=True))
            for workflow, name, state, published in tasks
        ),
    }


def get(api: httpx.Client, path: str, **query: str) -> Any:
    answer = api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()
