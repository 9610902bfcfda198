"""What the subjects of this layer need of a database, whichever it is.

They write standard SQL with `?` for a parameter; the few expressions that no two databases write alike are in
its `Dialect`. Errors of the driver never get past an implementation: it raises `maestrale.errors` with a
stable code.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol


class Dialect(Protocol):
    """Expressions that a database writes in its own way, to be put into the text of a statement."""

    @property
    def now(self) -> str:
        """The present instant by the database's own clock, as a column of instants holds it."""
        ...

    def contains(self, text: str) -> str:
        """The condition that the expression `text` has the next parameter in it, in the very same case."""
        ...

    def shown_instant(self, instant: str) -> str:
        """The text that an instant is shown as: UTC, to the second."""
        ...

    def locking(self, clause: str) -> str:
        """The clause (`FOR UPDATE SKIP LOCKED`, …) that locks the rows of a query, to stand at its end.

        Nothing where a transaction that writes has the database for itself.
        """
        ...

    @property
    def writes_in_queries(self) -> bool:
        """Whether a query may begin with a statement that writes: `WITH done AS (UPDATE … RETURNING …)`."""
        ...


class Statement(NamedTuple):
    """A statement that is carried out once for each set of parameters."""

    sql: str
    parameters: Sequence[Sequence[Any]]


class Database(Protocol):
    """One connection. Used by one thread at a time."""

    @property
    def dialect(self) -> Dialect: ...

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        ...

    def chunks(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query, some hundreds at a time. Inside `reading` or `writing` only."""
        ...

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Carry out one statement; how many rows it changed."""
        ...

    def run_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> int:
        """Carry out one statement for each set of parameters; how many rows they changed together."""
        ...

    def run_together(self, statements: Sequence[Statement]) -> list[int]:
        """Carry out statements in their order, of which none asks for another's result; what each changed.

        Inside `writing` only. A server is asked once for all of them.
        """
        ...

    def reading(self) -> AbstractContextManager[None]:
        """A transaction whose queries all see the same state of the database.

        Inside another transaction it is part of that.
        """
        ...

    def writing(self) -> AbstractContextManager[None]:
        """A transaction that may write: committed at the end, rolled back by an exception.

        Inside another one it is part of that: an exception undoes the part, the end of the whole commits.
        """
        ...

    @property
    def is_writing(self) -> bool:
        """Whether a transaction that may write is open."""
        ...

    def close(self) -> None: ...
