"""The functions of installed packages in YAQL. None takes the place of one that the library has."""

import inspect
import re
from typing import Any

from maestrale.expressions.installed_functions import InstalledFunction, installed_functions
from maestrale.expressions.yaql.signatures import ANY, OVERLOADS, REQUIRED, SCOPE, Parameter, overload


def register_installed_functions() -> None:
    """Call this once the library is there, and before an expression is compiled."""
    for function in installed_functions():
        if function.name not in OVERLOADS:
            _register(function)


def _register(function: InstalledFunction) -> None:
    declared = [_parameter(each) for each in function.parameters if each.kind is not each.VAR_KEYWORD]
    keywords = {_in_yaql(each.name): each.name for each in function.parameters}

    def call(scope: Any, *arguments: Any, **named: Any) -> Any:
        return function.call(scope, *arguments, **{keywords[name]: each for name, each in named.items()})

    overload(function.name, SCOPE, *declared, loose=True)(call)


def _parameter(parameter: inspect.Parameter) -> Parameter:
    return ANY(
        _in_yaql(parameter.name),
        default=REQUIRED if parameter.default is parameter.empty else parameter.default,
        many=parameter.kind is parameter.VAR_POSITIONAL,
        keyword_only=parameter.kind is parameter.KEYWORD_ONLY,
    )


def _in_yaql(name: str) -> str:
    """`some_name` is `someName` there."""
    return re.sub(r"(?<=[^_])_(\w)", lambda match: match[1].upper(), name)
