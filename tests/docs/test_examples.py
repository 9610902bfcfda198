"""Every workflow in the documentation is accepted by the parser that its readers will use."""

from textwrap import indent

import pytest
import yaml

from maestrale.lang import parse

from .pages import Example, list_examples, list_pages

WRONG_ON_PURPOSE = "docs/reference/problems.md"
"""Its examples show what is refused, and have a test of their own."""

EXAMPLES = [
    example
    for page in list_pages()
    for example in list_examples(page)
    if example.language == "yaml" and example.page != WRONG_ON_PURPOSE
]

KINDS = ("task", "workflow", "action")
"""What may stand behind `yaml`, besides the name of a file. A plain fence is a whole document, or data that
is no definition."""

UNSEEN = frozenset({"undefined-task", "join-without-inbound", "join-out-of-reach", "no-start-task"})
"""What a part shown alone may lack: the tasks around it."""


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_is_accepted(example: Example) -> None:
    assert example.is_file or example.kind in KINDS
    text = _whole(example)
    if example.is_file and not _is_document(text):
        return
    parsed = parse(text, file=str(example))
    faults = [problem for problem in parsed.errors if example.is_file or problem.code not in UNSEEN]

    assert [str(problem) for problem in faults] == []


def _is_document(text: str) -> bool:
    data = yaml.safe_load(text)
    return isinstance(data, dict) and "version" in data


def _whole(example: Example) -> str:
    """The document that a part stands for: named tasks, the body of a workflow, or named actions."""
    match example.kind:
        case "task":
            reverse = "  type: reverse\n" if "requires:" in example.text else ""
            return f"version: '2.0'\nexample:\n{reverse}  tasks:\n{indent(example.text, '    ')}"
        case "workflow":
            tasks = "" if "tasks:" in example.text else "\n  tasks: {example: {}}\n"
            return f"version: '2.0'\nexample:\n{indent(example.text, '  ')}{tasks}"
        case "action":
            return f"version: '2.0'\n{example.text}"
    return example.text


def test_there_are_examples() -> None:
    assert {"task", "workflow", "action", ""} == {"" if each.is_file else each.kind for each in EXAMPLES}
