"""`maestrale db check`."""

import sys
from collections.abc import Iterable, Sequence

from maestrale.cli.database import database_url
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.remote.tables import data_of, write_json
from maestrale.cli.terminal import BOLD, GREEN, RED, YELLOW, paint, say, write_output
from maestrale.cli.texts import counted, printable
from maestrale.store.administration import Level, Verdict, check, look_at

_STYLES = {Level.OK: (GREEN,), Level.WARNING: (YELLOW,), Level.ERROR: (RED, BOLD)}
_WIDTH = max(len(level) for level in Level)


def check_database(database: str | None, *, strict: bool, json: bool) -> int:
    """Write what was looked at and how it is; the exit code.

    Raises:
        Error: The database is not there, not one of ours, or does not answer.
    """
    with look_at(database_url(database)) as subject:
        say(f"checking {printable(subject.address.shown)}")
        verdicts = list(check(subject)) if json else _tell_each(check(subject))
    if json:
        write_json(data_of(verdicts))
    levels = [verdict.level for verdict in verdicts]
    errors, warnings = levels.count(Level.ERROR), levels.count(Level.WARNING)
    found = [counted(errors, "error")] if errors else []
    found += [counted(warnings, "warning")] if warnings else []
    say(", ".join(found) or "no problems")
    return ExitCode.FAILED if errors or (strict and warnings) else ExitCode.SUCCESS


def _tell_each(verdicts: Iterable[Verdict]) -> Sequence[Verdict]:
    """Write each as soon as it is there: reading every page of a large file takes a while."""
    told = []
    for verdict in verdicts:
        write_output(_line(verdict))
        told.append(verdict)
    return told


def _line(verdict: Verdict) -> str:
    level = paint(f"{verdict.level:<{_WIDTH}}", *_STYLES[verdict.level], stream=sys.stdout)
    line = f"{level}  {printable(verdict.message)} [{verdict.code}]"
    return f"{line}\n{'':<{_WIDTH}}  hint: {printable(verdict.hint)}" if verdict.hint else line
