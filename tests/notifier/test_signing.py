"""Signatures as Standard Webhooks has them."""

import base64
import hashlib
import hmac
import re

import pytest

from maestrale.notifier.signing import key_of, signed_headers
from maestrale.testing.clocks import NOON

SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
SECONDS = str(int(NOON.timestamp()))


def signature(key: bytes, id: str, body: bytes) -> str:
    """As a receiver works it out."""
    signed = f"{id}.{SECONDS}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def test_a_message_is_signed_with_its_id_its_time_and_its_body() -> None:
    headers = signed_headers("msg", b'{"a": 1}', keys=[key_of(SECRET)], at=NOON)

    assert headers == {
        "webhook-id": "msg",
        "webhook-timestamp": SECONDS,
        "webhook-signature": signature(bytes(range(24)), "msg", b'{"a": 1}'),
    }


def test_the_signature_is_the_one_of_the_published_scheme() -> None:
    """Written out: HMAC-SHA256 over `msg.1772366400.{}`, with the key inside and outside of the hash."""
    key = bytes(range(24)).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(it ^ 0x36 for it in key) + b"msg.1772366400.{}").digest()
    outer = hashlib.sha256(bytes(it ^ 0x5C for it in key) + inner).digest()

    headers = signed_headers("msg", b"{}", keys=[key_of(SECRET)], at=NOON)

    assert headers["webhook-signature"] == "v1," + base64.b64encode(outer).decode()


def test_there_is_a_signature_for_each_secret() -> None:
    old, new = b"o" * 24, b"n" * 64

    headers = signed_headers("msg", b"{}", keys=[new, old], at=NOON)

    assert headers["webhook-signature"].split(" ") == [signature(key, "msg", b"{}") for key in (new, old)]


def test_without_a_secret_there_is_no_signature() -> None:
    assert signed_headers("msg", b"{}", keys=[], at=NOON) == {
        "webhook-id": "msg",
        "webhook-timestamp": SECONDS,
    }


def test_a_secret_may_stand_without_its_prefix() -> None:
    assert key_of(SECRET.removeprefix("whsec_")) == bytes(range(24))


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        ("whsec_no base64!", "a secret is base64, with `whsec_` before it"),
        ("whsec_abc", "a secret is base64, with `whsec_` before it"),
        ("whsec_é", "a secret is base64, with `whsec_` before it"),
        ("whsec_YWJj", "a secret stands for 24 to 64 bytes, and one is of 3"),
        ("", "a secret stands for 24 to 64 bytes, and one is of 0"),
    ],
)
def test_what_is_no_secret_is_refused_and_not_shown(secret: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(fault)}$"):
        key_of(secret)
