"""The entry point: runs a command, and turns whatever goes wrong into a message and an exit code."""

import sys
from collections.abc import Sequence

from maestrale.errors import Error

_INTERRUPTED = 130  # Before anything is imported that says so.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (None: that of this process); the exit code."""
    try:
        from maestrale.cli.command_line import run_command_line

        return run_command_line(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:
        return _on_exception(error)


def _on_exception(error: Exception) -> int:
    from maestrale.cli.exit_codes import ExitCode, exit_code_of
    from maestrale.cli.terminal import OutputLost, say, say_error

    match error:
        case Error():
            say_error(error)
            return exit_code_of(error)
        case OutputLost(reader_gone=True):
            return ExitCode.SUCCESS
        case OutputLost():
            say(f"error: {error} [output-lost]")
            return ExitCode.CANNOT_GO_ON
    _say_bug(error)
    return ExitCode.BUG


def _say_bug(error: Exception) -> None:
    import traceback

    from maestrale import __version__
    from maestrale.cli.terminal import say
    from maestrale.cli.texts import one_line

    what = f"{type(error).__name__}: {one_line(str(error))}"
    say(
        f"error: this is a bug in maestrale {__version__}: {what} [bug]\n"
        "  hint: please report it with what you did and the lines below; what was committed is not lost\n"
    )
    say("".join(traceback.format_exception(error)))
