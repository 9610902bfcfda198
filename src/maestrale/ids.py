"""Identifiers: random ones for what comes from outside, derived ones for what follows from it.

The core may not draw random numbers, or a replay of the same history would give other rows; it
derives every id from the id of the execution's root and a counter.
"""

import os
import uuid
from hashlib import blake2b

DEFAULT_PROJECT = "<default-project>"
"""The project of whoever names none. Source: Mistral v2, with authentication disabled."""


_POOL: list[bytes] = []
_POOLED = 256

# A forked process must not draw what its parent draws.
os.register_at_fork(after_in_child=_POOL.clear)


def new_id() -> str:
    """A fresh random UUID, in its text form.

    The system's randomness is fetched for many ids at once: a request needs several, and a call of the
    system for each costs more than all else that is done for them.
    """
    try:
        drawn = _POOL.pop()
    except IndexError:
        block = os.urandom(16 * _POOLED)
        _POOL.extend(block[start : start + 16] for start in range(16, len(block), 16))
        drawn = block[:16]
    return str(uuid.UUID(bytes=drawn, version=4))


def derive_id(root: str, number: int) -> str:
    """The `number`-th id under `root`: the same for ever, in the form of a UUID of version 4.

    Clients of Mistral may check for that version; nothing but its form can tell it from a random one.
    """
    digits = blake2b(f"{root}/{number}".encode(), digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def content_id(data: bytes) -> str:
    """The name of `data` by its content: equal bytes have equal names."""
    return blake2b(data, digest_size=20).hexdigest()


class Chance:
    """Random values that follow from a seed, so that a replay draws them again."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._drawn = 0

    def fork(self) -> "Chance":
        """Another one that will draw what this one would."""
        twin = Chance(self._seed)
        twin._drawn = self._drawn
        return twin

    def advance_to(self, fork: "Chance") -> None:
        """Go on behind what a fork of this one has drawn."""
        self._drawn = max(self._drawn, fork._drawn)

    def bits(self, count: int) -> int:
        """The next `count` random bits, at most 256, as a number."""
        self._drawn += 1
        digest = blake2b(f"{self._seed}/{self._drawn}".encode(), digest_size=32).digest()
        return int.from_bytes(digest, "big") >> (256 - count)

    def random(self) -> float:
        """A float in [0, 1)."""
        return self.bits(53) / (1 << 53)

    def between(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + self.bits(256) % (high - low + 1)

    def uuid(self) -> str:
        """A UUID of version 4, in its text form."""
        return str(uuid.UUID(int=self.bits(128), version=4))
