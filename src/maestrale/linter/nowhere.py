"""A scope without anything in it, for expressions that need nothing."""

from datetime import UTC, datetime
from typing import NoReturn

from maestrale.errors import InvalidInput
from maestrale.expressions import Json
from maestrale.ids import Chance


class Nowhere:
    """Implements `Scope`: there is no data, and every question fails."""

    data: Json = None
    now = datetime(2000, 1, 1, tzinfo=UTC)
    chance = Chance("nowhere")
    secrets = None

    def refusal(self, expression: str) -> str | None:
        return None

    def _fail(self, *_: object, **__: object) -> NoReturn:
        raise InvalidInput("there is nothing here to ask for")

    env = execution = executions = task = tasks = global_variable = _fail


NOWHERE = Nowhere()
