"""Which overload a call means.

The shape of a call decides first: how many arguments it has, their names, and the kinds of its constants.
That is done once, when compiling. What is left is decided by the Python types of the values, and what was
decided is kept in a table by these types.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from maestrale.expressions.yaql import kinds
from maestrale.expressions.yaql.failures import Failure, NoOverload, UnknownFunction
from maestrale.expressions.yaql.kinds import KINDS
from maestrale.expressions.yaql.signatures import (
    LAZY,
    LAZY_RULES,
    OVERLOADS,
    REQUIRED,
    RULES,
    VALUE,
    Overload,
    Parameter,
)
from maestrale.expressions.yaql.tree import Argument, Constant, Empty, Pair

Source: TypeAlias = int | tuple[int, ...] | None
"""Where a parameter's argument comes from: a slot, several of them, or its default."""


class Given(NamedTuple):
    """Stands for an argument whose value some code, or somebody else, already has."""

    code: str


Slot: TypeAlias = Argument | Given


class Candidate(NamedTuple):
    """An overload that a call may mean, and which slot of the call each of its parameters takes."""

    overload: Overload
    sources: tuple[Source, ...]
    """For each visible parameter, in their order."""

    def parameter_of(self, slot: int) -> Parameter:
        """The parameter that takes a slot."""
        for parameter, source in zip(self.overload.visible, self.sources, strict=True):
            if source == slot or (isinstance(source, tuple) and slot in source):
                return parameter
        raise AssertionError("every slot has a parameter")


@dataclass(frozen=True, slots=True)
class Resolution:
    """What is known of a call from its shape."""

    name: str
    is_method: bool
    slots: tuple[Slot, ...]
    """The arguments: those by position, the receiver first, then those by name."""

    candidates: tuple[Candidate, ...]
    lazy: frozenset[int]
    """The slots that are not evaluated."""


def resolve(name: str, arguments: Sequence[Slot], *, is_method: bool) -> Resolution:
    """The overloads that a call of `name` may mean.

    Args:
        arguments: For a method the receiver first.

    Raises:
        Failure: There is none, or it cannot be told which arguments to evaluate.
    """
    known = find_overloads(name, is_method=is_method)
    if not known:
        reason = f"there is no {_form(is_method)} `{shown(name)}`"
        raise UnknownFunction(reason, name, is_method=is_method)
    if len({overload.rules for overload in known}) > 1:
        raise ambiguous(name, is_method)
    positional, named = (list(arguments), {}) if known[0].rules else split_named(arguments)
    slots = (*positional, *named.values())
    numbers = {key: len(positional) + index for index, key in enumerate(named)}
    candidates = tuple(
        Candidate(overload, sources)
        for overload in known
        if (sources := _fit(overload, slots, len(positional), numbers)) is not None
    )
    if not candidates:
        raise unsuitable(name, is_method)
    lazy = {_lazy_slots(candidate) for candidate in candidates}
    if len(lazy) > 1:
        raise ambiguous(name, is_method)
    return Resolution(name, is_method, slots, candidates, lazy.pop())


def find_overloads(name: str, *, is_method: bool) -> list[Overload]:
    """The library's overloads of a name, as functions or as methods."""
    known = OVERLOADS.get(name.rstrip("_"), ())
    return [overload for overload in known if (overload.is_method if is_method else overload.is_function)]


def split_named(arguments: Sequence[Slot]) -> tuple[list[Slot], dict[str, Slot]]:
    """The arguments by position, and those by name. The last of two equal names wins.

    Raises:
        Failure: What stands before a `=>` is no word.
    """
    positional: list[Slot] = []
    named: dict[str, Slot] = {}
    for argument in arguments:
        if not isinstance(argument, Pair):
            positional.append(argument)
        elif isinstance(argument.source, Constant) and argument.source.is_keyword:
            named[argument.source.value] = argument.destination
        else:
            raise Failure("the name of an argument, before `=>`, has to be a plain word")
    return positional, named


def _fit(
    overload: Overload, slots: Sequence[Slot], positional: int, numbers: dict[str, int]
) -> tuple[Source, ...] | None:
    """Which slot each parameter takes; None: the arguments do not fit.

    Args:
        positional: How many of the slots are given by position.
        numbers: The slots that are given by name.
    """
    sources: list[Source] = []
    position = 0
    left = dict(numbers)
    for parameter in overload.visible:
        source: Source = None
        if parameter.many:
            source = tuple(range(position, positional))
            position = positional
        elif not parameter.keyword_only and position < positional:
            if parameter.name in left:
                return None
            source = None if isinstance(slots[position], Empty) else position
            position += 1
        elif parameter.name in left:
            source = left.pop(parameter.name)
        if source is None and parameter.default is REQUIRED:
            return None
        if not all(_accepts(parameter, slots[slot]) for slot in _slots_of(source)):
            return None
        sources.append(source)
    return tuple(sources) if position == positional and not left else None


def _slots_of(source: Source) -> tuple[int, ...]:
    if source is None:
        return ()
    return source if isinstance(source, tuple) else (source,)


def _accepts(parameter: Parameter, slot: Slot) -> bool:
    """Whether a parameter can take an argument, as far as its shape tells."""
    is_rule = isinstance(slot, Pair)
    if parameter.use in (RULES, LAZY_RULES) or is_rule:
        return is_rule and parameter.use != LAZY
    if parameter.use == VALUE and isinstance(slot, Constant):
        return bool(KINDS[type(slot.value)] & parameter.mask)
    return True


def _lazy_slots(candidate: Candidate) -> frozenset[int]:
    return frozenset(
        slot
        for parameter, source in zip(candidate.overload.visible, candidate.sources, strict=True)
        if parameter.is_lazy
        for slot in _slots_of(source)
    )


