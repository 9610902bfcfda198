"""A notifier on a real database, with a clock that stands still until a test moves it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from maestrale.actions import HttpSettings
from maestrale.core import Notice, Publisher
from maestrale.core.state import Changes, Tree
from maestrale.errors import Unavailable
from maestrale.ids import content_id
from maestrale.notifier import Notifier, NotifierSettings
from maestrale.store import Store, TreeCommit, open_store
from maestrale.testing.clocks import FakeClock

T = TypeVar("T")


class House:
    """`tell` commits notices and hands them over, as the engine does."""

    def __init__(self, path: Path, clock: FakeClock, settings: NotifierSettings, http: HttpSettings) -> None:
        self.clock = clock
        self.store = open_store(f"sqlite:///{path}", clock=clock)
        self.outcomes: dict[str, int] = {}
        self.failing_calls = 0
        """How many of the next calls of the database fail."""
        self.bugs = 0
        """How many of them meet a bug."""
        self._sequences: dict[str, int] = {}
        self.notifier = Notifier(
            settings,
            http,
            clock=clock,
            pace=clock,
            read=self._call,
            write=self._call,
            on_outcome=self._count,
            chance=lambda: 0.0,
        )

    async def _call(self, work: Callable[[Store], T]) -> T:
        if self.bugs:
            self.bugs -= 1
            raise RuntimeError("a bug")
        if self.failing_calls:
            self.failing_calls -= 1
            raise Unavailable("the database is away")
        return work(self.store)

    def _count(self, outcome: str, count: int) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count

    def commit(self, url: str, *events: str, root_id: str = "root", **publisher: Any) -> list[Notice]:
        """Store one notice for each of the events, of a tree that goes on."""
        address = Publisher(**{"type": "webhook", "url": url} | publisher).address
        sequence = self._sequences.get(root_id)
        before = None if sequence is None else Tree(id=root_id, sequence=sequence)
        after = Tree(id=root_id, sequence=(sequence or 0) + 1)
        self._sequences[root_id] = after.sequence
        first = Notice(
            id="",
            root_id=root_id,
            target=content_id(address.encode()),
            sequence=after.sequence,
            position=0,
            address=address,
            event=None,
            body="",
            created_at=self.clock.now(),
        )
        notices = [
            replace(
                first,
                id=f"{root_id}-{after.sequence}-{position}",
                position=position,
                event=event,
                body=f'{{"event": "{event}"}}',
            )
            for position, event in enumerate(events)
        ]
        self.store.commit([TreeCommit(root_id, Changes(tree=before), Changes(tree=after), (), notices)])
        return notices

    async def tell(self, url: str, *events: str, root_id: str = "root", **publisher: Any) -> None:
        """Commit notices, hand them over, and wait until what can be sent is sent."""
        self.hand_over(url, *events, root_id=root_id, **publisher)
        await self.notifier.settle()

    def hand_over(self, url: str, *events: str, root_id: str = "root", **publisher: Any) -> None:
        self.notifier.tell(self.commit(url, *events, root_id=root_id, **publisher))

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.notifier.settle()

    @property
    def left(self) -> int:
        """How many notices are still to be sent."""
        return self.store.count_notices()


@asynccontextmanager
async def notifying(
    path: Path,
    *,
    clock: FakeClock | None = None,
    http: HttpSettings | None = None,
    bugs: int = 0,
    **settings: Any,
) -> AsyncIterator[House]:
    house = House(path, clock or FakeClock(), NotifierSettings(**settings), http or HttpSettings())
    house.bugs = bugs
    with house.store:
        async with house.notifier:
            await asyncio.sleep(0)  # It looks for what others have left, which here takes no time.
            yield house
