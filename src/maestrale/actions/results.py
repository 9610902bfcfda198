"""What came back from an action, as a `Result` that can be stored as JSON."""

import math
from collections.abc import Mapping

import msgspec

from maestrale.core.catalogue import Result
from maestrale.core.sizes import too_large
from maestrale.expressions.scope import Json

MAX_DEPTH = 200
"""How deep lists and mappings may nest in a result; well below what readers of JSON can follow."""

MAX_MESSAGE = 10_000
"""The longest message of an exception that is kept, in characters."""


class ActionFailed(Exception):
    """Raise this in an action to fail with structured data.

    Args:
        error: Any JSON that is not null; the task's result.
    """

    def __init__(self, error: Json) -> None:
        super().__init__(error)
        self.error = error


class NotJson(ValueError):
    """A value holds something that JSON cannot express.

    Args:
        place: Where, such as `.items[3].when`.
        what: What is there, never its value.
    """

    def __init__(self, what: str, place: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.place = place


def to_json(value: object) -> Json:
    """`value` as plain JSON: tuples become lists, mappings dictionaries.

    Raises:
        NotJson: It holds something else, with its place.
    """
    return _to_json(value, MAX_DEPTH, set())


def _to_json(value: object, depth: int, above: set[int]) -> Json:
    match value:
        case None | bool():
            return value
        case str():
            return _to_text(value)
        case int():
            return int(value)
        case float():
            if not math.isfinite(value):
                raise NotJson(f"the number `{value}`, which JSON does not have")
            return float(value)
        case list() | tuple() | Mapping():
            return _to_container(value, depth, above)
    raise NotJson(f"{type(value).__name__}, which JSON does not have")


def _to_container(
    value: list[object] | tuple[object, ...] | Mapping[object, object], depth: int, above: set[int]
) -> Json:
    if id(value) in above:
        raise NotJson("a value that contains itself")
    if depth == 0:
        raise NotJson(f"nested deeper than {MAX_DEPTH} levels")
    above.add(id(value))
    here = ""
    try:
        if isinstance(value, Mapping):
            mapping: dict[str, Json] = {}
            for key, item in value.items():
                here = ""
                name = _to_key(key)
                here = f".{name}"
                mapping[name] = _to_json(item, depth - 1, above)
            return mapping
        items: list[Json] = []
        for index, item in enumerate(value):
            here = f"[{index}]"
            items.append(_to_json(item, depth - 1, above))
        return items
    except NotJson as problem:
        raise NotJson(problem.what, here + problem.place) from None
    finally:
        above.discard(id(value))


def _to_key(key: object) -> str:
    if not isinstance(key, str):
        raise NotJson(f"a mapping with a key that is {type(key).__name__}, not text")
    return _to_text(key)


def _to_text(value: str) -> str:
    text = value if type(value) is str else str.__str__(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise NotJson("text with half a surrogate pair, which is no Unicode") from None
    return text


def storable(result: Result, *, action: str, limit: int = 0) -> Result:
    """The result as it can be stored, or one that says why it cannot.

    What JSON cannot hold is an error of the action; what is too large is refused, which its whole
    execution does not survive: see `Result.refusal`.

    Args:
        limit: The most bytes of JSON; 0 or less: no limit.
    """
    field = "error" if result.is_error else "result"
    try:
        plain = to_json(result.error if result.is_error else result.value)
    except NotJson as problem:
        return Result(
            error=f"The result of `{action}` cannot be stored as JSON: "
            f"`{field}{problem.place}` is {problem.what}"
        )
    size = len(msgspec.json.encode(plain))
    if 0 < limit < size:
        return Result(refusal=too_large(f"the {field} of action {action}", size, limit))
    if result.cancelled:
        return Result(value=plain, cancelled=True)
    return Result(error=plain) if result.is_error else Result(value=plain)


def size_of(result: Result) -> int:
    """How many bytes of JSON a result is that can be stored."""
    return len(msgspec.json.encode(result.error if result.is_error else result.value))


def from_return(value: object) -> Result:
    """The result of an action that returned `value`."""
    return value if isinstance(value, Result) else Result(value=value)


def from_exception(exception: BaseException, *, action: str, run_id: str | None = None) -> Result:
    """The result of an action that raised. No traceback: it shows code and may show values.

    Args:
        run_id: None where the action ran inside a turn, whose outcome may depend on the input alone.
    """
    if isinstance(exception, ActionFailed):
        if exception.error is not None:
            return Result(error=exception.error)
        exception = ValueError("ActionFailed was raised without an error")
    place = f", action_ex_id={run_id}" if run_id else ""
    message = f"The action raised an exception [action={action}{place}, msg='{message_of(exception)}']"
    return Result(error=message)


def message_of(exception: BaseException) -> str:
    """The text of an exception, or its class where it has none."""
    try:
        text = str(exception)
    except Exception:  # The plugin's own __str__ is code like any other.
        text = ""
    text = text.encode(errors="replace").decode()[:MAX_MESSAGE]
    return text or type(exception).__name__
