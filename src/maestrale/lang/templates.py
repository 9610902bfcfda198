"""Values with expressions in them: their syntax is checked here, with the place of every fault."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from maestrale.expressions import Json, Template, check_text, compile_template, has_expression
from maestrale.expressions import is_expression as is_expression_text
from maestrale.expressions.texts import has_jinja, is_blocks_only
from maestrale.lang.reader import Reader

NOTHING = compile_template(None)
"""Stands for what could not be read. Nobody sees it: the document has an error then."""

CLOSING = {"<%": "%>", "{{": "}}", "{%": "%}"}
MOST_UNCLOSED = 20


def is_expression(value: Json) -> bool:
    """Whether a value is text that is one whole expression (section 2.1: "expr")."""
    return isinstance(value, str) and is_expression_text(value)


def check_expressions(reader: Reader) -> bool:
    """Whether every expression in the value can be read, however deep it lies; reported where not."""
    faults = [text for text in reader.strings() if not check_piece(text, text.value, 0)]
    return not faults


def check_piece(reader: Reader, piece: str, offset: int) -> bool:
    """Check a part of a text, which begins at `offset` of it."""
    if not _check_closed(reader, piece, offset):
        return False
    fault = check_text(piece)
    if fault is None:
        _warn_of_blocks(reader, piece)
        return True
    place = reader.mark_inside(offset + (fault.offset or 0))
    reader.error(fault.code, f"{reader.name}: {fault.message}", at=place, shown=fault.expression)
    return False


def _warn_of_blocks(reader: Reader, piece: str) -> None:
    if has_jinja(piece) and is_blocks_only(piece):
        message = f"{reader.name} has blocks and no `{{{{ … }}}}` in one line: it fails when it is evaluated"
        reader.warn(
            "blocks-only",
            message,
            hint="write a value as an expression, such as `{{ 'yes' }}`, or add `{{ '' }}`",
        )


def _check_closed(reader: Reader, piece: str, offset: int) -> bool:
    """Warn of an expression that is not closed in its line: it is plain text, which is seldom meant.

    So many of them that looking for their ends would take for ever are an error.
    """
    unclosed = list(_unclosed(piece)) if any(opening in piece for opening in CLOSING) else []
    too_many = [mark for mark in unclosed if mark.count > MOST_UNCLOSED]
    for mark in too_many or unclosed:
        message = f"{reader.name}: `{mark.opening}` is not closed in its line, so it is plain text"
        place = reader.mark_inside(offset + mark.offset)
        hint = _closing_hint(mark.opening, reader.report.rest_of_line(place))
        if too_many:
            reader.error("unclosed-expression", message, at=place, hint=hint)
        elif mark.opening == "<%" or not has_expression(piece):
            # In a text with any Jinja all of it is Jinja, over several lines too.
            reader.warn("unclosed-expression", message, at=place, hint=hint)
    return not too_many


def _closing_hint(opening: str, line: str) -> str:
    """How to close an expression that is open in its text, where the line goes on like this."""
    closing = CLOSING[opening]
    end, next_one = line.find(closing), line.find(opening, len(opening))
    if line.startswith(opening) and end >= 0 and not 0 <= next_one < end:
        return f"YAML ends the text before its `{closing}`, at a comma or a `#`: put it in quotes"
    return f"end the expression with `{closing}`, in the line in which it begins"


class _Unclosed(Struct, frozen=True):
    """The first opening mark without an end in a line, and how many of its kind there are."""

    opening: str
    offset: int
    count: int


def _unclosed(text: str) -> Iterator[_Unclosed]:
    line_start = 0
    for line in text.split("\n"):
        for opening, closing in CLOSING.items():
            open_at = line.find(opening, line.rfind(closing) + 1)
            if open_at >= 0:
                yield _Unclosed(opening, line_start + open_at, line.count(opening, open_at))
        line_start += len(line) + 1


def read_template(reader: Reader) -> Template:
    """Any value, with expressions in it or none."""
    return compile_template(reader.value) if check_expressions(reader) else NOTHING


def read_templates(reader: Reader) -> Mapping[str, Template]:
    """A mapping of names to values with expressions."""
    if not reader.is_mapping():
        return {}
    return {name: read_template(field) for name, field in reader.fields()}


def read_expression(reader: Reader, *, hint: str | None = None) -> Template:
    """Text that must be one whole expression, such as a condition."""
    if not is_expression(reader.value):
        message = f"{reader.name} must be one expression, such as `<% $.count > 1 %>`"
        reader.error("not-an-expression", message, hint=hint or _expression_hint(reader.value))
        return NOTHING
    return read_template(reader)


def read_flag(reader: Reader) -> Template:
    """True, false, or one whole expression."""
    if isinstance(reader.value, bool):
        return compile_template(reader.value)
    if is_expression(reader.value):
        return read_template(reader)
    reader.must_be("true, false or one expression", hint=_expression_hint(reader.value))
    return NOTHING


def read_amount(reader: Reader) -> Template:
    """A whole number from 0 up, or one whole expression."""
    value = reader.value
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            reader.error("out-of-range", f"{reader.name} must be 0 or more, but it is {value}")
            return NOTHING
        return compile_template(value)
    if is_expression(value):
        return read_template(reader)
    reader.must_be("a whole number from 0 up, or one expression", hint=_expression_hint(value))
    return NOTHING


def _expression_hint(value: Json) -> str | None:
    if not isinstance(value, str):
        return None
    if value.isdecimal():
        return "write the number without quotes"
    if is_expression(" ".join(value.split())):
        return "take away the space before it" if "\n" not in value.rstrip() else "write it in one line"
    if any(opening in value for opening in CLOSING):
        return "the expression must be all there is: nothing before it and nothing after it"
    return None


def texts_in(value: Json) -> Iterator[str]:
    """Every text in plain data, however deep, keys left out."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict | list):
            pending.extend(item.values() if isinstance(item, dict) else item)


def merge(under: Mapping[str, Json], over: Mapping[str, Json]) -> dict[str, Json]:
    """Two mappings as one; nested mappings are merged, and anything else of `over` wins."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
