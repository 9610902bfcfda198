"""What a test expects, held against what happened."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from maestrale.core import ActionRun, Execution, Task
from maestrale.core.status import ENDED_EXECUTION, ExecutionState
from maestrale.core.views import result_of
from maestrale.expressions import Json, mask
from maestrale.lang.problems import Mark
from maestrale.lang.reader import Reader
from maestrale.testing.cases import facts
from maestrale.testing.cases.durations import read_duration
from maestrale.testing.cases.durations import shown as shown_duration
from maestrale.testing.cases.matching import Difference, plain
from maestrale.testing.cases.model import Fault
from maestrale.testing.cases.player import Player
from maestrale.testing.paths import UnknownPath, find_execution, find_task


class Failure(Struct, frozen=True, kw_only=True):
    """One thing that is not as it must be.

    Args:
        what: What was looked at, such as `output.records[0]`.
        line, column: Where the test file says what is expected.
        expected, actual: As JSON, where values are compared; None: there is none.
        message: More about it, or, without values, all about it.
    """

    what: str
    line: int
    column: int = 1
    expected: str | None = None
    actual: str | None = None
    message: str = ""
    hint: str | None = None


def judge(player: Player) -> list[Failure]:
    """Everything that is not as the test expects, in the order of the test file."""
    failures = list(_Judge(player).failures())
    return sorted(failures, key=lambda failure: (failure.line, failure.column))


def _of_fault(fault: Fault) -> Failure:
    return Failure(
        what="", line=fault.mark.line, column=fault.mark.column, message=fault.message, hint=fault.hint
    )


class _Judge:
    def __init__(self, player: Player) -> None:
        self._player = player
        self._stage = player.stage
        self._expect = player.case.expect
        self._mark = player.case.mark
        """Where an expectation stands that is not written."""

    def failures(self) -> Iterator[Failure]:
        yield from map(_of_fault, self._player.faults)
        if self._player.is_cut_off:
            return  # What it would have come to is not known.
        refused = self._find("refused")
        if self._player.refusal is not None or refused is not None:
            yield from self._start(refused)
            return
        yield from self._outcome(self._expect, self._stage.root, "")
        yield from self._elapsed()
        for path, expected in self._entries("tasks"):
            yield from self._reached(expected, path, lambda it, at: self._task(it, self._task_at(at), at))
        for path, expected in self._entries("sub_workflows"):
            yield from self._reached(expected, path, self._sub_workflow)
        for name, expected in self._entries("calls"):
            yield from self._calls(expected, self._runs_of_action(name), f"calls of `{name}`")

    def _find(self, key: str) -> Reader | None:
        return self._expect.find(key) if self._expect is not None else None

    def _entries(self, key: str) -> Iterator[tuple[str, Reader]]:
        found = self._find(key)
        return found.fields() if found is not None else iter(())

    def _compare(self, expected: Reader | None, what: str, actual: Any) -> Iterator[Failure]:
        if expected is not None:
            for difference in self._player.matcher.differences(expected, what, mask(plain(actual))):
                yield _of_difference(difference)

    def _start(self, refused: Reader | None) -> Iterator[Failure]:
        """The workflow did not start, or must not."""
        error = self._player.refusal
        if error is None:
            assert refused is not None
            yield self._told(refused.mark, f"the start was not refused, and `{refused.value}` was expected")
        elif refused is None or refused.value != error.code:
            mark = refused.mark if refused is not None else self._mark
            told = f"the start was refused: {error.message} [{error.code}]"
            yield self._told(mark, told, hint=error.hint)

    def _told(self, mark: Mark, message: str, hint: str | None = None) -> Failure:
        return Failure(what="", line=mark.line, column=mark.column, message=message, hint=hint)

    # Executions.

    def _outcome(self, expect: Reader | None, execution: Execution, within: str) -> Iterator[Failure]:
        """The state and what else is said of an execution. `within`: put before what is looked at."""
        find = expect.find if expect is not None else lambda key: None
        yield from self._state(find("state"), execution, within)
        if expect is None:
            return
        yield from self._compare(find("state_info"), f"{within}state_info", execution.state_info)
        yield from self._compare(find("output"), f"{within}output", execution.output)
        yield from self._route(find("path"), execution, within)
        yield from self._not_run(find("not_run"), execution, within)

    def _state(self, expected: Reader | None, execution: Execution, within: str) -> Iterator[Failure]:
        wanted = expected.value if expected is not None else ExecutionState.SUCCESS.value
        if execution.state == wanted:
            return
        why = [execution.state_info] if execution.state_info else []
        if execution.state not in ENDED_EXECUTION and not within:
            why += self._player.waits()
        mark = expected.mark if expected is not None else self._mark
        yield Failure(
            what=f"{within}state",
            line=mark.line,
            column=mark.column,
            expected=wanted,
            actual=execution.state.value,
            message="\n".join(why),
        )

    def _route(self, expected: Reader | None, execution: Execution, within: str) -> Iterator[Failure]:
        """The tasks in the order in which they began; those of a list in it in any order."""
        if expected is None:
            return
        seen = self._player.trace.begun(execution)
        place = 0
        for step in expected.elements():
            wanted = step.value if isinstance(step.value, list) else [step.value]
            came = seen[place : place + len(wanted)]
            if sorted(came) != sorted(wanted):
                yield self._other_route(expected, step.mark, seen, within)
                return
            place += len(wanted)
        if place < len(seen):
            yield self._other_route(expected, expected.mark, seen, within)

    def _other_route(self, expected: Reader, mark: Mark, seen: Sequence[str], within: str) -> Failure:
        return Failure(
            what=f"{within}path",
            line=mark.line,
            column=mark.column,
            expected=_route_text(expected.value),
            actual=_route_text(seen),
        )

    def _not_run(self, expected: Reader | None, execution: Execution, within: str) -> Iterator[Failure]:
        begun = set(self._player.trace.begun(execution))
        for name in expected.elements() if expected is not None else ():
            if name.value in begun:
                yield self._told(name.mark, f"{within}not_run: the task `{name.value}` has begun")

    def _elapsed(self) -> Iterator[Failure]:
        expected = self._find("elapsed")
        if expected is None:
            return
        took = self._player.elapsed
        limits: Mapping[str, Callable[[timedelta], bool]] = {
            "at_least": lambda length: took >= length,
            "at_most": lambda length: took <= length,
        }
        if isinstance(expected.value, dict):
            for key, field in expected.fields():
                length = _length(field)
                if not limits[key](length):
                    words = f"{key.replace('_', ' ')} {shown_duration(length)}"
                    yield self._other_length(field, words, took)
        elif _length(expected) != took:
            yield self._other_length(expected, shown_duration(_length(expected)), took)

    def _other_length(self, expected: Reader, wanted: str, took: timedelta) -> Failure:
        mark = expected.mark
        actual = shown_duration(took)
        return Failure(what="elapsed", line=mark.line, column=mark.column, expected=wanted, actual=actual)

    # Sub-workflows and tasks.

    def _reached(
        self, expected: Reader, path: str, look: Callable[[Reader, str], Iterator[Failure]]
    ) -> Iterator[Failure]:
        """Look at what a path names, if it is there."""
        try:
            yield from look(expected, path)
        except UnknownPath as error:
            yield self._told(expected.key_mark, f"`{path}`: {error}")

    def _sub_workflow(self, expected: Reader, path: str) -> Iterator[Failure]:
        execution = find_execution(self._stage.state, path, latest=True)
        within = f"`{path}`: "
        yield from self._compare(expected.find("workflow"), f"{within}workflow", execution.workflow)
        yield from self._compare(expected.find("input"), f"{within}input", execution.input)
        yield from self._outcome(expected, execution, within)

    def _task_at(self, path: str) -> Task:
        return find_task(self._stage.state, path, latest=True)

    def _task(self, expected: Reader, task: Task, path: str) -> Iterator[Failure]:
        within = f"`{path}`: "
        seen: Mapping[str, Callable[[], Any]] = {
            "state": lambda: task.state,
            "state_info": lambda: task.state_info,
            "published": lambda: task.published,
            "published_global": lambda: task.published_global,
            "result": lambda: result_of(facts.reading_turn(self._stage), task),
        }
        for key, look in seen.items():
            yield from self._compare(expected.find(key), f"{within}{key}", look())
        runs = [run for run in self._runs() if run.task_id == task.id]
        input, calls = expected.find("input"), expected.find("calls")
        if input is not None and not runs:
            yield self._told(input.key_mark, f"{within}input: its action was not called")
        elif input is not None:
            yield from self._compare(input, f"{within}input", runs[-1].input)
        if calls is not None:
            yield from self._calls(calls, [run.input for run in runs], f"{within}calls")

    # Calls.

    def _runs(self) -> list[ActionRun]:
        return sorted(self._stage.state.runs.values(), key=lambda run: run.number)

    def _runs_of_action(self, name: str) -> list[Mapping[str, Json]]:
        """The inputs of an action's calls: as a task gave them, or as an ad-hoc action did."""
        found = []
        for run in self._runs():
            if name in self._player.catalogue.names_of(run.name):
                found.append(run.input)
            elif run.action == name:
                found.append(run.arguments if run.arguments is not None else run.input)
        return found

    def _calls(self, expected: Reader, inputs: Sequence[Mapping[str, Json]], what: str) -> Iterator[Failure]:
        if isinstance(expected.value, list):
            yield from self._compare(expected, what, inputs)
        elif expected.value != len(inputs):
            mark, wanted, actual = expected.mark, str(expected.value), str(len(inputs))
            yield Failure(what=what, line=mark.line, column=mark.column, expected=wanted, actual=actual)


def _of_difference(difference: Difference) -> Failure:
    return Failure(
        what=difference.what,
        line=difference.mark.line,
        column=difference.mark.column,
        expected=difference.expected,
        actual=difference.actual,
        message=difference.reason,
    )


def _length(reader: Reader) -> timedelta:
    length = read_duration(reader.value)
    assert length is not None, "the layout has been checked"
    return length


def _route_text(names: Sequence[str | Sequence[str]]) -> str:
    """A route as one reads it: `a, b or c in any order, d`."""
    told = [name if isinstance(name, str) else f"[{', '.join(name)}]" for name in names]
    return ", ".join(told) or "no task"
