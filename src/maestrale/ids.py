"""Identifiers: random ones for what comes from outside, derived ones for what follows from it.

The core may not draw random numbers, or a replay of the same history would give other rows; it
derives every id from the id of the execution's root and a counter.
"""

import os
import uuid
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32

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
    return str(uuid.UUID(bytes=_draw(), version=4))


def _draw() -> bytes:
    """Sixteen random bytes."""
    try:
        return _POOL.pop()
    except IndexError:
        block = os.urandom(16 * _POOLED)
        _POOL.extend(block[start : start + 16] for start in range(16, len(block), 16))
        return block[:16]


def new_root_id(now: datetime) -> str:
    """A fresh id for an execution, in the form of a UUID of version 4, which begins with the time.

    So do all that are derived from it. What is made at the same time therefore lies together in every index:
    random ids would touch a page of each index for each row, and where a database is larger than its memory
    that is most of what it does. A check in the id tells it from a random one; 48 bits of it are random.
    """
    time = f"{int(now.timestamp() * 1000):012x}"[-12:]
    chance = _draw()[:6].hex()
    check = _check(time, chance)
    return f"{time[:8]}-{time[8:]}-4{check[:3]}-b{check[3:]}-{chance}"


def derive_id(root: str, number: int) -> str:
    """The `number`-th id under `root`: the same for ever, in the form of a UUID of version 4.

    Clients of Mistral may check for that version; nothing but its form can tell it from a random one.
    """
    digits = blake2b(f"{root}/{number}".encode(), digest_size=16).hexdigest()
    beginning = _beginning(root) or f"{digits[:8]}-{digits[8:12]}"
    return f"{beginning}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@lru_cache(maxsize=4096)
def _beginning(root: str) -> str:
    """The time at the beginning of what `new_root_id` has made; of any other id nothing."""
    if len(root) != 36 or root[14] != "4" or root[19] != "b":
        return ""
    has_check = root[15:18] + root[20:23] == _check(root[:8] + root[9:13], root[24:])
    return root[:13] if has_check else ""


def _check(time: str, chance: str) -> str:
    return blake2b(f"{time}/{chance}".encode(), digest_size=3).hexdigest()


def content_id(data: bytes) -> str:
    """The name of `data` by its content: equal bytes have equal names."""
    return blake2b(data, digest_size=20).hexdigest()


def shard_of(root_id: str, count: int) -> int:
    """Which of `count` shards, a power of two, the tree of that root belongs to: the same for ever."""
    return crc32(root_id.encode(errors="surrogatepass")) & (count - 1)


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
