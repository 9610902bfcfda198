"""What the server sends becomes what a program wants: texts in JSON become data, timestamps become instants.

Which attributes are such texts is read off the types of a struct, once: one marked as `JsonObject` or
`JsonValue` is decoded, one that may be a `datetime` is read as UTC.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import NODEFAULT, Meta, Struct

from maestrale.errors import InvalidInput, Unavailable
from maestrale.wire.formats import parse_json, parse_timestamp

_JSON_TEXT = "json-text"

Json: TypeAlias = Any
"""Plain data: None, bool, int, float, str, lists and mappings of these."""

JsonObject: TypeAlias = Annotated[dict[str, Json], Meta(extra={"wire": _JSON_TEXT})]
"""An object that travels as the text of its JSON."""

JsonValue: TypeAlias = Annotated[Json, Meta(extra={"wire": _JSON_TEXT})]
"""Any value that travels as the text of its JSON."""

S = TypeVar("S", bound=Struct)


class Resource(Struct, frozen=True, kw_only=True):
    """Something that the server has, as it was when it answered.

    An attribute that the server left out of its answer is `msgspec.UNSET`, which counts as false.
    """


class _Plan(Struct, frozen=True):
    """How the attributes of a struct are decoded."""

    json: frozenset[str]
    instants: frozenset[str]
    structs: Mapping[str, type[Struct]]
    """Attributes that are structs, or lists of them."""
    never_none: frozenset[str]
    """They have a default, and cannot be None: null means the default."""


def decode(kind: type[S], data: Any) -> S:
    """The struct that an answer stands for. Attributes that it does not know are passed over.

    Raises:
        Unavailable: It is something else (`unexpected-answer`).
    """
    if not isinstance(data, Mapping):
        raise unexpected(f"a JSON object of a {kind.__name__} was expected")
    plan = _plan(kind)
    try:
        values = {
            name: _value(plan, name, value)
            for name, value in data.items()
            if value is not None or name not in plan.never_none
        }
        return msgspec.convert(values, kind)
    except (InvalidInput, msgspec.ValidationError) as error:
        raise unexpected(f"of a {kind.__name__}: {error}") from error


def decode_all(kind: type[S], data: Any, key: str) -> tuple[S, ...]:
    """The structs of a list under its key. Raises: Unavailable: it is something else."""
    rows = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(rows, list):
        raise unexpected(f"a list `{key}` was expected")
    return tuple(decode(kind, row) for row in rows)


def unexpected(what: str) -> Unavailable:
    """The error for an answer that is not what the API says."""
    return Unavailable(
        f"the server's answer is not understood: {what}",
        code="unexpected-answer",
        hint="does the URL lead to a Maestrale server, and is that as new as this client?",
    )


def _value(plan: _Plan, name: str, value: Any) -> Any:
    match value:
        case str() if name in plan.json:
            return parse_json(value, name)
        case str() if name in plan.instants:
            return _instant(value, name)
        case dict() if name in plan.structs:
            return decode(plan.structs[name], value)
        case list() if name in plan.structs:
            return tuple(decode(plan.structs[name], item) for item in value)
    return value


def _instant(text: str, name: str) -> datetime | None:
    """Built-in actions have the text "" where others have an instant."""
    if not text:
        return None
    instant = parse_timestamp(text)
    if instant is None:
        raise InvalidInput(f"`{name}` is no instant: `{text}`")
    return instant


@cache
def _plan(kind: type[Struct]) -> _Plan:
    hints = get_type_hints(kind, include_extras=True)
    return _Plan(
        json=frozenset(name for name, hint in hints.items() if _has_json_text(hint)),
        instants=frozenset(name for name, hint in hints.items() if _mentions(hint, datetime)),
        structs={name: struct for name, hint in hints.items() if (struct := _struct_in(hint)) is not None},
        never_none=frozenset(
            field.name
            for field in msgspec.structs.fields(kind)
            if (field.default is not NODEFAULT or field.default_factory is not NODEFAULT)
            and not _mentions(hints[field.name], type(None), Any)
        ),
    )


def _has_json_text(hint: Any) -> bool:
    metas = getattr(hint, "__metadata__", ())
    if any(isinstance(meta, Meta) and (meta.extra or {}).get("wire") == _JSON_TEXT for meta in metas):
        return True
    return any(_has_json_text(part) for part in get_args(hint))


def _struct_in(hint: Any) -> type[Struct] | None:
    """The struct that an attribute is, or is a list of."""
    if isinstance(hint, type) and issubclass(hint, Struct):
        return hint
    found = (_struct_in(part) for part in get_args(hint) if not isinstance(part, Meta))
    return next((struct for struct in found if struct is not None), None)


def _mentions(hint: Any, *types: Any) -> bool:
    """Whether a value of the attribute may be one of these."""
    return hint in types or any(
        _mentions(part, *types) for part in get_args(hint) if not isinstance(part, Meta)
    )
