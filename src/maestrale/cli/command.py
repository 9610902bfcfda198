"""What a command is."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from msgspec import Struct

PROGRAM = "maestrale"


class Command(Struct, frozen=True):
    """One command.

    Args:
        summary: A line for the list of commands.
        add: Declares its arguments.
        call: Does it and gives the exit code.
        details: More, for its own help.
    """

    summary: str
    add: Callable[[ArgumentParser], None]
    call: Callable[[Namespace], int]
    details: str = ""
