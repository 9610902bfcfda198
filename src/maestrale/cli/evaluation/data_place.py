"""Expressions on data that a person gives, with no execution around them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NoReturn

from maestrale.actions.expression_functions import use_installed_functions
from maestrale.clock import SystemClock
from maestrale.engine.stopwatch import Stopwatch
from maestrale.engine.tryout import Outcome, evaluate_text
from maestrale.errors import InvalidInput
from maestrale.expressions import Json, Layers, Secrets, has_marks
from maestrale.ids import Chance, new_id


class DataScope:
    """A scope of nothing but data: what asks for an execution fails, and says how to have one."""

    def __init__(self, data: Json, env: Mapping[str, Json], *, now: datetime, seed: str) -> None:
        self.data = data
        self.now = now
        self.chance = Chance(seed)
        self.secrets = Secrets() if has_marks([data, env]) else None
        self._env = env

    def env(self) -> Json:
        return self._env

    def execution(self) -> Json:
        _fail()

    def executions(
        self,
        id: str | None = None,
        root_execution_id: str | None = None,
        state: str | None = None,
        from_time: str | None = None,
        to_time: str | None = None,
    ) -> list[Json]:
        _fail()

    def task(self, name: str | None = None) -> Json:
        _fail()

    def tasks(
        self,
        workflow_execution_id: str | None = None,
        recursive: bool = False,
        state: str | None = None,
        flat: bool = False,
    ) -> list[Json]:
        _fail()

    def global_variable(self, name: str) -> Json:
        _fail()

    def refusal(self, expression: str) -> str | None:
        return None


def _fail() -> NoReturn:
    raise InvalidInput("there is no execution here; `--execution ID --task NAME` gives one")


class DataPlace:
    """A place on data. See `places.Place`.

    Args:
        env: What `env()` gives; None: what the data has as `__env`, as in a workflow.
    """

    def __init__(self, data: Json, env: Mapping[str, Json] | None) -> None:
        use_installed_functions()
        if env is None:
            found = data.get("__env") if isinstance(data, Mapping) else None
            env = found if isinstance(found, Mapping) else {}
        elif isinstance(data, Mapping):
            data = Layers(data, {"__env": env})
        self._data = data
        self._env = env
        self._guard = Stopwatch().guard
        self.title = "the data given" if data else "no data; --data gives some"

    def evaluate(self, texts: Sequence[str]) -> Sequence[Outcome]:
        now = SystemClock().now()
        return [
            evaluate_text(text, lambda: DataScope(self._data, self._env, now=now, seed=new_id()), self._guard)
            for text in texts
        ]
