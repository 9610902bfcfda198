"""Iterators over iterators over iterators: as deep as anybody needs, and no deeper."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import pytest

from maestrale.expressions.yaql.lazy import filtered, mapped, walked


def _always(item: Any) -> bool:
    return True


def _next(item: int) -> int:
    return item + 1


NESTINGS: list[Callable[[Iterable[Any]], Iterator[Any]]] = [
    lambda items: mapped(_next, items),
    lambda items: filtered(_always, items),
    lambda items: walked(chain(items, ()), items),
    lambda items: mapped(_next, walked(filtered(_always, items), items)),
]


@pytest.mark.parametrize("nest", NESTINGS)
def test_hundreds_of_levels_are_walked(nest: Callable[[Iterable[Any]], Iterator[Any]]) -> None:
    items: Iterable[Any] = [0, 1]
    once = list(nest(items))
    for _ in range(500):
        items = nest(items)

    assert list(items) == [500 * (once[0]), 500 * once[0] + 1]


@pytest.mark.parametrize("nest", NESTINGS)
def test_more_levels_than_a_stack_holds_are_refused_when_they_are_made(
    nest: Callable[[Iterable[Any]], Iterator[Any]],
) -> None:
    made: list[Iterable[Any]] = [[0, 1]]

    def nest_on() -> None:
        while len(made) < 10_000:
            made.append(nest(made[-1]))

    with pytest.raises(RecursionError, match="more than 4000 levels"):
        nest_on()
    assert len(list(made[-1])) == 2


def test_nothing_is_fetched_before_it_is_asked_for() -> None:
    fetched = []

    def source() -> Iterator[int]:
        for number in range(9):
            fetched.append(number)
            yield number

    items = walked(mapped(_next, filtered(_always, source())))

    assert fetched == []
    assert next(items) == 1
    assert fetched == [0]
