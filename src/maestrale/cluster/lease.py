"""Whether this node may act, by its own clock: a database that does not answer cannot be asked."""

from collections.abc import Callable

from maestrale.clock import monotonic

COUNTED = 0.99
"""How much of a lease counts: clocks that measure the same time differ by less than the rest."""


class Lease:
    """What this node knows of its own lease.

    It counts from before a beat was sent, and less than is granted, so that it ends here before it ends in
    the database, whose clock may go faster. Set by the thread that beats, and read by any other.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = COUNTED * seconds
        self._clock = clock
        self._renewed_at: float | None = None
        self._is_refused = False

    def renew(self, sent_at: float) -> None:
        """A beat that was sent at that time has been answered."""
        self._renewed_at, self._is_refused = sent_at, False

    def refuse(self) -> None:
        """The database says that there is none any more."""
        self._is_refused = True

    @property
    def has_begun(self) -> bool:
        """Whether there ever was one."""
        return self._renewed_at is not None

    @property
    def left(self) -> float:
        """For how many seconds it holds; 0: it does not."""
        if self._renewed_at is None or self._is_refused:
            return 0.0
        return max(self._renewed_at + self._seconds - self._clock(), 0.0)

    @property
    def is_held(self) -> bool:
        return self.left > 0

    @property
    def age(self) -> float:
        """Seconds since the beat that renewed it last was sent; 0 before the first."""
        return 0.0 if self._renewed_at is None else max(self._clock() - self._renewed_at, 0.0)
