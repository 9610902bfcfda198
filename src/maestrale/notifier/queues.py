"""What waits to be sent: a queue for each tree and target, and the hosts that the targets are on.

A queue keeps the order; its first notice is sent before the next. A host bounds how much is sent to it at
once, and rests while it gives no answer, so that its queues do not all find that out. It bounds as well what
is in memory for it: a receiver that is away for a day may have millions of notices waiting in the database.
No I/O happens here.
"""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from maestrale.core import Notice, Publisher

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds between two attempts: after the first failure, and at most."""

MOST_IN_MEMORY, MOST_HELD = 100, 1_000
"""Notices in memory, of one queue and of one host; others are read from the database in their turn."""

MOST_QUEUES = 5_000
"""Of one host; what has found no room is looked for in the database when half of them have gone."""

Key = tuple[str, str]
"""The root of a tree, and the target."""


def pause_after(failures: int, chance: float) -> float:
    """Seconds to wait after so many failures in a row: twice as long each time, and up to a half less by
    `chance`, from 0 to 1, so that not everybody comes back at the same moment."""
    whole = min(FIRST_PAUSE * 2.0 ** min(failures - 1, 30), LONGEST_PAUSE)
    return whole * (1 - chance / 2)


def publisher_of(address: str) -> Publisher:
    """Whom `Publisher.address` stands for."""
    return msgspec.json.decode(address, type=Publisher)


def host_of(publisher: Publisher) -> str:
    """Where a publisher is, in a form that may be shown; empty where nothing is sent to."""
    if publisher.type == "noop":
        return ""
    parts = urlsplit(publisher.url)
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{name}{f':{parts.port}' if parts.port else ''}"


class Queue:
    """The notices of one tree for one target."""

    def __init__(self, key: Key, publisher: Publisher, host: "Host") -> None:
        self.key = key
        self.publisher = publisher
        self.host = host
        self.waiting: deque[Notice] = deque()
        self.failures = 0
        """Attempts in a row that failed."""
        self.is_ready = False
        """Whether it waits for room at its host."""
        self.is_served = False
        """Whether its first notice is being sent, or looked for."""
        self.is_resting = False
        self.stored = 0
        """How often it was noted that there is more in the database."""
        self._stored_since: datetime | None = None

    @property
    def has_stored(self) -> bool:
        """Whether there is more in the database, behind those that wait here."""
        return self._stored_since is not None

    @property
    def is_empty(self) -> bool:
        return not self.waiting and not self.has_stored

    @property
    def oldest_at(self) -> datetime | None:
        """When the first of its notices was made, or before; None: it is empty."""
        return self.waiting[0].created_at if self.waiting else self._stored_since

    def add(self, notice: Notice) -> None:
        """A notice that is in the database now."""
        if self.has_stored or len(self.waiting) >= MOST_IN_MEMORY or self.host.held >= MOST_HELD:
            self.note_stored(notice.created_at)
        else:
            self.waiting.append(notice)
            self.host.held += 1

    def remove_first(self) -> Notice:
        """The first notice, which need not be sent any more."""
        self.host.held -= 1
        return self.waiting.popleft()

    def note_stored(self, since: datetime) -> None:
        """There is more in the database, of that time or later."""
        self.stored += 1
        self._stored_since = min(since, self._stored_since or since)

    def load(self, notices: Iterable[Notice], *, is_all: bool) -> None:
        """Take what was read. `is_all`: there is no more in the database."""
        before = len(self.waiting)
        self.waiting.extend(notices)
        self.host.held += len(self.waiting) - before
        if is_all:
            self._stored_since = None

    def unload(self) -> None:
        """Leave its notices to the database, if there are too many in memory for its host."""
        if self.waiting and self.host.held > MOST_HELD:
            self.note_stored(self.waiting[0].created_at)
            self.host.held -= len(self.waiting)
            self.waiting.clear()

    def drop_until(self, at: datetime) -> None:
        """Forget what was made at that time or before; in the database it is gone."""
        while self.waiting and self.waiting[0].created_at <= at:
            self.remove_first()
        if self._stored_since is not None:
            self._stored_since = max(self._stored_since, at)


class Host:
    """A host, with the queues that have something for it.

    `failures`: attempts in a row without an answer. `held`: notices in memory. `has_more`: there are queues
    for it that found no room.
    """

    def __init__(self, name: str, *, slots: int) -> None:
        self.name = name
        self.queues: dict[Key, Queue] = {}
        self.ready: deque[Queue] = deque()
        self.sending = 0
        self.failures = 0
        self.is_resting = False
        self.held = 0
        self.has_more = False
        self._slots = slots

    @property
    def is_full(self) -> bool:
        return len(self.queues) >= MOST_QUEUES

    @property
    def wants_more(self) -> bool:
        """Whether there is room again for queues that found none."""
        return self.has_more and len(self.queues) <= MOST_QUEUES // 2

    def next(self) -> Queue | None:
        """The queue whose turn it is, if there is room for it.

        A host that gave no answer is tried with one notice at a time.
        """
        room = 0 if self.is_resting else 1 if self.failures else self._slots
        if self.sending >= room or not self.ready:
            return None
        return self.ready.popleft()
