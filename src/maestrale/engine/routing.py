"""Who decides what becomes of a tree: this node, or another one that has to be asked."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from msgspec import Struct

from maestrale.clock import SystemClock
from maestrale.core import Event
from maestrale.expressions import Json
from maestrale.ids import new_root_id
from maestrale.store.inbox import Message


class Planting(Struct, frozen=True, tag="plant"):
    """Begin a tree, unless there is one of that id already. `is_fresh`: nobody else can have used the id."""

    event: Event
    is_fresh: bool = False


class Submission(Struct, frozen=True, tag="submit"):
    """Decide an event of a tree."""

    event: Event


class Deletion(Struct, frozen=True, tag="delete"):
    """Delete a tree. `force`: even if it has not ended."""

    force: bool


Request: TypeAlias = Planting | Submission | Deletion


class Receipt(Struct):
    """What is to be stored in the same commit as the consequences of a request from another node.

    Args:
        done: The id of the message that brought the request.
        answer: Makes the answer of what came out.
        went_along: It was stored with them. False: there was nothing to commit.
    """

    done: str
    answer: Callable[[Json], Message]
    went_along: bool = False


class Router(Protocol):
    """Knows which trees are this node's, and reaches the nodes that have the others."""

    def owns(self, root_id: str) -> bool:
        """Whether this node decides about the tree, or would if there was one of that id."""
        ...

    @property
    def is_current(self) -> bool:
        """Whether nobody else can have gone on with the trees that are this node's: what it has of them in
        memory counts without asking the database."""
        ...

    def new_id(self) -> str:
        """A fresh id for a tree; of this node, if it takes any."""
        ...

    async def send(self, root_id: str, request: Request) -> Json:
        """Have the request done by whoever has the tree, and return what came out once it is durable.

        Raises:
            Error: What the other node has refused it with.
            Unavailable: No answer; it may happen all the same.
        """
        ...


class SoleOwner:
    """Where there is nobody to ask: whatever no other process runs is ours."""

    is_current = True

    def owns(self, root_id: str) -> bool:
        return True

    def new_id(self) -> str:
        return new_root_id(SystemClock().now())

    async def send(self, root_id: str, request: Request) -> Json:
        raise AssertionError(f"`{root_id}` is ours")
