"""How the conditions of one task hang together: which of them can hold at the same time.

Two conditions with the same text on the same data have the same answer; a condition and its opposite have
different ones; a value is not equal to two literals. What is not known of two conditions counts as free:
the explorer then tries more than can happen, never less.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, product

from msgspec import Struct

from maestrale.expressions import EvaluationError, OverBudget, Template, has_expression
from maestrale.expressions.references import LITERAL, Comparison, Kind, find_comparison, find_references
from maestrale.linter.nowhere import NOWHERE

UNSTEADY = frozenset({"random", "uuid", "now", "lipsum", "shuffle"})
"""Functions whose value is another one each time they are called."""

COMPLEMENTS = frozenset({("=", "!="), ("!=", "="), ("holds", "fails"), ("fails", "holds")})
CONTRARIES = frozenset(
    pair
    for one, other in (("<", ">"), ("<", ">="), ("<", "="), (">", "="), (">", "<="))
    for pair in ((one, other), (other, one))
)
"""Operators that never hold together on the same two values, though both may fail."""


class Bond(Struct, frozen=True):
    """What two conditions rule out together."""

    both_true: bool = True
    both_false: bool = True
    unequal: bool = True


FREE = Bond()


def constant_answer(condition: Template) -> bool | None:
    """Whether a condition that names nothing holds, always; None: it depends on something."""
    if condition.is_constant:
        return bool(condition.source)
    if not isinstance(condition.source, str) or find_references(condition.source):
        return None
    if find_comparison(condition.source) is None:
        return None
    try:
        return bool(condition.evaluate(NOWHERE))
    except (EvaluationError, OverBudget):
        return None


def assignments(texts: Sequence[str]) -> Iterator[dict[str, bool]]:
    """Every combination of answers that these conditions may have, those with most ways open first."""
    bonds = [
        (one, other, bond) for one, other in combinations(texts, 2) if (bond := _bond(one, other)) is not FREE
    ]
    found = (dict(zip(texts, answers, strict=True)) for answers in product((True, False), repeat=len(texts)))
    possible = (each for each in found if all(_allows(bond, each[a], each[b]) for a, b, bond in bonds))
    yield from sorted(possible, key=lambda each: -sum(each.values()))


def _allows(bond: Bond, one: bool, other: bool) -> bool:
    if one != other:
        return bond.unequal
    return bond.both_true if one else bond.both_false


@lru_cache(maxsize=1024)
def _bond(one: str, other: str) -> Bond:
    first, second = _steady_comparison(one), _steady_comparison(other)
    if first is None or second is None:
        return FREE
    (left, operator, right), (other_left, other_operator, other_right) = first, second
    if left != other_left:
        return FREE
    if right == other_right:
        return _same_sides(operator, other_operator)
    if operator == other_operator == "=" and _are_different(right, other_right):
        return Bond(both_true=False)
    return FREE


def _same_sides(operator: str, other: str) -> Bond:
    if operator == other:
        return Bond(unequal=False)
    if (operator, other) in COMPLEMENTS:
        return Bond(both_true=False, both_false=False)
    if (operator, other) in CONTRARIES:
        return Bond(both_true=False)
    return FREE


def _are_different(one: object, other: object) -> bool:
    """Whether two shapes are literals of one kind with different values."""
    match one, other:
        case (str(a), str(kind), value), (str(b), str(other_kind), other_value):
            return a == b == LITERAL and kind == other_kind and bool(value != other_value)
        case _:
            return False


def _steady_comparison(text: str) -> Comparison | None:
    if not has_expression(text):
        return None
    names = {each.name for each in find_references(text) if each.kind is Kind.FUNCTION}
    return None if names & UNSTEADY else find_comparison(text)
