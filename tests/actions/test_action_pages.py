"""What the documentation says about actions is what they are."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from maestrale.actions import ActionContext, Registry, Result
from maestrale.actions.mistral_classes import ClassAction
from maestrale.core.catalogue import ActionSpec
from maestrale.core.failures import wrong_input
from maestrale.lang import parse
from maestrale.lang.model import TaskDefinition
from tests.docs.pages import list_examples

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_lists_every_action_with_its_parameters() -> None:
    page = (DOCS / "reference/actions.md").read_text()
    overview = page.partition("## `std.http`")[0]

    for spec in Registry().list_actions():
        assert f"`{spec.name}`" in overview
        for parameter in spec.parameters:
            assert re.search(rf"\b{parameter.name}\b", section_of(page, overview, spec)), (
                spec.name,
                parameter,
            )


def section_of(page: str, overview: str, spec: ActionSpec) -> str:
    """The section of the large ones, the row of the small ones."""
    name = "std.http" if spec.name == "std.mistral_http" else spec.name
    section = re.search(rf"^## `{name}`\n(.*?)(?=^## |\Z)", page, flags=re.S | re.M)
    if section and "| parameter |" in section[1]:
        return section[1]
    return next(line for line in overview.splitlines() if f"`{spec.name}`" in line and line.startswith("|"))


PAGES = ("reference/actions.md", "guides/run-commands-over-ssh.md")


def tasks_of(page: str) -> Iterator[TaskDefinition]:
    """The tasks in the examples of a page."""
    for example in list_examples(DOCS / page):
        if example.language == "yaml":
            is_part = example.kind == "task"
            text = (
                f"version: '2.0'\nw:\n  tasks:\n{indent(example.text, '    ')}" if is_part else example.text
            )
            definitions = parse(text).definitions
            assert definitions is not None, str(example)
            for workflow in definitions.workflows.values():
                yield from workflow.tasks.values()


@pytest.mark.parametrize("page", PAGES)
def test_the_input_in_an_example_fits_its_action(page: str) -> None:
    registry = Registry()
    for task in tasks_of(page):
        assert task.action is not None
        spec = registry.get_action(task.action.source).spec
        given = task.input.source if task.input else {}

        assert wrong_input(spec.name, spec.parameters, given) is None, task.name


def test_every_large_action_has_an_example() -> None:
    shown = {task.action.source for task in tasks_of("reference/actions.md") if task.action}

    assert set(Registry().names()) - shown == {"std.js", "std.test_dict"}


def test_the_example_of_the_guide_works() -> None:
    page = (DOCS / "guides/write-an-action.md").read_text()
    found = re.search(r"```python\n(.*?)```", page, flags=re.S)
    assert found
    names: dict[str, Any] = {}
    exec(found[1], names)

    deploy = Registry([names["deploy"]]).get_action("acme.deploy")
    context = ActionContext(workflow_execution_id="e", task_execution_id="t", action_execution_id="r")
    arguments = deploy.arguments({"image": "nginx:1.27", "replicas": 3}, context, {})

    assert asyncio.run(deploy.function(**arguments)) == {
        "image": "nginx:1.27",
        "replicas": 3,
        "key": "e/t/r/1",
    }


def test_the_classes_of_the_guide_to_mistrals_plugins_work() -> None:
    page = (DOCS / "guides/use-mistral-plugins.md").read_text()
    names: dict[str, Any] = {}
    for source in re.findall(r"```python\n(.*?)```", page, flags=re.S):
        exec(source, names)
    deploy = ClassAction("acme.deploy", names["Deploy"])

    def run(image: str) -> Result:
        result = deploy.function(**deploy.arguments({"image": image}, ActionContext(), {}))
        assert isinstance(result, Result)
        return result

    assert run("nginx:1.27") == Result(value={"image": "nginx:1.27", "replicas": 1})
    assert run("nginx:latest") == Result(error={"reason": "name a version"})
    assert names["shout"]("hi", times=2) == "HIHI"
