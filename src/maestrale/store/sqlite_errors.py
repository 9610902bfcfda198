"""What SQLite says, in the words of `maestrale.errors`: what happened, and how to go on."""

import os
import sqlite3

from maestrale.errors import Conflict, Error, InvalidInput, NotFound, Unavailable
from maestrale.store.file_errors import FREE_SPACE, LOOK_AT_DISK, NO_RIGHT

# A full disk also shows as a failed write, or a failed extension of the shared memory file.
_FULL_BELOW_BYTES = 64 * 1024


def translate(error: Exception, path: str | None) -> Error:
    """The error to raise instead of one of the driver's. `path`: the database file, if there is one."""
    if isinstance(error, UnicodeEncodeError):
        return InvalidInput(
            "a text holds half of a surrogate pair, which is not a character",
            code="text-not-unicode",
            hint="remove the character; it often comes from a file in another encoding",
        )
    if isinstance(error, OverflowError):
        return InvalidInput(
            "a number is larger than a column of the database can hold (64 bits)",
            code="number-too-large",
            hint="use a smaller number",
        )
    name = f"the database `{path}`" if path is not None else "the database in memory"
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary == sqlite3.SQLITE_IOERR and _is_disk_full(path):
        primary = sqlite3.SQLITE_FULL
    return _known_error(primary, name, path, error) or Unavailable(
        f"{name} failed: {error}",
        code="database-error",
        hint="what was being written was not stored; try again",
    )


def _known_error(primary: int | None, name: str, path: str | None, error: Exception) -> Error | None:
    match primary:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return Unavailable(
                f"another program holds {name} locked",
                code="database-locked",
                hint="end the other program or wait until it is done, then try again",
            )
        case sqlite3.SQLITE_FULL:
            return Unavailable(
                f"there is no space left for {name}",
                code="database-full",
                hint=FREE_SPACE,
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _damaged(name, path, error)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return Unavailable(f"{name} must not be written", code="database-readonly", hint=NO_RIGHT)
        case sqlite3.SQLITE_CANTOPEN:
            return Unavailable(f"{name} cannot be opened", code="database-readonly", hint=NO_RIGHT)
        case sqlite3.SQLITE_IOERR:
            return Unavailable(
                f"reading or writing {name} failed: {error}",
                code="database-io",
                hint=LOOK_AT_DISK,
            )
        case sqlite3.SQLITE_INTERRUPT:
            return Unavailable(
                f"reading {name} took too long, and was ended",
                code="database-timeout",
                hint="ask for less at once: a smaller page, or one filter more",
            )
        case sqlite3.SQLITE_TOOBIG:
            return InvalidInput(
                "a value is larger than a row of the database can hold",
                code="value-too-large",
                hint="keep large data outside, and pass on where it is",
            )
        case sqlite3.SQLITE_CONSTRAINT:
            return Conflict(
                f"rows of {name} are not as they were last read: {error}",
                code="rows-out-of-step",
                hint="load the tree again and decide again",
            )
        case _:
            return None


def _damaged(name: str, path: str | None, error: Exception) -> Unavailable:
    """The file cannot be read as a database, or contradicts itself."""
    rescue = f", or save what can be read with `sqlite3 {path} .recover`" if path is not None else ""
    return Unavailable(
        f"{name} is damaged, or is not a database: {error}",
        code="database-damaged",
        hint=f"restore the file from a copy{rescue}",
    )


def missing(path: str) -> NotFound:
    """There is no such file, and none is to be made."""
    return NotFound(
        f"there is no database `{path}`",
        code="database-missing",
        hint="look at the path in the database URL; a workflow that is run creates the file",
    )


def _is_disk_full(path: str | None) -> bool:
    if path is None:
        return False
    try:
        state = os.statvfs(os.path.dirname(path) or ".")
    except OSError:
        return False
    return state.f_bavail * state.f_frsize < _FULL_BELOW_BYTES
