"""What came of a run of tests, as people and as programs read it."""

import os
import sys
from collections.abc import Iterator, Sequence

from msgspec import Struct

from maestrale.cli.problems import as_json as problem_as_json
from maestrale.cli.problems import describe
from maestrale.cli.terminal import BOLD, DIM, GREEN, RED, YELLOW, paint, write_output
from maestrale.cli.texts import counted, printable
from maestrale.expressions import Json
from maestrale.testing.cases import CaseFile, CaseResult, Count, Failure, Line, WorkflowCoverage
from maestrale.testing.cases.durations import shown as shown_duration
from maestrale.testing.cases.telling import failure_lines, trace_lines

SIGNS = {"passed": ("✓", GREEN), "failed": ("✗", RED), "skipped": ("↷", YELLOW)}


class Outcome(Struct, frozen=True):
    """What came of a run. `fail_under`: the least coverage in percent; None: any will do."""

    files: Sequence[CaseFile]
    results: Sequence[CaseResult]
    coverage: Sequence[WorkflowCoverage]
    fail_under: float | None = None

    @property
    def total(self) -> Count:
        return sum((workflow.all for workflow in self.coverage), Count())

    @property
    def is_under(self) -> bool:
        return self.fail_under is not None and self.total.percent < self.fail_under

    def count(self, outcome: str) -> int:
        return sum(result.outcome == outcome for result in self.results)


class Report:
    """Tells a person on stdout, test by test.

    Args:
        quiet: Only what fails, and the end.
        verbose: What happened in each test, not only in those that fail.
    """

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._file: str | None = None

    def problems(self, files: Sequence[CaseFile]) -> None:
        """What is wrong with the files."""
        for file in files:
            for problem in file.problems:
                write_output(describe(problem, file.text, stream=sys.stdout))

    def result(self, result: CaseResult) -> None:
        """One test."""
        if self._quiet and result.outcome != "failed":
            return
        if result.case.file != self._file:
            self._file = result.case.file
            write_output(paint(printable(self._file), BOLD, stream=sys.stdout))
        sign, colour = SIGNS[result.outcome]
        about = {"skipped": f"  skipped: {result.case.skip}"}.get(result.outcome, _took(result))
        write_output(f"  {paint(sign, colour, stream=sys.stdout)} {printable(result.case.name)}{about}")
        for failure in result.failures:
            self._indented(failure_lines(result.case.file, failure), colour=RED)
        for note in result.notes:
            self._indented([f"note: {note}"], colour=YELLOW)
        if result.trace and (self._verbose or result.outcome == "failed"):
            self._indented(["what happened:", *(f"  {line}" for line in trace_lines(result.trace))])

    def _indented(self, lines: Sequence[str], *, colour: str = DIM) -> None:
        for number, line in enumerate(lines):
            text = f"    {printable(line)}"
            write_output(paint(text, colour, stream=sys.stdout) if number == 0 or colour == DIM else text)

    def end(self, outcome: Outcome) -> None:
        """The coverage and how it went as a whole."""
        if outcome.results and not self._quiet:
            for line in coverage_lines(outcome.coverage):
                write_output(printable(line))
        if outcome.is_under:
            told = f"the coverage is {_percent(outcome.total)}, and must be {outcome.fail_under:g} % or more"
            write_output(paint(told, RED, stream=sys.stdout))
        is_good = not (
            outcome.count("failed") or outcome.is_under or any(it.is_wrong for it in outcome.files)
        )
        write_output(paint(summary(outcome), GREEN if is_good else RED, BOLD, stream=sys.stdout))


def _took(result: CaseResult) -> str:
    took = "" if result.elapsed is None else f"  ({shown_duration(result.elapsed)})"
    return paint(took, DIM, stream=sys.stdout) if took else ""


def summary(outcome: Outcome) -> str:
    """`12 tests: 11 passed, 1 failed; coverage 87.5 %`"""
    counts = [f"{outcome.count(word)} {word}" for word in SIGNS if outcome.count(word)]
    wrong = sum(file.is_wrong for file in outcome.files)
    if wrong:
        counts.append(f"{counted(wrong, 'file')} wrong")
    coverage = f"; coverage {_percent(outcome.total)}" if outcome.results else ""
    return f"{counted(len(outcome.results), 'test')}: {', '.join(counts)}{coverage}"


def _percent(count: Count) -> str:
    # Cut off, not rounded: what is called 100 % is all.
    return f"{int(count.percent * 10) / 10:g} %"


# The coverage.


def coverage_lines(coverage: Sequence[WorkflowCoverage]) -> Iterator[str]:
    """A table of the workflows, and below each what no test came by, with its line."""
    if not coverage:
        return
    rows = [(_name(each), each) for each in coverage]
    width = max(len("coverage"), *(len(name) for name, _ in rows))
    yield ""
    yield f"{'coverage':<{width}}  {'tasks':>7}  {'transitions':>11}  {'conditions':>10}"
    for name, each in rows:
        tasks, transitions, conditions = map(_fraction, (each.tasks, each.transitions, each.conditions))
        yield f"{name:<{width}}  {tasks:>7}  {transitions:>11}  {conditions:>10}"
        for missing in each.missing:
            yield f"  {each.file}:{missing.line}: {missing.text}"
    yield ""


def _name(each: WorkflowCoverage) -> str:
    return f"{os.path.basename(each.file)} {each.workflow}"


def _fraction(count: Count) -> str:
    return f"{count.covered}/{count.total}" if count.total else "-"


# JSON.


def as_json(outcome: Outcome) -> Json:
    """Everything, as a JSON object."""
    return {
        "tests": [_result_as_json(result) for result in outcome.results],
        "problems": [problem_as_json(problem) for file in outcome.files for problem in file.problems],
        "coverage": {
            **_count_as_json(outcome.total),
            "workflows": [_coverage_as_json(each) for each in outcome.coverage],
        },
        "summary": {
            "passed": outcome.count("passed"),
            "failed": outcome.count("failed"),
            "skipped": outcome.count("skipped"),
            "wrong_files": sum(file.is_wrong for file in outcome.files),
        },
    }


def _result_as_json(result: CaseResult) -> Json:
    return {
        "file": result.case.file,
        "name": result.case.name,
        "line": result.case.mark.line,
        "workflow": result.case.workflow.name,
        "tags": list(result.case.tags),
        "outcome": result.outcome,
        "seconds": round(result.seconds, 6),
        "elapsed_seconds": None if result.elapsed is None else result.elapsed.total_seconds(),
        "failures": [_failure_as_json(failure) for failure in result.failures],
        "notes": list(result.notes),
        "trace": [_line_as_json(line) for line in result.trace],
    }


def _failure_as_json(failure: Failure) -> Json:
    return {
        "what": failure.what,
        "line": failure.line,
        "column": failure.column,
        "expected": failure.expected,
        "actual": failure.actual,
        "message": failure.message,
        "hint": failure.hint,
    }


def _line_as_json(line: Line) -> Json:
    at = line.at.total_seconds()
    return {"at_seconds": at, "who": line.who, "what": line.what, "detail": line.detail}


def _coverage_as_json(each: WorkflowCoverage) -> Json:
    return {
        "file": each.file,
        "line": each.line,
        "workflow": each.workflow,
        "tasks": _count_as_json(each.tasks),
        "transitions": _count_as_json(each.transitions),
        "conditions": _count_as_json(each.conditions),
        "missing": [{"line": missing.line, "text": missing.text} for missing in each.missing],
    }


def _count_as_json(count: Count) -> dict[str, Json]:
    return {"covered": count.covered, "total": count.total, "percent": round(count.percent, 2)}
