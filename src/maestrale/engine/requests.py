"""Requests for trees: done here, or sent to whoever has the tree, however often that changes meanwhile."""

import asyncio

from maestrale.clock import monotonic
from maestrale.engine.refusals import NOT_KEPT
from maestrale.engine.routing import Deletion, Planting, Receipt, Request, Router, SoleOwner, Submission
from maestrale.engine.trees import Trees
from maestrale.errors import Unavailable
from maestrale.expressions import Json
from maestrale.store import LeaseLost
from maestrale.store.ownership import NotOwned

ROUTE_SECONDS, MOVE_SECONDS = 10.0, 0.1
"""How long a request follows a tree that goes from node to node, and the pause between two looks."""


class Requests:
    """See the module. `router` may be replaced before the first request."""

    def __init__(self, trees: Trees) -> None:
        self.router: Router = SoleOwner()
        self._trees = trees

    async def route(self, root_id: str, request: Request) -> Json:
        """Have a request done, and return what comes out of it once that is durable.

        Raises:
            Unavailable: Nobody has the tree for a while (`moving`), or nobody knows what became of it.
            Error: It is refused.
        """
        deadline = monotonic() + ROUTE_SECONDS
        while self.router.owns(root_id):
            try:
                return await self.carry_out(root_id, request)
            except (LeaseLost, NotOwned) as lost:
                if isinstance(self.router, SoleOwner):
                    raise  # Another process has taken it over, and takes no requests from this one.
                if monotonic() > deadline:
                    raise _moving(root_id) from lost
            except Unavailable as error:
                if error.code != NOT_KEPT or monotonic() > deadline:
                    raise
            await asyncio.sleep(MOVE_SECONDS)  # Until this node has seen that it has lost the tree.
        return await self.router.send(root_id, request)

    async def carry_out(self, root_id: str, request: Request, receipt: Receipt | None = None) -> Json:
        """Do it here. `receipt`: what is to be stored in the same commit, if there is one.

        Raises:
            LeaseLost, NotOwned: The tree is not ours any more; nothing has happened.
            Unavailable: Nobody knows whether it has happened.
            Error: It is refused.
        """
        match request:
            case Submission(event):
                return await self._trees.submit(root_id, event, receipt)
            case Planting(event, is_fresh):
                if is_fresh or not await self._trees.has(root_id):
                    await self._trees.plant(root_id, event, receipt)
            case Deletion(force):
                await self._trees.delete(root_id, force=force, receipt=receipt)
        return None


def _moving(root_id: str) -> Unavailable:
    return Unavailable(
        f"`{root_id}` is on its way from one node to another",
        code="moving",
        hint="send the request again in a few seconds",
    )
