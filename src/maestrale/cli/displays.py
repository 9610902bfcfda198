"""What a display of progress is told, and the one that shows nothing."""

from collections.abc import Sequence
from typing import Protocol

from maestrale.cli.progress import Step
from maestrale.core import Execution


class Display(Protocol):
    """Shows a person on stderr what happens."""

    def started(self, execution: Execution) -> None:
        """The execution is durable."""
        ...

    def changed(self, steps: Sequence[Step]) -> None:
        """These rows changed, and that is durable."""
        ...

    def note(self, text: str) -> None:
        """Something else worth knowing."""
        ...

    async def run(self) -> None:
        """Keep what is shown up to date until cancelled."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was, with the last picture on it."""
        ...


class Silence:
    """Shows nothing."""

    def started(self, execution: Execution) -> None:
        pass

    def changed(self, steps: Sequence[Step]) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    async def run(self) -> None:
        pass

    def close(self) -> None:
        pass
