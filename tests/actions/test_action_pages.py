"""What the documentation says about actions is what they are."""

import asyncio
import re
from pathlib import Path
from typing import Any

from maestrale.actions import ActionContext, Registry
from maestrale.core.catalogue import ActionSpec

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
        "key": "e/t/r",
    }
