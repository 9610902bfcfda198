"""Secret values: how they are marked in plain data, and what people see in their place.

A mark is plain data itself, a mapping with the one key `$secret`: `{"$secret": value}`. It stands wherever
data is given and stays in the rows. Expressions and actions get what is *revealed*; whoever looks gets what
is *masked*. Data without marks is never copied.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeGuard

from maestrale.expressions.scope import Json

KEY = "$secret"
MASK = "***"
"""What is shown in the place of a secret value."""

LEAST_TEXT = 4
"""Characters of the shortest text that is looked for in other texts: shorter ones are everywhere."""


def is_marked(value: Json) -> bool:
    """Whether the value itself is marked, not only something in it."""
    return isinstance(value, Mapping) and len(value) == 1 and KEY in value


def marked(value: Json) -> Json:
    """The value with a mark."""
    return value if is_marked(value) else {KEY: value}


def is_open_mapping(value: Json) -> TypeGuard[Mapping[str, Json]]:
    """Whether the value is a mapping with keys of its own. A secret is a leaf, whatever it holds."""
    return isinstance(value, Mapping) and not is_marked(value)


def has_marks(value: Json) -> bool:
    """Whether something in the value is marked."""
    return next(_marks(value), None) is not None


def _marks(value: Json) -> Iterator[Json]:
    """The marked values, without their marks."""
    wanted = [value]
    while wanted:
        found = wanted.pop()
        if isinstance(found, Mapping):
            if is_marked(found):
                yield found[KEY]
            else:
                wanted.extend(found.values())
        elif isinstance(found, (list, tuple)):
            wanted.extend(found)


def reveal(value: Json) -> Json:
    """The value as expressions and actions get it: without any mark."""
    return _replaced(value, reveal)


def mask(value: Json) -> Json:
    """The value as people see it: `***` in the place of whatever is marked."""
    try:
        return _replaced(value, lambda _: MASK)
    except RecursionError:  # Nested deeper than anything that is stored on purpose.
        return MASK


def _replaced(value: Json, replace: Callable[[Json], Json]) -> Json:
    """The value with something else in the place of each mark; the value itself where there is none."""
    if isinstance(value, Mapping):
        if is_marked(value):
            return replace(value[KEY])
        mapping = {key: _replaced(item, replace) for key, item in value.items()}
        return value if all(map(_is, mapping.values(), value.values())) else mapping
    if isinstance(value, (list, tuple)):
        items = [_replaced(item, replace) for item in value]
        return value if all(map(_is, items, value)) else items
    return value


def _is(one: object, other: object) -> bool:
    return one is other


def spread(value: Json) -> Json:
    """The value with the mark of a whole list or mapping on each of its items instead.

    For values that the engine itself takes apart, such as the input of an action.
    """
    inner = value[KEY] if is_marked(value) else value
    if inner is value:
        return value
    inner = spread(inner)
    if isinstance(inner, Mapping):
        return {key: marked(item) for key, item in inner.items()}
    if isinstance(inner, (list, tuple)):
        return [marked(item) for item in inner]
    return value


def restored(given: Json, known: Json) -> Json:
    """What somebody sends back who has seen `known` masked: its secrets in the places of `***`."""
    if given == MASK or (is_marked(given) and given[KEY] == MASK):
        return known if is_marked(known) else given
    if is_open_mapping(given) and is_open_mapping(known):
        return {key: restored(item, known[key]) if key in known else item for key, item in given.items()}
    if isinstance(given, list) and isinstance(known, list):
        return [
            restored(item, known[index]) if index < len(known) else item for index, item in enumerate(given)
        ]
    return given


# Texts that hold secrets.


def secret_texts(value: Json) -> list[str]:
    """The texts and numbers in what is marked that are long enough to be recognized, each once."""
    return list(dict.fromkeys(text for inner in _marks(value) for text in _texts_in(inner)))


def _texts_in(value: Json) -> Iterator[str]:
    wanted = [value]
    while wanted:
        found = wanted.pop()
        if isinstance(found, Mapping):
            wanted.extend(found.values())
        elif isinstance(found, (list, tuple)):
            wanted.extend(found)
        elif found is not None and not isinstance(found, bool):
            text = str(found)
            if len(text) >= LEAST_TEXT:
                yield text


@lru_cache(maxsize=1024)
def spellings(text: str) -> frozenset[str]:
    """How a text reads within others: as it is, without the space around it, in the quotes of messages."""
    quoted = (repr(text), json.dumps(text), json.dumps(text, ensure_ascii=False))
    found = (text, text.strip(), *(each[1:-1] for each in quoted))
    return frozenset(each for each in found if len(each) >= LEAST_TEXT)


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """The text with `***` in the place of every secret in it, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def scrubbed_data(value: Json, secrets: Iterable[str]) -> Json:
    """As `scrubbed`, for every text in a value."""
    if not secrets:
        return value
    return _texts_changed(value, lambda text: scrubbed(text, secrets))


def marked_where_told(value: Json, secrets: Iterable[str]) -> Json:
    """The value with a mark on every text and number in it that holds a secret."""
    known = tuple(secrets)
    if not known:
        return value
    return _texts_changed(
        value, lambda text: {KEY: text} if any(secret in text for secret in known) else text
    )


def _texts_changed(value: Json, change: Callable[[str], Json]) -> Json:
    """The value with other texts; a number is changed if its text is. Keys that change are marked with
    their whole mapping."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value if change(str(value)) == str(value) else _like(change(str(value)), value)
    if isinstance(value, Mapping):
        if is_marked(value):
            return value
        if any(change(key) != key for key in value):
            return {KEY: value}
        return {key: _texts_changed(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_texts_changed(item, change) for item in value]
    return value


def _like(changed: Json, number: float) -> Json:
    """What stands for a number whose text has changed: the number with a mark, or the new text."""
    return {KEY: number} if is_marked(changed) else changed
