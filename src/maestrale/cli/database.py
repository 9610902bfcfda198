"""Which database a command uses."""

import os
from pathlib import Path

from maestrale.errors import InvalidInput

VARIABLE = "MAESTRALE_DATABASE"


def database_url(given: str | None) -> str:
    """The URL given, else that of the environment, else a file among the user's data.

    Raises:
        InvalidInput: There is no place for the file.
    """
    return given or os.environ.get(VARIABLE) or f"sqlite:///{_default_file()}"


def _default_file() -> Path:
    # The XDG base directory specification has relative paths ignored.
    data = os.environ.get("XDG_DATA_HOME", "")
    if data.startswith("/"):
        return Path(data) / "maestrale" / "maestrale.db"
    try:
        return Path.home() / ".local" / "share" / "maestrale" / "maestrale.db"
    except RuntimeError as error:
        raise InvalidInput(
            "no database is named, and this user has no home directory to keep one in",
            code="no-database",
            hint=f"use --database sqlite:////path/to/maestrale.db, or set {VARIABLE}",
        ) from error
