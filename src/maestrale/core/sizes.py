"""The bound on what one field of a row may hold.

Source: Mistral v2, section 4.10: inputs, parameters, results, published variables and outputs.
"""

import msgspec

from maestrale.core.failures import ForcedFailure
from maestrale.core.turn import Turn
from maestrale.errors import InvalidInput
from maestrale.expressions import Json
from maestrale.expressions.secrets import KEY

_MARK = f'"{KEY}":'.encode()


def check_size(turn: Turn, what: str, value: Json) -> None:
    """Refuse a value that is larger than the limit, or that no row can hold, and note if it has secrets.

    Raises:
        ForcedFailure: It names `what`, the size and the limit.
    """
    limit = turn.world.limits.field_bytes
    try:
        text = msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ForcedFailure(turn.scrub(f"{what} cannot be stored: {error}")) from error
    if _MARK in text:
        turn.note_secrets(value)
    size = len(text)
    if 0 < limit < size:
        raise ForcedFailure(too_large(what, size, limit))


def too_large(what: str, size: int, limit: int) -> str:
    """That a value is larger than the limit, both in bytes of JSON."""
    return f"Field size limit exceeded: {what}: {size:,} bytes of JSON, and {limit:,} are allowed"


def check_request_size(turn: Turn, what: str, value: Json) -> None:
    """As `check_size`, for what somebody sends. Raises: InvalidInput: It is too large (`field-size`)."""
    try:
        check_size(turn, what, value)
    except ForcedFailure as failure:
        raise InvalidInput(
            str(failure),
            code="field-size",
            hint="hand over where the data is; or the operator raises the setting `field_limit_kb`",
        ) from failure
