"""The text of a value, as `str()` and texts around expressions have it."""

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, Set, ValuesView
from typing import Any

from maestrale.expressions.limits import check_text
from maestrale.expressions.yaql import kinds
from maestrale.expressions.yaql.kinds import KINDS
from maestrale.expressions.yaql.values import is_frozen_list, is_frozen_mapping, mapping_of


def show(value: Any) -> str:
    """The text of `value`, as `str()` of Python has it, with lists in parentheses where they are frozen.

    Raises:
        OverLimit: The text would be too long.
    """
    if isinstance(value, str):
        return str(value)
    if KINDS[type(value)] & (kinds.ITERABLE | kinds.MAPPING | kinds.OTHER | kinds.CONTEXT):
        parts: list[str] = []
        _Showing(parts).add(value)
        return "".join(parts)
    return str(value)


_VIEWS: tuple[tuple[type, str], ...] = ((KeysView, "keys"), (ValuesView, "values"), (ItemsView, "items"))


class _Showing:
    """The parts of one text, counted as they come."""

    def __init__(self, parts: list[str]) -> None:
        self._parts = parts
        self._length = 0

    def add(self, value: Any) -> None:
        kind: Any = type(value)
        if isinstance(value, (KeysView, ValuesView, ItemsView)):
            self._view(value)
        elif isinstance(value, Mapping):
            self._many("{", value.items(), "}")
        elif is_frozen_list(value):
            self._many("(", ((item,) for item in value), ",)" if len(value) == 1 else ")")
        elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
            self._many("[", ((item,) for item in value), "]")
        elif isinstance(value, Set):
            start, end = ("frozenset({", "})") if value else ("frozenset(", ")")
            self._many(start, ((item,) for item in value), end)
        elif kind.__repr__ is object.__repr__ or isinstance(value, Iterator):
            # An address in memory would be another one in a replay.
            self._write(f"<{kind.__name__} object>")
        else:
            self._write(repr(value))

    def _view(self, view: Any) -> None:
        """A view of a mapping that is never changed shows the mapping, that of another one its own items."""
        mapping = mapping_of(view)
        name = next(name for kind, name in _VIEWS if isinstance(view, kind))
        if is_frozen_mapping(mapping):
            self._many(f"{name.capitalize()}View(", ((mapping,),), ")")
        else:
            self._many(f"dict_{name}([", ((item,) for item in view), "])")

    def _many(self, start: str, groups: Iterable[tuple[Any, ...]], end: str) -> None:
        self._write(start)
        separator = ""
        for group in groups:
            self._write(separator)
            for position, value in enumerate(group):
                if position:
                    self._write(": ")
                self.add(value)
            separator = ", "
        self._write(end)

    def _write(self, text: str) -> None:
        self._length += len(text)
        check_text(self._length)
        self._parts.append(text)
