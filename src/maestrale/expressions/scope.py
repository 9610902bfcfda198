"""What an expression may ask of the place it stands in.

The core implements `Scope` for a task, a workflow's output, an ad-hoc action and so on; this layer
only knows the questions. Nothing here reads a clock or draws a random number: both come from the
scope, so that a replay evaluates to the same values.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from maestrale.ids import Chance

Json: TypeAlias = Any
"""Plain data: null, boolean, number, text, list, and mapping from text, nested at will."""

SPECIAL = ("__env", "__execution", "__task_execution")
"""Keys of the data that are variables too. No author has put them there."""


class Layers(Mapping[str, Json]):
    """Several mappings seen as one; the first that has a key wins. Nothing is copied.

    This is `$` in YAQL and `_` in Jinja: a task's variables over the environment, the workflow's
    variables and its input. It reads like the dictionary it stands for.
    """

    __slots__ = ("_layers",)

    def __init__(self, *layers: Mapping[str, Json]) -> None:
        self._layers = tuple(layer for layer in layers if layer)

    @property
    def layers(self) -> tuple[Mapping[str, Json], ...]:
        """The mappings, the first that wins first."""
        return self._layers

    def __getitem__(self, key: str) -> Json:
        for layer in self._layers:
            if key in layer:
                return layer[key]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return any(key in layer for layer in self._layers)

    def __iter__(self) -> Iterator[str]:
        seen: set[str] = set()
        for layer in self._layers:
            for key in layer:
                if key not in seen:
                    seen.add(key)
                    yield key

    def __len__(self) -> int:
        return len({key for layer in self._layers for key in layer})

    def __bool__(self) -> bool:
        return any(self._layers)

    def __repr__(self) -> str:
        return repr(dict(self))


class KnownSecrets(Protocol):
    """Who shows what is marked secret in the data of a scope, and takes note of it. See `secrecy.Secrets`."""

    def has_marks(self, value: Json) -> bool: ...

    def reveal(self, value: Json) -> Json: ...

    def note(self, value: Json) -> None: ...


class Scope(Protocol):
    """The place an expression stands in: its data, and what Mistral's functions read.

    Every method takes and gives plain data in the shapes of section 4.8 of the language reference.
    """

    @property
    def data(self) -> Json:
        """`$` in YAQL, `_` in Jinja. Most often a `Layers`; any plain value in an ad-hoc output."""
        ...

    @property
    def now(self) -> datetime:
        """The instant of the event that led here, aware."""
        ...

    @property
    def chance(self) -> Chance:
        """Where `uuid()` and `random()` draw from."""
        ...

    @property
    def secrets(self) -> KnownSecrets | None:
        """Where it is noted which secrets were read. None: nothing that the scope gives is marked secret."""
        ...

    def env(self) -> Json: ...

    def execution(self) -> Json: ...

    def executions(
        self,
        id: str | None = None,
        root_execution_id: str | None = None,
        state: str | None = None,
        from_time: str | None = None,
        to_time: str | None = None,
    ) -> list[Json]: ...

    def task(self, name: str | None = None) -> Json: ...

    def tasks(
        self,
        workflow_execution_id: str | None = None,
        recursive: bool = False,
        state: str | None = None,
        flat: bool = False,
    ) -> list[Json]: ...

    def global_variable(self, name: str) -> Json: ...

    def refusal(self, expression: str) -> str | None:
        """Why this expression must not be evaluated here: it went over its budget before. None: it may."""
        ...
