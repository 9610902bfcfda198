"""YAML text → plain data, with a place for every key and value.

The data is built from the parser's events with a stack of its own: however deep a text nests, nothing
recurses, and reading stops at the limit.
"""

import re

import yaml
from msgspec import Struct
from yaml.events import (
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from maestrale.expressions import Json
from maestrale.lang.dialect import Disguise, events
from maestrale.lang.problems import Mark, Severity
from maestrale.lang.report import KeyPath, Report, extract
from maestrale.lang.scalars import (
    MERGE,
    SCALAR_TAGS,
    STANDARD,
    STRING,
    NotJson,
    Unreadable,
    implicit_tag,
    scalar_value,
)

ANCHOR = re.compile(r"(?::|-)[ ]+[&*][\w-]+[ ]*\r?$", re.MULTILINE)
ANCHOR_HINT = "there are no anchors in this language: `&` and `*` begin ordinary text; write the values out"
TAB_HINT = "a tab stands in the indentation, and YAML takes only spaces there"

DEEPEST = 100
MOST_VALUES = 500_000


class Node(Struct):
    """A value and its place. `fields` of a mapping and `elements` of a list hold the same values again,
    each with its own place; `written` is what the author wrote, where that differs from the value. A value
    is `spoilt` when it, or an entry of it, had to be left out."""

    value: Json
    line: int
    column: int
    fields: "dict[str, Field] | None" = None
    elements: "list[Node] | None" = None
    written: str | None = None
    spoilt: bool = False

    @property
    def mark(self) -> Mark:
        return Mark(self.line, self.column)


class Field(Struct):
    """An entry of a mapping: where its key stands, and its value."""

    line: int
    column: int
    node: Node

    @property
    def mark(self) -> Mark:
        return Mark(self.line, self.column)


class _Frame(Struct):
    """A collection that is not closed yet. `key`: the key whose value comes next."""

    node: Node
    awaits_value: bool = False
    key: str | None = None
    key_mark: Mark | None = None


def read_yaml(text: str, report: Report) -> Node | None:
    """The one document in the text; an empty text is an empty mapping. None: see the report."""
    builder = _Builder(report, Disguise(text))
    try:
        for event in events(text, builder.disguise):
            if not builder.take(event):
                return None
    except yaml.YAMLError as error:
        _report_syntax(error, report, builder.disguise, text)
        return None
    return builder.root or Node({}, 1, 1, fields={})


def _report_syntax(error: yaml.YAMLError, report: Report, disguise: Disguise, text: str) -> None:
    mark, reason = Mark(1, 1), str(error)
    if isinstance(error, yaml.MarkedYAMLError):
        place = error.problem_mark or error.context_mark
        mark = Mark(place.line + 1, place.column + 1) if place else mark
        reason = " ".join(part for part in (error.context, error.problem) if part)
    message = f"the text is not valid YAML: {disguise.take_off(reason)}"
    report.add("yaml-syntax", message, mark, hint=_syntax_hint(text.split("\n", mark.line)[: mark.line]))


def _syntax_hint(lines: list[str]) -> str | None:
    """What the mistake is likely to be, in the last of these lines or the one before it."""
    last = lines[-1]
    if "\t" in last[: len(last) - len(last.lstrip())]:
        return TAB_HINT
    return ANCHOR_HINT if ANCHOR.search("\n".join(lines[-2:])) else None


class _Builder:
    """Puts events together; `take` says whether reading may go on."""

    def __init__(self, report: Report, disguise: Disguise) -> None:
        self.disguise = disguise
        self.root: Node | None = None
        self._report = report
        self._stack: list[_Frame] = []
        self._values = 0
        self._documents = 0

    def take(self, event: Event) -> bool:
        match event:
            case ScalarEvent():
                return self._scalar(event)
            case MappingStartEvent() | SequenceStartEvent():
                return self._open(event)
            case MappingEndEvent() | SequenceEndEvent():
                self._close()
            case DocumentStartEvent():
                return self._document(event)
        return True

    def _document(self, event: Event) -> bool:
        self._documents += 1
        if self._documents == 1:
            return True
        message = "the text holds more than one document; `---` begins another one"
        hint = "send each document by itself, or put their definitions into one"
        self._report.add("several-documents", message, _mark(event), hint=hint)
        return False

    def _open(self, event: MappingStartEvent | SequenceStartEvent) -> bool:
        mark = _mark(event)
        if len(self._stack) >= DEEPEST:
            message = f"values are nested more than {DEEPEST} deep here"
            self._report.add("too-deep", message, mark, path=self._path())
            return False
        is_mapping = isinstance(event, MappingStartEvent)
        if event.tag not in (None, "!", STANDARD + ("map" if is_mapping else "seq")):
            self._refuse_tag(event.tag, mark)
        node = Node({} if is_mapping else [], mark.line, mark.column)
        if is_mapping:
            node.fields = {}
        else:
            node.elements = []
        self._stack.append(_Frame(node))
        return self._count(mark)

    def _close(self) -> None:
        self._add(self._stack.pop().node)

    def _scalar(self, event: ScalarEvent) -> bool:
        text, mark = self.disguise.take_off(event.value), _mark(event)
        tag = event.tag
        if tag is None or tag == "!":
            tag = implicit_tag(text) if event.implicit[0] else STRING
        if tag == MERGE and not self._awaits_key():
            tag = STRING
        node = Node(text, mark.line, mark.column)
        if tag == MERGE:
            node.spoilt = True
            self._refuse_merge(mark)
        elif tag not in SCALAR_TAGS:
            self._refuse_tag(tag, mark)
        elif tag != STRING:
            node.written = text
            node.value = self._value(tag, text, mark)
        self._add(node)
        return self._count(mark)

    def _value(self, tag: str, text: str, mark: Mark) -> Json:
        kind = tag.removeprefix(STANDARD)
        try:
            return scalar_value(tag, text)
        except Unreadable as error:
            message = f"`{extract(text)}` has the form of YAML's type `{kind}`, but cannot be read: {error}"
            hint = "put it in quotes if it is text"
            self._report.add("unreadable-value", message, mark, path=self._path(), value=text, hint=hint)
        except NotJson:
            message = f"`{extract(text)}` is a number that JSON cannot hold"
            hint = "put it in quotes if it is text"
            self._report.add("not-json", message, mark, path=self._path(), value=text, hint=hint)
        return None

    def _add(self, node: Node) -> None:
        """Put a finished value where it belongs: the document, a list, or a mapping as key or value."""
        if not self._stack:
            self.root = node
            return
        frame = self._stack[-1]
        parent = frame.node
        if parent.elements is not None:
            parent.elements.append(node)
            parent.value.append(node.value)
        elif self._awaits_key():
            frame.awaits_value = True
            frame.key, frame.key_mark = self._key(node), node.mark
        else:
            frame.awaits_value = False
            self._add_field(frame, node)

    def _awaits_key(self) -> bool:
        return (
            bool(self._stack) and self._stack[-1].node.fields is not None and not self._stack[-1].awaits_value
        )

    def _key(self, node: Node) -> str | None:
        if node.spoilt and node.fields is None:
            return None
        if isinstance(node.value, str) and node.written is None:
            return node.value
        shown = node.written if node.written is not None else extract(node.value)
        message = f"the key `{extract(shown)}` is read as {kind_of(node.value)}, but a key must be text"
        hint = f"put it in quotes: '{extract(shown)}'" if node.written is not None else None
        if node.written is not None and isinstance(node.value, str):
            message = f"the key `{extract(shown)}` is read as a date, but a key must be text"
        self._report.add("key-not-text", message, node.mark, path=self._path(), value=shown, hint=hint)
        return None

    def _add_field(self, frame: _Frame, node: Node) -> None:
        fields, key, mark = frame.node.fields, frame.key, frame.key_mark
        assert fields is not None
        assert mark is not None
        if key is None:  # Reported already; there is no name to keep the value under.
            frame.node.spoilt = True
            return
        earlier = fields.get(key)
        if earlier is not None:
            message = (
                f"the key `{extract(key)}` appears twice: first at line {earlier.line}, column "
                f"{earlier.column}, and again here; only this last one counts"
            )
            path = (*self._path(), key)
            self._report.add("duplicate-key", message, mark, path=path, severity=Severity.WARNING)
        fields[key] = Field(mark.line, mark.column, node)
        frame.node.value[key] = node.value

    def _count(self, mark: Mark) -> bool:
        self._values += 1
        if self._values <= MOST_VALUES:
            return True
        message = f"the text holds more than {MOST_VALUES:,} values"
        hint = "pass data to the execution as its input, or split the definition"
        self._report.add("too-large", message, mark, hint=hint)
        return False

    def _refuse_tag(self, tag: str, mark: Mark) -> None:
        written = self.disguise.take_off(tag)
        shown = f"!!{written.removeprefix(STANDARD)}" if written.startswith(STANDARD) else written
        message = f"the tag `{extract(shown)}` is not one of those for plain data"
        hint = "leave the tag out, or put the value in quotes"
        self._report.add("custom-tag", message, mark, path=self._path(), value=shown, hint=hint)

    def _refuse_merge(self, mark: Mark) -> None:
        message = "`<<` merges what an anchor names, and there are no anchors in this language"
        hint = "write the keys out, or put what tasks have in common into `task-defaults`"
        self._report.add("merge-key", message, mark, path=self._path(), value="<<", hint=hint)

    def _path(self) -> KeyPath:
        steps: list[str | int] = []
        for frame in self._stack:
            if frame.node.elements is not None:
                steps.append(len(frame.node.elements))
            elif frame.awaits_value and frame.key is not None:
                steps.append(frame.key)
        return tuple(steps)


def _mark(event: Event) -> Mark:
    place = event.start_mark
    assert place is not None, "every event of a parser has a place"
    return Mark(place.line + 1, place.column + 1)


def kind_of(value: Json) -> str:
    """What a value is, in the words of a message."""
    match value:
        case None:
            return "null"
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"
