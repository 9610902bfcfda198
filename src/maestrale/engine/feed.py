"""Who wants to see what becomes of which tree, as it is committed: here, or by another node.

What this node commits it publishes itself. What others commit is brought by `following`, and goes the same
way: whoever looks on sees one sequence of steps, wherever the tree is, and however often it moves.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from maestrale.core import State
from maestrale.engine.ledger import Step
from maestrale.errors import Error

BACKLOG = 1_000
"""Steps that may wait for one subscriber; who is slower than that is let go of."""


class Subscription:
    """The committed steps of one tree from now on, in order and without gaps, until it is closed."""

    def __init__(self, channel: "Channel") -> None:
        self._channel = channel
        self._steps: asyncio.Queue[Step | None] = asyncio.Queue()
        self._error: Error | None = None
        self._closed = False
        self._first: int | None = None
        """The number of the first step that came."""

    async def next(self) -> Step | None:
        """The next step. None: nothing comes any more, because the node ends, or too much has gathered here.

        Raises:
            Error: The tree was deleted, or cannot be followed here.
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

    def goes_on_from(self, sequence: int, state: State) -> bool:
        """Whether what comes here follows on a step that was read elsewhere; some may come a second time.

        False: there are steps between, which are stored by now.

        Args:
            state: The tree as of that step. It is the channel's from now on, if this is true.
        """
        if self._first is not None:
            return self._first <= sequence + 1
        return self._channel.goes_on_from(sequence, state)

    def put(self, step: Step) -> None:
        if self._closed:
            return
        if self._first is None:
            self._first = step.sequence
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


class Expectation:
    """An execution or an action run that is to come into one of some states.

    On another node's tree a state that lasts for less than a look takes may be passed over.
    """

    def __init__(self, row_id: str, states: Collection[str]) -> None:
        self.row_id = row_id
        self._states = states
        self._over = asyncio.Event()

    async def come(self) -> None:
        """Wait for it; or until the row is gone, or nothing more is seen here."""
        await self._over.wait()

    def see(self, state: str | None) -> bool:
        """The row has this state; None: it is not there. Returns: Whether that is what was waited for."""
        if state is None or state in self._states:
            self._over.set()
        return self._over.is_set()

    def see_steps(self, steps: Sequence[Step]) -> None:
        """These steps are committed."""
        for step in steps:
            row = step.changes.executions.get(self.row_id) or step.changes.runs.get(self.row_id)
            if row is not None:
                self.see(row.state)

    def close(self) -> None:
        self._over.set()


class Channel:
    """Who looks on at one tree, and how far it is told."""

    def __init__(self, root_id: str, *, is_here: bool) -> None:
        self.root_id = root_id
        self.subscriptions: list[Subscription] = []
        self.expectations: list[Expectation] = []
        self.is_here = is_here
        """Whether nobody but this node can have committed what is not told yet."""
        self.sequence: int | None = None
        """The last step that is told. None: nobody needs those before the next."""
        self._state: State | None = None
        self._early: list[Step] = []

    @property
    def is_unused(self) -> bool:
        return not (self.subscriptions or self.expectations)

    def unsubscribe(self, subscription: Subscription) -> None:
        self.subscriptions.remove(subscription)
        if not self.subscriptions:
            self.sequence = self._state = None
            self._early.clear()

    @property
    def lacks_steps(self) -> bool:
        """Whether steps are held back, since those before them are another node's and were not read yet."""
        return bool(self._early)

    def publish(self, steps: Sequence[Step]) -> None:
        """This node has committed these steps."""
        for expectation in self.expectations:
            expectation.see_steps(steps)
        if not self.subscriptions:
            return
        self._state = None  # The tree itself is in memory, and tells its state when it goes to another node.
        self._early += steps
        self._tell_early()

    def tell(self, step: Step) -> None:
        """This step is committed, by whichever node."""
        for expectation in self.expectations:
            expectation.see_steps([step])
        if self.sequence is None or step.sequence > self.sequence:
            self._put(step)
        self._tell_early()

    def _tell_early(self) -> None:
        while self._early and (self.sequence is None or self._early[0].sequence <= self.sequence + 1):
            step = self._early.pop(0)
            if self.sequence is None or step.sequence > self.sequence:
                self._put(step)

    def _put(self, step: Step) -> None:
        self.sequence = step.sequence
        for subscription in self.subscriptions:
            subscription.put(step)

    def goes_on_from(self, sequence: int, state: State) -> bool:
        """See `Subscription`, to which nothing has come yet."""
        if self.sequence is not None and self.sequence > sequence:
            return False
        if self.sequence is None or len(self.subscriptions) == 1:
            self.sequence = sequence
            self.keep_state(sequence, state)
        return True

    def keep_state(self, sequence: int, state: State) -> None:
        """This is the tree after that step: the later ones can be decided again on it."""
        if sequence == self.sequence:
            self._state = state

    def take_state(self) -> State | None:
        """The tree after the last step that is told, to be changed. None: it has to be made."""
        state, self._state = self._state, None
        return state

    def close(self, error: Error | None = None) -> None:
        """Nothing more will be seen."""
        for subscription in self.subscriptions:
            subscription.close(error)
        for expectation in self.expectations:
            expectation.close()


