"""`maestrale test`: run the tests of workflows."""

import os
from collections.abc import Iterator, Sequence

from msgspec import Struct

from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.files import shown
from maestrale.cli.terminal import write_output
from maestrale.cli.testing_report import Outcome, Report, as_json
from maestrale.cli.texts import to_json
from maestrale.errors import InvalidInput
from maestrale.testing.cases import CaseFile, Run, Selection, find_case_files, json_schema, junit_xml


class Arguments(Struct, frozen=True, kw_only=True):
    """The command line of `maestrale test`."""

    paths: Sequence[str] = ()
    only: Sequence[str] = ()
    tags: Sequence[str] = ()
    fail_under: float | None = None
    junit: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False


def write_schema() -> ExitCode:
    """Write the JSON Schema of test files."""
    write_output(to_json(json_schema(), pretty=True))
    return ExitCode.SUCCESS


def run_tests(arguments: Arguments) -> ExitCode:
    """Run the tests of files and directories; the exit code.

    Raises:
        InvalidInput: A path is not there, no test is chosen, or the JUnit file cannot be written.
    """
    run = Run()
    files = run.read(list(_files(arguments.paths or ["."])))
    selection = Selection(texts=tuple(arguments.only), tags=tuple(arguments.tags))
    chosen = [case for file in files for case in file.cases if selection.takes(case)]
    if not chosen and not any(file.is_wrong for file in files):
        raise _nothing_chosen(files, arguments)
    report = None if arguments.json else Report(quiet=arguments.quiet, verbose=arguments.verbose)
    if report is not None:
        report.problems(files)
    results = []
    for case in chosen:
        results.append(run.run(case))
        if report is not None:
            report.result(results[-1])
    outcome = Outcome(files, results, run.coverage(), arguments.fail_under)
    if report is not None:
        report.end(outcome)
    else:
        write_output(to_json(as_json(outcome), pretty=True))
    if arguments.junit is not None:
        _write(arguments.junit, junit_xml(files, results))
    return _exit_code(outcome)


def _files(paths: Sequence[str]) -> Iterator[str]:
    """The test files that are meant, each once; a directory stands for all in it and below."""
    seen: set[str] = set()
    for path in paths:
        if not os.path.exists(path):
            raise InvalidInput(f"there is no test file or directory `{shown(path)}`", code="file-missing")
        for file in find_case_files(path) if os.path.isdir(path) else [path]:
            if file not in seen:
                seen.add(file)
                yield file


def _nothing_chosen(files: Sequence[CaseFile], arguments: Arguments) -> InvalidInput:
    if not files:
        places = ", ".join(f"`{shown(path)}`" for path in arguments.paths) or "the current directory"
        return InvalidInput(
            f"there are no test files in {places}",
            code="no-tests",
            hint="call them like the workflow's file with `_test` before the `.yaml`: deploy_test.yaml",
        )
    count = sum(len(file.cases) for file in files)
    return InvalidInput(
        f"none of the {count} tests is chosen",
        code="no-tests",
        hint="--only takes a part of a file's or a test's name, --tag a whole tag",
    )


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InvalidInput(
            f"the file `{shown(path)}` cannot be written: {error.strerror}", code="file-unwritable"
        ) from error


def _exit_code(outcome: Outcome) -> ExitCode:
    if any(file.is_wrong for file in outcome.files):
        return ExitCode.WRONG_USAGE
    failed = any(result.outcome == "failed" for result in outcome.results)
    return ExitCode.FAILED if failed or outcome.is_under else ExitCode.SUCCESS
