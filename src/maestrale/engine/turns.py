"""Trees that go on by themselves, such as a loop over 100,000 items, and who else wants the event loop.

One turn is taken after the other, tree by tree in a circle. While somebody else asks for something, a turn
is short and followed by a rest that is as long as the turn was, so that all such trees together have at most
half of the time, and each is one turn ahead of its last commit, so that the commits of the others stay short.
When nobody asks there is no rest, and a tree may be some turns ahead.
"""

import asyncio
from collections import deque
from collections.abc import Callable

AHEAD, AHEAD_IN_A_CROWD = 4, 1
"""Turns that a tree may be ahead of its last commit when it goes on by itself."""

STEPS_IN_A_CROWD = 50
"""Tasks or items that a turn sees to then: some milliseconds, and as much again in the commit."""

CROWDED_SECONDS = 0.25
"""For how long after a request others are expected to come."""


class Turns:
    """See the module.

    Args:
        take: Takes the next turn of a tree, of so many steps at most. None: of as many as the limits say.
        ahead: How many turns of a tree wait to be committed.
    """

    def __init__(self, take: Callable[[str, int | None], None], *, ahead: Callable[[str], int]) -> None:
        self._take = take
        self._ahead = ahead
        self._waiting: deque[str] = deque()
        self._known: set[str] = set()
        self._crowded_until = 0.0
        self._last: str | None = None
        self._is_going = False

    def __len__(self) -> int:
        """How many trees wait for their turn."""
        return len(self._known)

    def __contains__(self, root_id: object) -> bool:
        """Whether the tree waits for its turn."""
        return root_id in self._known

    def make_room(self, root_id: str | None = None) -> None:
        """Somebody wants something done, of this tree if it is for one, and may soon want more."""
        if root_id is not None and root_id == self._last:
            return  # It is about the very tree that goes on: such as its own actions, which end.
        self._crowded_until = asyncio.get_running_loop().time() + CROWDED_SECONDS

    def ask(self, root_id: str) -> None:
        """Give the tree its next turn, unless it is far enough ahead: then its commit asks again."""
        loop = asyncio.get_running_loop()
        most = AHEAD_IN_A_CROWD if self._is_crowded(loop) else AHEAD
        if root_id in self._known or self._ahead(root_id) >= most:
            return
        self._known.add(root_id)
        self._waiting.append(root_id)
        if not self._is_going:
            self._is_going = True
            loop.call_soon(self._take_next)

    def _take_next(self) -> None:
        if not self._waiting:
            self._is_going = False
            return
        root_id = self._last = self._waiting.popleft()
        self._known.discard(root_id)
        loop = asyncio.get_running_loop()
        began = loop.time()
        crowded = self._is_crowded(loop)
        try:
            self._take(root_id, STEPS_IN_A_CROWD if crowded else None)
        finally:
            rest = loop.time() - began if crowded else 0.0
            loop.call_later(rest, self._take_next)

    def _is_crowded(self, loop: asyncio.AbstractEventLoop) -> bool:
        return loop.time() < self._crowded_until
