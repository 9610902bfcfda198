"""The Python library of the `mistral` client, unmodified: every method of every manager.

And what a dashboard does with it.
"""

import inspect
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.mistral_client import (
    TIME,
    APIException,
    Mistral,
    an_id,
    eventually,
    library,
    normalised_data,
    serving,
)

PROJECT = "<default-project>"
UNKNOWN = "0123abcd-0000-4000-8000-000000000000"

WORKFLOW = """version: '2.0'

errand:
  input: [what]
  output: {{bought: <% $.bought %>}}
  tasks:
    go:
      action: std.async_noop
      publish: {{bought: <% task().result %>}}
{extra}"""

PARENT = """version: '2.0'
household:
  tasks:
    send:
      workflow: errand what="milk"
"""

ONE = """version: '2.0'
one:
  input: [a, {b: 1}]
  output: {c: 1}
  tags: [t]
  tasks: {only: {action: std.noop}}
"""

ACTION = "version: '2.0'\nfetch: {input: [what], base: std.echo output=<% $.what %>}\n"

WORKBOOK = """version: '2.0'
name: shop
workflows:
  open: {tasks: {unlock: {action: std.noop}}}
"""

SOURCE = """
class Double:
    def __init__(self, number):
        self.number = number

    def run(self, context):
        return 2 * self.number
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("server")) as base:
        yield base


@pytest.fixture(scope="module")
def mistral(base: str) -> Any:
    mistral = library.client(mistral_url=base)
    mistral.workflows.create(WORKFLOW.format(extra=""))
    mistral.workflows.create(PARENT)
    return mistral


def data(resources: Any) -> Any:
    """What the server sent, normalised."""
    several = isinstance(resources, list)
    return normalised_data([one.to_dict() for one in resources] if several else resources.to_dict())


def refused(status: int, call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(APIException) as refusal:
        call(*arguments, **options)
    assert refusal.value.error_code == status, refusal.value
    return str(refusal.value)


def run_of(mistral: Any, execution: Any) -> Any:
    """The action execution of the only task of an errand."""
    task = eventually(lambda: mistral.tasks.list(execution.id))[0]
    return eventually(lambda: mistral.action_executions.list(task.id))[0]


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    assert set(names) <= set(row)
    return {name: value for name, value in row.items() if name not in names}


def test_every_method_of_every_manager_is_called_here() -> None:
    managers = vars(library.client(mistral_url="http://127.0.0.1:1/v2"))
    here = Path(__file__).read_text()

    missing = [
        f"{name}.{method}"
        for name, manager in managers.items()
        for method, _ in inspect.getmembers(manager, inspect.ismethod)
        if not method.startswith("_") and not hasattr(type(manager).__mro__[1], method)
        if f"mistral.{name}.{method}" not in here
    ]

    assert missing == []


def test_workflows(mistral: Any) -> None:
    created = mistral.workflows.create(text := ONE)
    interface = {"input": ["a", {"b": 1}], "output": ["c"]}
    row = {
        "id": an_id(1),
        "name": "one",
        "namespace": "",
        "input": 'a, b="1"',
        "interface": interface,
        "definition": text,
        "checksum": created[0].checksum,
        "tags": ["t"],
        "scope": "private",
        "project_id": PROJECT,
        "created_at": TIME,
    }
    shown = row | {"interface": json.dumps(interface), "updated_at": None}

    assert data(created) == [row]
    assert data(mistral.workflows.get("one")) == shown
    assert data(mistral.workflows.get(created[0].id)) == shown
    assert data(mistral.workflows.list(name="one")) == [shown]
    assert data(mistral.workflows.list(name="one", fields=["id", "name"])) == [
        {"id": an_id(1), "name": "one"}
    ]
    assert [found.name for found in mistral.workflows.find(name="one")] == ["one"]
    assert mistral.workflows.validate(text) == {"valid": True}
    changed = text.replace("tags: [t]", "tags: [u]")
    updated = mistral.workflows.update(changed, id=created[0].id)
    assert data(updated) == row | {
        "definition": changed,
        "tags": ["u"],
        "checksum": updated.checksum,
        "updated_at": TIME,
    }
    assert updated.checksum != created[0].checksum
    assert [one.updated_at for one in mistral.workflows.update(changed)] == [updated.updated_at]
    assert mistral.workflows.delete("one") is None
    assert "one" in refused(404, mistral.workflows.get, "one")
    assert refused(404, mistral.workflows.delete, "one")
    assert refused(400, mistral.workflows.create, "version: '2.0'\nbad: {}\n")


def test_a_definition_may_be_the_path_of_a_file(mistral: Any, tmp_path: Path) -> None:
    (tmp_path / "workflow.yaml").write_text("version: '2.0'\nfiled: {tasks: {only: {action: std.noop}}}\n")

    created = mistral.workflows.create(str(tmp_path / "workflow.yaml"), namespace="drawer", scope="public")

    assert [(one.name, one.namespace, one.scope) for one in created] == [("filed", "drawer", "public")]
    assert mistral.workflows.get("filed", "drawer").id == created[0].id
    mistral.workflows.delete("filed", "drawer")


def test_workbooks(mistral: Any) -> None:
    created = mistral.workbooks.create(WORKBOOK)
    row = {
        "id": an_id(1),
        "name": "shop",
        "namespace": "",
        "definition": WORKBOOK,
        "tags": [],
        "scope": "private",
        "project_id": PROJECT,
        "created_at": TIME,
    }

    assert data(created) == row
    assert data(mistral.workbooks.get("shop")) == row | {"updated_at": None}
    assert data(mistral.workbooks.list(name="shop")) == [row | {"updated_at": None}]
    assert data(mistral.workbooks.update(WORKBOOK + "tags: [town]\n")) == row | {
        "definition": WORKBOOK + "tags: [town]\n",
        "tags": ["town"],
        "updated_at": TIME,
    }
    assert mistral.workbooks.validate(WORKBOOK) == {"valid": True}
    verdict = mistral.workbooks.validate("version: '2.0'\nname: [\n")
    assert (verdict["valid"], bool(verdict["error"])) == (False, True)
    assert mistral.workbooks.delete("shop") is None
    assert refused(404, mistral.workbooks.get, "shop")
    assert mistral.workflows.get("shop.open").checksum is None


def test_actions(mistral: Any) -> None:
    created = mistral.actions.create(ACTION)
    row = {
        "id": an_id(1),
        "name": "fetch",
        "namespace": "",
        "is_system": False,
        "input": "what",
        "description": None,
        "tags": [],
        "definition": ACTION,
        "scope": "private",
        "project_id": PROJECT,
        "created_at": TIME,
    }

    assert data(created) == [row]
    assert data(mistral.actions.get("fetch")) == row | {"updated_at": None}
    assert data(mistral.actions.list(name="fetch")) == [row | {"updated_at": None}]
    changed = ACTION + "# with love\n"
    assert data(mistral.actions.update(changed, id=created[0].id)) == [
        row | {"definition": changed, "updated_at": TIME}
    ]
    assert mistral.actions.validate(ACTION) == {"valid": True}
    assert mistral.actions.delete("fetch") is None
    assert refused(404, mistral.actions.get, "fetch")
    built_in = mistral.actions.get("std.noop").to_dict()
    assert without(built_in, "description") == {
        "id": "std.noop",
        "name": "std.noop",
        "namespace": "",
        "is_system": False,
        "input": "",
        "tags": None,
        "definition": "",
        "scope": None,
        "project_id": None,
        "created_at": "",
        "updated_at": "",
    }
    page = mistral.actions.list(limit=2, sort_keys="name", sort_dirs="asc")
    assert len(page) == 2
    after = mistral.actions.list(limit=1, sort_keys="name", sort_dirs="asc", marker=page[0].id)
    assert [one.id for one in after] == [page[1].id]


def test_executions(mistral: Any, base: str) -> None:
    created = mistral.executions.create(
        "errand", workflow_input={"what": "milk"}, description="Go now.", env={"shop": "corner"}
    )
    row: dict[str, Any] = {
        "id": an_id(1),
        "workflow_id": an_id(2),
        "workflow_name": "errand",
        "workflow_namespace": "",
        "description": "Go now.",
        "tags": [],
        "params": json.dumps({"env": {"shop": "corner"}, "namespace": ""}),
        "task_execution_id": None,
        "root_execution_id": None,
        "state": "RUNNING",
        "state_info": None,
        "input": json.dumps({"what": "milk"}),
        "output": "{}",
        "created_at": TIME,
        "updated_at": TIME,
        "project_id": PROJECT,
    }

    assert same_execution(data(created), row)
    assert same_execution(data(mistral.executions.get(created.id)), row | {"published_global": "{}"})
    brief = without(row, "output")
    assert same_execution(data(mistral.executions.list(description="Go now.")[0]), brief)
    with_output = mistral.executions.list(description="Go now.", include_output=True)
    assert same_execution(data(with_output[0]), row)
    described = mistral.executions.update(created.id, None, description="Go later.")
    assert data(described) == without(brief, "params", "input") | {"description": "Go later."}
    paused = mistral.executions.update(created.id, "PAUSED")
    assert paused.state == "PAUSED"
    changed = mistral.executions.update(created.id, None, env={"shop": "market"})
    assert json.loads(changed.params)["env"] == {"shop": "market"}
    assert {"input", "output"} & set(changed.to_dict()) == set()
    assert mistral.executions.update(created.id, "RUNNING").state == "RUNNING"
    assert refused(403, mistral.executions.delete, created.id)
    mistral.action_executions.update(run_of(mistral, created).id, "SUCCESS", {"milk": 2})
    ended = Mistral(base).ended(created.id)
    assert (ended["state"], json.loads(ended["output"])) == ("SUCCESS", {"bought": {"milk": 2}})
    copy = mistral.executions.create(source_execution_id=created.id)
    assert json.loads(copy.input) == {"what": "milk"}
    assert copy.description == f"Based on the execution '{created.id}'"
    assert mistral.executions.delete(created.id) is None
    assert mistral.executions.delete(copy.id, force=True) is None
    assert created.id in refused(404, mistral.executions.get, created.id)


def same_execution(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Compare them with their JSON texts read: the order of keys has no meaning."""
    texts = ("params", "input")
    read = [
        {name: json.loads(value) if name in texts else value for name, value in row.items()}
        for row in (found, expected)
    ]
    assert read[0] == read[1]
    return True


