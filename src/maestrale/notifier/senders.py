"""How a notice leaves, by the type of its publisher. The connections to webhooks are kept here."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from maestrale.actions import HttpSettings
from maestrale.clock import Clock
from maestrale.core import Notice, Publisher
from maestrale.notifier.answers import Answer, Verdict

if TYPE_CHECKING:
    from maestrale.notifier.webhooks import Webhooks

log = structlog.get_logger("maestrale.notifier")


class Senders:
    """Makes one attempt to tell a publisher.

    Args:
        http: Where it may connect to.
        keys: What is signed with.
    """

    def __init__(self, http: HttpSettings, *, keys: Sequence[bytes], clock: Clock) -> None:
        self._http = http
        self._keys = keys
        self._clock = clock
        self._webhooks: dict[str, Webhooks] = {}

    async def send(self, notice: Notice, publisher: Publisher, *, host: str) -> Answer:
        """Send a notice once; what came of it. `host` is that of the publisher."""
        match publisher.type:
            case "noop":
                log.info("a notice", what=notice.event, root_id=notice.root_id, notice=notice.id)
                return Answer(Verdict.DELIVERED)
            case "webhook":
                return await self._webhooks_of(host).send(notice, publisher, at=self._clock.now())

    def _webhooks_of(self, host: str) -> "Webhooks":
        if host not in self._webhooks:
            from maestrale.notifier.webhooks import Webhooks

            self._webhooks[host] = Webhooks(self._http, keys=self._keys)
        return self._webhooks[host]

    async def disconnect(self, host: str) -> None:
        """Close the connections to a host that nothing is sent to for now."""
        webhooks = self._webhooks.pop(host, None)
        if webhooks is not None:
            await webhooks.close()

    async def close(self) -> None:
        for host in list(self._webhooks):
            await self.disconnect(host)
