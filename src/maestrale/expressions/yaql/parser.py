"""The grammar: from tokens to a tree."""

from maestrale.expressions.yaql.failures import ReadingFailure
from maestrale.expressions.yaql.lexer import CALL, END, NUMBER, SIGN, TEXT, VARIABLE, WORD, read_tokens
from maestrale.expressions.yaql.tree import (
    Argument,
    Binary,
    Call,
    Constant,
    Empty,
    Group,
    Index,
    Items,
    Node,
    Pair,
    Rules,
    Unary,
    Variable,
)

DEPTH_LIMIT = 150
"""How deep an expression may be nested. A chain `a + b + c` is nested once more with each operator."""

_LOOSEST = 12
_ARROW = 11
_LEVELS = (
    {".": 1, "?.": 1, "[": 2, "=~": 4, "!~": 4, "*": 5, "/": 5, "mod": 5, "+": 6, "-": 6}
    | dict.fromkeys(("<", ">", "<=", ">=", "=", "!=", "in"), 7)
    | {"and": 9, "or": 10, "->": _ARROW}
)
"""How loosely an operator between two values binds."""

_PREFIXES = {"+": 3, "-": 3, "not": 8}


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        ReadingFailure: It is none; the position is that of the first token that cannot stand where it does.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = read_tokens(text)
        self._index = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._value(_LOOSEST)
        if self._tokens[self._index].kind != END:
            raise self._unexpected("an operator or the end")
        return node

    def _value(self, loosest: int) -> Node:
        """A value whose operators all bind tighter than `loosest`."""
        depth = self._depth
        self._deeper()
        node = self._operand()
        while True:
            kind, sign, position = self._tokens[self._index]
            level = _LEVELS.get(sign) if kind == SIGN else None
            if level is None or level >= loosest:
                self._depth = depth
                return node
            self._deeper()
            self._index += 1
            if sign == "[":
                node = Index(node, self._arguments("]"), position)
            else:
                right = self._value(level + 1 if level == _ARROW else level)
                node = Binary(sign, node, right, position)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise ReadingFailure(
                f"it recurses too deeply: values are nested more than {DEPTH_LIMIT} times",
                self._tokens[self._index].position,
            )

    def _operand(self) -> Node:
        kind, value, position = self._tokens[self._index]
        self._index += 1
        if kind == VARIABLE:
            return Variable(value[1:] or "1", position)
        if kind == WORD:
            return Constant(value, position, True)
        if kind in (NUMBER, TEXT):
            return Constant(value, position)
        if kind == CALL:
            return Call(value, self._arguments(")"), position)
        if kind == SIGN:
            return self._signed(value, position)
        self._index -= 1
        raise self._unexpected("a value")

    def _signed(self, sign: str, position: int) -> Node:
        """What starts with a sign, which has been read."""
        level = _PREFIXES.get(sign)
        if level is not None:
            return Unary(sign, self._value(level), position)
        if sign == "[":
            return Items(self._arguments("]"), position)
        if sign == "{":
            return Rules(self._arguments("}"), position)
        if sign == "(":
            inner = self._value(_LOOSEST)
            self._take(")", "an operator or `)`")
            return Group(inner, position)
        self._index -= 1
        raise self._unexpected("a value")

    def _take(self, sign: str, expected: str) -> None:
        if not self._is(sign):
            raise self._unexpected(expected)
        self._index += 1

    def _is(self, sign: str) -> bool:
        kind, value, _ = self._tokens[self._index]
        return kind == SIGN and value == sign

    def _arguments(self, end: str) -> tuple[Argument, ...]:
        """The arguments up to the sign `end`: values and empty places first, `a => b` after them."""
        arguments: list[Argument] = []
        if self._is(end):
            self._index += 1
            return ()
        named = False
        while True:
            position = self._tokens[self._index].position
            if not named and self._is(","):
                arguments.append(Empty(position))
            else:
                node = self._value(_LOOSEST)
                if self._is("=>"):
                    self._check_named(arguments)
                    named = True
                    self._index += 1
                    arguments.append(Pair(node, self._value(_LOOSEST), position))
                elif named:
                    raise self._unexpected("`=>`, as in the arguments before")
                else:
                    arguments.append(node)
            if self._is(end):
                self._index += 1
                return tuple(arguments)
            self._take(",", f"an operator, `,` or `{end}`")

    def _check_named(self, before: list[Argument]) -> None:
        """Before the first `a => b` at most one place is empty, and not the first of all."""
        if before and isinstance(before[-1], Empty) and (len(before) < 2 or isinstance(before[-2], Empty)):
            raise self._unexpected("`,` or the end of the arguments")

    def _unexpected(self, expected: str) -> ReadingFailure:
        kind, value, position = self._tokens[self._index]
        if kind == END:
            return ReadingFailure("Parse error: unexpected end of statement", None, expected)
        shown = f"Parse error: unexpected '{value}' at position {position} of expression '{self._text}'"
        return ReadingFailure(shown, position, expected)
