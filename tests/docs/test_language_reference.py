"""The reference of the language leaves nothing out that the program knows, and shows everything at work."""

import re
from collections import defaultdict
from collections.abc import Iterable

import pytest

from maestrale.expressions.yaql.library import workflows
from maestrale.expressions.yaql.signatures import OVERLOADS
from maestrale.lang import ENGINE_COMMANDS
from maestrale.lang.adhoc import KEYS as ACTION_KEYS
from maestrale.lang.clauses import ADVANCED, SCOPES
from maestrale.lang.documents import WORKBOOK_KEYS
from maestrale.lang.policies import RETRY_KEYS
from maestrale.lang.tasks import KEYS as TASK_KEYS
from maestrale.lang.workflows import DEFAULT_KEYS
from maestrale.lang.workflows import KEYS as WORKFLOW_KEYS

from .language_uses import VALUES_IN_A_LINE, Use, uses_of
from .pages import PROJECT
from .tested_examples import list_tested_examples

FUNCTIONS = [name for name, known in OVERLOADS.items() if known[0].function.__module__ == workflows.__name__]
"""Mistral's own functions."""

PAGE = (PROJECT / "docs" / "reference" / "language.md").read_text(encoding="utf-8")


def _section(heading: str) -> str:
    """The text under a heading, up to the next one of its level."""
    match = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert match is not None, f"there is no section {heading}"
    return match[1]


def _missing(names: tuple[str, ...], heading: str) -> list[str]:
    """The names that have no row in a table of the section."""
    rows = re.findall(r"^\| (\**`[^|]*) \|", _section(heading), re.MULTILINE)
    shown = {name for row in rows for name in re.findall(r"`([\w-]+)[^`]*`", row)}
    return [name for name in names if name not in shown]


def test_every_key_of_a_workbook_is_in_the_reference() -> None:
    assert _missing(WORKBOOK_KEYS, "Documents") == []


def test_every_key_of_a_workflow_is_in_the_reference() -> None:
    assert _missing(tuple(key for key in WORKFLOW_KEYS if key not in ("name", "version")), "Workflows") == []


def test_every_key_of_a_task_is_in_the_reference() -> None:
    assert _missing(TASK_KEYS, "Tasks") == []


def test_every_key_of_the_task_defaults_is_in_the_reference() -> None:
    assert _missing(DEFAULT_KEYS, "Task defaults") == []


def test_every_key_of_a_retry_is_in_the_reference() -> None:
    assert _missing(RETRY_KEYS, "Policies") == []


def test_every_part_of_a_clause_and_every_command_is_in_the_reference() -> None:
    assert _missing((*ADVANCED, *SCOPES, *ENGINE_COMMANDS), "Transitions") == []


def test_every_key_of_an_ad_hoc_action_is_in_the_reference() -> None:
    assert _missing(ACTION_KEYS, "Ad-hoc actions") == []


def test_every_function_is_in_the_reference() -> None:
    assert _missing(tuple(FUNCTIONS), "Expressions") == []


def _uses_by_heading() -> dict[str, set[Use]]:
    """What the tested examples under each heading of the pages of examples use."""
    found: dict[str, set[Use]] = defaultdict(set)
    for page in sorted((PROJECT / "docs" / "reference" / "language").glob("*.md")):
        for example in list_tested_examples(page):
            for document in example.documents():
                found[f"{page.name}: {example.heading}"].update(uses_of(document))
    return found


USES = _uses_by_heading()


def _not_shown(kind: str, names: Iterable[str], *, called: str = "{}") -> list[str]:
    """The names that no example uses under a heading that says so.

    `called`: how the heading has them, with `{}` for the name.
    """
    return [
        name
        for name in names
        if not any(
            (kind, name) in uses and f"`{called.format(name)}`" in heading for heading, uses in USES.items()
        )
    ]


def test_every_key_of_a_workbook_has_an_example() -> None:
    assert _not_shown("workbook", WORKBOOK_KEYS) == []


def test_every_key_of_a_workflow_has_an_example() -> None:
    assert _not_shown("workflow", [key for key in WORKFLOW_KEYS if key not in ("name", "version")]) == []


def test_every_key_of_a_task_has_an_example() -> None:
    assert _not_shown("task", TASK_KEYS) == []


def test_every_key_of_the_task_defaults_has_an_example() -> None:
    assert _not_shown("task-defaults", DEFAULT_KEYS, called="task-defaults") == []


def test_every_key_of_a_retry_has_an_example() -> None:
    assert _not_shown("retry", RETRY_KEYS) == []


def test_every_part_of_a_clause_and_every_command_has_an_example() -> None:
    assert _not_shown("clause", ADVANCED) == []
    assert _not_shown("scope", SCOPES) == []
    assert _not_shown("command", ENGINE_COMMANDS) == []


def test_every_key_of_an_ad_hoc_action_has_an_example() -> None:
    assert _not_shown("action", ACTION_KEYS) == []


@pytest.mark.parametrize("language", ["yaql", "jinja"])
def test_every_function_has_an_example_in_each_language(language: str) -> None:
    assert _not_shown(language, FUNCTIONS, called="{}()") == []


def test_every_special_variable_has_an_example_in_each_language() -> None:
    used = set().union(*USES.values())

    assert {name for language, name in used if language == "yaql" and "__" in name} == {
        "$__env",
        "$__execution",
        "$__task_execution",
    }
    assert {name for language, name in used if language == "jinja" and "__" in name} == {
        "_.__env",
        "_.__execution",
        "_.__task_execution",
    }


FORMS = {
    "type": ("direct", "reverse"),
    "input": ("required", "with a default"),
    "task input": ("a mapping", "an expression"),
    "with-items": ("one list", "several lists", "a list as JSON"),
    "retry": ("one line",),
    "join": ("all", "one", "a number"),
    "clause": ("a target", "a list", "a condition"),
    "command": ("fail msg", "pause msg"),
    "parameter in the line": tuple(VALUES_IN_A_LINE),
}
"""What may be written in several ways."""


@pytest.mark.parametrize("kind", FORMS)
def test_every_form_has_an_example(kind: str) -> None:
    used = set().union(*USES.values())

    assert [form for form in FORMS[kind] if (kind, form) not in used] == []
