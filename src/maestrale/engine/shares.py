"""A bounded number of places for work that ends soon, and whose turn it is: the projects take turns.

Work that only waits for something to happen leaves its place meanwhile.
"""

import asyncio
from collections import deque

from maestrale.errors import Error

LONGEST_WAIT_SECONDS = 10.0
"""How long something may wait for a place."""


class TooManyRequests(Error):
    """A project sends more than its share. Nothing has happened yet."""

    code = "too-many-requests"


class _Project:
    def __init__(self) -> None:
        self.taken = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Place:
    """What a piece of work has while it is done. As a context manager it is left at the end."""

    __slots__ = ("_project_id", "_shares")

    def __init__(self, shares: "Shares", project_id: str) -> None:
        self._shares: Shares | None = shares
        self._project_id = project_id

    def leave(self) -> None:
        """Let somebody else have it. Once is enough."""
        shares, self._shares = self._shares, None
        if shares is not None:
            shares.give_back(self._project_id)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        self.leave()


class Shares:
    """See the module.

    Args:
        places: How much is done at once.
        of_one: How much of that may be one project's.
        most_waiting: How many of one project may wait for a place.
        wait_seconds: How long each may wait for one.
    """

    def __init__(
        self, places: int, *, of_one: int, most_waiting: int, wait_seconds: float = LONGEST_WAIT_SECONDS
    ) -> None:
        self._places = places
        self._of_one = max(1, of_one)
        self._most_waiting = most_waiting
        self._wait_seconds = wait_seconds
        self._taken = 0
        self._projects: dict[str, _Project] = {}

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return self._taken

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return sum(len(project.waiting) for project in self._projects.values())

    async def take(self, project_id: str) -> Place:
        """Wait for a place.

        Raises:
            TooManyRequests: Too many of the project wait already, or this one has waited too long.
        """
        project = self._projects.setdefault(project_id, _Project())
        if self._taken < self._places and project.taken < self._of_one and not project.waiting:
            self._give(project)
        elif len(project.waiting) >= self._most_waiting:
            count = len(project.waiting)
            self._forget_idle(project_id, project)
            raise too_many_wait(project_id, count)
        else:
            await self._wait(project_id, project)
        return Place(self, project_id)

    async def _wait(self, project_id: str, project: _Project) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        project.waiting.append(turn)
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give_back(project_id)  # It had just been given a place.
            elif turn in project.waiting:
                project.waiting.remove(turn)
                self._forget_idle(project_id, project)
            if isinstance(error, TimeoutError):
                raise waited_too_long(project_id, self._wait_seconds) from error
            raise

    def give_back(self, project_id: str) -> None:
        """A place is free again; see `Place.leave`."""
        project = self._projects[project_id]
        project.taken -= 1
        self._taken -= 1
        self._give_to_next()
        self._forget_idle(project_id, project)

    def _give_to_next(self) -> None:
        while self._taken < self._places:
            able = (
                id
                for id, project in self._projects.items()
                if project.waiting and project.taken < self._of_one
            )
            if (project_id := next(able, None)) is None:
                return
            project = self._projects[project_id]
            self._projects[project_id] = self._projects.pop(project_id)  # At the end: others go first.
            turn = project.waiting.popleft()
            if not turn.done():  # Otherwise its client has gone, or its time is over.
                self._give(project)
                turn.set_result(None)

    def _give(self, project: _Project) -> None:
        self._taken += 1
        project.taken += 1

    def _forget_idle(self, project_id: str, project: _Project) -> None:
        if not project.taken and not project.waiting:
            self._projects.pop(project_id, None)


def too_many_wait(project_id: str, count: int) -> TooManyRequests:
    """That so many requests of a project wait that this one may not."""
    return _too_many(project_id, f"{count:,} of its requests wait already")


def waited_too_long(project_id: str, seconds: float) -> TooManyRequests:
    """That a request has waited for as long as one may."""
    return _too_many(project_id, f"this one has waited for {seconds:g} seconds")


def _too_many(project_id: str, reason: str) -> TooManyRequests:
    return TooManyRequests(
        f"project `{project_id}` sends more requests than are answered, and {reason}; this one had no effect",
        hint="send fewer at once, and repeat this one a little later",
    )
