"""`maestrale validate`: every problem of every file, and what the linter finds, without running anything.

Test files (`*_test.yaml`) are checked as such, so that all files of a directory can be given.
"""

import sys
from collections.abc import Sequence

from msgspec.structs import replace

from maestrale.actions import Registry
from maestrale.cli.definitions import Document, check_files, read_documents
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.problems import as_json, describe_all, has_errors, summary
from maestrale.cli.terminal import say, write_output
from maestrale.cli.texts import to_json
from maestrale.linter import Known, lint
from maestrale.testing.cases import check_case_file, is_case_file


def validate(files: Sequence[str], *, json: bool, strict: bool) -> ExitCode:
    """Check definition files; the exit code.

    Args:
        json: A list of objects instead of lines.
        strict: A warning is as bad as an error.

    Raises:
        InvalidInput: Stdin is named twice.
    """
    check_files(files)
    registry = Registry.standard()
    tests = [_read_tests(path, registry) for path in files if is_case_file(path)]
    definitions = read_documents([path for path in files if not is_case_file(path)])
    documents = [*_linted(definitions, registry), *tests]
    if json:
        problems = [as_json(problem) for document in documents for problem in document.problems]
        write_output(to_json(problems, pretty=True))
    else:
        for line in describe_all(documents, stream=sys.stdout):
            write_output(line)
        say(summary(documents))
    is_wrong = has_errors(documents) or (strict and any(document.problems for document in documents))
    return ExitCode.WRONG_USAGE if is_wrong else ExitCode.SUCCESS


def _read_tests(path: str, registry: Registry) -> Document:
    found = check_case_file(path, registry)
    return Document(found.path, found.text, None, found.problems)


def _linted(documents: Sequence[Document], registry: Registry) -> list[Document]:
    """The files with the findings of the linter. Each knows what the others define."""
    found = [document.definitions for document in documents if document.definitions is not None]
    known = Known(catalogue=registry, names=registry.names).with_definitions(*found)
    return [
        document if document.parsed is None else replace(document, problems=lint(document.parsed, known))
        for document in documents
    ]
