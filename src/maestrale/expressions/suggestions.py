"""'Did you mean': the name among those allowed that looks most like what was written."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import islice

LONGEST_NAME = 60
CLOSE_ENOUGH = 0.6
COMPARISONS = 20_000
"""How many pairs of names are compared for one text: thousands of mistakes cost no more than a few."""


class Suggestions:
    """Finds close names, within a budget for the whole text."""

    def __init__(self, comparisons: int = COMPARISONS) -> None:
        self._comparisons_left = comparisons

    def hint(self, written: str, allowed: Iterable[str]) -> str | None:
        """A hint such as "did you mean `notify`?". None: nothing is close, or the budget is spent."""
        name = self.closest(written, allowed)
        return f"did you mean `{name}`?" if name is not None else None

    def closest(self, written: str, allowed: Iterable[str]) -> str | None:
        if len(written) > LONGEST_NAME:
            return None
        best, best_ratio = None, CLOSE_ENOUGH
        matcher = SequenceMatcher(b=written.lower())
        for name in islice(allowed, self._comparisons_left):
            self._comparisons_left -= 1
            if len(name) > LONGEST_NAME:
                continue
            matcher.set_seq1(name.lower())
            # The quick ratios are upper bounds: most names are ruled out by them.
            if matcher.real_quick_ratio() <= best_ratio or matcher.quick_ratio() <= best_ratio:
                continue
            ratio = matcher.ratio()
            if ratio > best_ratio:
                best, best_ratio = name, ratio
        return best
