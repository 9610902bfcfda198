from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .processes import Gate, Maestrale


@pytest.fixture
def maestrale(tmp_path: Path) -> Iterator[Maestrale]:
    command = Maestrale(tmp_path)
    yield command
    command.end_all()


@pytest.fixture
def gate(tmp_path: Path) -> Callable[[str], Gate]:
    return lambda name: Gate(tmp_path / name)
