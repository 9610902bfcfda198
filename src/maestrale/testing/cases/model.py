"""A test file, read and checked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct

from maestrale.core import Result
from maestrale.expressions import Json, Template
from maestrale.lang import Definitions, Mark, Problem, Severity, Workflow
from maestrale.lang.reader import Reader

MOST_DECISIONS = 10_000
LONGEST_TIME = timedelta(days=366)

Kind: TypeAlias = Literal["result", "error", "cancelled", "never", "run"]
Verb: TypeAlias = Literal["pause", "resume", "cancel", "fail", "succeed", "rerun", "skip", "complete"]


class Document(Struct, frozen=True):
    """A file with definitions. `tree` is its data with the places of all values."""

    path: str
    text: str
    definitions: Definitions
    tree: Reader


class Answer(Struct, frozen=True, kw_only=True):
    """What a call of an action gets.

    `input`: what the call's input must contain; None: any fits. `times` None: every call gets it.
    """

    kind: Kind
    mark: Mark
    value: Template
    after: timedelta = timedelta()
    input: Reader | None = None
    times: int | None = None


class Rule(Struct, frozen=True, kw_only=True):
    """The answers for the calls of a task, by its path, or of an action, by its name or a pattern.

    `is_default`: it stands in `defaults`, so that a test need not use it.
    """

    of: Literal["task", "action"]
    target: str
    answers: tuple[Answer, ...]
    is_default: bool = False


class Operation(Struct, frozen=True, kw_only=True):
    """Something that happens from outside. `path` None: to the whole execution.

    `at` None: as soon as it can. `refused`: the code of the error that it meets.
    """

    verb: Verb
    mark: Mark
    path: str | None = None
    at: timedelta | None = None
    message: str | None = None
    env: Mapping[str, Json] = {}
    failed_items: bool = False
    result: Result = Result()
    refused: str | None = None

    def __str__(self) -> str:
        return self.verb if self.path is None else f"{self.verb} {self.path}"


class Bounds(Struct, frozen=True):
    """How far a test may go before it is given up."""

    decisions: int = MOST_DECISIONS
    time: timedelta = LONGEST_TIME


class Case(Struct, frozen=True, kw_only=True):
    """One test. `expect` is read as it stands, so that every expectation knows its place."""

    file: str
    name: str
    mark: Mark
    description: str | None = None
    workflow: Workflow
    documents: tuple[Document, ...]
    input: Mapping[str, Json] = {}
    params: Mapping[str, Json] = {}
    now: datetime
    rules: tuple[Rule, ...] = ()
    operations: tuple[Operation, ...] = ()
    expect: Reader | None = None
    bounds: Bounds = Bounds()
    tags: tuple[str, ...] = ()
    skip: str | None = None


class Fault(Struct, frozen=True):
    """What went wrong in a test besides its expectations, with the place in the file that it is about."""

    mark: Mark
    message: str
    hint: str | None = None


class CaseFile(Struct, frozen=True):
    """The tests of a file. Of a file with errors there are none."""

    path: str
    text: str
    cases: tuple[Case, ...]
    problems: tuple[Problem, ...]

    @property
    def is_wrong(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)
