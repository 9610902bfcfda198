"""A cursor over the data of a document: it checks types, and reports what is wrong with its place.

Every method that finds something wrong reports it and gives an empty answer, so that reading goes on and
all problems are found at once.
"""

import json
from collections.abc import Collection, Iterator

from maestrale.expressions import Json
from maestrale.lang.problems import Mark, Severity
from maestrale.lang.report import KeyPath, Report, extract, listed
from maestrale.lang.yaml_tree import Node, kind_of

OWN_VALUE = object()
"""A problem shows the value it was found in, unless it says what else to show, or `...` for nothing."""


class Reader:
    """One value of the document, where it stands, and where its problems go.

    `key_mark` is the place of the key it stands under, or its own place where it has none.
    """

    __slots__ = ("_node", "key_mark", "path", "report")

    def __init__(self, node: Node, path: KeyPath, report: Report, key_mark: Mark | None = None) -> None:
        self._node = node
        self.path = path
        self.report = report
        self.key_mark = key_mark or node.mark

    @property
    def value(self) -> Json:
        return self._node.value

    @property
    def mark(self) -> Mark:
        return self._node.mark

    @property
    def is_spoilt(self) -> bool:
        """Whether some of this value had to be left out, so that being empty says nothing."""
        return self._node.spoilt

    @property
    def name(self) -> str:
        """What a message calls this value."""
        match self.path:
            case ():
                return "the document"
            case (*_, str(owner), int(index)):
                return f"item {index + 1} of `{extract(owner)}`"
            case (*_, int(index)):
                return f"item {index + 1}"
            case _:
                return f"`{extract(self.path[-1])}`"

    def error(
        self,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        at: Mark | None = None,
        shown: Json = OWN_VALUE,
    ) -> None:
        self._add(code, message, Severity.ERROR, hint, at, shown)

    def warn(
        self,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        at: Mark | None = None,
        shown: Json = OWN_VALUE,
    ) -> None:
        self._add(code, message, Severity.WARNING, hint, at, shown)

    def _add(
        self, code: str, message: str, severity: Severity, hint: str | None, at: Mark | None, shown: Json
    ) -> None:
        if shown is OWN_VALUE:
            shown = self.value if self._node.written is None else self._node.written
        self.report.add(
            code, message, at or self.mark, path=self.path, value=shown, hint=hint, severity=severity
        )

    def must_be(self, expected: str, *, hint: str | None = None) -> None:
        """Report that the value has the wrong type."""
        message = f"{self.name} must be {expected}, but it is {kind_of(self.value)}"
        self.error("wrong-type", message, hint=hint)

    def must_not_be_empty(self, hint: str | None = None) -> None:
        hint = hint or "leave the key out if there is nothing"
        self.error("empty-value", f"{self.name} must not be empty", hint=hint)

    # Going down.

    def find(self, key: str) -> "Reader | None":
        """The value under a key of this mapping. None: there is no such key, or this is no mapping."""
        field = (self._node.fields or {}).get(key)
        return Reader(field.node, (*self.path, key), self.report, field.mark) if field is not None else None

    def fields(self) -> "Iterator[tuple[str, Reader]]":
        """The entries of this mapping; nothing where it is none."""
        for key, field in (self._node.fields or {}).items():
            yield key, Reader(field.node, (*self.path, key), self.report, field.mark)

    def elements(self) -> "Iterator[Reader]":
        """The items of this list; nothing where it is none."""
        for index, node in enumerate(self._node.elements or ()):
            yield Reader(node, (*self.path, index), self.report)

    def key(self) -> "Reader":
        """The key that this value stands under, as a text to read."""
        return Reader(Node(self.path[-1], self.key_mark.line, self.key_mark.column), self.path, self.report)

    def strings(self) -> "Iterator[Reader]":
        """Every text in this value, however deep, keys left out."""
        pending = [self]
        while pending:
            reader = pending.pop()
            if isinstance(reader.value, str):
                yield reader
            pending.extend(child for _, child in reader.fields())
            pending.extend(reader.elements())

    # Checking.

    def is_mapping(self, *, empty: bool = False, hint: str | None = None) -> bool:
        """Whether this is a mapping with something in it; reported where not."""
        if not isinstance(self.value, dict):
            self.must_be("a mapping", hint=hint)
            return False
        if not self.value and not empty and not self.is_spoilt:
            self.must_not_be_empty(hint)
        return bool(self.value) or empty

    def is_list(self, *, empty: bool = False) -> bool:
        """Whether this is a list of different items with something in it; reported where not."""
        if not isinstance(self.value, list):
            self.must_be("a list")
            return False
        if not self.value and not empty:
            self.must_not_be_empty()
            return False
        self._check_different()
        return True

    def _check_different(self) -> None:
        seen: dict[str, int] = {}
        for index, element in enumerate(self.elements()):
            # As JSON text: in Python 1 equals true and 1.0.
            earlier = seen.setdefault(json.dumps(element.value, sort_keys=True), index)
            if earlier != index:
                message = f"{element.name} is the same as item {earlier + 1}"
                element.error("duplicate-item", message, hint="leave one of them out")

    def text(self) -> str | None:
        """This value as text that is not empty."""
        if not isinstance(self.value, str):
            hint = "put it in quotes" if self._node.written else None
            self.must_be("text", hint=hint)
            return None
        if not self.value:
            self.must_not_be_empty()
            return None
        return self.value

    def texts(self, *, empty: bool = False) -> tuple[str, ...]:
        """This list of different texts."""
        if not self.is_list(empty=empty):
            return ()
        return tuple(text for element in self.elements() if (text := element.text()) is not None)

    def get(self, key: str, *, hint: str | None = None) -> "Reader | None":
        """The value under a key that must be there."""
        reader = self.find(key)
        if reader is None:
            self.error("missing-key", f"{self.name} has no `{key}`", hint=hint, at=self.key_mark, shown=...)
        return reader

    def check_keys(self, allowed: Collection[str], *, of: str) -> None:
        """Report every key that is not among those allowed."""
        for key, field in self.fields():
            if key not in allowed:
                field.refuse_key(allowed, of=of)

    def refuse_key(self, allowed: Collection[str], *, of: str) -> None:
        key = str(self.path[-1])
        hint = self.report.suggestions.hint(key, allowed) or f"there are {listed(sorted(allowed))}"
        message = f"{of} has no key `{extract(key)}`"
        self.error("unknown-key", message, hint=hint, at=self.key_mark, shown=key)

    def mark_inside(self, offset: int) -> Mark:
        """The place of a character of this text."""
        return self.report.mark_inside(self.mark, self.value, offset)
