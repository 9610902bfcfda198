"""How PostgreSQL writes what no two databases write alike."""

import re
from collections.abc import Iterable
from functools import lru_cache

_TYPES_OF_TEXT = re.compile(r"\bTEXT\b")
_PARAMETERS_AND_QUOTED = re.compile(r"\?|'[^']*'|\"[^\"]*\"")


class PostgresqlDialect:
    """See `database.Dialect` for what the expressions mean."""

    # Not `now()`, which stands still while a transaction waits.
    now = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    writes_in_queries = True

    def contains(self, text: str) -> str:
        return f"strpos({text}, ?) > 0"

    def shown_instant(self, instant: str) -> str:
        return f"to_char(to_timestamp({instant} / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"

    def locking(self, clause: str) -> str:
        return f" {clause}"


def definitions(statements: Iterable[str]) -> Iterable[str]:
    """Statements that make tables, with texts that sort and compare by their bytes as they do in SQLite.

    In the language of whoever made the server, neither the order of a listing nor the search for the
    beginning of an id would be what it is elsewhere.
    """
    for statement in statements:
        yield _TYPES_OF_TEXT.sub('TEXT COLLATE "C"', statement)


@lru_cache(maxsize=2048)
def numbered(sql: str) -> str:
    """The statement with `$1`, `$2`, … in the place of each `?` that stands for a parameter."""
    number = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal number
        if found[0] != "?":
            return found[0]
        number += 1
        return f"${number}"

    return _PARAMETERS_AND_QUOTED.sub(replace, sql)
