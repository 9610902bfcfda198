"""The YAML dialect of the language: no anchors and no aliases.

`&`, `*` and `@` start an ordinary plain scalar. Instead of a parser of our own, the characters are put out
of the parser's sight: each is replaced, one for one, by a character that occurs nowhere in the text
and means nothing to YAML, and put back in every scalar. Places stay what they are, and the quick C
parser can be used for every text. Without aliases no text can grow while it is read.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice

import yaml
from yaml.events import Event

ORDINARY = "&*@"
ESCAPED = re.compile(r"\\(?:u|U[0-9a-fA-F]{4})([0-9a-fA-F]{4})")

# libyaml's parser where PyYAML was built with it, the same grammar in Python where not.
PARSER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class Disguise:
    """What stands for `&`, `*` and `@` in one text."""

    def __init__(self, text: str) -> None:
        self._worn = any(character in text for character in ORDINARY)
        stand_ins = "".join(islice(_unused(text), len(ORDINARY))) if self._worn else ORDINARY
        self._on = str.maketrans(ORDINARY, stand_ins)
        self._off = str.maketrans(stand_ins, ORDINARY)

    def put_on(self, text: str) -> str:
        return text.translate(self._on) if self._worn else text

    def take_off(self, text: str) -> str:
        return text.translate(self._off) if self._worn and not text.isascii() else text


def _unused(text: str) -> Iterator[str]:
    """Private-use characters that the text neither holds nor spells as an escape.

    There are 137,000 of them, more than a text of the largest size has room to hold: each takes four bytes
    beyond the first 6,400.
    """
    # Escapes beyond the basic plane are left out by their last four digits: more than need be, never less.
    held = set(text) | {chr(int(digits, 16)) for digits in ESCAPED.findall(text)}
    for code in chain(range(0xE000, 0xF900), range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE)):
        if chr(code) not in held and chr(code & 0xFFFF) not in held:
            yield chr(code)


def events(text: str, disguise: Disguise) -> Iterator[Event]:
    """The parser's events, with the disguise still on.

    Raises:
        yaml.YAMLError: The text is no YAML.
    """
    yield from yaml.parse(disguise.put_on(text), Loader=PARSER)
