"""`with-items`: loop variables and their lists (section 2.4)."""

import re

from maestrale.expressions import Template, compile_template
from maestrale.lang.inline import parse_list
from maestrale.lang.reader import Reader
from maestrale.lang.report import extract
from maestrale.lang.templates import NOTHING, check_piece, texts_in

LOOP = re.compile(
    r"""
    \s* (?P<variable>[\w-]+) \s* in \s*
    (?P<list> <%.*?%> | \{\{.*?\}\} | \[[\s\S]+\] )
    """,
    re.VERBOSE,
)
HINT = "write it like `vm in <% $.vms %>` or `n in [1, 2, 3]`"

Loop = tuple[str, Template]


def read_with_items(reader: Reader) -> tuple[Loop, ...]:
    """Every loop variable with the template of its list; of two with one name the last counts."""
    if isinstance(reader.value, list):
        lines = list(reader.elements()) if reader.is_list() else []
    elif isinstance(reader.value, str):
        lines = [reader]
    else:
        reader.must_be("text or a list of texts", hint=HINT)
        return ()
    loops: dict[str, Template] = {}
    for line in lines:
        loop = _read_loop(line)
        if loop is None:
            continue
        variable, template = loop
        if variable in loops:
            message = f"the loop variable `{extract(variable)}` appears twice; this last list counts"
            line.warn("duplicate-variable", message, hint="give each list a variable of its own")
        loops[variable] = template
    return tuple(loops.items())


def _read_loop(reader: Reader) -> Loop | None:
    text = reader.text()
    if text is None:
        return None
    match = LOOP.match(text)
    if match is None:
        message = f"`{extract(text)}` is not of the form `variable in list`"
        reader.error("with-items-syntax", message, hint=HINT)
        return None
    rest = text[match.end() :].strip()
    if rest:
        message = f"what stands after the list is ignored: `{extract(rest)}`"
        reader.warn("no-effect", message, at=reader.mark_inside(match.end()))
    return match["variable"], _read_list(reader, match)


def _read_list(reader: Reader, match: re.Match[str]) -> Template:
    text, offset = match["list"], match.start("list")
    if not text.startswith("["):
        return compile_template(text) if check_piece(reader, text, offset) else NOTHING
    values = parse_list(text)
    if values is None:
        message = f"`{extract(text)}` is not a JSON list"
        hint = "put texts in double quotes, or write the list as an expression"
        reader.error("with-items-syntax", message, hint=hint, at=reader.mark_inside(offset))
        return NOTHING
    faults = [inner for inner in texts_in(values) if not check_piece(reader, inner, offset)]
    return NOTHING if faults else compile_template(values)
