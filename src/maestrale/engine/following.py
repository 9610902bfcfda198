"""Brings into the feed what other nodes, or other processes on a file, commit of trees followed here.

One look asks for everything that is followed, however much that is and however many follow it. Only where a
tree has gone further its history is read, from where it is known, and decided again, once for all who follow
it here. Looks come quickly while something happens and rest where nobody follows anything: no other node has
to know, nothing has to be told anew when a tree moves, and no hint can be lost.
"""

import asyncio
from functools import partial

from maestrale.core import World
from maestrale.engine.background import Background
from maestrale.engine.custody import unknown
from maestrale.engine.feed import Channel, Feed
from maestrale.engine.readers import Read
from maestrale.engine.story import Replay
from maestrale.errors import Error, Unavailable
from maestrale.store.standing import Standing

FIRST_PAUSE, BUSY_PAUSE, LONGEST_PAUSE = 0.02, 0.05, 0.25
"""Seconds between two looks: after somebody has come, after something was found, where nothing happens."""

TROUBLE_PAUSE = 1.0
"""Seconds until a database is asked again that did not answer."""


class Following(Background):
    """See the module. Use it as an asynchronous context manager, inside the engine's.

    Args:
        feed: That of the engine.
        world: What decisions are made in.
    """

    def __init__(self, feed: Feed, world: World, read: Read) -> None:
        self._feed = feed
        self._world = world
        self._read = read
        self._due = asyncio.Event()
        self._reading: dict[str, asyncio.Task[None]] = {}
        self.looks = 0
        """How often the database was asked."""
        feed.on_elsewhere = self._due.set

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        for task in self._reading.values():
            task.cancel()
        await self.settle()

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            if not self._feed.elsewhere():
                await self._due.wait()
            if self._due.is_set():
                self._due.clear()
                pause = FIRST_PAUSE
            try:
                found = await self.look()
            except Error:  # Whoever follows sees that nothing comes; what runs here tells of the trouble.
                pause = TROUBLE_PAUSE
            except Exception as bug:
                _report(bug)
                pause = TROUBLE_PAUSE
            else:
                pause = BUSY_PAUSE if found else min(2 * pause, LONGEST_PAUSE)
            await self._rest(pause)

    async def _rest(self, seconds: float) -> None:
        """Rest for so long, or for a moment if somebody comes."""
        await asyncio.sleep(min(seconds, FIRST_PAUSE))
        try:
            async with asyncio.timeout(seconds - FIRST_PAUSE):
                await self._due.wait()
        except TimeoutError:
            pass

    async def look(self) -> bool:
        """Ask how everything stands that may have moved elsewhere, and begin to read what is new.

        Returns: Whether there is anything new.

        Raises:
            Unavailable: The database did not answer.
        """
        channels = self._feed.elsewhere()
        roots = [each.root_id for each in channels if self._wants_steps(each)]
        rows = {expected.row_id for each in channels for expected in each.expectations}
        here = [each for each in channels if self._comes_home(each)]
        if not (roots or rows):
            standing = Standing({}, {})
        else:
            self.looks += 1
            standing = await self._read(lambda store: store.standing_of(roots, rows))
        found = False
        for channel in channels:
            found |= self._tell_states(channel, rows, standing)
            if channel.root_id in roots:
                found |= self._tell_steps(channel, standing)
        for channel in here:
            channel.is_here = self._feed.sees(channel.root_id)
        return found

    def _comes_home(self, channel: Channel) -> bool:
        """Whether this is the last look at what another node may have committed of a tree."""
        is_told = not channel.subscriptions or channel.sequence is not None
        return is_told and channel.root_id not in self._reading and self._feed.sees(channel.root_id)

    def _wants_steps(self, channel: Channel) -> bool:
        """Whether somebody waits for the next step of a tree, who has been told of those before."""
        is_told = channel.subscriptions and channel.sequence is not None
        return bool(is_told) and channel.root_id not in self._reading

    def _tell_states(self, channel: Channel, asked: set[str], standing: Standing) -> bool:
        found = False
        for expectation in channel.expectations:
            if expectation.row_id in asked:
                found |= expectation.see(standing.states.get(expectation.row_id))
        return found

    def _tell_steps(self, channel: Channel, standing: Standing) -> bool:
        sequence = standing.sequences.get(channel.root_id)
        if sequence is None:
            channel.close(unknown(channel.root_id))
            return True
        if channel.sequence is None or sequence <= channel.sequence:
            return False
        task = self._reading[channel.root_id] = asyncio.create_task(self._read_on(channel))
        task.add_done_callback(partial(self._on_read, channel))
        return True

    async def _read_on(self, channel: Channel) -> None:
        """Tell what the history has beyond what is told.

        Where the tree as it was then is not known, since it was taken away by force, all is decided again.
        """
        sequence, state = channel.sequence, channel.take_state()
        replay = Replay(
            self._world,
            self._read,
            channel.root_id,
            sequence=None if state is None else sequence,
            state=state,
        )
        try:
            async for step in replay.steps():
                channel.tell(step)
        finally:
            if not channel.is_here:
                channel.keep_state(replay.sequence, replay.state)

    def _on_read(self, channel: Channel, task: "asyncio.Task[None]") -> None:
        del self._reading[channel.root_id]
        error = None if task.cancelled() else task.exception()
        if error is None or isinstance(error, Unavailable):
            return  # The next look finds it again.
        channel.close(
            Unavailable(f"`{channel.root_id}` cannot be followed here: {error}", code="cannot-follow")
        )
        _report(error)

    async def settle(self) -> None:
        """Wait until everything is told that the last look has found."""
        await asyncio.gather(*self._reading.values(), return_exceptions=True)


def _report(bug: BaseException) -> None:
    context = {"message": "following an execution failed", "exception": bug}
    asyncio.get_running_loop().call_exception_handler(context)
