"""The words and signs of an expression, each with its offset."""

import re
from codecs import decode
from typing import Any, NamedTuple

from maestrale.expressions.yaql.failures import ReadingFailure

VARIABLE, NUMBER, CALL, WORD, TEXT, SIGN, END = "variable", "number", "call", "word", "text", "sign", "end"

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
        (?P<variable>\$\w*)
      | (?P<number>\b\d+(?:\.?\d+)?\b)
      | (?P<call>\b[^\W\d]\w*)\(
      | (?P<word>(?!__)\b[^\W\d]\w*\b)
      | (?P<text>'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `(?:[^`\\]|\\.)*`)
      | (?P<sign>\?\. | -> | => | =~ | !~ | >= | <= | != | [-.\[{+*/><=()\],}])
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(
    r"\\U.{8}|\\u.{4}|\\x..|\\[0-7]{1,3}|\\N\{[^}]+\}|\\[\\'\"abfnrtv]",
)
_SPACE = re.compile(r"[ \t\r\n]*")
_OPERATORS = frozenset({"and", "or", "not", "in", "mod"})
_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}


class Token(NamedTuple):
    """One word or sign: its kind, its value, and where it stands."""

    kind: str
    value: Any
    position: int


def read_tokens(text: str) -> list[Token]:
    """All tokens of an expression, an `END` last.

    A word that is an operator is a `SIGN`, and one that stands for a literal is a `NUMBER`, which is to
    say a constant.

    Raises:
        ReadingFailure: A character belongs to no token, or a literal cannot be read.
    """
    tokens: list[Token] = []
    position = 0
    match = _TOKEN.match
    while True:
        found = match(text, position)
        if found is None:
            raise _unreadable(text, position)
        kind = found.lastgroup
        assert kind is not None
        start = found.start(kind)
        value: Any = found[kind]
        if kind == WORD:
            if value in _OPERATORS:
                kind = SIGN
            elif value in _LITERALS:
                kind, value = NUMBER, _LITERALS[value]
        elif kind == NUMBER:
            value = _number(value, start)
        elif kind == TEXT:
            value = _text(value, start)
        tokens.append(Token(kind, value, start))
        if kind == END:
            return tokens
        position = found.end()


def _unreadable(text: str, position: int) -> ReadingFailure:
    space = _SPACE.match(text, position)
    position = space.end() if space else position
    character = text[position]
    reason = f"Lexical error: illegal character '{character}' at position {position}"
    if character in "'\"`":
        reason += ": the text that it starts has no end"
    return ReadingFailure(reason, position)


def _number(digits: str, position: int) -> int | float:
    try:
        return float(digits) if "." in digits else int(digits)
    except ValueError:
        raise ReadingFailure("a number has too many digits", position) from None


def _text(quoted: str, position: int) -> str:
    inner = quoted[1:-1]
    if "\\" not in inner:
        return inner
    if quoted[0] == "`":
        return inner.replace("\\`", "`")
    try:
        return _ESCAPE.sub(lambda escape: decode(escape[0], "unicode-escape"), inner)
    except UnicodeError:
        raise ReadingFailure("a text has a malformed escape such as `\\x` or `\\u`", position) from None
