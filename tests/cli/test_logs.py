"""How a server's log looks."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from maestrale.cli.logs import set_up_logs
from maestrale.config import LogSettings


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """What a process sets up once and for all is undone."""
    root, warnings = logging.getLogger(), logging.getLogger("py.warnings")
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    warnings.handlers.clear()
    structlog.reset_defaults()


def written(settings: LogSettings, name: str = "maestrale.test", **event: Any) -> str:
    """What one event becomes."""
    stream = io.StringIO()
    set_up_logs(settings, stream=stream)
    structlog.get_logger(name).warning("it happened", **event)
    return stream.getvalue()


JSON = LogSettings(format="json")


def test_an_event_is_one_line_of_json() -> None:
    line = written(JSON, answer=42, text="two\nlines")
    told = json.loads(line)

    assert line.count("\n") == 1
    assert list(told) == ["timestamp", "level", "logger", "event", "answer", "text"]
    assert {**told, "timestamp": None} == {
        "timestamp": None,
        "level": "warning",
        "logger": "maestrale.test",
        "event": "it happened",
        "answer": 42,
        "text": "two\nlines",
    }


def test_without_a_terminal_the_log_is_json() -> None:
    assert json.loads(written(LogSettings()))["event"] == "it happened"


def test_for_people_an_event_is_one_line_without_control_characters() -> None:
    line = written(LogSettings(format="console"), answer=42, text="two\nlines", odd="\x1b[31mred", empty="")

    assert line[8:] == ' warning  it happened  answer=42 text="two lines" odd=\\x1b[31mred empty=""\n'


def test_secrets_are_masked() -> None:
    told = json.loads(written(JSON, password="p", auth_token="t", Authorization="a", project="mine"))

    assert [told[key] for key in ("password", "auth_token", "Authorization", "project")] == [
        "********",
        "********",
        "********",
        "mine",
    ]


@pytest.mark.parametrize("value", ["\ud800", 10**400, float("nan"), {1: {2}}, object])
def test_a_value_that_json_does_not_have_is_told_all_the_same(value: Any) -> None:
    assert json.loads(written(JSON, value=value))["event"].strip("'") == "it happened"


def test_what_is_less_important_than_the_level_is_left_out() -> None:
    assert written(LogSettings(format="json", level="error")) == ""


def test_what_libraries_log_goes_the_same_way() -> None:
    stream = io.StringIO()
    set_up_logs(JSON, stream=stream)
    logging.getLogger("some.library").error("%s is %d", "it", 7)
    logging.getLogger("uvicorn.error").info("Shutting down")
    logging.getLogger("some.library").warning("%d", "no number")

    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(each["logger"], each["level"], each["event"]) for each in told] == [
        ("some.library", "error", "it is 7"),
        ("some.library", "warning", "%d"),
    ]


def test_an_exception_is_told_with_where_it_came_from() -> None:
    stream = io.StringIO()
    set_up_logs(JSON, stream=stream)
    try:
        raise ValueError("odd")
    except ValueError:
        structlog.get_logger("maestrale.test").exception("a bug")

    told = json.loads(stream.getvalue())
    assert told["level"] == "error"
    assert told["exception"].endswith("ValueError: odd")


def test_nobody_there_to_read_the_log_changes_nothing() -> None:
    stream = io.StringIO()
    set_up_logs(JSON, stream=stream)
    stream.close()

    structlog.get_logger("maestrale.test").error("nobody hears this")