def test_an_execution_asked_for_twice_with_one_id_is_started_once(mistral: Any) -> None:
    body = {"id": "chosen-by-the-caller", "workflow_name": "errand", "input": '{"what": "eggs"}'}
    first = mistral.executions._create("/executions", body)

    again = mistral.executions._create("/executions", {"id": "chosen-by-the-caller"})

    assert first.id == again.id == "chosen-by-the-caller"
    assert again.input == '{"what": "eggs"}'
    mistral.executions.delete("chosen-by-the-caller", force=True)


def test_the_report_and_the_executions_below(mistral: Any) -> None:
    execution = mistral.executions.create("household")

    report = eventually(
        lambda: mistral.executions.get_report(execution.id, errors_only=False),
        lambda report: "std.async_noop" in json.dumps(report),
    )

    counts = dict.fromkeys(("error", "idle", "paused", "success"), 0) | {"running": 2, "total": 2}
    statistics = {f"{name}_tasks_count": count for name, count in counts.items()} | {"estimated_time": -1}
    times = {"created_at": TIME, "updated_at": TIME}
    found = normalised_data(report)
    action = {
        "id": an_id(5),
        "name": "std.async_noop",
        **times,
        "state": "RUNNING",
        "state_info": None,
        "accepted": False,
    }
    below = found["root_workflow_execution"]["task_executions"][0]["workflow_executions"][0]
    beat = below["task_executions"][0]["action_executions"][0].pop("last_heartbeat")
    assert beat in (None, TIME)
    running = {"state": "RUNNING", "state_info": None}
    inner_task: dict[str, Any] = {"id": an_id(4), "name": "go", **times, **running}
    inner_task |= {"action_executions": [action], "workflow_executions": []}
    inner = {"id": an_id(3), "name": "errand", **times, **running, "task_executions": [inner_task]}
    outer_task: dict[str, Any] = {"id": an_id(2), "name": "send", **times, **running}
    outer_task |= {"action_executions": [], "workflow_executions": [inner]}
    outer = {"id": an_id(1), "name": "household", **times, **running, "task_executions": [outer_task]}
    assert by_order_of_ids(found) == by_order_of_ids(
        {"statistics": statistics, "root_workflow_execution": outer}
    )
    only = mistral.executions.get_report(execution.id, statistics_only=True)
    assert list(only) == ["statistics"]
    below = mistral.executions.get_ex_sub_executions(execution.id)
    assert [one.workflow_name for one in below] == ["household", "errand"]
    task = mistral.tasks.list(execution.id)[0]
    assert [one.id for one in mistral.tasks.get_task_sub_executions(task.id)] == [below[1].id]
    assert [one.id for one in mistral.executions.list(task=task.id)] == [below[1].id]
    roots = mistral.executions.list(nulls="root_execution_id", workflow_name="errand", sort_keys="created_at")
    assert below[1].id not in [one.id for one in roots]
    mistral.executions.delete(execution.id, force=True)


