"""Test files and workflows in a directory of their own, and what comes of them."""

from pathlib import Path
from textwrap import dedent, indent

from maestrale.actions import Registry
from maestrale.engine.stopwatch import Stopwatch
from maestrale.testing.cases import CaseFile, CaseResult, Run, WorkflowCoverage
from maestrale.testing.cases.telling import failure_lines, trace_lines

FLOW = """
version: '2.0'
flow:
  tasks:
"""


def a_flow(tasks: str) -> str:
    """A document with the workflow `flow` of these tasks."""
    return FLOW + indent(dedent(tasks).strip("\n"), "    ") + "\n"


class House:
    """A directory with `flow.yaml`. Paths in messages are short: the name of a file alone."""

    def __init__(
        self,
        directory: Path,
        document: str,
        registry: Registry | None = None,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self._directory = directory
        self.write("flow.yaml", document)
        self._run = Run(registry, stopwatch)

    def write(self, name: str, text: str) -> str:
        path = self._directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return str(path)

    def read(self, text: str) -> CaseFile:
        """The test file with this text."""
        (file,) = self._run.read([self.write("flow_test.yaml", text)])
        return file

    def problems(self, text: str) -> list[str]:
        """What is wrong with a test file."""
        return [self._short(str(problem)) for problem in self.read(text).problems]

    def results(self, text: str) -> list[CaseResult]:
        """What comes of the tests of a file."""
        file = self.read(text)
        assert not file.is_wrong, [str(problem) for problem in file.problems]
        return [self._run.run(case) for case in file.cases]

    def result(self, body: str) -> CaseResult:
        """What comes of the only test `it` with this body, which begins at line 3, column 5."""
        (result,) = self.results("tests:\n  it:\n" + indent(dedent(body).strip("\n"), "    ") + "\n")
        return result

    def failures(self, body: str) -> list[str]:
        """How that test fails, a text for each failure; nothing: it passes."""
        return self.told(self.result(body))

    def told(self, result: CaseResult) -> list[str]:
        file = result.case.file
        return ["\n".join(map(self._short, failure_lines(file, failure))) for failure in result.failures]

    def coverage(self) -> list[WorkflowCoverage]:
        return self._run.coverage()

    def _short(self, text: str) -> str:
        return text.replace(f"{self._directory}/", "")


def trace(result: CaseResult) -> str:
    return "\n".join(trace_lines(result.trace))
