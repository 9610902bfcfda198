"""Who waits for the end of which tree."""

import asyncio

from maestrale.core import Execution
from maestrale.errors import Error


class Ends:
    """Futures of the ended root executions, by root. Each is resolved once; none is kept for longer."""

    def __init__(self) -> None:
        self._futures: dict[str, list[asyncio.Future[Execution]]] = {}

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._futures.values()))

    def expect(self, root_id: str) -> asyncio.Future[Execution]:
        """What will be the ended root execution of a tree; to be given to `forget` in any case."""
        future: asyncio.Future[Execution] = asyncio.get_running_loop().create_future()
        self._futures.setdefault(root_id, []).append(future)
        return future

    def forget(self, root_id: str, future: "asyncio.Future[Execution]") -> None:
        """Nobody waits for this end any more."""
        waiting = self._futures.get(root_id, [])
        if future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._futures[root_id]

    def resolve(self, root: Execution) -> None:
        """The tree has ended, and that is durable."""
        for future in self._futures.pop(root.id, ()):
            if not future.done():
                future.set_result(root)

    def fail(self, root_id: str, error: Error) -> None:
        """Nobody here will learn how the tree ends."""
        for future in self._futures.pop(root_id, ()):
            if not future.done():
                future.set_exception(error)

    def fail_all(self, error: Error) -> None:
        for root_id in list(self._futures):
            self.fail(root_id, error)
