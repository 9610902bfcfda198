"""How an attempt to send a notice went."""

from enum import StrEnum

from msgspec import Struct


class Verdict(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    """The target answered, and does not take it now."""
    UNREACHABLE = "unreachable"
    """There was no answer: nothing else will reach the host either."""
    REFUSED = "refused"
    """Trying again is of no use."""


class Answer(Struct, frozen=True):
    """What came of an attempt.

    Args:
        reason: For people; without anything of the publisher's URL or headers but the host.
        pause_seconds: How long the target wants to be left alone at least.
    """

    verdict: Verdict
    reason: str = ""
    pause_seconds: float = 0.0
