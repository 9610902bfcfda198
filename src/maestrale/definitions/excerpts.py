"""Parts of a text as texts of their own: cut out of it where that can be done, else written anew."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from maestrale.expressions import Json
from maestrale.lang.report import LINE_BREAK, Report
from maestrale.lang.yaml_tree import Field, Node, read_yaml


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True  # There are no anchors in the language.


def write_yaml(value: Mapping[str, Json]) -> str:
    """Data as YAML of the language: block style, keys in their order, text unfolded."""
    return yaml.dump(
        dict(value),
        Dumper=_Dumper,
        default_flow_style=False,
        sort_keys=False,
        allow_unicode=True,
        width=sys.maxsize,
    )


def write_document(name: str, definition: Mapping[str, Json]) -> str:
    """One definition of a list as a document of its own."""
    return write_yaml({"version": "2.0", name: definition})


class Excerpts:
    """Cuts the members of a workbook out of its text.

    Args:
        text: The text that `document` was read from.
    """

    def __init__(self, text: str, document: Node) -> None:
        self._lines = _lines(text)
        self._fields = document.fields or {}

    def member(self, section: str, name: str) -> str:
        """The lines of a member, moved to the left edge; they begin with `<name>:`.

        Comments inside are kept. Where the member does not stand on lines of its own (in a flow mapping),
        it is written anew.
        """
        members = self._fields[section].node.fields or {}
        field = members[name]
        value = {name: field.node.value}
        cut = self._cut(field, [*members.values(), *self._fields.values()])
        if cut is not None:
            again = read_yaml(cut, Report("", cut))
            if again is not None and repr(again.value) == repr(value):
                return cut
        return write_yaml(value)

    def _cut(self, field: Field, others: Sequence[Field]) -> str | None:
        indent = field.column - 1
        first = self._lines[field.line - 1]
        if first[:indent].strip(" "):
            return None
        after = [other.line for other in others if other.line > field.line]
        lines = self._lines[field.line - 1 : min(after, default=len(self._lines) + 1) - 1]
        while len(lines) > 1 and _belongs_to_what_follows(lines[-1], indent):
            lines.pop()
        return "".join(_moved_left(line, indent) for line in lines).rstrip() + "\n"


def _lines(text: str) -> list[str]:
    """The lines as the places of a `Node` count them, each with its break."""
    lines, start = [], 0
    for match in LINE_BREAK.finditer(text):
        lines.append(text[start : match.end()])
        start = match.end()
    return [*lines, text[start:]]


def _belongs_to_what_follows(line: str, indent: int) -> bool:
    content = line.lstrip(" ")
    return not content.strip() or (content.startswith("#") and len(line) - len(content) <= indent)


def _moved_left(line: str, indent: int) -> str:
    return line[indent:] if not line[:indent].strip(" ") else line.lstrip(" ")
