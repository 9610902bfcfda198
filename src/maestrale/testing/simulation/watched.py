"""The store and the worker of a simulated machine, which tell who watches what they do."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

from maestrale.actions import ActionContext, ActionFailed, Registry
from maestrale.actions.declare import Action
from maestrale.clock import Clock
from maestrale.core import Notice, Result
from maestrale.store import Store, TreeCommit
from maestrale.store.database import Database
from maestrale.store.ownership import ShardOwnership, Tenure
from maestrale.testing.laws import LawBroken

SECONDS = (0, 0.1, 2.0, 12.0)
"""How long actions take."""


class Watch:
    """What machines tell, each by its name. See `cluster_chronicle`."""

    broken: list[LawBroken]
    """The laws that were broken where others may have caught it."""

    def on_commit(self, machine: str, root_ids: Sequence[str], tenure: Tenure) -> None:
        """It has just committed these trees, or deleted them; as what it took itself for."""

    def on_begin(self, machine: str, attempt: ActionContext) -> Result:
        """An action begins; how it will end."""
        raise NotImplementedError

    def on_kept(self, machine: str, root_ids: Sequence[str]) -> None:
        """It has seen which shards it has, and has these trees of others in memory."""

    def on_notices(self, machine: str, notices: Sequence[Notice]) -> None:
        """It is to tell these."""

    def on_told(self, notice: Notice) -> None:
        """A notice leaves a machine."""


class WatchedStore(Store):
    """The real store."""

    def __init__(
        self, database: Database, ownership: ShardOwnership, machine: str, watch: Watch, *, clock: Clock
    ) -> None:
        super().__init__(database, ownership, clock=clock)
        self._own = ownership
        self._machine = machine
        self._watch = watch

    def commit(self, batch: Sequence[TreeCommit], **options: Any) -> None:
        tenure = options.get("tenure") or self._own.tenure
        super().commit(batch, **options)
        self._watch.on_commit(self._machine, [commit.root_id for commit in batch], tenure)

    def delete_tree(self, root_id: str, **options: Any) -> None:
        tenure = self._own.tenure
        super().delete_tree(root_id, **options)
        self._watch.on_commit(self._machine, [root_id], tenure)


class WatchedRegistry(Registry):
    """The standard actions, which do nothing but take their time."""

    def __init__(self, real: Registry, machine: str, watch: Watch, chance: Random) -> None:
        super().__init__()
        self._real = real
        self._machine = machine
        self._watch = watch
        self._chance = chance
        self.under_way = 0
        """How many actions have begun and not ended."""

    def runnable_names(self) -> list[str]:
        return self._real.runnable_names()

    def get_action(self, name: str) -> Action:
        self._real.get_action(name)

        async def act(*, context: ActionContext, **input: object) -> object:
            try:
                result = self._watch.on_begin(self._machine, context)
            except LawBroken as broken:  # The worker would take it for the fault of the action.
                self._watch.broken.append(broken)
                raise
            self.under_way += 1
            try:
                await asyncio.sleep(self._chance.choice(SECONDS))
            finally:
                self.under_way -= 1
            if result.is_error:
                raise ActionFailed(result.error)
            return result.value

        return Action(name, act)
