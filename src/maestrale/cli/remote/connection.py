"""From a command line to a client, and from what happens to it to an exit code."""

import asyncio
import os
import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from maestrale.cli.command import PROGRAM, Command
from maestrale.cli.signals import Interrupted, Signals
from maestrale.cli.terminal import say
from maestrale.cli.texts import printable
from maestrale.client import DEFAULT_URL, Client, NoAnswer

URL_VARIABLE = "MAESTRALE_URL"
PROJECT_VARIABLE = "MAESTRALE_PROJECT"
TOKEN_VARIABLE = "MAESTRALE_TOKEN"

SIGNAL_BASE = 128

Deed: TypeAlias = Callable[[Client, Namespace], Awaitable[int | None]]
"""What a command does. It gives an exit code; None is 0."""


def command(summary: str, add: Callable[[ArgumentParser], None], do: Deed, details: str = "") -> Command:
    """A command that speaks with a server."""

    def add_all(parser: ArgumentParser) -> None:
        add(parser)
        _add_connection(parser)

    return Command(summary, add_all, lambda given: _call(do, given), details)


def _add_connection(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("server")
    group.add_argument("--url", metavar="URL", help=f"default: ${URL_VARIABLE}, else {DEFAULT_URL}")
    group.add_argument(
        "--project", metavar="ID", help=f"whose things are meant; default: ${PROJECT_VARIABLE}"
    )
    group.add_argument(
        "--token",
        metavar="TOKEN",
        help=f"sent as X-Auth-Token; default: ${TOKEN_VARIABLE}, which shows in no list of processes",
    )


def _call(do: Deed, given: Namespace) -> int:
    try:
        return asyncio.run(_run(do, given))
    except Interrupted as interrupted:
        return SIGNAL_BASE + interrupted.signal


async def _run(do: Deed, given: Namespace) -> int:
    client = make_client(url=given.url, project=given.project, token=given.token)
    async with client:
        with Signals() as signals:
            return await signals.race(_code(do, client, given))


def make_client(*, url: str | None, project: str | None, token: str | None) -> Client:
    """A client of the server that is named, else of that of the environment."""
    return Client(
        url or os.environ.get(URL_VARIABLE) or DEFAULT_URL,
        project=project or os.environ.get(PROJECT_VARIABLE),
        token=token or os.environ.get(TOKEN_VARIABLE),
        on_interruption=Interruptions(say),
    )


class Interruptions:
    """Tells a person why nothing seems to happen: each reason once, until `over`."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def __call__(self, error: NoAnswer) -> None:
        if error.message not in self._told:
            self._told.add(error.message)
            self._tell(f"{printable(error.message)} [{error.code}]; trying again")

    def over(self) -> None:
        """There was an answer: the next interruption is news."""
        self._told.clear()


async def _code(do: Deed, client: Client, given: Namespace) -> int:
    return await do(client, given) or 0


def command_to(given: Namespace, *words: str) -> str:
    """A command line about the same server, for hints."""
    named = [
        part
        for option, value in (("--url", given.url), ("--project", given.project))
        if value
        for part in (option, value)
    ]
    return shlex.join([PROGRAM, *words, *named])
