"""`maestrale eval --cases`: which of the recorded cases give something else than was recorded."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.files import read_file, shown
from maestrale.cli.inputs import MOST_BYTES
from maestrale.cli.terminal import write_output
from maestrale.cli.texts import one_line, to_json
from maestrale.engine.stopwatch import Stopwatch
from maestrale.errors import InvalidInput
from maestrale.expressions import Json
from maestrale.testing.recorded import Case, Verdict, judge, parse_cases

WIDEST = 400


def evaluate_cases(paths: Sequence[str], *, json: bool) -> ExitCode:
    """Evaluate every case of the files, and write what differs; the exit code.

    Raises:
        InvalidInput: A file cannot be read, or holds something else.
    """
    files = {path: _read(path) for path in paths}
    guard = Stopwatch().guard
    counts: Counter[bool] = Counter()
    differences: list[Json] = []
    for path, cases in files.items():
        for case in cases:
            verdict = judge(case, guard=guard)
            counts[verdict.passed] += 1
            if verdict.passed:
                continue
            if json:
                differences.append(_object(path, verdict))
            else:
                write_output("\n".join(_lines(verdict)))
    if json:
        told = {"passed": counts[True], "failed": counts[False], "differences": differences}
        write_output(to_json(told, pretty=True))
    else:
        write_output(f"{counts[True]} passed, {counts[False]} failed")
    return ExitCode.FAILED if counts[False] else ExitCode.SUCCESS


def _read(path: str) -> list[Case]:
    data = read_file(path, what="file of cases", limit=MOST_BYTES)
    try:
        return parse_cases(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"the file of cases `{shown(path)}` is not UTF-8 text", code="file-not-text"
        ) from error
    except InvalidInput as error:
        raise InvalidInput(f"`{shown(path)}`: {error.message}", code=error.code, hint=error.hint) from error


def _lines(verdict: Verdict) -> Iterator[str]:
    yield f"✗ {one_line(verdict.case['expr'], most=WIDEST)}"
    yield f"    expected: {one_line(_expected(verdict.case), most=WIDEST)}"
    yield f"    got:      {one_line(_got(verdict), most=WIDEST)}"
    if verdict.case.get("note"):
        yield f"    note:     {one_line(str(verdict.case['note']), most=WIDEST)}"


def _object(path: str, verdict: Verdict) -> Json:
    return {
        "file": path,
        "expression": verdict.case["expr"],
        "expected": _expected(verdict.case),
        "got": _got(verdict),
        "note": verdict.case.get("note"),
    }


def _expected(case: Case) -> str:
    return "an error" if case.get("error") else _exactly(case["value"])


def _got(verdict: Verdict) -> str:
    return f"an error: {verdict.failure}" if verdict.failure is not None else _exactly(verdict.value)


def _exactly(value: object) -> str:
    """A value with its types: what JSON cannot tell apart, Python's notation does."""
    return to_json(value) if _is_json(value) else repr(value)


def _is_json(value: object) -> bool:
    if isinstance(value, Mapping):
        return type(value) is dict and all(
            isinstance(key, str) and _is_json(item) for key, item in value.items()
        )
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, float):
        return value - value == 0
    return value is None or type(value) in (str, bool, int)
