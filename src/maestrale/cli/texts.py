"""Values, durations and states in words for people."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from maestrale.expressions import Json, mask

MOST_CHARACTERS = 200

SYMBOLS: Mapping[str, str] = {
    "IDLE": "·",
    "WAITING": "·",
    "RUNNING": "▶",
    "DELAYED": "◷",
    "PAUSED": "⏸",
    "SUCCESS": "✓",
    "ERROR": "✗",
    "CANCELLED": "⊘",
    "SKIPPED": "↷",
}


def duration(span: timedelta) -> str:
    """A span of time as one reads it: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`."""
    seconds = max(span.total_seconds(), 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def local_time(at: datetime) -> str:
    """An instant on the clock of this machine."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def local_hour(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")


def one_line(text: str, *, most: int = MOST_CHARACTERS) -> str:
    """Text of others in one line: cut with a note where it is long, harmless for a terminal."""
    shown = " ".join(text[: most * 4].split())
    if len(shown) > most or len(text) > most * 4:
        shown = f"{shown[:most].rstrip()}… ({len(text):,} characters)"
    return printable(shown)


def printable(text: str) -> str:
    """The text with every control character but the line break made visible."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n " else c.encode("unicode_escape").decode() for c in text)


def value_line(value: Json) -> str:
    """A value in one line; text as it is, the rest as JSON."""
    value = mask(value)
    return one_line(value if isinstance(value, str) else to_json(value))


def to_json(value: Json, *, pretty: bool = False) -> str:
    """Plain data as JSON, its secrets masked. What JSON does not have (NaN, infinity) is null."""
    value = mask(value)
    try:
        return _dump(value, pretty=pretty, allow_nan=False)
    except ValueError:
        return _dump(_storable(value), pretty=pretty, allow_nan=False)


def _dump(value: Json, *, pretty: bool, allow_nan: bool) -> str:
    return json.dumps(
        value, ensure_ascii=False, indent=2 if pretty else None, allow_nan=allow_nan, default=_plain
    )


def _plain(value: object) -> Json:
    """What `json` does not know: mappings and lists of other kinds, instants, enums."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Iterable):
        return list(value)
    return str(value)


def _storable(value: Json) -> Json:
    """Without the odd ones: NaN and infinity, and integers too long to be printed."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value.bit_length() < 2_000 else hex(value)
    if isinstance(value, Mapping):
        return {key: _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
