"""What happened to a tree, in order: one compact row an event."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from maestrale.core.events import Entry
from maestrale.store import json_text
from maestrale.store.columns import instant_parameter
from maestrale.store.database import Database
from maestrale.store.tables import damaged_row

INSERT_ENTRY = "INSERT INTO history (root_id, sequence, at, entry) VALUES (?, ?, ?, ?)"

_PAGE = 500

_decode = json_text.decoder(Entry)


def encode_entries(root_id: str, entries: Iterable[tuple[int, Entry]]) -> list[tuple[Any, ...]]:
    """The parameters of `INSERT_ENTRY` for each entry."""
    return [
        (root_id, sequence, instant_parameter(entry.at), json_text.encode(entry).decode())
        for sequence, entry in entries
    ]


def read_history(database: Database, root_id: str, *, after: int = -1) -> Iterator[tuple[int, Entry]]:
    """The entries of a tree with their numbers, oldest first; those behind the number `after`.

    Read page by page, without a transaction around it: a long history does not hold others up, and
    what is written meanwhile is read as well.
    """
    last = after
    while True:
        page = database.rows(
            "SELECT sequence, entry FROM history WHERE root_id = ? AND sequence > ?"
            " ORDER BY sequence LIMIT ?",
            (root_id, last, _PAGE),
        )
        for sequence, text in page:
            yield sequence, _decode_entry(text)
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def _decode_entry(text: str) -> Entry:
    try:
        return _decode(text)
    except (ValueError, TypeError, msgspec.MsgspecError) as error:
        raise damaged_row("history") from error
