"""`maestrale maintenance`: whether the service takes requests that change something."""

from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Mapping

from maestrale.cli.command import Command
from maestrale.cli.remote.arguments import add_json
from maestrale.cli.remote.connection import command
from maestrale.cli.remote.tables import write_json
from maestrale.cli.terminal import write_output
from maestrale.client import Client


def _status_command(summary: str, ask: Callable[[Client], Awaitable[str]], details: str = "") -> Command:
    """A verb that writes the state that the service then has."""

    async def do(client: Client, given: Namespace) -> None:
        status = await ask(client)
        if given.json:
            write_json({"status": status})
        else:
            write_output(status)

    def add(parser: ArgumentParser) -> None:
        add_json(parser)

    return command(summary, add, do, details)


MAINTENANCE: Mapping[str, Command] = {
    "show": _status_command(
        "Say whether the service runs.",
        lambda client: client.maintenance.status(),
        "RUNNING; PAUSED; PAUSING until no task runs any more.",
    ),
    "pause": _status_command(
        "Let the service come to rest.",
        lambda client: client.maintenance.pause(),
        "Running executions are paused, and requests that change something are refused.",
    ),
    "resume": _status_command(
        "Let the service work again.",
        lambda client: client.maintenance.resume(),
        "The executions that the pause has paused go on.",
    ),
}
