"""What may come next in a line that somebody types at the prompt.

`find_stem` reads the line up to the cursor and says what is being typed there; `completions` has the words
for it. What the data holds is asked through `Known`: neither of them evaluates anything.
"""

import re
from collections.abc import Iterable
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from maestrale.expressions import FunctionNames, jinja_names, yaql_names

Language: TypeAlias = Literal["yaql", "jinja"]

COMMANDS = (":help", ":keys", ":quit")

_ITEM_METHODS = frozenset({
    "all", "any", "distinct", "filter", "first", "groupBy", "indexWhere", "last", "lastIndexWhere", "map",
    "orderBy", "orderByDescending", "reduce", "select", "selectMany", "skipWhile", "sliceWhere", "splitWhere",
    "takeWhile", "thenBy", "thenByDescending", "toDict", "where",
})  # fmt: skip
"""Methods of YAQL in whose arguments `$` is an item of what they are called on."""

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_TASK_NAME = re.compile(r"\btask\(\s*(?P<quote>['\"]?)(?P<prefix>[\w-]*)$")
_FILTER = re.compile(r"\|\s*(?P<prefix>\w*)$")
_WORD = re.compile(r"\w*$")
_DELIMITERS: tuple[tuple[str, str, Language], ...] = (
    ("<%", "%>", "yaql"),
    ("{{", "}}", "jinja"),
    ("{%", "%}", "jinja"),
)


class Stem(Struct, frozen=True, kw_only=True):
    """What is being typed.

    Args:
        kind: A key or method of a value, a function, a filter of Jinja, a name of a task, or a command.
        prefix: What of the word is there.
        value: The expression of the value whose key it is, without delimiters.
        quote: What opens the name of a task; empty where nothing does.
    """

    kind: Literal["member", "function", "filter", "task", "command"]
    prefix: str
    language: Language = "yaql"
    value: str = ""
    quote: str = ""


class Known(Protocol):
    """What the data holds."""

    def keys(self, language: Language, value: str) -> Iterable[str]:
        """The keys of the mapping that an expression gives, or of the first item of a list."""
        ...

    def tasks(self) -> Iterable[str]:
        """The names of the tasks that `task(…)` may name."""
        ...


def completions(line: str, known: Known) -> list[str]:
    """The words that may stand where the line ends, each in full."""
    stem = find_stem(line)
    if stem is None:
        return []
    words = dict.fromkeys(_words(stem, known))
    return sorted(word for word in words if word.startswith(stem.prefix))


def _words(stem: Stem, known: Known) -> Iterable[str]:
    match stem.kind:
        case "command":
            return COMMANDS
        case "task":
            return [_task_word(name, stem) for name in known.tasks()]
        case "filter":
            return jinja_names().methods
        case "function":
            return [f"{name}(" for name in _names(stem.language).functions]
    # Only an identifier can be written behind a dot; one of YAQL's does not begin with two underscores.
    keys = [key for key in known.keys(stem.language, stem.value) if _IDENTIFIER.fullmatch(key)]
    if stem.language == "yaql":
        keys = [key for key in keys if not key.startswith("__")]
    methods = yaql_names().methods if stem.language == "yaql" and (stem.prefix or not keys) else ()
    return [*keys, *(f"{name}(" for name in methods)]


def _task_word(name: str, stem: Stem) -> str:
    """The name of a task as it may stand there: YAQL takes one without quotes if it is an identifier."""
    if stem.quote:
        return name  # Line editors close quotes themselves.
    is_word = stem.language == "yaql" and _IDENTIFIER.fullmatch(name) is not None
    return name if is_word else f"'{name}'"


def _names(language: Language) -> FunctionNames:
    return yaql_names() if language == "yaql" else jinja_names()


