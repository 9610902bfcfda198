"""A name with parameters in one line: `std.echo output="hello" delay=1` (section 1.5).

Mistral reads such a line with patterns that find `name=value` anywhere in it. What is found here is the
same; it is found in one pass over the line, and every value that gets lost is named in a warning.
"""

import json
import re
from collections.abc import Mapping
from itertools import takewhile

from msgspec import Struct

from maestrale.expressions import Json
from maestrale.lang.reader import Reader
from maestrale.lang.report import extract
from maestrale.lang.templates import check_piece, texts_in

NAME = re.compile(
    r"""
    (?P<expression> <%.*?%> | \{\{.*?\}\} | \{%.*?%\} )
    | [\w.]+ [^=(\s"]*
    """,
    re.VERBOSE,
)
KEY_CHARACTER = re.compile(r"[-\w]")
CONSTANT = re.compile(r"true|false|null|[0-9]{1,128}")
BRACKETS = (('"', '"'), ("'", "'"), ("{{", "}}"), ("<%", "%>"))
DEEPEST_LIST = 50
MOST_LOST = 20
VALUE_HINT = "put text in quotes, numbers other than whole ones and mappings under `input`"
EXPRESSION_HINT = "put an expression between `<% %>`, or `{{ }}` for Jinja"
EXPRESSION = re.compile(r"[-\w]+=(?:\$|_\.)")


class Parameters(Struct):
    """What is read from a line: its parameters, where their contents begin, and what got lost."""

    values: dict[str, Json]
    places: dict[str, int]
    lost: list[tuple[int, str]]

    @property
    def has_room(self) -> bool:
        """Whether more losses are to be noted: a line of a million of them needs no million messages."""
        return len(self.lost) < MOST_LOST


class Inline(Struct):
    """A name, which may be or contain an expression, and its parameters."""

    name: str
    parameters: Mapping[str, Json]
    sound: bool
    """Whether all expressions in it can be read."""


def read_inline(reader: Reader) -> Inline | None:
    """The value of `action`, `workflow` or `base`. None: it cannot be read, see the report."""
    text = reader.text()
    if text is None:
        return None
    if " " not in text:
        return Inline(text, {}, check_piece(reader, text, 0))
    match = NAME.match(text)
    if match is None:
        message = f"{reader.name} must begin with a name or an expression"
        reader.error("inline-syntax", message, hint="take away what stands before the name")
        return None
    name = match.group()
    if match["expression"] is None and ("<%" in name or "{{" in name):
        message = f"{reader.name} is read as the name `{extract(name)}`: a name ends at its first space"
        hint = "write the expression without spaces, or make it the whole name"
        reader.error("inline-syntax", message, hint=hint)
        return None
    found = find_parameters(text, match.end() if match["expression"] else 0)
    warn_of_lost_values(reader, found)
    sound = check_piece(reader, name, 0) and check_parameters(reader, found)
    return Inline(name, found.values, sound)


def check_parameters(reader: Reader, found: Parameters) -> bool:
    """Whether the expressions among the values can be read."""
    faults = [
        text
        for key, value in found.values.items()
        for text in texts_in(value)
        if not check_piece(reader, text, found.places[key])
    ]
    return not faults


def warn_of_lost_values(reader: Reader, found: Parameters) -> None:
    text = str(reader.value)
    for offset, message in found.lost:
        hint = EXPRESSION_HINT if EXPRESSION.match(text, offset) else VALUE_HINT
        reader.warn("inline-value-dropped", message, hint=hint, at=reader.mark_inside(offset))


def find_parameters(text: str, start: int = 0) -> Parameters:
    """Every `name=value` in a text from `start` on; of two with one name the last wins."""
    found = Parameters({}, {}, [])
    values = _Values(text)
    position = start
    while (equals := text.find("=", position)) >= 0:
        key = _word_before(text, position, equals)
        value = values.read(equals + 1) if key else None
        if value is None:
            if found.has_room:
                _note_lost(text, position, equals, key, found)
            position = equals + 1
            continue
        content, inside, position = value
        found.values[key], found.places[key] = content, inside
        if found.has_room and inside == equals + 1 and not isinstance(content, str):
            _note_cut(text, equals, position, key, found)
    return found


def _constant(word: str) -> Json:
    return int(word) if word.isdecimal() else json.loads(word)


def _word_before(text: str, start: int, end: int) -> str:
    first = end
    while first > start and KEY_CHARACTER.match(text[first - 1]):
        first -= 1
    return text[first:end]


def _note_lost(text: str, start: int, equals: int, key: str, found: Parameters) -> None:
    if key:
        word = "".join(takewhile(lambda character: not character.isspace(), text[equals + 1 : equals + 41]))
        message = f"`{extract(key)}={word}` is not read: its value has none of the forms there are"
        found.lost.append((equals - len(key), message))
    elif text[start:equals].rstrip() and text[equals - 1 : equals].isspace():
        message = "a parameter is written without spaces around its `=`; this one is not read"
        found.lost.append((equals, message))


def _note_cut(text: str, equals: int, end: int, key: str, found: Parameters) -> None:
    """`d=1.5` is read as 1, `d=nullable` as null."""
    if end < len(text) and not text[end].isspace() and text[end] not in ",)":
        read = text[equals + 1 : end]
        message = f"of the value of `{extract(key)}` only `{extract(read)}` is read"
        found.lost.append((equals - len(key), message))


class _Values:
    """Reads the value at a place. What is looked for in the text is found once, not for every value."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[str, int] = {}
        self._last_bracket = text.rfind("]")

    def read(self, start: int) -> tuple[Json, int, int] | None:
        """The value, where its content begins, and where the text goes on. None: there is no value."""
        for opening, closing in BRACKETS:
            if self._text.startswith(opening, start):
                return self._enclosed(opening, start, self._find(closing, start + len(opening)))
        if self._text.startswith("[", start) and self._last_bracket > start:
            end = self._last_bracket + 1
            raw = self._text[start:end]
            parsed = parse_list(raw)
            return (raw if parsed is None else parsed), start, end
        match = CONSTANT.match(self._text, start)
        return (_constant(match.group()), start, match.end()) if match else None

    def _enclosed(self, opening: str, start: int, end: int) -> tuple[Json, int, int] | None:
        if opening in "\"'":
            return (self._text[start + 1 : end], start + 1, end + 1) if end < len(self._text) else None
        # An expression ends in the line it begins in, or is none.
        if end > self._find("\n", start):
            return None
        return (self._text[start : end + 2], start, end + 2) if end < len(self._text) else None

    def _find(self, mark: str, start: int) -> int:
        """Where `mark` next stands from `start` on; the end of the text if nowhere."""
        place = self._found.get(mark, -1)
        if place < start:
            place = self._text.find(mark, start)
            self._found[mark] = place = place if place >= 0 else len(self._text)
        return place


def parse_list(text: str) -> list[Json] | None:
    """A JSON list. None: it is none, or it nests absurdly deep."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) and _depth_is_sane(value) else None


def _refuse_constant(word: str) -> Json:
    raise ValueError(f"{word} is not JSON")


def _depth_is_sane(value: Json) -> bool:
    level = [value]
    for _ in range(DEEPEST_LIST):
        level = [
            child
            for item in level
            if isinstance(item, list | dict)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return True
    return False
