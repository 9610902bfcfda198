"""The texts of definitions, by the hash of their content."""

from datetime import datetime

from msgspec import Struct

from maestrale.errors import NotFound
from maestrale.ids import content_id
from maestrale.store.columns import instant_parameter, instant_value
from maestrale.store.database import Database


class Document(Struct, frozen=True):
    """A text that defines workflows or actions. `name` is where it first came from."""

    id: str
    name: str
    text: str
    created_at: datetime


def put_document(database: Database, name: str, text: str, *, now: datetime) -> str:
    """Keep a text and return its id. The same text always has the same id and is kept once."""
    document_id = content_id(text.encode("utf-8", "surrogatepass"))
    if not database.rows("SELECT 1 FROM documents WHERE id = ?", (document_id,)):
        with database.writing():
            database.run(
                "INSERT INTO documents (id, name, text, created_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (id) DO NOTHING",
                (document_id, name, text, instant_parameter(now)),
            )
    return document_id


def get_document(database: Database, document_id: str) -> Document:
    """The text of that id.

    Raises:
        NotFound: There is none.
    """
    found = database.rows("SELECT id, name, text, created_at FROM documents WHERE id = ?", (document_id,))
    if not found:
        raise NotFound(f"there is no definition text `{document_id}`", code="document-unknown")
    id, name, text, created_at = found[0]
    return Document(id, name, text, instant_value(created_at))
