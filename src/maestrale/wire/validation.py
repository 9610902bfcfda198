"""What the API says of a text that it was asked to validate."""

from msgspec import UNSET, Struct, UnsetType


class DefinitionWarning(Struct, frozen=True, kw_only=True):
    """Something that is allowed, but most likely not meant. `line` and `column` count from 1."""

    code: str
    line: int
    column: int
    message: str
    suggestion: str | None = None


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a text is valid; if it is not, `error` lists every problem with its place.

    `warnings` make no text invalid; there is no such key where there are none.
    """

    valid: bool
    error: str | UnsetType = UNSET
    warnings: tuple[DefinitionWarning, ...] = ()
