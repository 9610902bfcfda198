"""Settings that each are allowed and together mean nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from maestrale.cluster.settings import BEATS_A_LEASE, ROLES
from maestrale.scheduler.settings import ENDED_STATES

INTERVAL = "expiration_evaluation_interval_minutes"
LIMITS = ("expiration_older_than_minutes", "expiration_max_finished_executions")
IGNORED = "expiration_ignored_states"


def find_contradictions(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Which settings do not go with the values of the others, and why not."""
    yield from _expiration(values)
    yield from _cluster(values)


def _expiration(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    given = [name for name in LIMITS if values[name]]
    if values[INTERVAL] and not given:
        limits = " or ".join(f"`{name}`" for name in LIMITS)
        yield INTERVAL, f"is {values[INTERVAL]}, but nothing says what expires; set {limits} too"
    if not values[INTERVAL]:
        for name in given:
            yield name, f"is {values[name]}, but nobody looks for what has expired; set `{INTERVAL}` too"
    if set(ENDED_STATES) <= set(values[IGNORED]):
        yield IGNORED, "has every state that there is, so that nothing expires; leave one out"


def _cluster(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    beat, lease = values["beat_seconds"], values["lease_seconds"]
    if lease < BEATS_A_LEASE * beat:
        yield (
            "lease_seconds",
            f"is {lease:g}, and `beat_seconds` is {beat:g}: a single late beat would cost this node all that"
            f" it has; a lease lasts at least {BEATS_A_LEASE:g} beats, {BEATS_A_LEASE * beat:g} here",
        )
    missing = [role for role in ROLES if role not in values["roles"]]
    if missing and _is_file(values["database"]):
        yield (
            "roles",
            f"leaves out {', '.join(missing)}, but a file as the database has no other node that would do"
            " that; set `database` to the PostgreSQL database that the nodes share, or name all roles",
        )


def _is_file(database: str | None) -> bool:
    return database is None or database.startswith("sqlite:")
