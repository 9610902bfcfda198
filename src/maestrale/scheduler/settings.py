"""What the scheduler is told."""

from msgspec import Struct

from maestrale.core.status import ENDED_EXECUTION

ENDED_STATES = tuple(sorted(ENDED_EXECUTION))
"""The states of executions that can expire."""


class CronSettings(Struct, frozen=True, kw_only=True):
    """How cron triggers fire.

    Args:
        is_enabled: Whether they do.
        starts_at_once: How many of those that are due at the same time start at once.
    """

    is_enabled: bool = True
    starts_at_once: int = 50


class ExpirationSettings(Struct, frozen=True, kw_only=True):
    """What is deleted after it has ended. By default nothing is.

    Args:
        interval_minutes: Between two looks. 0: there are none.
        older_than_minutes: What has not changed for so long is deleted; 0: age does not matter.
        max_finished_executions: All but so many are deleted, the newest are kept; 0: any number is.
        batch_size: How many are deleted without a rest; 0: all.
        ignored_states: What ended in one of these is neither counted nor deleted.
    """

    interval_minutes: int = 0
    older_than_minutes: int = 0
    max_finished_executions: int = 0
    batch_size: int = 100
    ignored_states: tuple[str, ...] = ()

    @property
    def states(self) -> tuple[str, ...]:
        """What may be deleted."""
        return tuple(str(state) for state in ENDED_STATES if state not in self.ignored_states)
