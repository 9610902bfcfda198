"""What is stored can be run, by a real node."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from maestrale.core.state import Execution
from maestrale.definitions.actions import create_actions
from maestrale.definitions.code_sources import create_code_source
from maestrale.definitions.dynamic_actions import create_dynamic_action
from maestrale.definitions.workbooks import create_workbook
from maestrale.definitions.workflows import create_workflows
from maestrale.engine.stored import StoredStart, find_start
from maestrale.main import Node
from maestrale.store import Store
from tests.definitions.texts import ADMIN, ANN, actions, workbook, workflows

NOW = datetime(2030, 1, 1, tzinfo=UTC)

SOURCE = """\
import os
class Adder:
    def __init__(self, mod, b=2, sep=os.sep, größe=None):
        self.value = [mod, b, sep, größe]
    def run(self, context):
        return self.value
"""


def outcome(
    store_all: Callable[[Store], Any], workflow: str, *, namespace: str = "", **input: Any
) -> Execution:
    """How a workflow of Ann's ends, after these things were stored."""

    async def play() -> Execution:
        async with Node("sqlite://") as node:
            await node.engine.write(store_all)
            wanted = StoredStart(workflow_name=workflow, namespace=namespace, input=input)
            request = await node.engine.write(lambda store: find_start(store, ANN, wanted))
            return await node.engine.run(request)

    return asyncio.run(play())


def test_a_class_of_a_code_source_runs_as_an_action_of_a_task() -> None:
    def store_all(store: Store) -> None:
        create_code_source(store, ADMIN, SOURCE, now=NOW, name="src")
        create_dynamic_action(
            store,
            ADMIN,
            now=NOW,
            name="my.adder",
            class_name="Adder",
            code_source_name="src",
            scope="public",
        )
        text = (
            "version: '2.0'\nw:\n  input: [n]\n  output: {got: <% task(t).result %>}\n  tasks:\n"
            "    t: {action: my.adder, input: {mod: <% $.n %>}}\n"
        )
        create_workflows(store, ANN, workflows(text), now=NOW)

    ended = outcome(store_all, "w", n=1)

    assert (ended.state, ended.output) == ("SUCCESS", {"got": [1, 2, "/", None]})


def test_members_of_a_workbook_find_each_other() -> None:
    text = (
        "version: '2.0'\nname: book\n"
        "actions:\n  shout: {base: std.echo, base-input: {output: <% $.text %>!}, input: [text]}\n"
        "workflows:\n"
        "  inner: {output: {said: <% task(t).result %>}, tasks: {t: {action: 'shout text=\"hi\"'}}}\n"
        "  outer: {output: {all: <% task(t).result %>}, tasks: {t: {workflow: inner}}}\n"
    )

    ended = outcome(lambda store: create_workbook(store, ANN, workbook(text), now=NOW), "book.outer")

    assert (ended.state, ended.output) == ("SUCCESS", {"all": {"said": "hi!"}})


def says(name: str, what: str) -> str:
    """A list of one workflow that says where it is from."""
    return f"version: '2.0'\n{name}: {{output: {{from: {what}}}, tasks: {{t: {{}}}}}}\n"


BOOK = """\
version: '2.0'
name: book
actions:
  own: {base: std.echo output="the book"}
  around: {base: own, output: around <% $ %>}
workflows:
  shared: {output: {from: the book}, tasks: {t: {}}}
  main:
    vars: {short: shared, far: far}
    output:
      member: <% task(member).result.from %>
      by_expression: <% task(by_expression).result.from %>
      by_full_name: <% task(by_full_name).result.from %>
      of_the_namespace: <% task(of_the_namespace).result.from %>
      of_the_default: <% task(of_the_default).result.from %>
      action: <% task(action).result %>
      action_around: <% task(action_around).result %>
      action_of_the_default: <% task(action_of_the_default).result %>
    tasks:
      member: {workflow: shared}
      by_expression: {workflow: <% $.short %>}
      by_full_name: {workflow: book.shared}
      of_the_namespace: {workflow: near}
      of_the_default: {workflow: <% $.far %>}
      action: {action: own}
      action_around: {action: around}
      action_of_the_default: {action: plain}
"""


def test_a_name_is_looked_for_in_the_workbook_then_in_the_namespace_then_in_the_default_one() -> None:
    def store_all(store: Store) -> None:
        for name, namespace in (("shared", ""), ("shared", "ns"), ("near", ""), ("near", "ns"), ("far", "")):
            text = says(name, f"'{name} in {namespace}'")
            create_workflows(store, ANN, workflows(text), now=NOW, namespace=namespace)
        text = "version: '2.0'\nplain: {base: std.echo output='plain'}\nown: {base: std.fail}\n"
        create_actions(store, ANN, actions(text), now=NOW)
        create_workbook(store, ANN, workbook(BOOK), now=NOW, namespace="ns")

    ended = outcome(store_all, "book.main", namespace="ns")

    assert ended.output == {
        "member": "the book",
        "by_expression": "the book",
        "by_full_name": "the book",
        "of_the_namespace": "near in ns",
        "of_the_default": "far in ",
        "action": "the book",
        "action_around": "around the book",
        "action_of_the_default": "plain",
    }


def test_one_of_several_workflows_runs_with_a_stored_action() -> None:
    def store_all(store: Store) -> None:
        text = "version: '2.0'\nsay: {base: std.echo, base-input: {output: <% $.x %>}, input: [{x: 5}]}\n"
        create_actions(store, ANN, actions(text), now=NOW)
        text = (
            "version: '2.0'\none: {tasks: {t: {workflow: two}}, output: {o: <% task(t).result.o %>}}\n"
            "two: {tasks: {t: {action: say}}, output: {o: <% task(t).result %>}}\n"
        )
        create_workflows(store, ANN, workflows(text), now=NOW)

    ended = outcome(store_all, "one")

    assert (ended.state, ended.output) == ("SUCCESS", {"o": 5})


def test_no_task_reaches_our_own_action_by_its_name() -> None:
    source = b64encode(SOURCE.encode()).decode()
    text = (
        "version: '2.0'\nw:\n  tasks:\n"
        f"    t: {{action: maestrale.python, input: {{source: {source}, class_name: Adder}}}}\n"
    )

    ended = outcome(lambda store: create_workflows(store, ANN, workflows(text), now=NOW), "w")

    assert ended.state == "ERROR"
    assert "Failed to find action [action_name=maestrale.python]" in (ended.state_info or "")
