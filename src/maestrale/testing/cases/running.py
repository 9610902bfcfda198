"""A run of test files: which tests there are, what came of each, and what was covered."""

import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Literal

from msgspec import Struct

from maestrale.actions import Registry
from maestrale.engine.stopwatch import Stopwatch
from maestrale.ids import content_id
from maestrale.testing.cases.coverage import Coverage, WorkflowCoverage
from maestrale.testing.cases.documents import TEST_SUFFIXES, Shelf
from maestrale.testing.cases.judging import Failure, judge
from maestrale.testing.cases.model import Case, CaseFile
from maestrale.testing.cases.player import Player
from maestrale.testing.cases.reading import read_case_file
from maestrale.testing.cases.trace import Line


class CaseResult(Struct, frozen=True, kw_only=True):
    """What came of a test.

    Args:
        seconds: What it took by the wall clock.
        elapsed: What it took in fake time; None: nothing ran.
        notes: What is worth knowing though nothing failed.
    """

    case: Case
    outcome: Literal["passed", "failed", "skipped"]
    failures: tuple[Failure, ...] = ()
    trace: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    elapsed: timedelta | None = None


def find_case_files(path: str) -> Iterator[str]:
    """The test files in a directory and below, sorted; hidden directories are passed over."""
    for directory, below, names in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if is_case_file(name):
                yield os.path.normpath(os.path.join(directory, name))


def is_case_file(path: str) -> bool:
    """Whether a file holds tests, going by its name."""
    return path.endswith(TEST_SUFFIXES)


def check_case_file(path: str, registry: Registry) -> CaseFile:
    """A test file with all that is wrong with it; its tests are not run."""
    return read_case_file(path, Shelf(lambda text, definitions: definitions), registry)


class Selection(Struct, frozen=True):
    """Which tests are wanted: those whose file and name have one of the texts, and that have one of the tags.
    Nothing: all.
    """

    texts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def takes(self, case: Case) -> bool:
        name = f"{case.file} {case.name}".casefold()
        by_text = not self.texts or any(text.casefold() in name for text in self.texts)
        return by_text and (not self.tags or bool({*self.tags} & {*case.tags}))


class Run:
    """Reads test files and runs their tests, one after the other.

    Args:
        registry: The actions there are; None: the standard ones and those of installed plugins.
        stopwatch: Bounds the expressions of workflows and tests.
    """

    def __init__(self, registry: Registry | None = None, stopwatch: Stopwatch | None = None) -> None:
        self._registry = registry or Registry.standard()
        self._stopwatch = stopwatch or Stopwatch()
        self._coverage = Coverage()
        self._shelf = Shelf(self._coverage.watch)

    def read(self, paths: Sequence[str]) -> list[CaseFile]:
        """The files, each with its tests or with what is wrong with it."""
        return [read_case_file(path, self._shelf, self._registry) for path in paths]

    def run(self, case: Case) -> CaseResult:
        """Run a test."""
        if case.skip is not None:
            return CaseResult(case=case, outcome="skipped")
        begun = perf_counter()
        player = Player(case, self._registry, self._stopwatch)
        player.play()
        paths = {content_id(document.text.encode()): document.path for document in case.documents}
        self._coverage.take(player.stage.state, paths)
        failures = judge(player)
        return CaseResult(
            case=case,
            outcome="failed" if failures else "passed",
            failures=tuple(failures),
            trace=tuple(player.trace.lines),
            notes=tuple(_notes(player)),
            seconds=perf_counter() - begun,
            elapsed=None if player.refusal is not None else player.elapsed,
        )

    def coverage(self) -> list[WorkflowCoverage]:
        """What the tests that ran so far have covered, by workflow."""
        return self._coverage.report(self._shelf.documents)


def _notes(player: Player) -> Iterator[str]:
    for rule, answer in player.answers.unused():
        yield f"line {answer.mark.line}: no call got this answer of the {rule.of} `{rule.target}`"
