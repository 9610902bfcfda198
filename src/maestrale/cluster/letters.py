"""What nodes write to each other: a request for a tree, and what came out of it, as JSON."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from maestrale.engine import Request
from maestrale.errors import Conflict, Error, Forbidden, InvalidInput, NotFound, Unavailable
from maestrale.expressions import Json
from maestrale.store import json_text

_KINDS: tuple[type[Error], ...] = (InvalidInput, NotFound, Conflict, Forbidden, Unavailable)


class Letter(Struct, frozen=True, tag="request"):
    """A request for the tree `root_id`."""

    root_id: str
    request: Request


class Refusal(Struct, frozen=True):
    """An error that goes from one node to another."""

    kind: str
    code: str
    message: str
    hint: str | None = None


class Reply(Struct, frozen=True, tag="reply"):
    """What came out of the request in the message `to`; durable, or refused."""

    to: str
    outcome: Any = None
    refusal: Refusal | None = None

    def result(self) -> Json:
        """What came out. Raises: Error: the refusal."""
        if self.refusal is not None:
            raise error_of(self.refusal)
        return self.outcome


def refusal_of(error: Error) -> Refusal:
    kind = next((kind for kind in _KINDS if isinstance(error, kind)), Error)
    return Refusal(kind.__name__, error.code, error.message, error.hint)


def error_of(refusal: Refusal) -> Error:
    kinds = {kind.__name__: kind for kind in _KINDS}
    return kinds.get(refusal.kind, Error)(refusal.message, code=refusal.code, hint=refusal.hint)


_read: Callable[[str | bytes], Letter | Reply] = json_text.decoder(Letter | Reply)  # type: ignore[arg-type]


def write(letter: Letter | Reply) -> str:
    return json_text.encode(letter).decode()


def read(text: str) -> Letter | Reply:
    """Raises: InvalidInput: It is of a version that writes other letters (`letter-unreadable`)."""
    try:
        return _read(text)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise InvalidInput(
            f"a request of another node cannot be read: {error}",
            code="letter-unreadable",
            hint="the nodes run different versions; bring them all to the newer one",
        ) from error
