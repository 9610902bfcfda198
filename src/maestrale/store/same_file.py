"""Whether the file of a database is still where it was opened.

A process goes on to write a file that somebody moved, deleted or put another one in the place of, and
nothing fails. What it then stores is lost for whoever opens the path next.
"""

import os

from maestrale.errors import Unavailable


class SameFile:
    """The file that a path names now."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._place = os.path.abspath(path)
        self._identity: tuple[int, int] | None = None
        self._identity = self._look()

    def check(self) -> None:
        """Raises: Unavailable: The path names another file, or none (`database-replaced`)."""
        now = self._look()
        if now == self._identity or self._identity is None:
            return
        what = "gone from its place" if now is None else "another file than the one that was opened"
        raise Unavailable(
            f"the database `{self._path}` is {what}, and nothing more is stored",
            code="database-replaced",
            hint="put the file back that was there; to use another one, end what uses this database first",
        )

    def _look(self) -> tuple[int, int] | None:
        """What tells the file from others; None: there is none."""
        try:
            status = os.stat(self._place)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:  # It cannot be looked at, which is no reason not to write what is open.
            return self._identity
        return status.st_dev, status.st_ino
