"""Instants and timespans. The present comes from the scope, and no zone from the machine."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from dateutil import tz

from maestrale.expressions.scope import Scope
from maestrale.expressions.yaql.kinds import INSTANT, TIMESPAN, kind_of
from maestrale.expressions.yaql.signatures import (
    ANY,
    DT,
    INT,
    INT_ONLY,
    METHOD,
    NUM,
    SCOPE,
    STR,
    TS,
    Type,
    attribute,
    overload,
)

_NONE = timedelta()
_MICROSECOND = timedelta(microseconds=1)
_UTC = tz.tzutc()
_EPOCH = datetime(1970, 1, 1, tzinfo=_UTC)
_MAYBE_NAIVE = Type(INSTANT)
"""An instant as it is, without a zone where it has none."""

_OFFSET = TS("offset", default=_NONE)


def _zone(offset: timedelta) -> tzinfo:
    """The zone with an offset. UTC is one of its own: others are shown with their offsets."""
    return tz.tzoffset(None, offset.total_seconds()) if offset else _UTC


@overload(
    "datetime",
    *map(INT, ("year", "month", "day")),
    *(INT(name, default=0) for name in ("hour", "minute", "second", "microsecond")),
    _OFFSET,
)
def instant(
    year: int, month: int, day: int, hour: int, minute: int, second: int, microsecond: int, offset: timedelta
) -> datetime:
    return datetime(year, month, day, hour, minute, second, microsecond, _zone(offset))


@overload("datetime", NUM("timestamp"), _OFFSET)
def instant_of_timestamp(timestamp: float, offset: timedelta) -> datetime:
    return datetime.fromtimestamp(timestamp, tz=_zone(offset))


@overload("datetime", SCOPE, STR("string"), STR("format", default=None, nullable=True))
def instant_of_text(scope: Scope, text: str, pattern: str | None) -> datetime:
    """An instant from text; what the text leaves out is that of today, and a missing zone is UTC."""
    if pattern:
        found = datetime.strptime(text, pattern)  # noqa: DTZ007
    else:
        today = scope.now.astimezone(UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
        from dateutil import parser  # It is slow to import, and few read instants from text.

        found = parser.parse(text, default=today, tzinfos=_named_zone)
    return found if found.tzinfo else found.replace(tzinfo=_UTC)


def _named_zone(name: str | None, offset: int | None) -> tzinfo | None:
    """The zone that a text names. Of names only UTC's are known, never those of the machine's zone."""
    if offset is None:
        return None
    return tz.tzoffset(name, offset) if offset else tz.UTC


@overload(
    "timespan",
    *(INT(name, default=0) for name in ("days", "hours", "minutes")),
    *(INT_ONLY(name, default=0) for name in ("seconds", "milliseconds", "microseconds")),
)
def timespan(
    days: int, hours: int, minutes: int, seconds: int, milliseconds: int, microseconds: int
) -> timedelta:
    return timedelta(days, seconds, microseconds, milliseconds, minutes, hours)


@overload("now", SCOPE, TS("offset", default=_NONE, nullable=True))
def now(scope: Scope, offset: timedelta | None) -> datetime:
    """The instant of the event that led here. Without a zone it is told in UTC, whatever the machine's."""
    if offset is None:
        return scope.now.astimezone(UTC).replace(tzinfo=None)
    return scope.now.astimezone(_zone(offset))


@overload("localtz")
@overload("utctz")
def offset_of_utc() -> timedelta:
    """The same on every machine."""
    return _NONE


_FIELDS = ("year", "month", "day", "hour", "minute", "second", "microsecond")


@overload(
    "replace",
    DT("dt"),
    *(INT(name, default=None, nullable=True) for name in _FIELDS),
    TS("offset", default=None, nullable=True),
    forms=METHOD,
)
def replace(value: datetime, *parts: Any) -> datetime:
    *numbers, offset = parts
    changes: dict[str, Any] = {
        name: number for name, number in zip(_FIELDS, numbers, strict=True) if number is not None
    }
    if offset is not None:
        changes["tzinfo"] = _zone(offset)
    return value.replace(**changes)


@overload("format", DT("dt"), STR("format"), forms=METHOD)
def formatted(value: datetime, pattern: str) -> str:
    return value.strftime(pattern)


@overload("isDatetime", ANY("value"))
def is_instant(value: Any) -> bool:
    return kind_of(value) == INSTANT


@overload("isTimespan", ANY("value"))
def is_timespan(value: Any) -> bool:
    return kind_of(value) == TIMESPAN


def _register_field(name: str) -> None:
    attribute(name, _MAYBE_NAIVE)(lambda value: getattr(value, name))


for _name in _FIELDS:
    _register_field(_name)


@attribute("weekday", _MAYBE_NAIVE)
def weekday(value: datetime) -> int:
    return value.weekday()


@attribute("offset", _MAYBE_NAIVE)
def offset_of(value: datetime) -> timedelta:
    return value.utcoffset() or _NONE


@attribute("date", DT)
def date_of(value: datetime) -> datetime:
    return datetime(value.year, value.month, value.day, tzinfo=value.tzinfo)


@attribute("time", DT)
def time_of(value: datetime) -> timedelta:
    return value - date_of(value)


@attribute("utc", DT)
def in_utc(value: datetime) -> datetime:
    """The same instant told in UTC, but labelled with the zone it had; Mistral does so."""
    offset: Any = value.utcoffset()
    told: datetime = value - offset
    return told


@attribute("timestamp", _MAYBE_NAIVE)
def timestamp(value: datetime) -> float:
    return (in_utc(value) - _EPOCH).total_seconds()


@attribute("microseconds", TS)
def microseconds(value: timedelta) -> int:
    return value // _MICROSECOND


def _register_total(name: str, length: float) -> None:
    total: Callable[[timedelta], float] = lambda value: microseconds(value) / length  # noqa: E731
    attribute(name, TS)(total)


for _name, _length in (
    ("milliseconds", 1e3),
    ("seconds", 1e6),
    ("minutes", 60e6),
    ("hours", 3600e6),
    ("days", 86400e6),
):
    _register_total(_name, _length)
