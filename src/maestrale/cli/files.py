"""Reading the files that people name; `-` is stdin."""

import sys
from io import BytesIO
from typing import BinaryIO

from maestrale.errors import InvalidInput

STDIN = "-"


def read_file(path: str, *, what: str, limit: int) -> bytes:
    """The bytes of a file.

    Args:
        what: What the file is to the person, for messages: `input file`.
        limit: The most bytes it may have.

    Raises:
        InvalidInput: There is no such file, it is a directory, it cannot be read, or it is too large.
    """
    try:
        with _open(path) as file:
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        raise InvalidInput(f"there is no {what} `{shown(path)}`", code="file-missing") from error
    except IsADirectoryError as error:
        raise InvalidInput(
            f"the {what} `{shown(path)}` is a directory", code="file-unreadable", hint="name a file in it"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(
            f"the {what} `{shown(path)}` cannot be read: {reason}", code="file-unreadable"
        ) from error
    if len(data) > limit:
        raise InvalidInput(
            f"the {what} `{shown(path)}` has more than {limit:,} bytes, which is the most it may have",
            code="file-too-large",
            hint="keep large data outside, and pass on where it is",
        )
    return data


def _open(path: str) -> BinaryIO:
    if path != STDIN:
        return open(path, "rb")
    return BytesIO() if sys.stdin is None else sys.stdin.buffer


def shown(path: str) -> str:
    """A path as messages name it; its bytes need not be text."""
    name = "stdin" if path == STDIN else path
    return name.encode(errors="backslashreplace").decode()
