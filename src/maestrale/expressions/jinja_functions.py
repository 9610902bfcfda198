"""Mistral's functions in Jinja, and the ones of Jinja that would draw random numbers of their own.

A function asks the scope, which every evaluation passes as a variable. As a filter it takes the
context, `_`, as its left operand, and what would be its first argument as the second: that is how
Mistral registers them.
"""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from jinja2 import Environment, pass_context
from jinja2.constants import LOREM_IPSUM_WORDS
from jinja2.runtime import Context
from markupsafe import Markup

from maestrale.errors import InvalidInput
from maestrale.expressions import documents, limits
from maestrale.expressions.installed_functions import installed_functions
from maestrale.expressions.jinja_sandbox import PRIVATE
from maestrale.expressions.scope import Json, Scope

SCOPE = " scope"
"""The variable that holds the scope. No template can write a name with a space."""


def _env(scope: Scope) -> Json:
    environment = scope.env()
    if environment is None:
        raise InvalidInput("there is no environment here")
    return environment


def _executions(
    scope: Scope,
    id: Any = None,
    root_execution_id: Any = None,
    state: Any = None,
    from_time: Any = None,
    to_time: Any = None,
) -> Json:
    return scope.executions(id, root_execution_id, state, from_time, to_time)


def _task(scope: Scope, task_name: Any = None) -> Json:
    return scope.task(task_name)


def _tasks(
    scope: Scope,
    workflow_execution_id: Any = None,
    recursive: bool = False,
    state: Any = None,
    flat: bool = False,
) -> Json:
    return scope.tasks(workflow_execution_id, recursive, state, flat)


def _global(scope: Scope, var_name: Any) -> Json:
    return scope.global_variable(var_name)


_MISTRAL: dict[str, Callable[..., Any]] = {
    "env": _env,
    "execution": lambda scope: scope.execution(),
    "executions": _executions,
    "task": _task,
    "tasks": _tasks,
    "global": _global,
    "uuid": lambda scope: scope.chance.uuid(),
    "json_parse": lambda scope, data: documents.json_parse(data),
    "json_dump": lambda scope, data: documents.json_dump(data),
    "yaml_parse": lambda scope, data: documents.yaml_parse(data),
    "yaml_dump": lambda scope, data: documents.yaml_dump(data),
}


def copied(value: Any) -> Any:
    """Plain data that a template may change, since nobody else holds it."""
    if isinstance(value, Mapping):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def _as_function(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def called(context: Context, *args: Any, **kwargs: Any) -> Any:
        try:
            result = function(context.get(SCOPE), *args, **kwargs)
        except TypeError:
            _check_arguments(name, function, args, kwargs)
            raise
        return copied(result) if context.get(PRIVATE) else result

    return called


def _check_arguments(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Raises: InvalidInput: The function takes other arguments."""
    known = signature(function)
    try:
        known.bind(None, *args, **kwargs)
    except TypeError:
        takes = ", ".join(f"`{parameter}`" for parameter in list(known.parameters)[1:]) or "none"
        raise InvalidInput(
            f"`{name}` does not take these arguments; it takes {takes}, and as a filter not what stands "
            "before the bar"
        ) from None


def _as_filter(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @pass_context
    def filtered(context: Context, left: Any, *args: Any, **kwargs: Any) -> Any:
        if name == "env" and isinstance(left, Mapping):
            return left["__env"]
        return function(context, *args, **kwargs)

    return filtered


@pass_context
def _random(context: Context, sequence: Any) -> Any:
    """A random item, or an undefined value if there is none."""
    items = sequence if hasattr(sequence, "__getitem__") else list(sequence)
    if not len(items):
        return context.environment.undefined("No random item, sequence was empty.")
    return items[context.get(SCOPE).chance.between(0, len(items) - 1)]


@pass_context
def _lipsum(context: Context, n: int = 5, html: bool = True, min: int = 20, max: int = 100) -> str:
    """`n` paragraphs of `min` up to `max` filler words."""
    limits.check_items(n * max)
    chance = context.get(SCOPE).chance
    words = LOREM_IPSUM_WORDS.split()
    paragraphs = []
    for _ in range(n):
        count = chance.between(min, max - 1)
        text = " ".join(words[chance.between(0, len(words) - 1)] for _ in range(count))
        paragraphs.append(f"{text.capitalize()}.")
    return Markup("\n".join(f"<p>{text}</p>" for text in paragraphs)) if html else "\n\n".join(paragraphs)


def register_functions(environment: Environment) -> None:
    """Put Mistral's functions into an environment, as functions and as filters."""
    for name, function in _MISTRAL.items():
        called = _as_function(name, function)
        environment.globals[name] = called
        environment.filters[name] = _as_filter(name, called)
    for installed in installed_functions():
        called = _as_function(installed.name, installed.call)
        # None takes the place of what is there already.
        environment.globals.setdefault(installed.name, called)
        environment.filters.setdefault(installed.name, _as_filter(installed.name, called))
    environment.filters["random"] = _random
    environment.globals["lipsum"] = _lipsum
