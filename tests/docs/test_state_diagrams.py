"""The diagrams of the states are drawn from the tables that the program goes by.

After a change of the tables draw them anew: `python -m tests.docs.test_state_diagrams`.
"""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TypeVar

import pytest

from maestrale.core.status import (
    ENDED_EXECUTION,
    ENDED_RUN,
    ENDED_TASK,
    EXECUTION_MOVES,
    RUN_MOVES,
    TASK_MOVES,
    ExecutionState,
    RunState,
    TaskState,
)

from .pages import PROJECT

PAGE = PROJECT / "docs" / "concepts" / "states.md"
S = TypeVar("S", bound=StrEnum)


def _diagram(moves: Mapping[S, Collection[S]], first: Collection[S], ended: Collection[S]) -> str:
    """A diagram in Mermaid's words. States and moves are in the order of the state's definition."""
    states = list(moves)
    lines = [f"    [*] --> {state}" for state in states if state in first]
    lines += [
        f"    {state} --> {following}"
        for state in states
        for following in states
        if following in moves[state]
    ]
    lines += [f"    {state} --> [*]" for state in states if state in ended]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


DIAGRAMS = {
    "executions": _diagram(EXECUTION_MOVES, {ExecutionState.RUNNING}, ENDED_EXECUTION),
    "tasks": _diagram(TASK_MOVES, {TaskState.IDLE, TaskState.WAITING}, ENDED_TASK),
    "runs": _diagram(RUN_MOVES, {RunState.RUNNING}, ENDED_RUN),
}


def _drawn(page: str) -> str:
    """The page with the diagrams between its markers as they should be."""
    for name, diagram in DIAGRAMS.items():
        begin, end = f"<!-- {name}: drawn from core/status.py -->", f"<!-- end of {name} -->"
        assert page.count(begin) == page.count(end) == 1, f"states.md must have one place for {name}"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n\n{diagram}\n\n{end}{after}"
    return page


def test_the_page_shows_the_tables() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == _drawn(page), "run `python -m tests.docs.test_state_diagrams` to draw the diagrams anew"


@pytest.mark.parametrize(
    ("heading", "moves"),
    [("Executions", EXECUTION_MOVES), ("Tasks", TASK_MOVES), ("Action runs", RUN_MOVES)],
)
def test_every_move_has_its_cause_on_the_page(heading: str, moves: Mapping[S, Collection[S]]) -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    section, _, _ = section.partition("\n## ")
    told = re.findall(r"^\| `([A-Z]+)` → `([A-Z]+)` \| \S", section, re.MULTILINE)

    assert told == [
        (state.value, following.value) for state in moves for following in moves if following in moves[state]
    ]


def test_every_state_has_its_row_in_the_table_of_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    described = re.findall(r"^\| `([A-Z]+)` \|", page, re.MULTILINE)

    assert described == [state.value for state in TaskState]


if __name__ == "__main__":
    PAGE.write_text(_drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
