"""Where words go: the output to stdout, everything else to stderr."""

import os
import sys
from typing import TextIO

from maestrale.errors import Error

RED, GREEN, YELLOW, BLUE, DIM, BOLD = "31", "32", "33", "36", "2", "1"


class OutputLost(Exception):
    """Stdout takes no more. `reader_gone`: whoever read it has gone, as `head` does."""

    def __init__(self, reason: str, *, reader_gone: bool) -> None:
        super().__init__(reason)
        self.reader_gone = reader_gone


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person is likely to watch."""
    try:
        return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # Closed.
        return False


def paint(text: str, *styles: str, stream: TextIO | None) -> str:
    """The text in a colour, where the stream is a terminal and nobody asked for none."""
    if not styles or not is_terminal(stream) or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{';'.join(styles)}m{text}\x1b[0m"


def say(text: str) -> None:
    """Tell the person something, on stderr. Nobody there to read it changes nothing."""
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass


def say_error(error: Error) -> None:
    """Tell what is wrong and how to go on."""
    label = paint("error:", RED, BOLD, stream=sys.stderr)
    say(f"{label} {error}")


def write_output(text: str) -> None:
    """Write to stdout, where only what was asked for goes.

    Raises:
        OutputLost: It did not all arrive.
    """
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        write_output(text.encode(encoding, "backslashreplace").decode(encoding))
    except BrokenPipeError as error:
        _forget_stdout()
        raise OutputLost("nobody reads the output any more", reader_gone=True) from error
    except OSError as error:
        _forget_stdout()
        raise OutputLost(f"the output could not be written: {error.strerror}", reader_gone=False) from error
    except (ValueError, AttributeError) as error:
        raise OutputLost("stdout is closed", reader_gone=True) from error


def _forget_stdout() -> None:
    """Python flushes stdout once more when it ends, and would complain again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
