"""A store in memory."""

from collections.abc import Iterator

import pytest

from maestrale.store import Store, open_store
from maestrale.testing.clocks import FakeClock


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("sqlite://", clock=FakeClock()) as opened:
        yield opened
