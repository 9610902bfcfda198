"""When a cron pattern is due."""

from datetime import datetime

from cronsim import CronSim, CronSimError

from maestrale.errors import InvalidInput

LONGEST_PATTERN = 255

DAY_FIELDS = (2, 4)
"""The days of the month and of the week, where `?` says that the other one tells."""

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


def next_time(pattern: str, after: datetime) -> datetime:
    """The first instant after `after`, which is in UTC, that the pattern means.

    Args:
        pattern: Minute, hour, day of the month, month, day of the week; with a sixth field, the second;
            or a word such as `@hourly`.

    Raises:
        InvalidInput: It is no pattern, or one that never comes.
    """
    try:
        return next(CronSim(_for_library(pattern), after))
    except (CronSimError, ValueError) as error:
        raise _refused(pattern, str(error)) from error
    except StopIteration:
        raise _refused(pattern, "no such day comes in the next 50 years") from None


def _for_library(pattern: str) -> str:
    """The pattern with its seconds first, where the library wants them."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"it has {len(pattern)} characters, {LONGEST_PATTERN} are allowed")
    word = pattern.strip().lower()
    if word.startswith("@"):
        if word not in NICKNAMES:
            raise ValueError(f"the words there are: {', '.join(NICKNAMES)}")
        return NICKNAMES[word]
    fields = pattern.split()
    if len(fields) in (5, 6):
        for day in DAY_FIELDS:
            fields[day] = "*" if fields[day] == "?" else fields[day]
    return " ".join([*fields[5:], *fields[:5]])


def _refused(pattern: str, reason: str) -> InvalidInput:
    return InvalidInput(
        f"`{pattern[:80]}` is not a cron pattern that can be followed: {reason}",
        code="bad-cron-pattern",
        hint="minute, hour, day of the month, month and day of the week, such as `*/5 * * * *`",
    )
