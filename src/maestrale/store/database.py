"""What the subjects of this layer need of a database, whichever it is.

They write standard SQL with `?` for a parameter, and functions that an implementation adds where its
database lacks them: `instr(text, part)`, which gives the place of a part or 0, and `json_among` and
`json_has_all` as `json_functions` has them. Errors of the driver never get past an implementation: it raises
`maestrale.errors` with a stable code.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Database(Protocol):
    """One connection. Used by one thread at a time."""

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
