"""Who wants to see what becomes of which tree, as it is committed."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from maestrale.engine.ledger import Step
from maestrale.errors import Error

BACKLOG = 1_000
"""Steps that may wait for one subscriber; who is slower than that is let go of."""


class Subscription:
    """The committed steps of one tree from now on, in order and without gaps, until it is closed."""

    def __init__(self) -> None:
        self._steps: asyncio.Queue[Step | None] = asyncio.Queue()
        self._error: Error | None = None
        self._closed = False

    async def next(self) -> Step | None:
        """The next step. None: nothing comes any more, because this node lets go of the tree, the node
        ends, or too much has gathered here.

        Raises:
            Error: The tree went to another node, or was deleted.
        """
        if self._closed and self._steps.empty():
            return None
        step = await self._steps.get()
        if step is None and self._error is not None:
            raise self._error
        return step

    def gathered(self) -> list[Step]:
        """The steps that have come already, without waiting for more."""
        steps = []
        while not self._steps.empty():
            step = self._steps.get_nowait()
            if step is None:
                self._steps.put_nowait(None)  # The end, which `next` tells.
                break
            steps.append(step)
        return steps

    def put(self, step: Step) -> None:
        if self._closed:
            return
        if self._steps.qsize() >= BACKLOG:
            self.close()
        else:
            self._steps.put_nowait(step)

    def close(self, error: Error | None = None) -> None:
        """End it, once what has gathered is read."""
        if not self._closed:
            self._closed = True
            self._error = error
            self._steps.put_nowait(None)


class Feed:
    """The subscriptions, by root. What nobody looks at costs nothing."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, list[Subscription]] = {}

    def __len__(self) -> int:
        """How many look on."""
        return sum(map(len, self._subscriptions.values()))

    @contextmanager
    def subscribe(self, root_id: str) -> Iterator[Subscription]:
        """See what is committed of a tree while the block lasts."""
        subscription = Subscription()
        self._subscriptions.setdefault(root_id, []).append(subscription)
        try:
            yield subscription
        finally:
            others = self._subscriptions[root_id]
            others.remove(subscription)
            if not others:
                del self._subscriptions[root_id]

    def publish(self, root_id: str, steps: Sequence[Step]) -> None:
        """These steps of a tree are durable."""
        for subscription in self._subscriptions.get(root_id, ()):
            for step in steps:
                subscription.put(step)

    def close(self, root_id: str, error: Error) -> None:
        """Nothing more will be seen of this tree here."""
        for subscription in self._subscriptions.get(root_id, ()):
            subscription.close(error)

    def close_all(self) -> None:
        """The node ends."""
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.close()
