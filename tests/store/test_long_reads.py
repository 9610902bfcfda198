"""A query that takes too long is ended, and the connection goes on."""

from pathlib import Path

import pytest

from maestrale.errors import Unavailable
from maestrale.store.sqlite import open_database

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def test_a_query_that_takes_too_long_is_ended_and_the_next_one_is_answered(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "long.db"), create=True, lock_seconds=1)
    database.bound_statements(0.01)

    with pytest.raises(Unavailable) as ended:
        database.rows(ENDLESS)

    assert ended.value.code == "database-timeout"
    assert database.rows("SELECT 1") == [(1,)]
    database.close()