def by_order_of_ids(value: Any) -> Any:
    """The same with ids numbered again in the order of sorted keys, which both sides have."""
    return normalised_data(json.loads(json.dumps(value, sort_keys=True)))


def test_tasks(mistral: Any, base: str) -> None:
    execution = mistral.executions.create("errand", workflow_input={"what": "salt"})
    found = eventually(lambda: mistral.tasks.list(execution.id))
    row: dict[str, Any] = {
        "id": an_id(1),
        "name": "go",
        "type": "ACTION",
        "workflow_name": "errand",
        "workflow_namespace": "",
        "workflow_id": an_id(2),
        "workflow_execution_id": an_id(3),
        "tags": [],
        "state": "RUNNING",
        "state_info": None,
        "project_id": PROJECT,
        "runtime_context": "{}",
        "published": "{}",
        "processed": False,
        "created_at": TIME,
        "updated_at": TIME,
        "started_at": TIME,
        "finished_at": None,
    }

    assert by_order_of_ids(data(found)) == by_order_of_ids([row])
    assert by_order_of_ids(data(mistral.tasks.get(found[0].id))) == by_order_of_ids(row | {"result": "[]"})
    assert mistral.tasks.list(workflow_execution_id=execution.id, state="SUCCESS") == []
    assert refused(400, mistral.tasks.rerun, found[0].id)
    mistral.action_executions.update(run_of(mistral, execution).id, "ERROR", {"why": "closed"})
    assert Mistral(base).ended(execution.id)["state"] == "ERROR"
    rerun = mistral.tasks.rerun(found[0].id, env={"shop": "other"})
    assert (rerun.id, rerun.state) == (found[0].id, "RUNNING")
    assert json.loads(mistral.executions.get(execution.id).params)["env"] == {"shop": "other"}
    mistral.executions.delete(execution.id, force=True)
    assert refused(404, mistral.tasks.get, found[0].id)


