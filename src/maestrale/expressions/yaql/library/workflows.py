"""Mistral's own functions: what they tell of executions, they ask the scope."""

from typing import Any

from maestrale.expressions import documents
from maestrale.expressions.scope import Json, Scope
from maestrale.expressions.yaql.signatures import ANY, BOOL, SCOPE, Parameter, overload
from maestrale.expressions.yaql.values import is_frozen_mapping


def _optional(name: str) -> Parameter:
    return ANY(name, default=None)


@overload("env", SCOPE, loose=True)
def environment(scope: Scope) -> Json:
    return scope.env()


@overload("execution", SCOPE, loose=True)
def execution(scope: Scope) -> Json:
    return scope.execution()


@overload(
    "executions",
    SCOPE,
    *map(_optional, ("id", "rootExecutionId", "state", "fromTime", "toTime")),
    loose=True,
)
def executions(scope: Scope, *wanted: Any) -> Json:
    return scope.executions(*wanted)


@overload("task", SCOPE, _optional("taskName"), loose=True)
def task(scope: Scope, name: Any) -> Json:
    return scope.task(name)


@overload(
    "tasks",
    SCOPE,
    _optional("workflowExecutionId"),
    BOOL("recursive", default=False, nullable=True),
    _optional("state"),
    BOOL("flat", default=False, nullable=True),
    loose=True,
)
def tasks(scope: Scope, execution_id: Any, recursive: bool | None, state: Any, flat: bool | None) -> Json:
    return scope.tasks(execution_id, bool(recursive), state, bool(flat))


@overload("global", SCOPE, ANY("varName"), loose=True)
def global_variable(scope: Scope, name: Any) -> Json:
    return scope.global_variable(name)


@overload("uuid", SCOPE)
def uuid(scope: Scope) -> str:
    return str(scope.chance.uuid())


@overload("json_parse", ANY("data"), loose=True)
def json_parse(text: Any) -> Json:
    return documents.json_parse(text)


@overload("json_dump", ANY("data"))
def json_dump(value: Any) -> str:
    return documents.json_dump(value, is_frozen=is_frozen_mapping)


@overload("yaml_parse", ANY("data"), loose=True)
def yaml_parse(text: Any) -> Json:
    return documents.yaml_parse(text)


@overload("yaml_dump", ANY("data"))
def yaml_dump(value: Any) -> str:
    return documents.yaml_dump(value)
