"""The databases the tests of the store run on: every test that takes `url` or `store` runs on each."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from maestrale.store import Store, open_store
from maestrale.store.schema import SHARDS

from .databases import Blank, delete_rows, opened_database
from .members import opened
from .rows import FixedClock


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database file that does not exist yet, or a database of PostgreSQL without any row.

    `databases.on_sqlite` and `databases.on_postgresql` keep a test to one of them.
    """
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/trees.db"
    found: str = request.getfixturevalue("postgresql_url")
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with shards and without nodes: on a server, or a file that was made for the purpose."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/shared.db"
        open_store(url, shards=SHARDS).close()
        return url
    found: str = request.getfixturevalue("postgresql_url")
    return found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store that may write trees; on a server it is a node with all shards."""
    with opened(url, clock=FixedClock(), name="here") as store:
        yield store


@pytest.fixture
def other(url: str, store: Store) -> Iterator[Store]:
    """A second store on the same database, which is another node; on a server it has no shard."""
    with opened(url, clock=FixedClock(), name="there") as other:
        yield other


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_store(request: pytest.FixtureRequest) -> Iterator[Blank]:
    """Gives a store without any row, for each of the many examples of a property."""
    if request.param == "sqlite":
        yield lambda: open_store("sqlite://", clock=FixedClock())
        return
    url: str = request.getfixturevalue("postgresql_url")
    with opened(url, clock=FixedClock(), name="here") as store, opened_database(url) as beside:

        @contextmanager
        def blank() -> Iterator[Store]:
            delete_rows(beside)
            yield store

        yield blank


@pytest.fixture
def server_store(postgresql_url: str) -> Iterator[Store]:
    """A store on a server, with all shards."""
    with opened(postgresql_url, clock=FixedClock(), name="here") as store:
        yield store
