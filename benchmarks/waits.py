"""What the processes of PostgreSQL wait for while nodes commit: looked at again and again."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

LOOK_SECONDS = 0.002
"""Between two looks, besides what a look takes."""

_LOOK = (
    "SELECT wait_event_type, wait_event, count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    " AND state <> 'idle' AND pid <> pg_backend_pid() GROUP BY 1, 2"
)
"""A process whose client is silent within a transaction waits for the `Client`."""


class Waits:
    """How long all processes together have waited, by what for."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seen: Counter[str] = Counter()
        self._looks = 0
        self._seconds = 0.0

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Look on while the block lasts."""
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=[over])
        began = time.perf_counter()
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            self._seconds += time.perf_counter() - began

    def _watch(self, over: threading.Event) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not over.wait(LOOK_SECONDS):
                self._looks += 1
                for kind, event, count in connection.execute(_LOOK):
                    self._seen[_name(kind, event)] += count

    def told(self, tasks: int) -> str:
        """Microseconds for each of so many tasks."""
        each = self._seconds / max(self._looks, 1) / tasks * 1e6
        found = [f"{name} {count * each:.1f}" for name, count in self._seen.most_common()]
        return f"{self._looks} looks; µs of waiting for a task: {', '.join(found)}"


def _name(kind: str | None, event: str | None) -> str:
    if kind is None:
        return "nothing (at work)"
    return f"{kind} ({event})" if kind in ("Lock", "LWLock", "IO") else kind