def find_stem(line: str) -> Stem | None:
    """What is being typed at the end of a line. None: nothing that has a name."""
    if line.startswith(":"):
        command, space, rest = line.partition(" ")
        if not space:
            return Stem(kind="command", prefix=command)
        line = rest
    found = _open_expression(line)
    if found is None:
        return None
    language, expression = found
    task = _TASK_NAME.search(expression)
    if task is not None:
        return Stem(kind="task", prefix=task["prefix"], language=language, quote=task["quote"])
    if _is_in_quotes(expression):
        return None
    if language == "jinja" and (filter := _FILTER.search(expression)) is not None:
        return Stem(kind="filter", prefix=filter["prefix"], language=language)
    return _member_or_function(expression, language)


def _open_expression(line: str) -> tuple[Language, str] | None:
    """The language and the text of the expression that the line ends in. Without delimiters it is YAQL."""
    opened = [
        (start, language, closing)
        for opening, closing, language in _DELIMITERS
        if (start := line.rfind(opening)) >= 0
    ]
    if not opened:
        return "yaql", line
    start, language, closing = max(opened)
    expression = line[start + 2 :]
    return None if closing in expression else (language, expression)


def _is_in_quotes(expression: str) -> bool:
    quote = ""
    position = 0
    while position < len(expression):
        character = expression[position]
        if quote and character == "\\":
            position += 1
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"`":
            quote = character
        position += 1
    return bool(quote)


def _member_or_function(expression: str, language: Language) -> Stem | None:
    word = _WORD.search(expression)
    assert word is not None
    prefix, before = word[0], expression[: word.start()]
    if before.endswith("."):
        chain = before.removesuffix(".").removesuffix("?")
        start = _chain_start(chain)
        if start is None:
            return None
        value = chain[start:]
        if language == "yaql":
            value = _with_items_resolved(chain, start)
        return Stem(kind="member", prefix=prefix, language=language, value=value)
    if before.endswith("$") or not prefix:
        return None
    return Stem(kind="function", prefix=prefix, language=language)


def _chain_start(text: str) -> int | None:
    """Where the value begins that the text ends with: `$.vms[0].first()` of `1 + $.vms[0].first()`."""
    position = len(text)
    while True:
        end = position
        while position and text[position - 1] in ")]":
            opening = _opening(text, position - 1)
            if opening is None:
                return None
            position = opening
        while position and (text[position - 1].isalnum() or text[position - 1] in "_$"):
            position -= 1
        if position == end:
            return None
        if not text[:position].endswith("."):
            return position
        position -= 2 if text[:position].endswith("?.") else 1


def _opening(text: str, closing: int) -> int | None:
    """Where the bracket was opened that is closed there."""
    depth = 0
    for position in range(closing, -1, -1):
        if text[position] in ")]}":
            depth += 1
        elif text[position] in "([{":
            depth -= 1
            if depth == 0:
                return position
    return None


def _with_items_resolved(text: str, start: int) -> str:
    """The value from `start` on, where a `$` of a condition such as `where($.` stands for the first item."""
    value = text[start:]
    if re.match(r"\$(?!\w)", value) is None:
        return value
    enclosing = _enclosing_call(text[:start])
    if enclosing is None:
        return value
    receiver_start = _chain_start(enclosing)
    if receiver_start is None:
        return value
    return f"{_with_items_resolved(enclosing, receiver_start)}.first(){value[1:]}"


def _enclosing_call(text: str) -> str | None:
    """The text up to the end of what the method is called on in whose arguments the text ends: `$.vms` of
    `$.vms.where($.id > 3 and `. None: `$` is all of the data there."""
    depth = 0
    for position in range(len(text) - 1, -1, -1):
        if text[position] in ")]}":
            depth += 1
        elif text[position] in "([{":
            depth -= 1
            if depth < 0:
                return _receiver(text[:position]) or _enclosing_call(text[:position])
    return None


def _receiver(text: str) -> str | None:
    method = re.search(r"\??\.(\w+)$", text)
    return text[: method.start()] if method is not None and method[1] in _ITEM_METHODS else None
