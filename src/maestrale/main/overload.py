"""When a node has too much to do to begin more: what it refuses then, and until when.

What only wants to go on, end or be seen is taken always: that makes queues shorter, or does not make them
longer.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import structlog
from msgspec import Struct

from maestrale.clock import monotonic
from maestrale.config.objects import OverloadSettings
from maestrale.engine.background import Background
from maestrale.main.memory import memory_limit
from maestrale.scheduler.alarm import Alarm

LOOK_SECONDS = 0.25
"""How old what was measured may be, and how often an overloaded node looks whether it still is."""

REST_SECONDS = 5.0
"""How often a node looks that is not: who asks for work to be begun looks, too."""

RELIEVED = 0.8
"""Below this part of a bound it counts as reached no more."""

MEMORY_PART = 0.85
"""The part of the memory that may be in use: its end would be the end of the process."""

_Queue: TypeAlias = tuple[str, str | None]
"""What may be full, and whose it is; None: everybody's."""

log = structlog.get_logger("maestrale.server")


class Pressure(Struct, frozen=True, kw_only=True):
    """What fills up.

    Args:
        steps: Decided, and not committed.
        actions: Attempts that wait for a place, by project.
        messages: Of other nodes, that are being decided.
        rss: Bytes of memory of the process.
    """

    steps: int = 0
    actions: Mapping[str, int] = {}
    messages: int = 0
    rss: int = 0


class Overload(Background):
    """See the module. Entered, it looks by itself for as long as the node is overloaded.

    Args:
        measure: Asked at most every `LOOK_SECONDS`.
        on_change: Called when the node is overloaded, and when it is so no more.
        now: Seconds, for how old a measure is.
    """

    def __init__(
        self,
        settings: OverloadSettings,
        measure: Callable[[], Pressure],
        *,
        on_change: Callable[[], None] = lambda: None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._settings = settings
        self._memory = round(MEMORY_PART * (settings.memory_bytes or memory_limit()))
        self._measure = measure
        self._on_change = on_change
        self._now = now
        self._looked_at: float | None = None
        self._reasons: dict[_Queue, str] = {}
        """Why nothing is begun, by what is full."""
        self._alarm = Alarm()

    @property
    def is_overloaded(self) -> bool:
        """Whether nobody's work is begun."""
        self._look()
        return any(project_id is None for _, project_id in self._reasons)

    def why(self, project_id: str) -> str | None:
        """Why no work of a project is begun, for people. None: it is."""
        self._look()
        return next((self._reasons[full] for full in self._reasons if full[1] in (None, project_id)), None)

    def _look(self) -> None:
        now = self._now()
        if self._looked_at is not None and now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        before = set(self._reasons)
        self._reasons = {
            full: reason
            for full, value, bound, reason in self._queues(self._measure())
            if bound and value >= bound * (RELIEVED if full in before else 1.0)
        }
        if set(self._reasons) != before:
            log.warning("what this node takes on has changed", refused_because=list(self._reasons.values()))
            self._alarm.set_off()
            self._on_change()

    def _queues(self, pressure: Pressure) -> Iterator[tuple[_Queue, int, int, str]]:
        """What is full, its value and its bound, and what to say of it."""
        settings = self._settings
        of_one = settings.most_waiting_actions // 2
        # One project alone must not keep the others out.
        waiting = sum(min(count, of_one) for count in pressure.actions.values())
        for name, value, bound, what in (
            ("steps", pressure.steps, settings.most_steps, "decisions wait to be committed"),
            ("actions", waiting, settings.most_waiting_actions, "actions wait for a free place"),
            ("messages", pressure.messages, settings.most_messages, "messages of other nodes wait"),
        ):
            yield (name, None), value, bound, f"{value:,} {what}"
        held = f"the process holds {pressure.rss // 2**20:,} MiB of memory"
        yield ("memory", None), pressure.rss, self._memory, held
        for project_id, count in pressure.actions.items():
            reason = f"{count:,} actions of project `{project_id}` wait for a free place"
            yield ("actions", project_id), count, of_one, reason

    async def _run(self) -> None:
        while True:
            self._alarm.clear()
            self._look()
            await self._alarm.wait(LOOK_SECONDS if self._reasons else REST_SECONDS)
