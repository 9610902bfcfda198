"""The format of a scenario: see README.md beside this. What does not fit it is refused with its line."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

REF = r"[\w-]+(?:#\d+)?(?:\[\d+\])?(?:@\d+)?"
PATH = rf"{REF}(?:/{REF})*"
TEXT = r'"[^"]*"'

EVENTS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "define": r"define",
        "start": r"start (?P<workflow>\S+?)(?: for (?P<target>\w+))?"
        r"(?: with (?P<input>.+?))?(?: in env (?P<env>.+))?",
        "succeed": rf"(?P<path>{PATH})(?: in attempt (?P<attempt>\d+))? succeeds(?: with (?P<value>.+))?",
        "fail": rf"(?P<path>{PATH})(?: in attempt (?P<attempt>\d+))? fails with (?P<value>.+)",
        "cancel run": rf"(?P<path>{PATH}) is cancelled",
        "begin": rf"(?P<path>{PATH}) begins",
        "pause": rf"the workflow(?: of (?P<path>{PATH}))? is paused(?: with (?P<message>{TEXT}))?",
        "resume": rf"the workflow(?: of (?P<path>{PATH}))? is resumed(?: in env (?P<env>.+))?",
        "cancel": rf"the workflow(?: of (?P<path>{PATH}))? is cancelled(?: with (?P<message>{TEXT}))?",
        "stop": rf"the workflow(?: of (?P<path>{PATH}))? is stopped as (?P<state>SUCCESS|ERROR)"
        rf"(?: with (?P<message>{TEXT}))?",
        "rerun": rf"rerun (?P<items>failed items of )?(?P<path>{PATH})(?: in env (?P<env>.+))?",
        "skip": rf"skip (?P<path>{PATH})",
        "time": r"(?P<seconds>\d+) s pass(?:es)?",
        "crash": r"the node dies",
    }.items()
}

FACT = re.compile(
    rf"(?P<what>output|message|params|globals|state|published|inherited|result|runs|target|tags)"
    rf"(?: (?:of|by) (?P<path>{PATH}))?: (?P<value>.+)"
)

RESULT = re.compile(
    rf"(?P<head>run {PATH}(?: again)?|cancel {PATH}|{PATH}(?: stays)? [A-Z]+|{PATH} late for {PATH}"
    rf"|workflow(?: of {PATH})? [A-Z]+|refused [\w-]+)"
    rf"(?: (?P<info>{TEXT})| with (?P<input>.+))?"
)


class ScenarioError(Exception):
    """A scenario is not written in the format."""


class Result(NamedTuple):
    """One thing that follows. `info` and `input` are None where the author does not say them."""

    head: str
    info: str | None = None
    input: Any = None


class Step(NamedTuple):
    """Something happens, and these things follow, in this order."""

    line: int
    kind: str
    arguments: dict[str, Any]
    results: tuple[Result, ...]


class Fact(NamedTuple):
    """Something that can be read off the rows at this point of the trace."""

    line: int
    what: str
    path: str | None
    value: Any


class Scenario(NamedTuple):
    path: Path
    documents: tuple[str, ...]
    trace: tuple[Step | Fact, ...]


def read_scenario(path: Path) -> Scenario:
    """Raises: ScenarioError: The file is not in the format."""
    text = path.read_text(encoding="utf-8")
    if not re.match(r"# \S.*\n\n\S", text):
        raise ScenarioError(f"{path.name}: it must begin with a heading, an empty line and prose")
    fences = list(FENCE.finditer(text))
    traces = [fence for fence in fences if fence[1] == "text"]
    documents = tuple(fence[2] for fence in fences if fence[1] == "yaml")
    if len(traces) != 1 or not documents or len(documents) + 1 != len(fences):
        raise ScenarioError(f"{path.name}: it must have yaml fences, then one text fence, and no other")
    first = text.count("\n", 0, traces[0].start()) + 2
    return Scenario(path, documents, tuple(_read_trace(path, first, traces[0][2])))


def _read_trace(path: Path, first: int, text: str) -> list[Step | Fact]:
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), first):
        if line.startswith(" ") and lines:  # It continues the line before it.
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {line.strip()}")
        elif line.strip():
            lines.append((number, line.strip()))
    found = []
    for number, line in lines:
        try:
            found.append(_read_line(number, line))
        except (ScenarioError, yaml.YAMLError) as error:
            raise ScenarioError(f"{path.name}:{number}: {error}") from error
    if not found or not isinstance(found[0], Step) or found[0].kind not in ("start", "define"):
        raise ScenarioError(f"{path.name}: a trace must begin with `start` or `define`")
    return found


def _read_line(number: int, line: str) -> Step | Fact:
    if (fact := FACT.fullmatch(line)) is not None:
        return Fact(number, fact["what"], fact["path"], yaml.safe_load(fact["value"]))
    event, arrow, results = line.partition("->")
    if not arrow:
        raise ScenarioError(f"`{line}` is neither `event -> what follows` nor `fact: value`")
    for kind, pattern in EVENTS.items():
        if (match := pattern.fullmatch(event.strip())) is not None:
            return Step(number, kind, _arguments(match), _read_results(results.strip()))
    raise ScenarioError(f"there is no event `{event.strip()}`")


def _arguments(match: re.Match[str]) -> dict[str, Any]:
    read = {"input": _mapping, "env": _mapping, "value": yaml.safe_load, "message": yaml.safe_load}
    read |= {"attempt": int, "seconds": int}
    return {
        name: read[name](text) if name in read else text
        for name, text in match.groupdict().items()
        if text is not None
    }


def _mapping(text: str) -> Any:
    """`name: Ada, age: 36`, with or without braces."""
    value = yaml.safe_load(text if text.startswith("{") else f"{{{text}}}")
    if not isinstance(value, dict):
        raise ScenarioError(f"`{text}` is no mapping")
    return value


def _read_results(text: str) -> tuple[Result, ...]:
    if text == "nothing" or text.startswith("nothing: "):
        return ()
    return tuple(_read_result(part) for part in _split(text))


def _read_result(text: str) -> Result:
    match = RESULT.fullmatch(text)
    if match is None:
        raise ScenarioError(f"`{text}` is nothing that can follow")
    info = None if match["info"] is None else match["info"][1:-1]
    return Result(match["head"], info, None if match["input"] is None else _mapping(match["input"]))


def _split(text: str) -> list[str]:
    """Split at the commas outside of quotes and brackets."""
    parts, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == '"'
        if not quoted:
            depth += (character in "{[(") - (character in "}])")
        if character == "," and not quoted and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def matches(written: Any, seen: Any) -> bool:
    """Whether a value is the written one; `…` in a text stands for any text."""
    if isinstance(written, str) and isinstance(seen, str):
        pattern = ".*".join(re.escape(part) for part in written.split("…"))
        return re.fullmatch(pattern, seen, re.DOTALL) is not None
    if isinstance(written, dict) and isinstance(seen, dict):
        return written.keys() == seen.keys() and all(matches(written[key], seen[key]) for key in written)
    if isinstance(written, list) and isinstance(seen, list):
        return len(written) == len(seen) and all(map(matches, written, seen))
    return type(written) is type(seen) and bool(written == seen)
