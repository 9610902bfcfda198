"""What a simulated node may do next, by itself."""

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from maestrale.testing.simulation.node import Node
from maestrale.testing.simulation.teller import Teller
from maestrale.testing.simulation.worker import Attempt

Move: TypeAlias = tuple[str, Callable[[], object]]
"""Something that may happen next: what the log calls it, and how it happens."""


def moves_of(node: Node, chance: Random) -> list[Move]:
    """The moves of a node. Those that keep it busy for long stand there once, whatever there is."""
    moves: list[Move] = []
    if node.batch is not None:
        moves += [("end a commit", node.end_commit)] * 2
    elif node.ledger.pending():
        moves += [("begin a commit", node.begin_commit)] * 2
    of_notices = telling(node.teller)
    if node.teller.has_more:
        of_notices.append(("look for notices", node.teller.look))
    if of_notices:
        moves.append(chance.choice(of_notices))  # One of them: the rest happens as often as before.
    for root_id in sorted(node.continuing):
        moves.append((f"continue a turn of {root_id[:4]}", lambda id=root_id: node.continue_turn(id)))  # type: ignore[misc]
    for root_id in sorted(node.reloading):
        moves.append((f"load {root_id[:4]}", lambda id=root_id: node.load(id)))  # type: ignore[misc]
    for root_id in node.deletions_due():
        moves.append((f"delete {root_id[:4]}", lambda id=root_id: node.end_delete(id)))  # type: ignore[misc]
    for timer_id in node.due_timers():
        moves.append((f"fire the timer {timer_id[-20:]}", lambda id=timer_id: node.fire_timer(id)))  # type: ignore[misc]
    for attempt in list(node.worker.attempts.values()):
        if attempt.phase not in ("asking", "reporting"):
            moves.append((_name(attempt), lambda it=attempt: node.worker.step(it)))  # type: ignore[misc]
    return moves


def _name(attempt: Attempt) -> str:
    return f"an attempt that is {attempt.phase}: {attempt.run.name} {attempt.run.id[:4]}/{attempt.number}"


def telling(teller: Teller) -> list[Move]:
    """What may become next of the notices that a node has."""
    moves: list[Move] = []
    if teller.waiting:
        moves.append(("tell a notice", teller.tell))
    if teller.told:
        moves.append(("forget what was told", teller.forget))
    return moves
