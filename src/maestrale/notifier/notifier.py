"""The part of a server that sends notices, beside the engine."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Self

import structlog

from maestrale.actions import HttpSettings
from maestrale.clock import Clock, SteadyClock
from maestrale.core import Notice
from maestrale.engine import Read
from maestrale.engine.timers import Timers
from maestrale.errors import Unavailable
from maestrale.notifier.answers import Answer, Verdict
from maestrale.notifier.backlog import Backlog
from maestrale.notifier.outbox import Outbox, Write
from maestrale.notifier.queues import (
    MOST_IN_MEMORY,
    Host,
    Key,
    Queue,
    host_of,
    pause_after,
    publisher_of,
)
from maestrale.notifier.senders import Senders
from maestrale.notifier.settings import NotifierSettings
from maestrale.notifier.signing import key_of
from maestrale.store import Lane

DATABASE_SECONDS = 2.0
"""How long a queue rests that could not be read."""

STOP_SECONDS = 3.0
"""How long what is being sent may take when the notifier is to stop. It is sent again otherwise."""

BUG_SECONDS = 10.0
"""How long what met a bug rests before it goes on."""

FEWEST_FAILURES = 5
"""Attempts in a row that have to fail before anything is given up, however old it is: a server that was down
for days does not give up what it could not send meanwhile."""

LONGEST_ASKED_SECONDS = 3600.0
"""The longest pause that a target can ask for."""

MOST_IDLE_HOSTS = 32
"""Hosts whose connections are kept although nothing is to be sent to them."""

log = structlog.get_logger("maestrale.notifier")


class Notifier:
    """See the package. Use it as an asynchronous context manager, and give it what commits have to tell.

    Leaving it stops sending; what is left is sent by the next process.

    Args:
        http: Where it may connect to.
        clock: Says how old notices are, and when they are sent.
        pace: Says when pauses are over. None: a clock that nobody can set.
        on_outcome: Told how notices went: `delivered`, `failed` (one attempt), `given_up`; and how many.
        chance: Random numbers from 0 to 1, which spread the attempts.
    """

    def __init__(
        self,
        settings: NotifierSettings,
        http: HttpSettings,
        *,
        clock: Clock,
        pace: Clock | None = None,
        read: Read,
        write: Write,
        on_outcome: Callable[[str, int], None] = lambda outcome, count: None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_outcome = on_outcome
        self._chance = chance
        self._senders = Senders(http, keys=[key_of(secret) for secret in settings.secrets], clock=clock)
        self._outbox = Outbox(read, write)
        self._pace = pace or SteadyClock()
        self._timers = Timers(self._pace, self._on_rested)
        self._queues: dict[Key, Queue] = {}
        self._hosts: dict[str, Host] = {}
        self._backlog = Backlog(self._outbox, self._hosts, self._take)
        self._sending: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._is_stopping = False

    async def __aenter__(self) -> Self:
        loops = (self._backlog.run, self._outbox.run, self._timers.run)
        self._loops = [asyncio.create_task(_for_ever(loop)) for loop in loops]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._is_stopping = True
        for task in self._loops:
            task.cancel()
        if self._sending:
            await asyncio.wait(self._sending, timeout=STOP_SECONDS)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, *self._loops, return_exceptions=True)
        with suppress(Unavailable):  # Then some are sent once more.
            await self._outbox.flush()
        await self._senders.close()

    def tell(self, notices: Sequence[Notice]) -> None:
        """Send these, which are in the database now. Returns at once."""
        for notice in notices:
            key = notice.root_id, notice.target
            queue = self._queues.get(key)
            if queue is None:
                queue = self._open(key, notice.address)
                if queue is None:
                    continue  # It is looked for in the database when there is room.
                if queue.host.has_more or not self._backlog.is_claimed:
                    queue.note_stored(notice.created_at)  # There may be some that come before it.
            queue.add(notice)
            self._offer(queue)

    async def settle(self) -> None:
        """End the pauses that are over, and wait until nothing is being sent.

        For whoever moves the clock by hand; with a clock that runs, the notifier does so by itself.
        """
        self._timers.fire_due()
        while self._sending:
            await asyncio.wait(self._sending)
        await self._outbox.flush()

    async def look(self) -> None:
        """Take over what processes that are gone had still to send, and see what is in no queue.

        It does so by itself, at once and then now and then. Raises: Unavailable.
        """
        await self._backlog.look()

    # Whose turn it is.

    def _open(self, key: Key, address: str) -> Queue | None:
        """A new queue. None: there is no room for it."""
        publisher = publisher_of(address)
        name = host_of(publisher)
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = Host(name, slots=self._settings.slots)
        if host.is_full:
            host.has_more = True
            return None
        queue = self._queues[key] = host.queues[key] = Queue(key, publisher, host)
        return queue

    def _take(self, lane: Lane) -> None:
        """Make a queue of a lane that was found in the database, if it has none."""
        key = lane.root_id, lane.target
        if key not in self._queues and (queue := self._open(key, lane.address)) is not None:
            queue.note_stored(lane.oldest_at)
            self._offer(queue)

    def _offer(self, queue: Queue) -> None:
        """Send the first notice of a queue as soon as its host has room for it."""
        host = queue.host
        if not queue.is_served and not queue.is_resting and not queue.is_ready:
            queue.is_ready = True
            host.ready.append(queue)
        self._start(host)

    def _start(self, host: Host) -> None:
        while not self._is_stopping and (queue := host.next()) is not None:
            queue.is_ready, queue.is_served = False, True
            host.sending += 1
            task = asyncio.create_task(self._serve(host, queue))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def _on_rested(self, root_id: str, name: str) -> None:
        """The pause of a queue, or of a host (without a root), is over."""
        if not root_id:
            if (host := self._hosts.get(name)) is not None:
                host.is_resting = False
                self._start(host)
        elif (queue := self._queues.get((root_id, name.rpartition("/")[2]))) is not None:
            queue.is_resting = False
            self._offer(queue)

    def _rest(self, queue: Queue, seconds: float) -> None:
        root_id, target = queue.key
        queue.is_resting = True
        self._timers.set(root_id, f"{root_id}/{target}", self._pace.now() + timedelta(seconds=seconds))

    def _rest_host(self, host: Host) -> None:
        pause = timedelta(seconds=pause_after(host.failures, self._chance()))
        host.is_resting = True
        self._timers.set("", host.name, self._pace.now() + pause)

    # Sending.

    async def _serve(self, host: Host, queue: Queue) -> None:
        """Send the first notice of a queue, see what comes of it, and let the next have their turns."""
        try:
            await self._send_first(host, queue)
        except Unavailable:
            self._rest(queue, DATABASE_SECONDS)
        except Exception:  # What one notice leads to must not stop the others.
            log.exception("sending a notice met a bug", host=host.name, root_id=queue.key[0])
            self._rest(queue, BUG_SECONDS)
        finally:
            host.sending -= 1
            queue.is_served = False
        if queue.is_empty:
            self._drop(host, queue)
        else:
            self._offer(queue)
        self._start(host)
        await self._tidy(host)

    async def _send_first(self, host: Host, queue: Queue) -> None:
        if not queue.waiting:
            await self._load(queue)
        if not queue.waiting:
            return
        notice = queue.waiting[0]
        answer = await self._senders.send(notice, queue.publisher, host=host.name)
        match answer.verdict:
            case Verdict.DELIVERED:
                if host.failures:
                    log.info("notices are delivered again", host=host.name)
                self._on_outcome("delivered", 1)
                queue.failures = host.failures = 0
                self._outbox.forget(queue.remove_first())
            case Verdict.REFUSED:
                self._tell_given_up(1, host, answer, root_id=notice.root_id, notice=notice.id)
                self._outbox.forget(queue.remove_first())
            case _:
                await self._on_failed(host, queue, answer)
                queue.unload()

    async def _load(self, queue: Queue) -> None:
        """Read what is only in the database."""
        noted = queue.stored
        if not self._backlog.is_claimed:
            await self._outbox.claim_lane(*queue.key)
        notices = await self._outbox.read(*queue.key, limit=MOST_IN_MEMORY)
        queue.load(notices, is_all=len(notices) < MOST_IN_MEMORY and queue.stored == noted)

    # Failures.

    async def _on_failed(self, host: Host, queue: Queue, answer: Answer) -> None:
        """Try again later; give up what is too old if nothing has got through for a while."""
        self._on_outcome("failed", 1)
        queue.failures += 1
        asked = min(answer.pause_seconds, LONGEST_ASKED_SECONDS)
        self._rest(queue, max(pause_after(queue.failures, self._chance()), asked))
        if answer.verdict is Verdict.FAILED:
            host.failures = 0
            failures, at_risk = queue.failures, [queue]
        elif host.is_resting:
            return  # Another attempt, made at the same time, has found that out.
        else:
            host.failures += 1
            self._rest_host(host)
            failures, at_risk = host.failures, list(host.queues.values())
        if failures == 1:
            self._tell_failed(host, queue.waiting[0], answer)
        if failures >= FEWEST_FAILURES:
            await self._give_up_old(host, answer, [it for it in at_risk if it is queue or not it.is_served])

    async def _give_up_old(self, host: Host, answer: Answer, queues: Sequence[Queue]) -> None:
        """Forget what is too old in these queues, of which nobody sends anything at the moment."""
        until = self._clock.now() - timedelta(seconds=self._settings.give_up_seconds)
        old = [queue for queue in queues if queue.oldest_at is not None and queue.oldest_at <= until]
        if not old:
            return
        served = {queue.key for queue in old if queue.is_served}  # The one that has just failed.
        count = await self._outbox.forget_old((queue.key for queue in old), until=until)
        for queue in old:
            if queue.key in served or not queue.is_served:  # Another may have got its turn meanwhile.
                queue.drop_until(until)
        if count:
            self._tell_given_up(count, host, answer)

    def _tell_failed(self, host: Host, notice: Notice, answer: Answer) -> None:
        log.warning(
            "a notice could not be delivered; it is tried again",
            host=host.name,
            reason=answer.reason,
            root_id=notice.root_id,
            notice=notice.id,
        )

    def _tell_given_up(self, count: int, host: Host, answer: Answer, **more: str) -> None:
        self._on_outcome("given_up", count)
        log.error("notices were given up", count=count, host=host.name, reason=answer.reason, **more)

    def _drop(self, host: Host, queue: Queue) -> None:
        """Forget a queue that has nothing to send."""
        del self._queues[queue.key], host.queues[queue.key]
        if host.wants_more:
            self._backlog.wake()

    async def _tidy(self, host: Host) -> None:
        """Forget a host that nothing is sent to, if there are enough idle ones."""
        is_idle = not host.queues and not host.sending and not host.has_more
        if is_idle and len(self._hosts) > MOST_IDLE_HOSTS and self._hosts.get(host.name) is host:
            del self._hosts[host.name]
            await self._senders.disconnect(host.name)


async def _for_ever(run: Callable[[], Awaitable[None]]) -> None:
    """A bug is told, and does not end what runs: otherwise notices would silently stay where they are."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("looking after notices met a bug")
        await asyncio.sleep(BUG_SECONDS)
