"""`maestrale nodes`: the servers that share a database, asked of one of them or of the database itself."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from maestrale import client
from maestrale.cli.command import Command
from maestrale.cli.remote.arguments import add_json
from maestrale.cli.remote.connection import SIGNAL_BASE, command
from maestrale.cli.remote.tables import Column, cell, data_of, write_json, write_rows
from maestrale.cli.signals import Interrupted, Signals
from maestrale.cli.terminal import is_terminal, say
from maestrale.cluster.settings import WITHOUT
from maestrale.errors import InvalidInput
from maestrale.wire import nodes as wire

WATCH_SECONDS = 1.0

CLEAR = "\x1b[H\x1b[J"
"""Moves to the upper left of a terminal, and wipes what is below."""


Listed: TypeAlias = client.NodeList | wire.NodeList
"""What a server has answered, or what was made of the database: they look alike."""

Ask: TypeAlias = Callable[[], Awaitable[Listed]]

COLUMNS = (
    Column("ID", "id"),
    Column("NAME", "name"),
    Column("STATE", show=lambda node: f"{node.state} *" if node.is_self else node.state),
    Column("ROLES", show=lambda node: cell(node.roles)),
    Column("SHARDS", "shard_count"),
    Column("EXECUTIONS", show=lambda node: f"{node.load.trees:,}"),
    Column("RUNS", show=lambda node: f"{node.load.runs:,}"),
    Column("WAITING", show=lambda node: f"{node.load.waiting:,}" if node.load.waiting else ""),
    Column("OVERLOADED", show=lambda node: "yes" if node.load.overloaded else ""),
    Column("MEMORY", show=lambda node: f"{node.load.rss / 2**20:,.0f} MiB" if node.load.rss else ""),
    Column("BEAT", show=lambda node: _age(node.beat_age_seconds)),
    Column("VERSION", "version"),
    Column("URL", "url"),
    Column("HOST", "host"),
    Column("PID", "pid"),
    Column("STARTED", "started_at"),
)


def _age(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"


def add(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    ASKING.add(parser)


def call(given: Namespace) -> int:
    """List the nodes. Raises: Error: nobody answers, or the caller may not ask."""
    if given.database is None:
        return ASKING.call(given)
    if given.url is not None:
        raise InvalidInput(
            "--url asks a server, and --database reads a database",
            code="usage",
            hint="leave one of the two out",
        )
    try:
        return asyncio.run(_read(given))
    except Interrupted as interrupted:
        return SIGNAL_BASE + interrupted.signal


async def _read(given: Namespace) -> int:
    from maestrale.cluster.roster import look, roster
    from maestrale.store import open_reader

    with open_reader(given.database) as store, Signals() as signals:

        async def ask() -> Listed:
            return roster(look(store))

        await signals.race(_show(ask, given))
    return 0


async def _ask(server: client.Client, given: Namespace) -> None:
    await _show(server.nodes.list, given)


async def _show(ask: Ask, given: Namespace) -> None:
    """Write the nodes, once or for as long as somebody watches."""
    while True:
        listed = await ask()
        if given.watch and is_terminal(sys.stdout):
            sys.stdout.write(CLEAR)
        _write(listed, as_json=given.json)
        if not given.watch:
            return
        await asyncio.sleep(WATCH_SECONDS)


def _write(listed: Listed, *, as_json: bool) -> None:
    if as_json:
        write_json(data_of(listed))
        return
    write_rows(listed.nodes, COLUMNS, as_json=False, nothing="no server works on this database")
    for role in listed.missing_roles:
        say(f"no node has the role {role}: {WITHOUT[role]}" if role in WITHOUT else f"no node has {role}")
    if listed.free_shards:
        shards = f"{len(listed.free_shards)} of {listed.shard_count} shards"
        say(f"{shards} have no node: their executions stand still")


def _add(parser: ArgumentParser) -> None:
    parser.add_argument("--watch", action="store_true", help="once a second, until Ctrl-C")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="read this database instead of asking a server, such as postgresql://user@host/name",
    )
    add_json(parser)


ASKING: Command = command("List the nodes of a service.", _add, _ask)
"""The command where a server is asked."""
