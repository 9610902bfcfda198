"""What is refused while the service is being paused or is paused.

Source: Mistral API v2, `/maintenance`.
"""

from collections.abc import Sequence

import msgspec

from maestrale.api.errors import Refusal

_ALWAYS_OPEN: tuple[list[str], ...] = ([], ["v2"], ["maintenance"])


def check_open(status: str, method: str, segments: Sequence[str], body: bytes) -> None:
    """Go on if a request may come in while the service has `status`. Raises: Refusal: it may not."""
    if status == "RUNNING" or method == "GET" or list(segments) in _ALWAYS_OPEN:
        return
    if method == "PUT" and list(segments[:2]) == ["v2", "action_executions"] and status == "PAUSING":
        return  # What runs has to be able to end, or the service would never be paused.
    if method == "PUT" and list(segments[:2]) == ["v2", "executions"] and _is_cancellation(body):
        return
    raise Refusal(
        423,
        f"The service is in maintenance ({status}) and takes no changes; repeat this when it runs again",
        code="maintenance",
        in_header=True,
    )


def _is_cancellation(body: bytes) -> bool:
    try:
        return bool(msgspec.json.decode(body)["state"] == "CANCELLED")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, KeyError):
        return False
