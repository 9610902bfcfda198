"""The reference of the language leaves nothing out that the program knows."""

import re

from maestrale.expressions.yaql_functions import _MISTRAL as FUNCTIONS
from maestrale.lang import ENGINE_COMMANDS
from maestrale.lang.adhoc import KEYS as ACTION_KEYS
from maestrale.lang.clauses import ADVANCED, SCOPES
from maestrale.lang.documents import WORKBOOK_KEYS
from maestrale.lang.policies import RETRY_KEYS
from maestrale.lang.tasks import KEYS as TASK_KEYS
from maestrale.lang.workflows import DEFAULT_KEYS
from maestrale.lang.workflows import KEYS as WORKFLOW_KEYS

from .pages import PROJECT

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
