"""Settings that each are allowed and together mean nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from maestrale.scheduler.settings import ENDED_STATES

INTERVAL = "expiration_evaluation_interval_minutes"
LIMITS = ("expiration_older_than_minutes", "expiration_max_finished_executions")
IGNORED = "expiration_ignored_states"


def find_contradictions(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Which settings do not go with the values of the others, and why not."""
    given = [name for name in LIMITS if values[name]]
    if values[INTERVAL] and not given:
        limits = " or ".join(f"`{name}`" for name in LIMITS)
        yield INTERVAL, f"is {values[INTERVAL]}, but nothing says what expires; set {limits} too"
    if not values[INTERVAL]:
        for name in given:
            yield name, f"is {values[name]}, but nobody looks for what has expired; set `{INTERVAL}` too"
    if set(ENDED_STATES) <= set(values[IGNORED]):
        yield IGNORED, "has every state that there is, so that nothing expires; leave one out"
