"""Errors become statuses and bodies, here and only here.

There are two families of bodies. What goes wrong in an operation is an object with a `faultstring`; what
is refused before an operation is found (an unknown path, no identity, XML, maintenance) is a `Refusal`: a
page in HTML, or an object with `title` and `description` for who accepts JSON.

Source: Mistral API v2, error bodies.
"""

from html import escape
from http import HTTPStatus
from typing import Literal

from maestrale.api.answers import Answer, encode
from maestrale.engine.shares import TooManyRequests
from maestrale.errors import Conflict, Error, Forbidden, NotFound, Unavailable
from maestrale.store import LeaseLost

Family = Literal["json", "text"]

OVERLOADED = "overloaded"

RETRY_SECONDS = {OVERLOADED: 5}
"""When to come again after a 503 or 429, by its code. 1 otherwise: most of it is over at once."""

CONFLICT_CODES = frozenset(
    {"action-name-taken", "being-run", "execution-exists", "name-taken", "trigger-exists"}
)
"""The conflicts about what exists; those about the state of a thing are 400, as in Mistral."""

CODE_HEADER = "Maestrale-Error-Code"
MESSAGE_HEADER = "Server-Error-Message"
"""The client of Mistral prints this header rather than the body."""


class Refusal(Exception):
    """A request that is refused before an operation is found for it.

    Args:
        in_header: Whether the text goes into `Server-Error-Message` too.
    """

    def __init__(
        self,
        status: int,
        text: str,
        *,
        code: str,
        headers: tuple[tuple[str, str], ...] = (),
        in_header: bool = False,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = code
        self.headers = ((MESSAGE_HEADER, header_text(text)), *headers) if in_header else headers


class WrongContentType(Error):
    """The body of a request is of a kind that its operation does not read."""

    code = "content-type"


class ClientGone(Exception):
    """The client went away before its request was complete: there is nobody to answer."""


def header_text(text: str) -> str:
    """A text as a header can carry it: one line of ASCII."""
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode()


def status_of(error: Error) -> int:
    """The status that tells the caller what to do about an error."""
    match error:
        case LeaseLost() | Unavailable():
            return 503
        case Conflict():
            return 409 if error.code in CONFLICT_CODES else 400
        case NotFound():
            return 404
        case Forbidden():
            return 403
        case WrongContentType():
            return 415
        case TooManyRequests():
            return 429
    return 400


def fault(error: Error, family: Family) -> Answer:
    """The answer to an error of an operation. Its text has the hint, too."""
    status = status_of(error)
    headers = [(CODE_HEADER, error.code)]
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers.append(("Retry-After", str(RETRY_SECONDS.get(error.code, 1))))
    return _fault(str(error), status, family, tuple(headers))


def internal_fault(error_id: str, family: Family) -> Answer:
    """The answer to a bug: nothing but an id under which the log says more."""
    text = (
        f"The server met an error of its own; its log has it as {error_id} [internal-error]\n"
        f"  hint: give that id to the operator; whether the request had an effect is not known"
    )
    return _fault(text, 500, family, ((CODE_HEADER, "internal-error"),))


def _fault(text: str, status: int, family: Family, headers: tuple[tuple[str, str], ...]) -> Answer:
    body: dict[str, str | None] = {"faultstring": text}
    if family == "json":
        body = {"faultcode": "Client" if status < 500 else "Server", "faultstring": text, "debuginfo": None}
    return Answer(body, status, headers, "application/json")


def refusal_page(refusal: Refusal, accept: str) -> Answer:
    """The page of a refusal, in the kind of body that the client accepts."""
    title = HTTPStatus(refusal.status).phrase
    headers = ((CODE_HEADER, refusal.code), *refusal.headers)
    if "application/json" in accept:
        data = {"code": refusal.status, "title": title, "description": refusal.text}
        return Answer(encode(data), refusal.status, headers, "application/json")
    heading = f"{refusal.status} {title}"
    page = (
        f"<!DOCTYPE html>\n<html>\n<head><title>{heading}</title></head>\n"
        f"<body>\n<h1>{heading}</h1>\n<p>{escape(refusal.text)}</p>\n</body>\n</html>\n"
    )
    return Answer(page.encode(), refusal.status, headers, "text/html; charset=utf-8")
