"""What the API says of a text that it was asked to validate."""

from msgspec import UNSET, Struct, UnsetType


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a text is valid; if it is not, `error` lists every problem with its place."""

    valid: bool
    error: str | UnsetType = UNSET
