"""Functions that installed packages add to both languages. Source: Mistral v2, section 4.8.

They have to be as pure as the ones that come with the languages: the same arguments give the same value, for
ever and in every process, since a history is decided again when somebody asks how it went. They get plain
data and give plain data. One whose first parameter is called `context` gets the data of the expression
there: what `$` and `_` are.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from maestrale.errors import Error, InvalidInput
from maestrale.expressions.results import NotStorable, plain
from maestrale.expressions.scope import Json, Scope

Load = Callable[[], Mapping[str, Callable[..., Any]]]

CONTEXT = "context"


class InstalledFunction:
    """A function under the name that expressions call it by."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self._function = function
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):  # Some that are written in C do not tell.
            parameters = [inspect.Parameter("arguments", inspect.Parameter.VAR_POSITIONAL)]
        self._takes_data = bool(parameters) and parameters[0].name == CONTEXT
        self.parameters = tuple(parameters[1:] if self._takes_data else parameters)

    def call(self, scope: Scope, *arguments: Any, **named: Any) -> Json:
        """The value of a call.

        Raises:
            InvalidInput: The function fails, or gives what JSON does not have. No data is in the message,
                unless the function says it on purpose with an error of ours.
        """
        given = [plain(each) for each in arguments]
        if self._takes_data:
            given.insert(0, scope.data)
        try:
            return plain(self._function(*given, **{name: plain(each) for name, each in named.items()}))
        except NotStorable as problem:
            raise InvalidInput(f"`{self.name}` takes and gives plain data: {problem}") from None
        except Error:
            raise
        except Exception as error:
            raise InvalidInput(
                f"the installed function `{self.name}` fails: {type(error).__name__}"
            ) from error


_loaders: list[Load] = []


def provide_functions(load: Load) -> None:
    """Say where installed functions come from. They are loaded when an expression is first evaluated; to
    say it after that changes nothing."""
    _loaders[:] = [load]


@cache
def installed_functions() -> tuple[InstalledFunction, ...]:
    """All installed functions, by their names."""
    found = {name: function for load in _loaders for name, function in load().items()}
    return tuple(InstalledFunction(name, found[name]) for name in sorted(found))
