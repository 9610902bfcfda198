"""Numbers."""

from collections.abc import Callable
from typing import Any

from maestrale.errors import InvalidInput
from maestrale.expressions import limits
from maestrale.expressions.scope import Scope
from maestrale.expressions.yaql.failures import Failure
from maestrale.expressions.yaql.kinds import INTEGER, NUMBER, kind_of
from maestrale.expressions.yaql.signatures import ANY, INT, NUM, SCOPE, calling, overload

Compare = Callable[[Any, Any], Any]

_RANDOM_BITS = 128


@overload("int", ANY("value"))
def to_integer(value: Any) -> int:
    return 0 if value is None else _converted(int, value, "an integer")


@overload("float", ANY("value"))
def to_float(value: Any) -> float:
    return 0.0 if value is None else _converted(float, value, "a number")


def _converted(convert: Callable[[Any], Any], value: Any, what: str) -> Any:
    try:
        return convert(value)
    except (TypeError, ValueError):
        reason = f"{what} cannot be made of this value"
    raise Failure(reason, found=value)


@overload("isInteger", ANY("value"))
def is_integer(value: Any) -> bool:
    return kind_of(value) == INTEGER


@overload("isNumber", ANY("value"))
def is_number(value: Any) -> bool:
    return bool(kind_of(value) & NUMBER)


@overload("abs", NUM("op"))
def absolute(number: float) -> float:
    return abs(number)


@overload("sign", NUM("num"))
def sign(number: float) -> int:
    return (number > 0) - (number < 0)


@overload("pow", NUM("a"), NUM("b"), NUM("c", default=None, nullable=True))
def power(base: float, exponent: float, modulus: float | None) -> Any:
    return limits.power(base, exponent, modulus)


@overload("round", NUM("number"), INT("ndigits", default=0))
def rounded(number: float, digits: int) -> float:
    result: float = limits.round_number(number, digits)
    return result


@overload("max", ANY("a"), ANY("b"), calling("#operator_>", 2))
def greater(one: Any, other: Any, is_greater: Compare) -> Any:
    return other if is_greater(other, one) else one


@overload("min", ANY("a"), ANY("b"), calling("#operator_>", 2))
def less(one: Any, other: Any, is_greater: Compare) -> Any:
    return one if is_greater(other, one) else other


@overload("bitwiseAnd", INT("left"), INT("right"))
def bitwise_and(left: int, right: int) -> int:
    return left & right


@overload("bitwiseOr", INT("left"), INT("right"))
def bitwise_or(left: int, right: int) -> int:
    return left | right


@overload("bitwiseXor", INT("left"), INT("right"))
def bitwise_xor(left: int, right: int) -> int:
    return left ^ right


@overload("bitwiseNot", INT("arg"))
def bitwise_not(value: int) -> int:
    return -1 - value


@overload("shiftBitsLeft", INT("value"), INT("bitsNumber"))
def shift_left(value: int, bits: int) -> int:
    return limits.shift_left(value, bits)


@overload("shiftBitsRight", INT("value"), INT("bitsNumber"))
def shift_right(value: int, bits: int) -> int:
    return value >> bits


@overload("random", SCOPE)
def random(scope: Scope) -> float:
    return float(scope.chance.random())


@overload("random", SCOPE, ANY("from"), ANY("to"))
def random_between(scope: Scope, start: Any, end: Any) -> int:
    if not (isinstance(start, int) and isinstance(end, int)):
        raise InvalidInput("`random` takes integers")
    if start > end or (end - start).bit_length() > _RANDOM_BITS:
        raise InvalidInput(
            f"`random` takes two integers, the smaller one first, no further apart than 2**{_RANDOM_BITS}"
        )
    return int(scope.chance.between(start, end))