def test_action_executions(mistral: Any) -> None:
    execution = mistral.executions.create("errand", workflow_input={"what": "salt"})
    task = eventually(lambda: mistral.tasks.list(execution.id))[0]
    found = eventually(lambda: mistral.action_executions.list(task.id))
    row = {
        "id": an_id(1),
        "name": "std.async_noop",
        "workflow_name": "errand",
        "workflow_namespace": "",
        "task_execution_id": an_id(2),
        "state": "RUNNING",
        "state_info": None,
        "tags": found[0].tags,
        "description": found[0].description,
        "project_id": PROJECT,
        "accepted": False,
        "input": "{}",
        "created_at": TIME,
        "updated_at": TIME,
    }

    assert found[0].tags in (None, [])
    assert by_order_of_ids(data(found)) == by_order_of_ids([row])
    newest = mistral.action_executions.list(limit=1, sort_keys="created_at", sort_dirs="desc")
    assert [one.id for one in newest] == [found[0].id]
    whole = row | {"output": None}
    assert by_order_of_ids(data(mistral.action_executions.get(found[0].id))) == by_order_of_ids(whole)
    done = mistral.action_executions.update(found[0].id, "SUCCESS", {"salt": 1})
    assert json.loads(done.output) == {"result": {"salt": 1}}
    assert (done.state, done.accepted) == ("SUCCESS", True)
    unsaved = mistral.action_executions.create("std.echo", {"output": [1]})
    nothing = ("id", "workflow_name", "project_id", "accepted", "created_at", "updated_at")
    assert {name: getattr(unsaved, name) for name in nothing} == dict.fromkeys(nothing)
    assert (unsaved.state, json.loads(unsaved.output)) == ("SUCCESS", {"result": [1]})
    saved = mistral.action_executions.create("std.async_noop", save_result=True, timeout=3600)
    assert (saved.state, saved.output, saved.accepted, saved.updated_at) == ("RUNNING", None, False, None)
    assert refused(403, mistral.action_executions.delete, saved.id), "this server does not allow it"
    assert refused(400, mistral.action_executions.create, "no.such.action")
    assert refused(404, mistral.action_executions.get, UNKNOWN)