class Feed:
    """The channels, by root. What nobody looks at costs nothing.

    Args:
        sees: Whether all that becomes of a tree from now on is committed by this node.
    """

    def __init__(self, sees: Callable[[str], bool] = lambda root_id: True) -> None:
        self._sees = sees
        self._channels: dict[str, Channel] = {}
        self.on_elsewhere: Callable[[], None] = lambda: None
        """Called when somebody looks on at a tree that another node may commit."""

    def __len__(self) -> int:
        """How many look on."""
        return sum(len(each.subscriptions) + len(each.expectations) for each in self._channels.values())

    @contextmanager
    def subscribe(self, root_id: str) -> Iterator[Subscription]:
        """See what is committed of a tree while the block lasts."""
        channel = self._open(root_id)
        subscription = Subscription(channel)
        channel.subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            channel.unsubscribe(subscription)
            self._close_unused(channel)

    @contextmanager
    def expect(self, root_id: str, row_id: str, states: Collection[str]) -> Iterator[Expectation]:
        """Wait for a state of an execution or an action run of a tree, while the block lasts.

        What was reached before is not noticed: look at the row once, inside of the block.
        """
        channel = self._open(root_id)
        expectation = Expectation(row_id, states)
        channel.expectations.append(expectation)
        try:
            yield expectation
        finally:
            channel.expectations.remove(expectation)
            self._close_unused(channel)

    def _open(self, root_id: str) -> Channel:
        channel = self._channels.get(root_id)
        if channel is None:
            channel = self._channels[root_id] = Channel(root_id, is_here=self._sees(root_id))
        if not channel.is_here:
            self.on_elsewhere()
        return channel

    def _close_unused(self, channel: Channel) -> None:
        if channel.is_unused:
            self._channels.pop(channel.root_id, None)

    def publish(self, root_id: str, steps: Sequence[Step]) -> None:
        """These steps of a tree are durable; this node has committed them."""
        channel = self._channels.get(root_id)
        if channel is not None:
            channel.publish(steps)
            if channel.lacks_steps:
                self.on_elsewhere()
            elif channel.subscriptions and not channel.is_here:
                channel.is_here = self._sees(root_id)  # Whatever another node did is told by now.

    def leave(self, root_id: str, state: State) -> None:
        """Another node goes on with a tree, of which everything decided here is told. `state`: as it is."""
        channel = self._channels.get(root_id)
        if channel is not None and channel.subscriptions and state.tree is not None:
            channel.keep_state(state.tree.sequence, state)

    def check_here(self, root_id: str | None = None) -> None:
        """A tree may have gone to another node; None: any of them may."""
        for each in self._channels if root_id is None else (root_id,):
            channel = self._channels.get(each)
            if channel is not None and channel.is_here and not self._sees(each):
                channel.is_here = False
                self.on_elsewhere()

    def doubt(self, root_ids: Iterable[str]) -> None:
        """What this node could not commit somebody else may have: on a file another process may begin the
        very execution that this one begins. What is stored has to be looked at."""
        for root_id in root_ids:
            channel = self._channels.get(root_id)
            if channel is not None:
                channel.is_here = False
                self.on_elsewhere()

    def elsewhere(self) -> list[Channel]:
        """The channels to which other nodes may have something to tell."""
        return [each for each in self._channels.values() if not each.is_here or each.lacks_steps]

    def sees(self, root_id: str) -> bool:
        """Whether all that becomes of a tree from now on is published here by the one who commits it."""
        return self._sees(root_id)

    def close(self, root_id: str, error: Error) -> None:
        """Nothing more will be seen of this tree here."""
        channel = self._channels.get(root_id)
        if channel is not None:
            channel.close(error)

    def close_all(self) -> None:
        """The node ends."""
        for channel in self._channels.values():
            channel.close()
