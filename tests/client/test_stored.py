"""What people store, kept and changed through the client on a real server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestrale.client import Client, Filter, Validation
from maestrale.errors import Conflict, Forbidden, InvalidInput, NotFound

from .house import a_server, collected, names

KNOWN = {"X-Identity-Status": "Confirmed", "X-Roles": "member"}
"""What a proxy says that has checked who comes."""

BOOK = """
version: '2.0'
name: book
workflows:
  main: {tasks: {t: {action: shout text=hey}}}
actions:
  shout: {input: [text], base: std.echo, base-input: {output: <% $.text %>}}
"""

DOUBLE = """
class Double:
    def __init__(self, n):
        self.n = n

    def run(self):
        return self.n * 2
"""

ONE = "version: '2.0'\none: {tasks: {t: {action: std.noop}}}\n"
TWO = ONE.replace("one:", "two:")
SAY = "version: '2.0'\nsay: {input: [x: 1], base: std.echo, base-input: {output: <% $.x %>}}\n"


async def test_a_workbook_brings_its_workflows_and_actions(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        made = await client.workbooks.create(BOOK, namespace="ns")
        same = await client.workbooks.update(BOOK, namespace="ns")
        got = await client.workbooks.get("book", namespace="ns")
        workflow = await client.workflows.get("book.main", namespace="ns")
        action = await client.actions.get("book.shout", namespace="ns")
        listed = await collected(client.workbooks.list(namespace="ns"))
        await client.workbooks.delete("book", namespace="ns")
        with pytest.raises(NotFound):
            await client.workbooks.get("book", namespace="ns")

    assert got == made == same == listed[0]
    assert (got.definition, got.namespace, got.updated_at) == (BOOK, "ns", None)
    assert (workflow.checksum, action.input) == (None, "text")


async def test_workflows_are_stored_changed_and_deleted(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        (made,) = await client.workflows.create(ONE)
        with pytest.raises(Conflict) as taken:
            await client.workflows.create(ONE)
        (public,) = await client.workflows.update(ONE, scope="public")
        (renamed,) = await client.workflows.update(TWO, id=made.id)
        got = await client.workflows.get(made.id)
        await client.workflows.delete("two")
        with pytest.raises(NotFound):
            await client.workflows.delete("two")

    assert taken.value.code == "name-taken"
    assert (made.name, made.interface, made.updated_at) == ("one", {"input": [], "output": []}, None)
    assert (public.scope, renamed.name, renamed.scope) == ("public", "two", "private")
    assert got == renamed


async def test_the_parameters_of_a_workflow_come_as_data(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        workflow = await client.workflows.get("greet")

    assert workflow.input == 'name, greeting="Hello"'
    assert workflow.interface == {"input": ["name", {"greeting": "Hello"}], "output": ["text"]}


async def test_definitions_are_validated_without_being_stored(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        good = await client.workflows.validate(ONE)
        bad = await client.workbooks.validate("version: '2.0'\nname: b\nworkflows: 1\n")
        action = await client.actions.validate(SAY)
        stored = await collected(client.workflows.list(name="one"))

    assert (good, action, stored) == (Validation(True), Validation(True), [])
    assert bad.valid is False and bad.error is not None and "`workflows`" in bad.error


async def test_actions_of_all_kinds_are_listed_together(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        (made,) = await client.actions.create(SAY)
        (changed,) = await client.actions.update(SAY.replace("x: 1", "x: 2"))
        noop = await client.actions.get("std.noop")
        run = await client.action_executions.run("say")
        listed = await collected(client.actions.list(name=["say", "std.noop"]))
        await client.actions.delete("say")
        with pytest.raises(NotFound):
            await client.actions.get("say")

    assert (made.name, changed.id, changed.created_at) == ("say", made.id, made.created_at)
    assert (noop.id, noop.created_at, noop.tags) == ("std.noop", None, ())
    assert run.output == {"result": 2}
    assert names(listed) == ["say", "std.noop"]


async def test_environments_are_kept_and_used_by_name(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        made = await client.environments.create("dev", {"a": {"b": [1, None]}}, description="for tests")
        execution = await client.executions.start("greet", input={"name": "Ada"}, env="dev")
        changed = await client.environments.update("dev", variables={"c": 1})
        got = await client.environments.get("dev")
        await client.environments.delete("dev")
        left = await collected(client.environments.list())

    assert (made.variables, made.description) == ({"a": {"b": [1, None]}}, "for tests")
    assert execution.params == {"namespace": "", "env": {"a": {"b": [1, None]}}}
    assert (changed.variables, got, left) == ({"c": 1}, changed, [])


async def test_cron_triggers_have_a_next_time(tmp_path: Path) -> None:
    first = (datetime.now(UTC) + timedelta(days=2)).replace(second=0, microsecond=0)
    async with a_server(tmp_path) as client:
        made = await client.cron_triggers.create(
            "often", "greet", pattern="*/5 * * * *", first_time=first, count=3, input={"name": "Ada"}
        )
        got = await client.cron_triggers.get(made.id)
        listed = await collected(client.cron_triggers.list(remaining_executions=3))
        with pytest.raises(InvalidInput) as wrong:
            await client.cron_triggers.create("wrong", "greet", pattern="never")
        await client.cron_triggers.delete("often")

    assert got == made == listed[0]
    assert (made.next_execution_time, made.first_execution_time) == (first, first)
    assert (made.workflow_name, made.workflow_input, made.remaining_executions) == (
        "greet",
        {"name": "Ada"},
        3,
    )
    assert "never" in wrong.value.message


async def test_an_instant_without_a_zone_is_refused() -> None:
    async with Client() as client:
        with pytest.raises(InvalidInput) as refused:
            await client.cron_triggers.create("t", "w", first_time=datetime(2026, 1, 1))  # noqa: DTZ001

    assert refused.value.code == "naive-instant"


async def test_event_triggers_are_kept_and_changed(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        workflow = await client.workflows.get("greet")
        made = await client.event_triggers.create(
            workflow.id, exchange="nova", topic="events", event="created", name="t", input={"name": "Ada"}
        )
        changed = await client.event_triggers.update(made.id, name="other")
        got = await client.event_triggers.get(made.id)
        listed = await collected(client.event_triggers.list())
        await client.event_triggers.delete(made.id)

    assert (made.exchange, made.topic, made.event, made.workflow_input) == (
        "nova",
        "events",
        "created",
        {"name": "Ada"},
    )
    assert (changed.name, changed.workflow_input) == ("other", {"name": "Ada"})
    assert [got] == listed == [changed]


async def test_a_workflow_is_shared_to_a_project_that_accepts_it(tmp_path: Path) -> None:
    async with (
        a_server(tmp_path, auth_mode="trusted-headers", project="p1", headers=KNOWN) as owner,
        Client(owner.url, project="p2", headers=KNOWN) as member,
    ):
        (workflow,) = await owner.workflows.create(ONE)
        offered = await owner.members.create(workflow.id, "p2")
        with pytest.raises(NotFound):
            await member.workflows.get(workflow.id)
        accepted = await member.members.update(workflow.id, "p2", status="accepted")
        seen = await member.workflows.get("one")
        with pytest.raises(Forbidden):
            await member.workflows.delete(workflow.id)
        listed = await owner.members.list(workflow.id)
        await owner.members.delete(workflow.id, "p2")
        with pytest.raises(NotFound):
            await owner.members.get(workflow.id, "p2")

    assert (offered.status, offered.project_id, offered.member_id) == ("pending", "p1", "p2")
    assert listed == (accepted,)
    assert seen.id == workflow.id


async def test_a_class_of_a_code_source_becomes_an_action(tmp_path: Path) -> None:
    source = DOUBLE
    async with a_server(tmp_path) as client:
        made = await client.code_sources.create("maths", source)
        action = await client.dynamic_actions.create("double", "Double", "maths")
        run = await client.action_executions.run("double", {"n": 4})
        changed = await client.code_sources.update("maths", source.replace("* 2", "* 3"))
        again = await client.action_executions.run("double", {"n": 4})
        same = await client.dynamic_actions.update("double", code_source=made.id)
        listed = await collected(client.dynamic_actions.list(name="double"))
        got = await client.dynamic_actions.get("double")
        await client.dynamic_actions.delete("double")
        await client.code_sources.delete("maths")
        left = await collected(client.code_sources.list())

    assert (made.content, made.version, changed.version) == (source, 1, 2)
    assert (action.class_name, action.code_source_id) == ("Double", made.id)
    assert (run.output, again.output) == ({"result": 8}, {"result": 12})
    assert [got] == listed == [same]
    assert left == []


async def test_the_service_is_paused_and_resumed(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        before = await client.maintenance.status()
        pausing = await client.maintenance.pause()
        while await client.maintenance.status() != "PAUSED":
            pass
        with pytest.raises(Conflict) as refused:
            await client.executions.start("ask")
        running = await client.maintenance.resume()
        execution = await client.executions.start("ask")

    assert (before, pausing, running) == ("RUNNING", "PAUSING", "RUNNING")
    assert refused.value.code == "maintenance"
    assert execution.state == "RUNNING"


async def test_a_list_pages_by_itself_in_any_order(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        for number in range(5):
            await client.environments.create(f"e{number}", {"number": number})
        backwards = await collected(client.environments.list(sort="-name"))
        first = await collected(client.environments.list(sort=["scope", "name"], limit=2))

    assert names(backwards) == ["e4", "e3", "e2", "e1", "e0"]
    assert names(first) == ["e0", "e1"]


async def test_filters_compare_as_they_say(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        await client.environments.create("in:box", {"a": 1})
        await client.environments.create("box", {"b": 1})
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)

        async def found(**filters: object) -> list[str]:
            return names(await collected(client.environments.list(sort="name", **filters)))  # type: ignore[arg-type]

        assert await found(name="in:box") == ["in:box"]
        assert await found(name=["box", "in:box"]) == ["box", "in:box"]
        assert await found(name=Filter("has", "in")) == ["in:box"]
        assert await found(name=Filter("nin", ["box"])) == ["in:box"]
        assert await found(variables={"b": 1}) == ["box"]
        assert await found(created_at=Filter("gt", long_ago)) == ["box", "in:box"]
        assert await found(created_at=long_ago) == []
        assert await found(name=None) == ["box", "in:box"]


async def test_odd_names_are_found_again(tmp_path: Path) -> None:
    async with a_server(tmp_path) as client:
        for name in ("..", "a/b", "ü%20?#", "."):
            made = await client.environments.create(name, {"x": 1})
            assert await client.environments.get(name) == made
            await client.environments.delete(name)


async def test_an_empty_name_does_not_become_the_collection() -> None:
    async with Client() as client:
        with pytest.raises(InvalidInput) as refused:
            await client.executions.delete("")

    assert refused.value.code == "empty-id"


async def test_the_stored_text_is_the_one_that_was_sent(tmp_path: Path) -> None:
    text = "# größe\n" + ONE
    async with a_server(tmp_path) as client:
        (made,) = await client.workflows.create(text)

    assert made.definition == text
