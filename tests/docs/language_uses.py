"""Which parts of the language a document uses, and where: `("task", "join")`, `("yaql", "env")`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from maestrale.lang import ENGINE_COMMANDS
from maestrale.lang.clauses import ADVANCED, CLAUSES, SCOPES

Use: TypeAlias = tuple[str, str]

LANGUAGES = {"yaql": re.compile(r"<%(.*?)%>", re.DOTALL), "jinja": re.compile(r"{[{%](.*?)[}%]}", re.DOTALL)}
WORD = re.compile(r"(?<![\w.'\"])([a-z_]+)(?=\()|([$_]\.?__[a-z_]+)")
"""A function that is called, or a special variable."""

VALUES_IN_A_LINE = {
    "double quotes": r'=".',
    "single quotes": r"='.",
    "YAQL": r"=<%",
    "Jinja": r"={{",
    "a list": r"=\[",
    "a number": r"=\d",
    "true": r"=true\b",
    "false": r"=false\b",
    "null": r"=null\b",
}
"""The forms of a parameter in the line of an action."""


def uses_of(document: Mapping[str, Any]) -> Iterator[Use]:
    """Everything that a document uses."""
    workflows, actions = document, {}
    if isinstance(document.get("name"), str):
        yield from (("workbook", key) for key in document)
        workflows, actions = document.get("workflows", {}), document.get("actions", {})
    for workflow in workflows.values():
        if isinstance(workflow, dict) and "tasks" in workflow:
            yield from _of_workflow(workflow)
    for action in actions.values():
        yield from (("action", key) for key in action)
        yield from _of_input(action)
    yield from _of_expressions(document)


def _of_workflow(workflow: Mapping[str, Any]) -> Iterator[Use]:
    yield from (("workflow", key) for key in workflow)
    yield ("type", workflow.get("type", "direct"))
    yield from _of_input(workflow)
    for key, value in workflow.get("task-defaults", {}).items():
        yield ("task-defaults", key)
        yield from _of_clause(key, value)
    for task in workflow["tasks"].values():
        yield from _of_task(task)


def _of_input(definition: Mapping[str, Any]) -> Iterator[Use]:
    for parameter in definition.get("input", []):
        yield ("input", "required" if isinstance(parameter, str) else "with a default")


def _of_task(task: Mapping[str, Any]) -> Iterator[Use]:
    for key, value in task.items():
        yield ("task", key)
        yield from _of_clause(key, value)
    retry, loop, join = task.get("retry"), task.get("with-items"), task.get("join")
    if retry is not None:
        yield from (("retry", key) for key in retry) if isinstance(retry, dict) else [("retry", "one line")]
    if loop is not None:
        yield ("with-items", "several lists" if isinstance(loop, list) else "one list")
        if re.search(r"in \[", str(loop)):
            yield ("with-items", "a list as JSON")
    if join is not None:
        yield ("join", "a number" if isinstance(join, int) else join)
    if "input" in task:
        yield ("task input", "a mapping" if isinstance(task["input"], dict) else "an expression")
    for form, pattern in VALUES_IN_A_LINE.items():
        if re.search(pattern, str(task.get("action", ""))):
            yield ("parameter in the line", form)


def _of_clause(key: str, clause: Any) -> Iterator[Use]:
    if key not in CLAUSES:
        return
    targets = clause
    if isinstance(clause, dict) and set(clause) & set(ADVANCED):
        yield from (("clause", part) for part in clause)
        publish = clause.get("publish", {})
        yield from (("scope", scope) for scope in publish if scope in SCOPES)
        targets = clause.get("next", [])
    else:
        yield ("clause", "a list" if isinstance(clause, list) else "a target")
    for target in targets if isinstance(targets, list) else [targets]:
        if isinstance(target, dict):
            yield ("clause", "a condition")
        (name, *_) = target if isinstance(target, dict) else [target]
        command, _, message = name.partition(" ")
        if command in ENGINE_COMMANDS:
            yield ("command", command)
            if message:
                yield ("command", f"{command} msg")


def _of_expressions(value: Any) -> Iterator[Use]:
    """The functions and special variables of all expressions inside a value, by language."""
    if isinstance(value, str):
        for language, delimited in LANGUAGES.items():
            for inside in delimited.findall(value):
                yield from ((language, function or variable) for function, variable in WORD.findall(inside))
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _of_expressions(item)
        if isinstance(value, dict):
            for key in value:
                yield from _of_expressions(key)
