"""The databases the tests of the store run on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from maestrale.store import Store, open_store

from .rows import FixedClock


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database file that does not exist yet."""
    return f"sqlite:///{tmp_path}/trees.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url, clock=FixedClock(), name="here") as opened:
        yield opened


@pytest.fixture
def other(url: str, store: Store) -> Iterator[Store]:
    """A second store on the same file, which is another node of the same process."""
    with open_store(url, clock=FixedClock(), name="there") as opened:
        yield opened
