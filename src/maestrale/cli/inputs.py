"""Values from the command line: `name=value` pairs, and files with a mapping in them."""

from collections.abc import Sequence

import msgspec

from maestrale.cli.files import read_file, shown
from maestrale.errors import InvalidInput
from maestrale.expressions import Json

MOST_BYTES = 64 * 1024 * 1024


def read_pairs(pairs: Sequence[str]) -> dict[str, Json]:
    """The values of `name=value` texts: JSON where the value is JSON, text otherwise.

    Raises:
        InvalidInput: A text has no `=` or no name, or a name comes twice.
    """
    values: dict[str, Json] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InvalidInput(
                f"the input `{shown(pair)}` is no pair of a name and a value",
                code="input-pair",
                hint='write name=value, for example --input name=Ada or --input \'tags=["a", "b"]\'',
            )
        _check_text(name, pair)
        _check_text(value, pair)
        if name in values:
            raise InvalidInput(f"the input `{name}` is given twice", code="input-pair")
        values[name] = _json_or_text(value)
    return values


def _check_text(text: str, pair: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"the input `{shown(pair)}` is not UTF-8 text", code="input-not-text") from None


def _json_or_text(text: str) -> Json:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return text


def read_mapping(path: str, *, what: str) -> dict[str, Json]:
    """The mapping in a JSON or YAML file.

    Args:
        what: What the file is to the person: `input file`.

    Raises:
        InvalidInput: The file cannot be read, is neither JSON nor YAML, or holds something else.
    """
    value = read_value(path, what=what)
    if not isinstance(value, dict):
        raise _no_mapping(value, f"`{shown(path)}`", what)
    return value


def read_value(path: str, *, what: str) -> Json:
    """The value in a JSON or YAML file; an empty file is an empty mapping.

    Raises:
        InvalidInput: The file cannot be read, is neither JSON nor YAML, or holds what JSON does not have.
    """
    data = read_file(path, what=what, limit=MOST_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"the {what} `{shown(path)}` is not UTF-8 text: byte {error.start} is 0x{data[error.start]:02x}",
            code="file-not-text",
            hint="save it as JSON or YAML in UTF-8",
        ) from error
    return _value(text, path, what)


def read_inline(text: str, *, what: str) -> Json:
    """The value that a text on the command line is, in brackets, or that the file of that name holds.

    Raises:
        InvalidInput: As `read_value`.
    """
    if not text.lstrip().startswith(("{", "[")):
        return read_value(text, what=f"{what} file")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"the {what} is not UTF-8 text", code="input-not-text") from None
    return _value(text, "", what)


def read_inline_mapping(text: str, *, what: str) -> dict[str, Json]:
    """Likewise, where it has to be a mapping."""
    value = read_inline(text, what=what)
    if not isinstance(value, dict):
        raise _no_mapping(value, "given", what)
    return value


def _no_mapping(value: Json, which: str, what: str) -> InvalidInput:
    return InvalidInput(
        f"the {what} {which} holds {_kind(value)} where a mapping of names to values is expected",
        code="input-not-mapping",
        hint="write `name: value` lines, or a JSON object",
    )


def _value(text: str, path: str, what: str) -> Json:
    value = _parse(text, path, what)
    if value is None and not text.strip():
        return {}
    fault = _fault(value)
    if fault is not None:
        raise InvalidInput(f"the {_named(what, path)}: {fault}", code="input-not-json")
    return value


def _named(what: str, path: str, place: str = "") -> str:
    """How a message names what was read: a file by its path."""
    return f"{what} `{shown(path)}{place}`" if path else f"{what}{place and f' at {place[1:]}'}"


def _parse(text: str, path: str, what: str) -> Json:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass  # It may be YAML.
    import yaml

    from maestrale.expressions import yaml_dialect

    place, reason = "", ""
    try:
        return yaml_dialect.load(text)
    except yaml.MarkedYAMLError as error:
        if error.problem_mark is not None:
            place = f":{error.problem_mark.line + 1}:{error.problem_mark.column + 1}"
        reason = error.problem or str(error)
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
    except RecursionError:
        reason = "it is nested too deeply"
    except (ValueError, TypeError) as error:  # Such as the date 2026-02-31, or a list as a key.
        reason = str(error)
    raise InvalidInput(
        f"the {_named(what, path, place)} is neither JSON nor YAML: {reason}", code="input-syntax"
    )


def _kind(value: Json) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)


def _fault(value: Json, place: str = "", depth: int = 0) -> str | None:
    """What JSON has no form for: the first such thing, with its place."""
    if depth > 200:
        return "it is nested deeper than 200 levels"
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                return (
                    f"the key `{key}`{_inside(place)} is {_kind(key)}, and names are text: put it in quotes"
                )
            if (fault := _fault(item, f"{place}.{key}", depth + 1)) is not None:
                return fault
        return None
    if isinstance(value, list):
        faults = (_fault(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value))
        return next((fault for fault in faults if fault is not None), None)
    if isinstance(value, float) and value - value != 0:
        return f"`{place.lstrip('.')}` is {value}, which JSON does not have"
    if value is None or isinstance(value, str | bool | int | float):
        return None
    return f"`{place.lstrip('.')}` is a {type(value).__name__}, which JSON does not have: put it in quotes"


def _inside(place: str) -> str:
    return f" in `{place.lstrip('.')}`" if place else ""
