"""What workers of this node say of their attempts, to whoever decides about the tree."""

from contextlib import suppress

from msgspec.structs import replace

from maestrale.core import Result
from maestrale.core.events import ActionCompleted, ActionLost, ActionStarted
from maestrale.engine.attempts import Attempts
from maestrale.engine.requests import Requests
from maestrale.engine.routing import Submission
from maestrale.engine.unsaved import UnsavedRuns
from maestrale.errors import Conflict, InvalidInput, NotFound
from maestrale.store import Unstorable


class AttemptReports:
    """Implements `Reports`. A tree that went to another node since is reported of to that node."""

    def __init__(self, unsaved: UnsavedRuns, attempts: Attempts, requests: Requests) -> None:
        self._unsaved = unsaved
        self._attempts = attempts
        self._requests = requests

    async def started(self, run_id: str, attempt: int) -> bool:
        """See `Reports`."""
        if run_id in self._unsaved:
            return self._unsaved.started(run_id, attempt)
        root_id = self._attempts.root_of(run_id)
        if root_id is None:
            return False
        try:
            return bool(await self._requests.route(root_id, Submission(ActionStarted(run_id, attempt))))
        except (NotFound, Conflict):  # The tree went to another process, which gives the attempt up.
            return False

    async def completed(self, run_id: str, attempt: int, result: Result) -> None:
        """See `Reports`."""
        if run_id in self._unsaved:
            self._unsaved.completed(run_id, attempt, result)
            return
        root_id = self._attempts.root_of(run_id)
        if root_id is None:
            return
        with suppress(NotFound, Conflict):
            await self._complete(root_id, ActionCompleted(run_id, attempt, result))
        if self._attempts.find_open_run(run_id) is None:  # Otherwise this was one that was given up.
            self._attempts.forget(run_id)

    async def lost(self, root_id: str, run_id: str, attempt: int) -> None:
        """The worker of an attempt is gone. Raises: NotFound: so is the tree. Unavailable."""
        if run_id in self._unsaved:
            self._unsaved.lost(run_id, attempt)
        else:
            await self._requests.route(root_id, Submission(ActionLost(run_id, attempt)))

    async def _complete(self, root_id: str, event: ActionCompleted) -> None:
        try:
            await self._requests.route(root_id, Submission(event))
        except InvalidInput as error:  # From another node it comes without its class.
            if error.code != Unstorable.code:
                raise
            # The worker will not have another result: the run has to end.
            refused = replace(event, result=Result(refusal=error.message))
            await self._requests.route(root_id, Submission(refused))