def test_environments(mistral: Any, tmp_path: Path) -> None:
    created = mistral.environments.create(
        name="lab", description="D", variables={"a": {"b": 1}}, scope="public"
    )
    row = {
        "id": an_id(1),
        "name": "lab",
        "description": "D",
        "variables": '{"a": {"b": 1}}',
        "scope": "public",
        "project_id": PROJECT,
        "created_at": TIME,
    }

    assert data(created) == row
    assert created.variables == {"a": {"b": 1}}
    assert data(mistral.environments.get("lab")) == row | {"updated_at": None}
    assert data(mistral.environments.list(name="lab")) == [row | {"updated_at": None}]
    updated = mistral.environments.update(name="lab", variables={"c": 2})
    assert data(updated) == row | {"variables": '{"c": 2}', "updated_at": TIME}
    assert mistral.environments.delete("lab") is None
    assert refused(404, mistral.environments.get, "lab")
    (tmp_path / "env.yaml").write_text("name: filed\nvariables: {a: 1}\n")
    filed = mistral.environments.create(file=str(tmp_path / "env.yaml"))
    assert "description" not in filed.to_dict()
    mistral.environments.delete("filed")


def test_cron_triggers(mistral: Any) -> None:
    workflow = mistral.workflows.get("errand").id
    created = mistral.cron_triggers.create(
        "weekly", workflow, {"what": "tea"}, {"env": {"shop": "corner"}}, pattern="0 0 1 1 *", count=2
    )
    row = {
        "id": an_id(1),
        "name": "weekly",
        "workflow_name": "errand",
        "workflow_id": an_id(2),
        "workflow_input": '{"what": "tea"}',
        "workflow_params": '{"env": {"shop": "corner"}}',
        "project_id": PROJECT,
        "scope": "private",
        "pattern": "0 0 1 1 *",
        "remaining_executions": 2,
        "first_execution_time": None,
        "next_execution_time": TIME,
        "created_at": TIME,
    }

    assert created.next_execution_time == f"{datetime.now(UTC).year + 1}-01-01 00:00:00"
    assert by_order_of_ids(data(created)) == by_order_of_ids(row)
    shown = by_order_of_ids(row | {"updated_at": None})
    assert by_order_of_ids(data(mistral.cron_triggers.get("weekly"))) == shown
    assert by_order_of_ids(data(mistral.cron_triggers.get(created.id))) == shown
    assert [by_order_of_ids(one) for one in data(mistral.cron_triggers.list(name="weekly"))] == [shown]
    assert refused(409, mistral.cron_triggers.create, "weekly", "errand", {"what": "x"}, pattern="0 0 1 1 *")
    assert refused(400, mistral.workflows.delete, "errand")
    assert mistral.cron_triggers.delete("weekly") is None
    assert refused(404, mistral.cron_triggers.get, "weekly")


def test_event_triggers(mistral: Any) -> None:
    workflow = mistral.workflows.get("errand").id
    created = mistral.event_triggers.create(
        "hungry", workflow, "kitchen", "stomach", "growl", {"what": "bread"}, {"env": {}}
    )
    row = {
        "id": an_id(1),
        "name": "hungry",
        "workflow_id": an_id(2),
        "workflow_input": '{"what": "bread"}',
        "workflow_params": '{"env": {}}',
        "exchange": "kitchen",
        "topic": "stomach",
        "event": "growl",
        "scope": "private",
        "project_id": PROJECT,
        "created_at": TIME,
        "updated_at": None,
    }

    assert by_order_of_ids(data(created)) == by_order_of_ids(row)
    assert by_order_of_ids(data(mistral.event_triggers.get(created.id))) == by_order_of_ids(row)
    assert by_order_of_ids(data(mistral.event_triggers.list())) == by_order_of_ids([row])
    assert refused(400, mistral.workflows.delete, "errand")
    assert mistral.event_triggers.delete(created.id) is None
    assert refused(404, mistral.event_triggers.get, created.id)


