"""Large values, stored once by the hash of their content and referred to by the rows.

A column of JSON holds either JSON text or `@` and the id of a blob. No JSON text begins with `@`, so
nobody can take one for the other, whatever a workflow puts into its data. `blob_refs` says which
trees refer to a blob: it goes with the last of them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from maestrale.errors import Unavailable
from maestrale.ids import content_id
from maestrale.store import json_text
from maestrale.store.database import Database, Statement
from maestrale.store.lists import listed

BLOB_BYTES = 4096
"""A value whose JSON is longer than this many bytes becomes a blob."""

_REFERENCE = "@"


class JsonWriter(Protocol):
    """Turns the values of JSON columns to text."""

    def encode(self, values: Sequence[Any], root_ids: Sequence[str]) -> list[str | None]:
        """The text of each value, which belongs to the row of the same position."""
        ...


class InlineWriter:
    """A `JsonWriter` for rows that belong to no tree: the text is in the row, however long."""

    def encode(self, values: Sequence[Any], root_ids: Sequence[str]) -> list[str | None]:
        return [None if value is None else json_text.encode(value).decode() for value in values]


class BlobWriter:
    """Turns the values of JSON columns to text and gathers the blobs among them."""

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}
        self._references: set[tuple[str, str]] = set()

    def encode(self, values: Sequence[Any], root_ids: Sequence[str]) -> list[str | None]:
        """The text of each value, which belongs to the tree of the same position in `root_ids`."""
        encode = json_text.encode
        texts: list[str | None] = []
        for value, root_id in zip(values, root_ids, strict=True):
            if value is None:
                texts.append(None)
                continue
            data = encode(value)
            texts.append(data.decode() if len(data) <= BLOB_BYTES else self._put(data, root_id))
        return texts

    def _put(self, data: bytes, root_id: str) -> str:
        blob_id = content_id(data)
        self._data[blob_id] = data
        self._references.add((root_id, blob_id))
        return _REFERENCE + blob_id

    @property
    def parameters(self) -> list[tuple[str, bytes]]:
        """The blobs that were gathered, by id."""
        return list(self._data.items())

    def statements(self) -> list[Statement]:
        """The statements that store what was gathered.

        A blob that is there already is locked, in the order that everybody locks them in: whoever deletes one
        looks for references to it only once it has the lock, and so sees those that are made here.
        """
        if not self._data:
            return []
        return [
            Statement(
                "INSERT INTO blobs (id, data) VALUES (?, ?)"
                " ON CONFLICT (id) DO UPDATE SET id = excluded.id WHERE 1 = 0",
                sorted(self.parameters),
            ),
            Statement(
                "INSERT INTO blob_refs (root_id, blob_id) VALUES (?, ?)"
                " ON CONFLICT (root_id, blob_id) DO NOTHING",
                list(self._references),
            ),
        ]


class BlobReader:
    """Turns the text of JSON columns to values again.

    Equal blobs become one and the same object: a thousand items with one large input share it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._values: dict[tuple[str, Callable[..., Any]], Any] = {}
        self._texts: dict[str, bytes] = {}

    def read_ahead(self, root_ids: Sequence[str]) -> None:
        """Read the blobs of many trees at once, for a `decode` that meets them."""
        marks, values = listed(root_ids)
        sql = (
            f"SELECT id, data FROM blobs WHERE id IN (SELECT blob_id FROM blob_refs WHERE root_id IN {marks})"
        )
        self._texts.update(self._database.rows(sql, values))

    def decode(self, stored: Sequence[str | None], decode: Callable[[str | bytes], Any]) -> list[Any]:
        """The value of each text."""
        return [
            None if text is None else self._fetch(text, decode) if text[0] == _REFERENCE else decode(text)
            for text in stored
        ]

    def _fetch(self, reference: str, decode: Callable[[str | bytes], Any]) -> Any:
        key = (reference, decode)
        if key not in self._values:
            blob_id = reference[1:]
            self._values[key] = decode(self._texts.get(blob_id) or self._read(blob_id))
        return self._values[key]

    def _read(self, blob_id: str) -> bytes:
        found: list[tuple[bytes]] = self._database.rows("SELECT data FROM blobs WHERE id = ?", (blob_id,))
        if not found:
            raise Unavailable(
                f"the database lacks the large value `{blob_id}` that a row refers to",
                code="database-damaged",
                hint="restore the database from a copy",
            )
        return found[0][0]


def delete_blobs_of(database: Database, root_id: str) -> None:
    """Delete the blobs that only this tree refers to, and its references. The caller commits."""
    of_tree = "id IN (SELECT blob_id FROM blob_refs WHERE root_id = ?)"
    # Others may refer to one of them at this moment: see `BlobWriter.statements`.
    if lock := database.dialect.locking("FOR UPDATE"):
        database.rows(f"SELECT 1 FROM blobs WHERE {of_tree} ORDER BY id{lock}", (root_id,))
    database.run(
        f"DELETE FROM blobs WHERE {of_tree}"
        " AND NOT EXISTS (SELECT 1 FROM blob_refs r WHERE r.blob_id = blobs.id AND r.root_id <> ?)",
        (root_id, root_id),
    )
    database.run("DELETE FROM blob_refs WHERE root_id = ?", (root_id,))
