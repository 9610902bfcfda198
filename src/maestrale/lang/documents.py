"""A whole document: lists of workflows or ad-hoc actions, and workbooks (section 1.2)."""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from maestrale.lang.adhoc import KEYS as ACTION_KEYS
from maestrale.lang.adhoc import read_action
from maestrale.lang.model import AdHocAction, Definitions, Workflow
from maestrale.lang.names import check_definition_name, check_member_name, check_workflow_name
from maestrale.lang.reader import Reader
from maestrale.lang.report import extract
from maestrale.lang.workflows import KEYS as WORKFLOW_KEYS
from maestrale.lang.workflows import NAME_FORGOTTEN, read_workflow

WORKBOOK_KEYS = ("version", "name", "description", "tags", "actions", "workflows")
NUMBER = re.compile(r"\s*[+-]?\d{1,20}(\.\d{0,20})?\s*")

Definition = TypeVar("Definition", Workflow, AdHocAction)


class DocumentKind(StrEnum):
    WORKFLOWS = "workflows"
    ACTIONS = "actions"
    WORKBOOK = "workbook"


def kind_of_document(document: Reader) -> DocumentKind:
    """The kind that the shape of a document shows; a list of workflows where it shows nothing."""
    value = document.value
    if not isinstance(value, dict):
        return DocumentKind.WORKFLOWS
    if isinstance(value.get("name"), str) and ("workflows" in value or "actions" in value):
        return DocumentKind.WORKBOOK
    entries = [entry for key, entry in value.items() if key != "version"]
    if entries and all(isinstance(each, dict) and "base" in each and "tasks" not in each for each in entries):
        return DocumentKind.ACTIONS
    return DocumentKind.WORKFLOWS


def read_document(document: Reader, kind: DocumentKind) -> Definitions:
    """What the document defines; everything wrong with it is in the report."""
    if not isinstance(document.value, dict):
        document.must_be("a mapping", hint="begin with `version: '2.0'`, then the definitions by name")
        return Definitions()
    match kind:
        case DocumentKind.WORKFLOWS:
            return Definitions(workflows=_by_full_name(_read_workflow_list(document)))
        case DocumentKind.ACTIONS:
            return Definitions(actions=_by_full_name(_read_action_list(document)))
        case DocumentKind.WORKBOOK:
            return _read_workbook(document)


def _by_full_name(definitions: Iterator[Definition]) -> Mapping[str, Definition]:
    return {definition.name: definition for definition in definitions}


def _read_workflow_list(document: Reader) -> Iterator[Workflow]:
    for name, field in _entries(document, "workflow"):
        check_workflow_name(field.key(), name)
        if not isinstance(field.value, dict):
            field.must_be("a workflow", hint=_shape_hint(document, name))
            continue
        workflow = read_workflow(name, field)
        if workflow is not None:
            yield workflow


def _read_action_list(document: Reader) -> Iterator[AdHocAction]:
    for name, field in _entries(document, "action"):
        check_definition_name(field.key(), name)
        if not isinstance(field.value, dict):
            field.must_be("an ad-hoc action", hint=_shape_hint(document, name))
            continue
        action = read_action(name, field)
        if action is not None:
            yield action


def _entries(document: Reader, noun: str) -> Iterator[tuple[str, Reader]]:
    """The definitions of a list, its version checked."""
    _check_list_version(document)
    if not document.is_spoilt and not any(key != "version" for key in document.value):
        message = f"the document defines no {noun}"
        hint = f"add one: the name of the {noun} is its key"
        document.error("no-definitions", message, hint=hint, shown=...)
    return ((key, field) for key, field in document.fields() if key != "version")


def _shape_hint(document: Reader, key: str) -> str:
    """Why a key that is no definition's name may stand at the top of a list."""
    if kind_of_document(document) is DocumentKind.WORKBOOK:
        return "this is a workbook: upload it as one"
    if key in ("tasks", *WORKFLOW_KEYS) and "tasks" in document.value:
        return NAME_FORGOTTEN
    section, meant = _misspelt_section(document) if key == "name" else (None, None)
    if section is not None:
        return f"if this is a workbook, its {meant} stand under `{meant}`, not under `{extract(section)}`"
    if key in ACTION_KEYS and "base" in document.value:
        return "put the name of the action above its keys: a document is a list of actions by name"
    return "in a list every key but `version` is the name of a definition, and its value a mapping"


def _misspelt_section(document: Reader) -> tuple[str | None, str | None]:
    """A key that is nearly a section of a workbook, and that section."""
    for key, field in document.fields():
        if key not in WORKBOOK_KEYS and isinstance(field.value, dict):
            meant = document.report.suggestions.closest(key, ("workflows", "actions"))
            if meant is not None:
                return key, meant
    return None, None


def _check_list_version(document: Reader) -> None:
    version = document.get("version", hint="begin with `version: '2.0'`")
    if version is None:
        return
    value = version.value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        version.must_be("a number or text", hint="write `version: '2.0'`")
    elif value == "":
        version.must_not_be_empty()
    elif not isinstance(value, str) and value < 0:
        version.error("out-of-range", f"`version` must be 0 or more, but it is {value}")
    elif not _is_two(value):
        message = f"the version `{extract(value)}` is read as 2.0, the only one there is"
        version.warn("unusual-version", message, hint="write `version: '2.0'`")


def _is_two(value: str | int | float) -> bool:
    if isinstance(value, str):
        return NUMBER.fullmatch(value) is not None and float(value) == 2.0
    return not isinstance(value, bool) and value == 2


def _read_workbook(document: Reader) -> Definitions:
    document.check_keys(WORKBOOK_KEYS, of="a workbook")
    version = document.get("version", hint="begin with `version: '2.0'`")
    if version is not None and not (isinstance(version.value, str | int | float) and _is_two(version.value)):
        message = f"the version of a workbook must be 2.0, but it is `{extract(version.value)}`"
        version.error("unsupported-version", message, hint="write `version: '2.0'`")
    name_field = document.get("name", hint="a workbook's name goes before the names of its members")
    name = (name_field.text() if name_field else None) or ""
    if name_field and name:
        check_definition_name(name_field, name)
    _check_descriptions(document)
    workflows: Mapping[str, Workflow] = _read_members(document, "workflows", name, read_workflow)
    actions: Mapping[str, AdHocAction] = _read_members(document, "actions", name, read_action)
    if not workflows and not actions and not document.report.has_errors:
        message = f"the workbook `{extract(name)}` defines neither workflows nor actions"
        document.warn("no-definitions", message, shown=...)
    return Definitions(workflows=workflows, actions=actions, workbook=name)


def _check_descriptions(document: Reader) -> None:
    description, tags = document.find("description"), document.find("tags")
    if description:
        description.text()
    if tags:
        tags.texts()


def _read_members(
    document: Reader, section: str, workbook: str, read: Callable[..., Definition | None]
) -> Mapping[str, Definition]:
    members = document.find(section)
    if members is None or not members.is_mapping(hint="write a mapping of names to definitions"):
        return {}
    found = []
    for name, field in members.fields():
        if name == "version" and not isinstance(field.value, dict):
            continue  # Mistral allows a version beside the members.
        check_member_name(field.key(), name, workbook)
        if section == "workflows":
            check_workflow_name(field.key(), name)
        definition = read(name, field, workbook=workbook)
        if definition is not None:
            found.append(definition)
    return _by_full_name(iter(found))