def test_code_sources_and_dynamic_actions(mistral: Any) -> None:
    source = mistral.code_sources.create("numbers", SOURCE)
    row = {
        "id": an_id(1),
        "name": "numbers",
        "namespace": "",
        "content": SOURCE,
        "version": 1,
        "project_id": PROJECT,
        "scope": "private",
        "created_at": TIME,
    }
    assert data(source) == row
    assert data(mistral.code_sources.get("numbers")) == row | {"updated_at": None}
    assert data(mistral.code_sources.list(name="numbers")) == [row | {"updated_at": None}]
    changed = mistral.code_sources.update(source.id, SOURCE + "# more\n")
    assert data(changed) == row | {"content": SOURCE + "# more\n", "version": 2, "updated_at": TIME}

    action = mistral.dynamic_actions.create("double", "Double", source.id)
    expected = {
        "id": an_id(1),
        "name": "double",
        "namespace": "",
        "code_source_id": an_id(2),
        "code_source_name": "numbers",
        "class_name": "Double",
        "project_id": PROJECT,
        "scope": "private",
        "created_at": TIME,
    }
    assert by_order_of_ids(data(action)) == by_order_of_ids(expected)
    shown = by_order_of_ids(expected | {"updated_at": None})
    assert by_order_of_ids(data(mistral.dynamic_actions.get("double"))) == shown
    assert by_order_of_ids(data(mistral.dynamic_actions.list(name="double")[0])) == shown
    result = mistral.action_executions.create("double", {"number": 21})
    assert json.loads(result.output) == {"result": 42}
    updated = mistral.dynamic_actions.update("double", class_name="Double", scope="public")
    assert (updated.id, updated.scope) == (action.id, "public")
    assert mistral.dynamic_actions.delete(action.id) is None
    assert refused(404, mistral.dynamic_actions.get, "double")
    assert mistral.code_sources.delete("numbers") is None
    assert refused(404, mistral.code_sources.get, "numbers")


def test_the_members_of_a_workflow_are_not_shared_where_nobody_says_who_asks(mistral: Any) -> None:
    """Sharing itself is driven in `test_mistral_members.py`, with the methods of this manager."""
    workflow = mistral.workflows.get("errand").id

    assert refused(400, mistral.members.create, workflow, "workflow", "guest")
    assert refused(400, mistral.members.list, workflow, "workflow")
    assert refused(400, mistral.members.get, workflow, "workflow", "guest")
    assert refused(400, mistral.members.update, workflow, "workflow", "guest")
    assert refused(400, mistral.members.delete, workflow, "workflow", "guest")


def test_a_dashboard_works_with_a_token_and_a_project_of_its_own(base: str) -> None:
    dashboard = library.client(
        mistral_url=base, auth_token="t0ken", project_id="c0ffee00c0ffee00c0ffee00c0ffee00"
    )
    page = {"marker": None, "limit": 1000, "sort_keys": "created_at", "sort_dirs": "desc"}
    workflow = dashboard.workflows.create(
        "version: '2.0'\nmine: {tasks: {only: {action: std.async_noop}}}\n"
    )[0]
    execution = dashboard.executions.create(workflow.id)

    assert execution.project_id == workflow.project_id == "c0ffee00c0ffee00c0ffee00c0ffee00"
    assert [one.id for one in dashboard.workflows.list(**page)] == [workflow.id]
    assert [one.id for one in dashboard.executions.list(**page)] == [execution.id]
    tasks = eventually(lambda: dashboard.tasks.list(**page))
    assert [one.workflow_execution_id for one in tasks] == [execution.id]
    runs = eventually(lambda: dashboard.action_executions.list(**page))
    assert [one.task_execution_id for one in runs] == [tasks[0].id]
    assert dashboard.workbooks.list(**page) == []
    assert dashboard.cron_triggers.list(**page) == []
    assert "std.noop" in [one.name for one in dashboard.actions.list(**page)]
    shown = dashboard.executions.get(execution.id)
    assert [json.loads(text) for text in (shown.input, shown.output)] == [{}, {}]
    assert json.loads(dashboard.tasks.get(tasks[0].id).result) == []
    other = library.client(mistral_url=base, auth_token="t0ken", project_id="decaf")
    assert other.workflows.list(**page) == []
    assert workflow.id in refused(404, other.workflows.get, workflow.id)
    assert refused(403, dashboard.workflows.update, workflow.definition, scope="public")
    dashboard.executions.delete(execution.id, force=True)
    dashboard.workflows.delete(workflow.id)
