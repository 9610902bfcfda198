"""How a server tells what happens: one line an event, on stderr, whoever wrote it.

structlog's loggers write it; what libraries give to `logging` goes the same way.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import msgspec
import structlog

from maestrale.cli.terminal import BLUE, BOLD, DIM, RED, YELLOW, is_terminal, paint
from maestrale.cli.texts import printable
from maestrale.config import LogSettings

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
QUIET_LIBRARIES = ("uvicorn", "httpx", "httpcore", "asyncio", "asyncssh")
"""Of these only what is wrong is told: what they do is our doing, and our lines tell it."""

SECRET = re.compile(r"passw|secret|token|authorization|cookie|credential|private_key|api_key", re.IGNORECASE)
MASK = "********"
LONGEST_VALUE = 4_000
_COLOURS = {"debug": DIM, "info": BLUE, "warning": YELLOW, "error": RED, "critical": RED}

Event = MutableMapping[str, Any]


def set_up_logs(settings: LogSettings, *, stream: TextIO | None = None) -> None:
    """Write events to a stream (None: stderr) from now on, in this whole process."""
    target = sys.stderr if stream is None else stream
    wants_json = settings.format == "json" or (settings.format == "auto" and not is_terminal(target))
    level = LEVELS[settings.level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _add_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_secrets,
            _as_json if wants_json else _AsLine(target),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda name="": _Lines(target, name),
        cache_logger_on_first_use=True,
    )
    _take_over_standard_logging(level)


def _take_over_standard_logging(level: int) -> None:
    root = logging.getLogger()
    root.handlers = [_Forwarder()]
    root.setLevel(level)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)


class _Forwarder(logging.Handler):
    """Hands what libraries log to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage().strip()
        except Exception:  # Arguments that do not fit their format are the library's mistake.
            message = str(record.msg)
        structlog.get_logger(record.name).log(record.levelno, message, exc_info=record.exc_info or None)


class _Lines:
    """Writes lines. Nobody there to read them changes nothing."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self.name = name

    def msg(self, line: str) -> None:
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except UnicodeEncodeError:
            self.msg(line.encode("ascii", "backslashreplace").decode())
        except (OSError, ValueError):
            pass

    log = debug = info = warning = warn = error = err = critical = fatal = exception = failure = msg


def _add_name(logger: Any, method: str, event: Event) -> Event:
    event["logger"] = logger.name
    return event


def _mask_secrets(logger: object, method: str, event: Event) -> Event:
    for key in event:
        if SECRET.search(key):
            event[key] = MASK
    return event


def _as_json(logger: object, method: str, event: Event) -> str:
    first = {key: event.pop(key) for key in ("timestamp", "level", "logger", "event")}
    ordered = {**first, **event}
    try:
        return msgspec.json.encode(ordered, enc_hook=str).decode()
    except (UnicodeEncodeError, ValueError):  # Half a surrogate pair, or a number out of JSON's range.
        return msgspec.json.encode({key: ascii(value) for key, value in ordered.items()}).decode()


class _AsLine:
    """`12:00:01 info    listening  url=http://127.0.0.1:8989`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, logger: object, method: str, event: Event) -> str:
        level, time = event.pop("level"), event.pop("timestamp")[11:19]
        text, traceback = event.pop("event"), event.pop("exception", None)
        event.pop("logger")
        values = " ".join(f"{self._paint(f'{key}=', DIM)}{_one_line(value)}" for key, value in event.items())
        label = self._paint(f"{level:<8}", _COLOURS.get(level, BOLD))
        said = self._paint(printable(str(text)), BOLD)
        line = f"{self._paint(time, DIM)} {label} {said}  {values}".rstrip()
        return f"{line}\n{traceback}" if traceback else line

    def _paint(self, text: str, style: str) -> str:
        return paint(text, style, stream=self._stream)


def _one_line(value: object) -> str:
    shown = printable(" ".join(str(value)[:LONGEST_VALUE].split()))
    return f'"{shown}"' if " " in shown or not shown else shown
