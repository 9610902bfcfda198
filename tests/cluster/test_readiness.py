"""What a node knows of its own lease, and whether requests should be sent to it."""

import pytest

from maestrale.cluster.lease import Lease
from maestrale.cluster.readiness import why_not_ready


class Hands:
    """The hands of a clock that somebody moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_a_lease_counts_from_before_the_beat_was_sent_and_ends_by_itself() -> None:
    clock = Hands()
    lease = Lease(3.0, clock=clock)
    before = (lease.has_begun, lease.is_held, lease.left, lease.age)

    clock.at = 101.0
    lease.renew(100.5)
    held = (lease.has_begun, lease.is_held, lease.left, lease.age)
    clock.at = 103.5
    ended = (lease.has_begun, lease.is_held, lease.left, lease.age)

    assert before == (False, False, 0.0, 0.0)
    assert (held[:2], held[3]) == ((True, True), 0.5)
    assert held[2] == pytest.approx(2.47), "a clock that is a little slow does no harm"
    assert ended == (True, False, 0.0, 3.0)


def test_a_lease_that_the_database_refused_is_not_held_until_it_is_renewed() -> None:
    lease = Lease(3.0, clock=Hands())
    lease.renew(100.0)

    lease.refuse()
    refused = lease.is_held
    lease.renew(100.0)

    assert (refused, lease.is_held) == (False, True)


def test_a_node_is_ready_while_it_has_its_lease_and_is_not_being_stopped() -> None:
    def why(*, joined: bool = True, lease: bool = True, stopping: bool = False) -> str | None:
        return why_not_ready(has_joined=joined, has_lease=lease, silent_seconds=4.56, is_stopping=stopping)

    assert why() is None
    assert why(stopping=True) == "it is being stopped"
    assert why(joined=False, lease=False) == "it has not joined its cluster yet"
    assert why(lease=False) == "its lease has ended: the database has not answered it for 4.6 seconds"
