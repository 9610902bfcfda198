"""The bound on what one field of a row may hold.

Source: Mistral v2, section 4.10: inputs, parameters, results, published variables and outputs.
"""

import msgspec

from maestrale.core.failures import ForcedFailure
from maestrale.core.turn import Turn
from maestrale.errors import InvalidInput
from maestrale.expressions import Json


def check_size(turn: Turn, what: str, value: Json) -> None:
    """Refuse a value that is larger than the limit, or that no row can hold.

    Raises:
        ForcedFailure: It names `what`, the size and the limit.
    """
    limit = turn.world.limits.field_bytes
    try:
        size = len(msgspec.json.encode(value))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ForcedFailure(f"{what} cannot be stored: {error}") from error
    if 0 < limit < size:
        raise ForcedFailure(f"Field size limit exceeded: {what} has {size:,} bytes, the limit is {limit:,}")


def check_request_size(turn: Turn, what: str, value: Json) -> None:
    """As `check_size`, for what somebody sends. Raises: InvalidInput: It is too large (`field-size`)."""
    try:
        check_size(turn, what, value)
    except ForcedFailure as failure:
        raise InvalidInput(
            str(failure), code="field-size", hint="hand over where the data is, or raise the limit"
        ) from failure
