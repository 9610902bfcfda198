"""How far trees are and which states rows are in: the least that tells who follows them what is new."""

from collections.abc import Collection

from msgspec import Struct

from maestrale.store.database import Database
from maestrale.store.lists import listed, portions


class Standing(Struct, frozen=True):
    """What is stored of trees and rows at one look. What is missing is not there.

    Args:
        sequences: How many steps each tree has taken, by its root.
        states: The state of each execution or action run, by its id.
    """

    sequences: dict[str, int]
    states: dict[str, str]


def standing_of(database: Database, root_ids: Collection[str], row_ids: Collection[str]) -> Standing:
    """How those trees and rows stand: a statement for some hundreds of each."""
    sequences: dict[str, int] = {}
    for portion in portions(root_ids):
        marks, values = listed(portion)
        sequences.update(database.rows(f"SELECT id, sequence FROM trees WHERE id IN {marks}", values))
    states: dict[str, str] = {}
    for portion in portions(row_ids):
        marks, values = listed(portion)
        rows = database.rows(
            f"SELECT id, state FROM action_runs WHERE id IN {marks}"
            f" UNION ALL SELECT id, state FROM executions WHERE id IN {marks}",
            [*values, *values],
        )
        states.update(rows)
    return Standing(sequences, states)
