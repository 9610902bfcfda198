"""Operations that could take all memory in one step, each with a bound checked beforehand.

A timer stops an evaluation between two steps. `'a' * 10**10` is a single one, so the size of what it
would make is computed first. The bounds are far above what a workflow needs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

TEXT_LIMIT = 16 * 1024 * 1024
"""Characters in a text that an expression makes."""

ITEM_LIMIT = 1_000_000
"""Items in a collection that an expression makes, and values in its whole result."""

NUMBER_LIMIT = 100_000
"""Bits in an integer that an expression makes."""

WIDTH_LIMIT = 100_000
"""The widest field that text may be padded to."""

DEPTH_LIMIT = 100
"""How deep lists and mappings of a result may be nested."""

_FORMAT_SIZES = re.compile(r"[-#0 +]*(\*|\d+)?(?:\.(\*|\d+)?)?")
_DIGITS = re.compile(r"\d+")


class OverLimit(Exception):
    """An operation was refused because of the size of what it would make."""


def check_text(length: int) -> None:
    """Refuse to make a text of `length` characters if that is too long."""
    if length > TEXT_LIMIT:
        raise OverLimit(f"it would make a text of more than {TEXT_LIMIT} characters")


def check_items(count: int) -> None:
    """Refuse to make a collection of `count` items if that is too large."""
    if count > ITEM_LIMIT:
        raise OverLimit(f"it would make a collection of more than {ITEM_LIMIT} items")


def check_width(width: object) -> None:
    """Refuse to pad to `width` if that is too wide. What is no integer is left to the operation."""
    if isinstance(width, int) and abs(width) > WIDTH_LIMIT:
        raise OverLimit(f"it would pad text to more than {WIDTH_LIMIT} characters")


def check_number(bits: int) -> None:
    """Refuse to make an integer of `bits` bits if that is too large."""
    if bits > NUMBER_LIMIT:
        raise OverLimit(f"it would make an integer of more than {NUMBER_LIMIT} bits")


def _check_length(value: object, length: int) -> None:
    if isinstance(value, (str, bytes)):
        check_text(length)
    else:
        check_items(length)


def add(left: Any, right: Any) -> Any:
    """`left + right`."""
    if isinstance(left, (str, bytes, list, tuple)) and isinstance(right, (str, bytes, list, tuple)):
        _check_length(left, len(left) + len(right))
    return left + right


def multiply(left: Any, right: Any) -> Any:
    """`left * right`, a product or a repetition."""
    if isinstance(left, int) and isinstance(right, int):
        check_number(left.bit_length() + right.bit_length())
    elif isinstance(left, int) and isinstance(right, (str, bytes, list, tuple)):
        _check_length(right, left * len(right))
    elif isinstance(right, int) and isinstance(left, (str, bytes, list, tuple)):
        _check_length(left, right * len(left))
    return left * right


def power(base: Any, exponent: Any, modulus: Any = None) -> Any:
    """`base ** exponent`, with a modulus the rest of that."""
    if modulus is None and isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1:
        check_number(base.bit_length() * exponent)
    return pow(base, exponent, modulus)


def shift_left(value: int, bits: int) -> int:
    """`value << bits`."""
    if value:
        check_number(value.bit_length() + bits)
    return value << bits


def round_number(number: Any, digits: int = 0) -> Any:
    """`round(number, digits)`: a float stays a float, as it does with digits given."""
    if isinstance(number, int) and -digits > number.bit_length() + 1:
        return 0  # Python would compute ten to that power first.
    return round(number, digits)


def join(separator: str, texts: Iterable[str]) -> str:
    """The texts with the separator between them."""
    parts: list[str] = []
    length = 0
    for text in texts:
        length += len(text) + len(separator)
        check_text(length - len(separator))
        parts.append(text)
    return separator.join(parts)


def check_replace(text: Any, old: Any, new: Any, count: int = -1) -> None:
    """Refuse to replace `old` by `new`, at most `count` times, where that makes too long a text."""
    growth = len(new) - len(old)
    if growth > 0:
        times = text.count(old)
        check_text(len(text) + growth * (times if count < 0 else min(times, count)))


def replace(text: str, old: str, new: str, count: int = -1) -> str:
    """`text` with `old` replaced by `new`, at most `count` times; negative: everywhere."""
    check_replace(text, old, new, count)
    return text.replace(old, new, count)


def split(text: str, separator: str | None = None, maximum: int = -1, *, right: bool = False) -> list[str]:
    """The parts of `text`, split at most `maximum` times; negative: everywhere."""
    bound = ITEM_LIMIT if maximum < 0 else min(maximum, ITEM_LIMIT)
    parts = text.rsplit(separator, bound) if right else text.split(separator, bound)
    check_items(len(parts))
    return parts


def split_pattern(pattern: re.Pattern[str], text: str, maximum: int = 0) -> list[str | Any]:
    """The parts of `text` between matches, at most `maximum` splits; 0: everywhere."""
    width = pattern.groups + 1
    bound = ITEM_LIMIT // width
    parts = pattern.split(text, bound if maximum == 0 else min(maximum, bound))
    if len(parts) > bound * width:
        check_items(ITEM_LIMIT + 1)
    return parts


def replace_pattern(pattern: re.Pattern[str], template: str, text: str, count: int = 0) -> str:
    """`text` with the matches of `pattern` replaced by what `template` makes of them."""
    literal = "\\" not in template
    # Each `\1` in a template may stand for all of the text.
    longest = len(template) * (1 if literal else len(text))
    if len(text) + (len(text) + 1) * longest <= TEXT_LIMIT:
        return pattern.sub(template, text, count)
    pattern.sub(template, "")  # A malformed template is an error also where nothing matches.
    length = len(text)

    def expand(match: re.Match[str]) -> str:
        nonlocal length
        new = template if literal else match.expand(template)
        length += len(new)
        check_text(length)
        return new

    return pattern.sub(expand, text, count)


def format_percent(template: str, values: Any) -> str:
    """`template % values`."""
    parts = values.values() if isinstance(values, Mapping) else values
    items = list(parts) if isinstance(values, (tuple, Mapping)) else [values]
    conversions = 0
    for width, precision in _sizes(template):
        conversions += 1
        for size in (width, precision):
            if size == "*":
                for item in items:
                    check_width(item)
            elif size:
                _check_digits(size)
    longest = max((len(item) for item in items if isinstance(item, str)), default=0)
    check_text(len(template) + conversions * longest)
    text: str = template % values
    return text


def _sizes(template: str) -> Iterator[tuple[str | None, str | None]]:
    """The width and the precision of each conversion in a `%` template."""
    position = template.find("%")
    while position >= 0:
        position = _after_name(template, position + 1)
        match = _FORMAT_SIZES.match(template, position)
        assert match is not None  # It matches the empty text.
        yield match[1], match[2]
        position = template.find("%", match.end() + 1)


def _after_name(template: str, position: int) -> int:
    """The position behind a `(name)`, whose parentheses may be nested."""
    if template[position : position + 1] != "(":
        return position
    depth = 0
    for index in range(position, len(template)):
        depth += {"(": 1, ")": -1}.get(template[index], 0)
        if depth == 0:
            return index + 1
    return len(template)


def check_format(specification: str) -> None:
    """Refuse a format specification, such as `>10`, that asks for too wide a field."""
    for digits in _DIGITS.findall(specification):
        _check_digits(digits)


def _check_digits(digits: str) -> None:
    check_width(int(digits) if len(digits) < 10 else WIDTH_LIMIT + 1)
