"""`maestrale validate`: every problem of every file, without running anything."""

import sys
from collections.abc import Sequence

from maestrale.cli.definitions import check_files, read_documents
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.problems import as_json, describe_all, has_errors, summary
from maestrale.cli.terminal import say, write_output
from maestrale.cli.texts import to_json


def validate(files: Sequence[str], *, json: bool, strict: bool) -> ExitCode:
    """Check definition files; the exit code.

    Args:
        json: A list of objects instead of lines.
        strict: A warning is as bad as an error.

    Raises:
        InvalidInput: Stdin is named twice.
    """
    check_files(files)
    documents = read_documents(files)
    if json:
        problems = [as_json(problem) for document in documents for problem in document.problems]
        write_output(to_json(problems, pretty=True))
    else:
        for line in describe_all(documents, stream=sys.stdout):
            write_output(line)
        say(summary(documents))
    is_wrong = has_errors(documents) or (strict and any(document.problems for document in documents))
    return ExitCode.WRONG_USAGE if is_wrong else ExitCode.SUCCESS
