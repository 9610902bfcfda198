"""Where expressions can be tried."""

from collections.abc import Sequence
from typing import Protocol

from maestrale.engine.tryout import Outcome


class Place(Protocol):
    """Evaluates texts on some data.

    `title` tells a person what the data is.
    """

    title: str

    def evaluate(self, texts: Sequence[str]) -> Sequence[Outcome]:
        """What becomes of each text, in order.

        Raises:
            Error: The place itself is out of reach.
        """
        ...
