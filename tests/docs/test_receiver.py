"""The receiver of the guide takes what a server sends, and nothing else."""

import base64
import re
from typing import Any

import pytest

from maestrale.notifier.signing import key_of, signed_headers
from maestrale.testing.clocks import NOON

from .pages import PROJECT

PAGE = (PROJECT / "docs" / "guides" / "receive-notifications.md").read_text(encoding="utf-8")
OURS = "whsec_" + base64.b64encode(b"o" * 32).decode()
THEIRS = "whsec_" + base64.b64encode(b"t" * 32).decode()
BODY = b'{"event": "TASK_FAILED"}'
NOW = NOON.timestamp()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the code of the page defines."""
    monkeypatch.setenv("NOTIFY_SECRET", OURS)
    found = re.search(r"```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(found[1], names)
    return names


def sent(*secrets: str) -> dict[str, str]:
    return signed_headers("msg", BODY, keys=map(key_of, secrets), at=NOON)


@pytest.mark.parametrize("secrets", [(OURS,), (OURS, THEIRS), (THEIRS, OURS)])
def test_it_takes_what_is_signed_with_its_secret(receiver: dict[str, Any], secrets: tuple[str, ...]) -> None:
    assert receiver["is_genuine"](sent(*secrets), BODY, NOW)


@pytest.mark.parametrize(
    ("headers", "body", "now"),
    [
        (sent(), BODY, NOW),
        (sent(THEIRS), BODY, NOW),
        (sent(OURS), BODY + b" ", NOW),
        (sent(OURS) | {"webhook-id": "other"}, BODY, NOW),
        (sent(OURS) | {"webhook-timestamp": "1"}, BODY, NOW),
        (sent(OURS) | {"webhook-timestamp": "today"}, BODY, NOW),
        (sent(OURS), BODY, NOW + 301),
        ({}, BODY, NOW),
    ],
)
def test_it_refuses_everything_else(
    receiver: dict[str, Any], headers: dict[str, str], body: bytes, now: float
) -> None:
    assert not receiver["is_genuine"](headers, body, now)
