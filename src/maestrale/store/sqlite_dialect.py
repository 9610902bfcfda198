"""How SQLite writes what no two databases write alike."""

from sqlite3 import Connection

from maestrale.clock import Clock
from maestrale.store.columns import instant_parameter


class SqliteDialect:
    """See `database.Dialect` for what the expressions mean."""

    now = "present_instant()"
    writes_in_queries = False

    def contains(self, text: str) -> str:
        return f"instr({text}, ?) > 0"  # LIKE has wildcards, and no case.

    def shown_instant(self, instant: str) -> str:
        return f"strftime('%Y-%m-%d %H:%M:%S', {instant} / 1000000, 'unixepoch')"

    def locking(self, clause: str) -> str:
        return ""


def add_functions(connection: Connection, clock: Clock) -> None:
    """Give the connection the functions that the dialect uses; `clock` is the database's."""
    connection.create_function("present_instant", 0, lambda: instant_parameter(clock.now()))