class Site:
    """A choice among candidates by the types of values, which remembers what it chose.

    Args:
        checked: The slots whose values decide, in their order.
        adapters: For each candidate, what is to be called.
    """

    __slots__ = ("_adapters", "_checked", "_resolution", "table")

    def __init__(
        self, resolution: Resolution, checked: Sequence[int], adapters: Sequence[Callable[..., Any]]
    ) -> None:
        self._resolution = resolution
        self._checked = tuple(checked)
        self._adapters = tuple(adapters)
        self.table: dict[Any, Callable[..., Any]] = {}
        """By the type of the value that decides, or the tuple of types if there are several."""

    def choose(self, *values: Any) -> Callable[..., Any]:
        """What to call for these values of the slots that decide.

        Raises:
            Failure: No candidate takes them, or no one is the most special.
        """
        found = [index for index in range(len(self._adapters)) if self._takes(index, values)]
        if not found:
            raise unsuitable(self._resolution.name, self._resolution.is_method, values)
        best = found[0]
        for index in found[1:]:
            if self._is_more_special(index, best):
                best = index
            elif not self._is_more_special(best, index):
                raise ambiguous(self._resolution.name, self._resolution.is_method)
        key = type(values[0]) if len(values) == 1 else tuple(map(type, values))
        self.table[key] = self._adapters[best]
        return self._adapters[best]

    def _takes(self, index: int, values: Sequence[Any]) -> bool:
        candidate = self._resolution.candidates[index]
        return all(
            KINDS[type(value)] & candidate.parameter_of(slot).mask
            for slot, value in zip(self._checked, values, strict=True)
        )

    def _is_more_special(self, index: int, other: int) -> bool:
        """Whether a candidate is narrower than another one in some parameter and wider in none."""
        mine, others = (self._masks(candidate) for candidate in (index, other))
        narrower = [one != two and one & two == one for one, two in zip(mine, others, strict=True)]
        wider = [one != two and one & two == two for one, two in zip(mine, others, strict=True)]
        return any(narrower) and not any(wider)

    def _masks(self, index: int) -> list[int]:
        candidate = self._resolution.candidates[index]
        slots = range(len(self._resolution.slots))
        return [candidate.parameter_of(slot).mask for slot in slots if not self._is_empty(slot)]

    def _is_empty(self, slot: int) -> bool:
        return isinstance(self._resolution.slots[slot], Empty)


def call_code(candidate: Candidate, function: str, hidden: Sequence[str], slots: Sequence[str],
              constant: Callable[[Any], str]) -> str:  # fmt: skip
    """Code that calls an overload.

    Args:
        hidden: Code for each hidden parameter, in their order.
        slots: Code for each slot, checked already.
        constant: Gives code for a value that is known now.
    """
    arguments = []
    sources = iter(candidate.sources)
    unseen = iter(hidden)
    for parameter in candidate.overload.parameters:
        if parameter.is_hidden:
            arguments.append(next(unseen))
            continue
        source = next(sources)
        codes = [slots[slot] for slot in _slots_of(source)]
        if parameter.convert is not None:
            convert = constant(parameter.convert)
            codes = [f"{convert}({code})" for code in codes]
        if source is None:
            codes = [constant(parameter.default)]
        if parameter.keyword_only:
            codes = [f"{parameter.name}={code}" for code in codes]
        arguments.extend(codes)
    return f"{function}({', '.join(arguments)})"


@lru_cache(maxsize=4096)
def adapter(candidate: Candidate, hidden: tuple[Parameter, ...], width: int) -> Callable[..., Any]:
    """A function that takes the hidden arguments `hidden` and all `width` slots, and calls the overload."""
    constants: dict[str, Any] = {}

    def constant(value: Any) -> str:
        constants[f"c{len(constants)}"] = value
        return f"c{len(constants) - 1}"

    extra = {parameter: f"h{index}" for index, parameter in enumerate(hidden)}
    slots = [f"s{index}" for index in range(width)]
    mine = [extra[parameter] for parameter in candidate.overload.parameters if parameter.is_hidden]
    code = call_code(candidate, constant(candidate.overload.function), mine, slots, constant)
    if code == f"c0({', '.join([*extra.values(), *slots])})":
        return candidate.overload.function
    made: Callable[..., Any] = eval(f"lambda {', '.join([*extra.values(), *slots])}: {code}", constants)
    return made


def unsuitable(name: str, is_method: bool, values: Sequence[Any] = ()) -> NoOverload:
    """The failure of a call that no overload takes."""
    if is_operator(name):
        reason = f"operator `{shown(name)}` does not work on these values"
    else:
        reason = f"{_form(is_method)} `{shown(name)}` does not take these arguments"
    found = " and ".join(kinds.describe(kinds.kind_of(value)) for value in values)
    return NoOverload(
        f"{reason}: {found}" if found else reason, name=name, is_method=is_method, values=values
    )


def ambiguous(name: str, is_method: bool) -> Failure:
    """The failure of a call for which no overload is the best."""
    return Failure(f"several {_form(is_method)}s `{shown(name)}` could be meant")


def is_operator(name: str) -> bool:
    """Whether what is called stands behind an operator: no author can write such a name."""
    return name.startswith(("#", "*"))


def shown(name: str) -> str:
    """A function's name as its user knows it: operators are functions with names of their own."""
    if name in ("*equal", "*not_equal"):
        return "=" if name == "*equal" else "!="
    if name == "#indexer":
        return "[]"
    return name.removeprefix("#").removeprefix("unary_").removeprefix("operator_")


def _form(is_method: bool) -> str:
    return "method" if is_method else "function"
