"""Which answer a call of an action gets."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Literal

from msgspec import Struct

from maestrale.expressions import Json, compile_template
from maestrale.lang.reader import Reader
from maestrale.testing.cases.durations import read_duration
from maestrale.testing.cases.model import Answer, Kind, Rule
from maestrale.testing.cases.references import WILD
from maestrale.testing.paths import Segment, segments

KINDS: tuple[Kind, ...] = ("result", "error", "cancelled", "never", "run")


def read_rules(case: Reader, defaults: Reader | None) -> tuple[Rule, ...]:
    """The rules that hold for a test, the first that fits wins: its own before the defaults, and of each
    those for tasks before those for actions."""
    found = [*_rules_of(case, is_default=False)]
    if defaults is not None:
        found += _rules_of(defaults, is_default=True)
    return tuple(found)


def _rules_of(given: Reader, *, is_default: bool) -> Iterator[Rule]:
    kinds: tuple[tuple[Literal["task", "action"], str], ...] = (("task", "tasks"), ("action", "actions"))
    for of, key in kinds:
        rules = given.find(key)
        for target, field in rules.fields() if rules else ():
            if isinstance(field.value, list):
                answers = tuple(_read(element, times=1) for element in field.elements())
            else:
                answers = (_read(field, times=None),)
            yield Rule(of=of, target=target, answers=answers, is_default=is_default)


def _read(reader: Reader, *, times: int | None) -> Answer:
    """An answer; `times` is how many calls get it if it does not say so."""
    if isinstance(reader.value, str):
        kind = next(kind for kind in KINDS if kind == reader.value)
        return Answer(kind=kind, mark=reader.mark, value=compile_template(None), times=times)
    kind = next(kind for kind in KINDS if kind in reader.value)
    written = reader.value.get("times", times)
    return Answer(
        kind=kind,
        mark=reader.mark,
        value=compile_template(reader.value[kind]),
        after=read_duration(reader.value.get("after", 0)) or timedelta(),
        input=reader.find("input"),
        times=None if written == "always" else written,
    )


class Call(Struct, frozen=True):
    """One call of an action.

    Args:
        path: The way to its task, with the item of its loop.
        names: What the ad-hoc action that the task names is called, if it is one, and the action itself, each
            with its input.
        is_own: The runner can run the action itself: it has no effect outside.
    """

    path: str
    names: Sequence[tuple[str, Mapping[str, Json]]]
    is_own: bool

    @property
    def segments(self) -> list[Segment]:
        """The parts of the path, each saying everything."""
        return [
            Segment(part.name, part.pass_ or 1, part.item, part.child or 1) for part in segments(self.path)
        ]


class Answers:
    """The answers of a test, as they are used up.

    Args:
        fits: Whether an input contains what an answer asks for.
    """

    def __init__(self, rules: Sequence[Rule], fits: Callable[[Reader, Mapping[str, Json]], bool]) -> None:
        self._rules = rules
        self._fits = fits
        self._used: Counter[int] = Counter()

    def take(self, call: Call) -> tuple[Answer, Mapping[str, Json]] | None:
        """The first answer that fits a call and is not used up, with the input it is for."""
        for rule in self._rules:
            input = input_for(rule, call)
            if input is None:
                continue
            for answer in rule.answers:
                left = answer.times is None or self._used[id(answer)] < answer.times
                if left and (answer.input is None or self._fits(answer.input, input)):
                    self._used[id(answer)] += 1
                    return answer, input
        return None

    def unused(self) -> list[tuple[Rule, Answer]]:
        """The answers that the test itself cans and no call got."""
        return [
            (rule, answer)
            for rule in self._rules
            for answer in rule.answers
            if not rule.is_default and not self._used[id(answer)]
        ]

    def has_rule_for(self, call: Call) -> bool:
        """Whether there are answers for such calls, fitting or not, left or not."""
        return any(input_for(rule, call) is not None for rule in self._rules)


def input_for(rule: Rule, call: Call) -> Mapping[str, Json] | None:
    """The input of a call as a rule sees it; None: the rule is for other calls."""
    if rule.of == "task":
        return call.names[0][1] if _ends_with(call.segments, segments(rule.target)) else None
    is_pattern = any(sign in rule.target for sign in WILD)
    if is_pattern and call.is_own:
        return None  # What does nothing outside is run, unless its name stands there in full.
    for name, input in call.names:
        if name == rule.target or (is_pattern and fnmatchcase(name, rule.target)):
            return input
    return None


def _ends_with(path: Sequence[Segment], written: Sequence[Segment]) -> bool:
    """Whether a path ends with what was written of one."""
    tail = path[-len(written) :]
    return len(tail) == len(written) and all(
        mine.covers(its) for mine, its in zip(written, tail, strict=True)
    )
