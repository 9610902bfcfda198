"""What PostgreSQL and its driver say, in the words of `maestrale.errors`: what happened, and how to go on."""

from collections.abc import Mapping

import psycopg
from msgspec import Struct

from maestrale.errors import Conflict, Error, InvalidInput, Unavailable

_TRY_AGAIN = "what was being written was not stored; try again"
_UNKNOWN = "what was being written may or may not be stored: read it before writing it again"
_LOOK = "look whether the server runs, and whether this host reaches it; it is asked again at the next use"


class _Meaning(Struct, frozen=True):
    kind: type[Error]
    code: str
    text: str
    hint: str


def _unavailable(code: str, text: str, hint: str) -> _Meaning:
    return _Meaning(Unavailable, code, text, hint)


_BUSY = _unavailable("database-locked", "{name} is busy: {error}", _TRY_AGAIN)
_GOES = _unavailable(
    "database-unreachable", "{name} is starting, stopping or has cut the connection: {error}", _LOOK
)
_DENIED = _unavailable(
    "database-denied",
    "{name} refuses this user: {error}",
    "look at the user and the password in the database URL",
)
_TOO_LONG = _unavailable(
    "database-timeout", "{name} took too long, and the statement was cancelled", _TRY_AGAIN
)
_DAMAGED = _unavailable("database-damaged", "{name} is damaged: {error}", "restore the database from a copy")
_READ_ONLY = _unavailable(
    "database-readonly",
    "{name} must not be written: {error}",
    "name the server that takes writes; with several hosts add `?target_session_attrs=read-write` to the URL",
)

# By the whole SQLSTATE, or by its class: the first two characters.
MEANINGS: Mapping[str, _Meaning] = {
    "08": _unavailable("database-unreachable", "{name} does not answer: {error}", _LOOK),
    "57P01": _GOES,
    "57P02": _GOES,
    "57P03": _GOES,
    "57P05": _GOES,
    "25P03": _unavailable(
        "database-unreachable",
        "{name} has ended a transaction in which nothing was asked for too long",
        _TRY_AGAIN,
    ),
    "57P04": _unavailable(
        "database-missing", "{name} has been dropped", "make it, or correct the database URL"
    ),
    "3D000": _unavailable(
        "database-missing", "{name} does not exist", "make it (`createdb`), or correct the database URL"
    ),
    "28": _DENIED,
    "42501": _unavailable(
        "database-denied",
        "{name} does not let this user do that: {error}",
        "give the user that owns the tables, or the right to make tables in the schema",
    ),
    "53300": _unavailable(
        "database-busy",
        "{name} has no connection left: {error}",
        "raise `max_connections` of the server, or run fewer nodes",
    ),
    "53100": _unavailable(
        "database-full", "there is no space left for {name}", "free some space on the server"
    ),
    "53": _unavailable("database-busy", "{name} lacks resources: {error}", _TRY_AGAIN),
    "25006": _READ_ONLY,
    "55P03": _BUSY,
    "40": _BUSY,
    "57014": _TOO_LONG,
    "25P04": _TOO_LONG,
    "58": _unavailable(
        "database-io", "{name} failed to read or write: {error}", "look at the log of the server"
    ),
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
    "23": _Meaning(
        Conflict,
        "rows-out-of-step",
        "rows of {name} are not as they were last read: {error}",
        "load the tree again and decide again",
    ),
    "54": _Meaning(
        InvalidInput,
        "value-too-large",
        "a value is larger than a row of the database can hold",
        "keep large data outside, and pass on where it is",
    ),
    "22003": _Meaning(
        InvalidInput,
        "number-too-large",
        "a number is larger than a column of the database can hold (64 bits)",
        "use a smaller number",
    ),
    "42P01": _unavailable(
        "database-error",
        "{name} lacks a table: {error}",
        "look whether somebody deleted tables; restore a copy",
    ),
}


def translate(error: Exception, name: str, *, outcome_unknown: bool = False) -> Error:
    """The error to raise instead of one of the driver's.

    Args:
        name: The database without its password.
        outcome_unknown: The connection was lost while a transaction was being committed.
    """
    shown = f"the database `{name}`"
    if isinstance(error, UnicodeEncodeError):
        return InvalidInput(
            "a text holds half of a surrogate pair, which is not a character",
            code="text-not-unicode",
            hint="remove the character; it often comes from a file in another encoding",
        )
    meaning = _find(error)
    text = meaning.text.format(name=shown, error=_first_line(error))
    return meaning.kind(text, code=meaning.code, hint=_UNKNOWN if outcome_unknown else meaning.hint)


def _find(error: Exception) -> _Meaning:
    state = getattr(error, "sqlstate", None)
    if state is not None:
        found = MEANINGS.get(state) or MEANINGS.get(state[:2])
        return found or _unavailable("database-error", "{name} failed: {error}", _TRY_AGAIN)
    if isinstance(error, psycopg.DataError | OverflowError):
        return MEANINGS["22003" if isinstance(error, OverflowError) else "54"]
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | OSError):
        return _without_state(str(error))
    return _unavailable("database-error", "{name} failed: {error}", _TRY_AGAIN)


def _without_state(text: str) -> _Meaning:
    """What the library says that connects: it passes the server's words on, and not its code."""
    for words, state in _WORDS:
        if words in text:
            return MEANINGS[state]
    return MEANINGS["08"]


_WORDS = (
    ("password authentication failed", "28"),
    ("no password supplied", "28"),
    ("no pg_hba.conf entry", "28"),
    ("role ", "28"),
    ("permission denied for database", "42501"),
    ("too many clients", "53300"),
    ("too many connections", "53300"),
    ("remaining connection slots", "53300"),
    ("is starting up", "57P03"),
    ("is shutting down", "57P03"),
    ("in recovery mode", "57P03"),
    ("session is read-only", "25006"),
    ('database "', "3D000"),
)


_BESIDE_THE_POINT = ("LINE ", "^", "CONTEXT:", "DETAIL:", "Multiple ")


def _first_line(error: Exception) -> str:
    """What went wrong, without the place in the statement; of several hosts, what each said."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    details = [
        line for line in lines if not line.startswith(("LINE ", "^", "CONTEXT:", "DETAIL:", "Multiple "))
    ]
    return "; ".join(details[:4]) or type(error).__name__
