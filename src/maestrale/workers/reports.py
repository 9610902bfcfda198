"""Where a worker reports to about attempts that it has from another node."""

from collections.abc import Awaitable, Callable, Collection
from typing import TypeAlias

from msgspec import Struct

from maestrale.core.catalogue import Result
from maestrale.core.events import ActionCompleted, ActionStarted
from maestrale.engine import Reports, Request, Submission
from maestrale.errors import Error, Unavailable
from maestrale.expressions import Json
from maestrale.store import Unstorable
from maestrale.store.assignments import AssignmentRow, AttemptKey

Route: TypeAlias = Callable[[str, Request], Awaitable[Json]]
"""Has a request done by whoever has the tree, wherever that is; see `Engine.route`."""

RouteHome: TypeAlias = Callable[[int, Request], Awaitable[Json]]
"""Has a request done by the node of that number: see `WorkQueue.on_report`. Raises as `Router.send`."""


class Errand(Struct, frozen=True):
    """Who waits for an attempt: the owner of its tree, or the node `home`."""

    root_id: str
    home: int | None


class RoutedReports:
    """Implements `Reports`: of an attempt with an errand to whoever waits for it, of any other to `here`.

    Args:
        here: This node's own engine.
        route, route_home: How others are reached.
    """

    def __init__(self, here: Reports, *, route: Route, route_home: RouteHome) -> None:
        self._here = here
        self._route = route
        self._route_home = route_home
        self._errands: dict[AttemptKey, Errand] = {}
        self.on_end: Callable[[AttemptKey, bool], None] = lambda key, is_wanted: None
        """Called when nothing more is to be said of an attempt with an errand, and whether it was wanted to
        its end. Of one that nobody wanted, nobody else deletes the row."""

    @property
    def errands(self) -> Collection[AttemptKey]:
        """The attempts that others wait for."""
        return self._errands.keys()

    def add(self, row: AssignmentRow) -> None:
        """Report of this attempt to whoever waits for it."""
        self._errands[row.key] = Errand(row.root_id, row.home)

    def forget(self, key: AttemptKey) -> None:
        """Nobody waits for the attempt any more, or there will be nothing to report of it."""
        self._errands.pop(key, None)

    async def started(self, run_id: str, attempt: int) -> bool:
        """Implements `Reports`."""
        errand = self._errands.get((run_id, attempt))
        if errand is None:
            return await self._here.started(run_id, attempt)
        try:
            may_begin = bool(await self._send(errand, ActionStarted(run_id, attempt)))
        except Unavailable:
            raise
        except Error:  # There is no such tree any more, or none that takes it.
            may_begin = False
        if not may_begin:
            self._end((run_id, attempt), is_wanted=False)
        return may_begin

    async def completed(self, run_id: str, attempt: int, result: Result) -> None:
        """Implements `Reports`."""
        errand = self._errands.get((run_id, attempt))
        if errand is None:
            await self._here.completed(run_id, attempt, result)
            return
        is_wanted = True
        try:
            await self._complete(errand, ActionCompleted(run_id, attempt, result))
        except Unavailable:
            raise
        except Error:
            is_wanted = False
        self._end((run_id, attempt), is_wanted=is_wanted)

    async def _complete(self, errand: Errand, event: ActionCompleted) -> None:
        try:
            await self._send(errand, event)
        except Error as error:
            if error.code != Unstorable.code:
                raise
            # The action will not give another result: the run has to end.
            refused = ActionCompleted(event.run_id, event.attempt, Result(refusal=error.message))
            await self._send(errand, refused)

    async def _send(self, errand: Errand, event: ActionStarted | ActionCompleted) -> Json:
        if errand.home is not None:
            return await self._route_home(errand.home, Submission(event))
        return await self._route(errand.root_id, Submission(event))

    def _end(self, key: AttemptKey, *, is_wanted: bool) -> None:
        if key in self._errands:
            del self._errands[key]
            self.on_end(key, is_wanted)
