"""Lengths of fake time, as people write and read them."""

import re
from datetime import timedelta

from maestrale.expressions import Json

UNITS = {"ms": 1, "s": 1_000, "min": 60_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
"""In milliseconds. `m` is a minute: nobody waits for a month."""

SHOWN = ("d", "h", "min", "s", "ms")
PART = r"\d+(?:\.\d+)?\s*(?:ms|s|min|m|h|d)"
DURATION = re.compile(rf"\s*{PART}(?:\s*{PART})*\s*")
LONGEST = timedelta(days=36_500)


def read_duration(value: Json) -> timedelta | None:
    """The length of `90` (seconds), `1h 30min` or `200ms`; None: it is none, or longer than a century."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        milliseconds = value * 1_000
    elif isinstance(value, str) and len(value) < 100 and DURATION.fullmatch(value):
        parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]+)", value)
        milliseconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    else:
        return None
    if not 0 <= milliseconds <= LONGEST / timedelta(milliseconds=1):
        return None
    return timedelta(milliseconds=round(milliseconds))


def shown(length: timedelta) -> str:
    """A length, exactly: `1 h 30 min`, `0 s`."""
    rest = round(length / timedelta(milliseconds=1))
    parts = []
    for unit in SHOWN:
        count, rest = divmod(rest, UNITS[unit])
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"
