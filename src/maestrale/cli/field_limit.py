"""How much one field of an execution may hold: input, result, published variables, output."""

import os

from maestrale.core import Limits
from maestrale.errors import InvalidInput

VARIABLE = "MAESTRALE_FIELD_LIMIT_KB"


def limits_from_environment() -> Limits:
    """The limits with what the environment says: kilobytes, or 0 for no limit; by default 1024.

    Raises:
        InvalidInput: The variable holds something else.
    """
    text = os.environ.get(VARIABLE)
    if text is None:
        return Limits()
    if not text.isascii() or not text.isdigit():
        raise InvalidInput(
            f"`{VARIABLE}` is `{text[:40]}`, which is no number of kilobytes",
            code="field-limit",
            hint="give a whole number, such as 4096; 0 means no limit",
        )
    return Limits(field_bytes=int(text) * 1024)
