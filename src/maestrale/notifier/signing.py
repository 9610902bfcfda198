"""Signatures by which a receiver knows who sent a notice. Source: Standard Webhooks, its symmetric scheme."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64
"""Bytes."""


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: base64, with `whsec_` before it or without.

    Raises:
        ValueError: It is no base64, or its key is too short or too long. The secret is not in the message.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a secret is base64, with `whsec_` before it") from error
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(
            f"a secret stands for {SHORTEST_KEY} to {LONGEST_KEY} bytes, and one is of {len(key)}"
        )
    return key


def signed_headers(id: str, body: bytes, *, keys: Iterable[bytes], at: datetime) -> dict[str, str]:
    """The headers that say which message this is, when it was sent, and prove both with the body.

    There is a signature for each key, so that a receiver may know the old one or the new one.
    """
    seconds = str(int(at.timestamp()))
    headers = {"webhook-id": id, "webhook-timestamp": seconds}
    signed = b".".join((id.encode(), seconds.encode(), body))
    digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    if digests:
        headers["webhook-signature"] = " ".join(f"v1,{base64.b64encode(it).decode()}" for it in digests)
    return headers
