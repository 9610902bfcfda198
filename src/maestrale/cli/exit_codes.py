"""What the exit codes say."""

from enum import IntEnum

from maestrale.core.status import ExecutionState
from maestrale.errors import Error, Unavailable
from maestrale.store import LeaseLost


class ExitCode(IntEnum):
    """Those above 128 follow the shells: 128 and the number of the signal."""

    SUCCESS = 0
    FAILED = 1
    """The execution ended in ERROR or CANCELLED; a test failed; an expression has no value."""
    WRONG_USAGE = 2
    """The command line, a definition or an input is wrong, or does not fit what is stored."""
    PAUSED = 3
    CANNOT_GO_ON = 4
    """Something outside of the workflow is in the way, such as a full disk. Nothing is lost."""
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


def exit_code_of(error: Error) -> ExitCode:
    """What a command ends with that met this error."""
    if isinstance(error, Unavailable | LeaseLost):
        return ExitCode.CANNOT_GO_ON
    return ExitCode.WRONG_USAGE


def exit_code_for(state: ExecutionState) -> ExitCode:
    """What a command ends with for an execution in this state."""
    match state:
        case ExecutionState.SUCCESS | ExecutionState.RUNNING:
            return ExitCode.SUCCESS
        case ExecutionState.PAUSED:
            return ExitCode.PAUSED
        case _:
            return ExitCode.FAILED
