"""What a node logs of the others."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from msgspec.structs import replace
from structlog.testing import capture_logs

from maestrale.cluster.telling import Telling, tell_gained, tell_given
from maestrale.store.membership import NodeRow, View

from .views import NOON, a_node, a_view


def told(*views: View, node_id: int = 1) -> list[tuple[str, str, Any]]:
    """The level, the event and the node of each line."""
    structlog.reset_defaults()
    with capture_logs() as lines:
        telling = Telling(node_id)
        for view in views:
            telling.look(view)
    return [(line["log_level"], line["event"], line.get("node", line.get("others"))) for line in lines]


def seen(*rows: NodeRow) -> View:
    return a_view([a_node(1), *rows])


FIRST = ("info", "the nodes of this cluster", ["n2"])


def after(*views: View) -> Sequence[tuple[str, str, Any]]:
    lines = told(seen(a_node(2)), *views)
    assert lines[0] == FIRST
    return lines[1:]


def test_who_is_there_at_first_is_one_line_and_nothing_new_is_none() -> None:
    assert told(seen(a_node(2)), seen(a_node(2))) == [FIRST]


def test_who_comes_is_told_once() -> None:
    both = seen(a_node(2), a_node(3))

    assert after(both, both) == [("info", "a node joined", 3)]


def test_who_stops_and_leaves_is_told_as_what_was_meant() -> None:
    stopping = seen(a_node(2, is_stopping=True))

    assert after(stopping, stopping, seen()) == [("info", "a node stops", 2), ("info", "a node left", 2)]


def test_who_is_late_and_beats_again_is_told_and_who_goes_without_a_word_is_a_warning() -> None:
    late = seen(a_node(2, beat_age=2.0))
    buried = replace(seen(), now=NOON + timedelta(seconds=2))

    assert after(late, late, seen(a_node(2)), late, buried) == [
        ("warning", "a node missed a beat", 2),
        ("info", "a node beats again", 2),
        ("warning", "a node missed a beat", 2),
        ("warning", "a node is gone without a word", 2),
    ]


def test_who_has_a_lease_still_when_it_is_gone_has_left_of_its_own_accord() -> None:
    assert after(seen()) == [("info", "a node left", 2)]


def test_a_node_tells_nothing_of_itself() -> None:
    assert told(a_view([a_node(1)]), a_view([a_node(1, beat_age=2.5)])) == [
        ("info", "the nodes of this cluster", [])
    ]


def test_a_role_that_nobody_has_is_told_and_when_it_is_there_again() -> None:
    def view(*roles: str) -> View:
        return a_view([a_node(1, roles=("api", "engine", "scheduler")), a_node(2, roles=roles)], [1])

    structlog.reset_defaults()
    with capture_logs() as lines:
        telling = Telling(1)
        for seen in (view("worker"), view(), view(), view("worker")):
            telling.look(seen)

    assert lines[1:] == [
        {"log_level": "warning", "event": "no node has a role", "role": "worker", "meaning": "actions wait"},
        {"log_level": "info", "event": "a node has the role again", "role": "worker"},
    ]


def test_a_node_that_stops_as_the_last_one_misses_nobody() -> None:
    view = a_view([a_node(1, roles=("api",), is_stopping=True)], [1])

    assert told(view) == [("info", "the nodes of this cluster", [])]


def test_of_many_shards_a_line_names_the_first() -> None:
    structlog.reset_defaults()
    with capture_logs() as lines:
        tell_gained(range(20, 0, -1), trees=5, seconds=0.12345)
        tell_given([3, 1], to=None)

    assert lines == [
        {
            "log_level": "info",
            "event": "took over shards",
            "shards": "1, 2, 3, 4, 5, 6, 7, 8, … 20 in all",
            "executions": 5,
            "seconds": 0.123,
        },
        {"log_level": "info", "event": "gave shards away", "shards": "1, 3", "to": None},
    ]
