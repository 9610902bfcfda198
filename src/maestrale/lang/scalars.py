"""What a plain scalar means: YAML 1.1's implicit types, reduced to what JSON can hold."""

import math
from collections.abc import Callable, Mapping
from datetime import date

import yaml
from yaml.constructor import SafeConstructor
from yaml.nodes import ScalarNode

from maestrale.expressions import Json

STANDARD = "tag:yaml.org,2002:"
STRING = STANDARD + "str"
MERGE = STANDARD + "merge"
SCALAR_TAGS = {STANDARD + name for name in ("str", "int", "float", "bool", "null", "timestamp")}

# The longest number or date anybody means. The time to read a number grows with the square of its length.
LONGEST_VALUE = 128

_RESOLVERS = yaml.SafeLoader.yaml_implicit_resolvers
_CONSTRUCTOR = SafeConstructor()
_CONSTRUCT: Mapping[str, Callable[[ScalarNode], Json]] = {
    STANDARD + "int": _CONSTRUCTOR.construct_yaml_int,
    STANDARD + "float": _CONSTRUCTOR.construct_yaml_float,
    STANDARD + "bool": _CONSTRUCTOR.construct_yaml_bool,
    STANDARD + "null": _CONSTRUCTOR.construct_yaml_null,
    STANDARD + "timestamp": _CONSTRUCTOR.construct_yaml_timestamp,
}


class Unreadable(ValueError):
    """The scalar has the form of a type, but no value of it."""


class NotJson(ValueError):
    """JSON has no word for the value."""


def implicit_tag(text: str) -> str:
    """The tag that YAML 1.1 gives a plain scalar without one."""
    for tag, pattern in _RESOLVERS.get(text[:1], ()):
        if pattern.match(text):
            # `=` alone would be a tag of its own that no loader can read: it is text.
            return STRING if tag == STANDARD + "value" else str(tag)
    return STRING


def scalar_value(tag: str, text: str) -> Json:
    """The value of a scalar with one of the `SCALAR_TAGS`. Dates become ISO text.

    Raises:
        Unreadable: Such as `2020-13-45`, or a number of absurd length.
        NotJson: Infinity, or not a number.
    """
    if tag == STRING:
        return text
    if len(text) > LONGEST_VALUE:
        raise Unreadable(f"it is longer than {LONGEST_VALUE} characters")
    try:
        value = _CONSTRUCT[tag](ScalarNode(tag, text))
    except (ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise Unreadable(str(error) if isinstance(error, ValueError) else "it has another form") from error
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise NotJson
    return value
