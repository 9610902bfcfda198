"""What may go wrong, sorted by what the caller can do about it.

A message says what is wrong, where, and how to go on. `code` is stable: programs may depend on
it, people may search for it. An action that fails is data on its task and never one of these.
"""

from collections.abc import Callable


class Error(Exception):
    """The root of all errors that a caller may meet."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def reword(self, change: Callable[[str], str]) -> None:
        """Say it in other words, for instance without what must not be told."""
        self.message = change(self.message)
        self.hint = None if self.hint is None else change(self.hint)
        self.args = (self.message,)

    def __str__(self) -> str:
        text = f"{self.message} [{self.code}]"
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class InvalidInput(Error):
    """The request itself is wrong; sending it again as it is cannot help."""

    code = "invalid-input"


class NotFound(Error):
    """There is nothing of that name."""

    code = "not-found"


class Conflict(Error):
    """What was asked does not fit the present state: read it, decide again."""

    code = "conflict"


class Unavailable(Error):
    """No answer, and it may have happened all the same: repeat the request with the same key."""

    code = "unavailable"


class Forbidden(Error):
    """The caller may see this, but not do that."""

    code = "forbidden"
