"""Query strings become values, by the kinds of an endpoint's parameters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from maestrale.api.endpoint import Endpoint, Kind
from maestrale.api.errors import Refusal
from maestrale.api.filters import FALSE_WORDS, parse_integer
from maestrale.errors import InvalidInput
from maestrale.expressions.suggestions import Suggestions
from maestrale.wire.formats import check_uuid_like

MOST_PARAMETERS = 1000


def _integer(name: str, texts: Sequence[str]) -> int:
    if len(texts) > 1:
        raise InvalidInput(f"`{name}` is given {len(texts)} times", code="given-twice", hint="give it once")
    return parse_integer(texts[0], name)


def _list(name: str, texts: Sequence[str]) -> tuple[str, ...]:
    words = (word.strip().lower() for text in texts for word in text.split(","))
    return tuple(word for word in words if word)


_PARSERS: Mapping[Kind, Callable[[str, Sequence[str]], Any]] = {
    "text": lambda name, texts: texts[-1],
    "bool": lambda name, texts: texts[-1].strip().lower() not in FALSE_WORDS,
    "int": _integer,
    "uuid": lambda name, texts: check_uuid_like(texts[-1], name),
    "list": _list,
    "unique-list": lambda name, texts: tuple(dict.fromkeys(_list(name, texts))),
    "presence": lambda name, texts: True,
}

_ABSENT: Mapping[Kind, Any] = {"bool": False, "presence": False, "list": (), "unique-list": ()}


class QueryReader:
    """Reads the query strings of one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._parsers = {each.name: _PARSERS[each.kind] for each in endpoint.query}
        self._defaults = {
            each.name: _ABSENT.get(each.kind) if each.default is None else each.default
            for each in endpoint.query
        }
        self._ignores_unknown = endpoint.ignores_unknown_parameters

    def read(self, query_string: bytes) -> dict[str, Any]:
        """The values of all parameters.

        Raises:
            InvalidInput: A parameter is unknown, or its value does not fit its kind.
            Refusal: The text is not UTF-8.
        """
        values = dict(self._defaults)
        if query_string:
            for name, texts in _texts(query_string).items():
                parse = self._parsers.get(name)
                if parse is not None:
                    values[name] = parse(name, texts)
                elif not self._ignores_unknown:
                    raise self._unknown(name)
        return values

    def _unknown(self, name: str) -> InvalidInput:
        known = ", ".join(f"`{each}`" for each in sorted(self._parsers)) or "none"
        return InvalidInput(
            f"Unknown query parameter `{name}`",
            code="unknown-parameter",
            hint=Suggestions().hint(name, self._parsers) or f"there are: {known}",
        )


def _texts(query_string: bytes) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(
            query_string.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )
    except UnicodeDecodeError as error:
        raise Refusal(400, "The query string is not valid UTF-8", code="not-utf-8") from error
    except ValueError as error:
        raise InvalidInput(
            f"there are more than {MOST_PARAMETERS} query parameters", code="too-many-parameters"
        ) from error
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        texts.setdefault(name, []).append(text)
    return texts
