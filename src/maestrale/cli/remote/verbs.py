"""The verbs that most groups have: `show`, `delete`, `create` and `update` from a file, `validate`."""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct

from maestrale.cli.command import Command
from maestrale.cli.exit_codes import ExitCode, exit_code_of
from maestrale.cli.files import shown
from maestrale.cli.remote.arguments import (
    add_json,
    add_key,
    add_namespace,
    add_scope,
    namespace_of,
    read_text,
)
from maestrale.cli.remote.connection import command
from maestrale.cli.remote.kinds import Kind
from maestrale.cli.remote.tables import data_of, write_attributes, write_json, write_rows
from maestrale.cli.terminal import say, say_error, write_output
from maestrale.cli.texts import counted, printable
from maestrale.client import Client, DefinitionWarning
from maestrale.errors import Error, InvalidInput


def one_command(kind: Kind, summary: str, do: Callable[[Any, Namespace], Awaitable[Struct]]) -> Command:
    """A verb about one thing that writes the thing. `do` gets the manager."""

    def add(parser: ArgumentParser) -> None:
        add_key(kind, parser)
        add_json(parser)

    async def do_and_write(client: Client, given: Namespace) -> None:
        write_one(kind, await do(getattr(client, kind.manager), given), given)

    return command(summary, add, do_and_write)


def show_command(kind: Kind) -> Command:
    """`show`: one of them, in full."""
    article = "an" if kind.noun[0] in "aeiou" else "a"
    return one_command(
        kind, f"Show {article} {kind.noun}.", lambda it, given: it.get(given.key, **namespace_of(kind, given))
    )


def text_command(kind: Kind, attribute: str, summary: str) -> Command:
    """A verb that writes a text of a thing, and nothing else."""

    async def do(client: Client, given: Namespace) -> None:
        row = await getattr(client, kind.manager).get(given.key, **namespace_of(kind, given))
        write_output(str(getattr(row, attribute)).rstrip("\n"))

    return command(summary, lambda parser: add_key(kind, parser), do)


def value_command(kind: Kind, attribute: str, summary: str) -> Command:
    """A verb that writes a value of a thing as JSON, and nothing else."""

    async def do(client: Client, given: Namespace) -> None:
        row = await getattr(client, kind.manager).get(given.key, **namespace_of(kind, given))
        write_json(data_of(row).get(attribute))

    return command(summary, lambda parser: add_key(kind, parser), do)


def delete_command(kind: Kind, *, forceable: bool = False) -> Command:
    """`delete`: one or several. What goes wrong with one does not keep the others."""

    def add(parser: ArgumentParser) -> None:
        parser.add_argument("keys", metavar=kind.key, nargs="+", help=f"which {kind.noun}s")
        add_namespace(kind, parser)
        if forceable:
            parser.add_argument("--force", action="store_true", help="even what has not ended")

    async def do(client: Client, given: Namespace) -> int:
        options: dict[str, Any] = dict(namespace_of(kind, given))
        if forceable:
            options["force"] = given.force

        async def delete(key: str) -> None:
            await getattr(client, kind.manager).delete(key, **options)
            say(f"{kind.noun} {printable(key)} is deleted")

        return await each(given.keys, delete)

    return command(f"Delete {kind.noun}s.", add, do)


async def each(keys: Sequence[str], do: Callable[[str], Awaitable[None]]) -> int:
    """Do something with each of several; the exit code of the first that failed."""
    code = int(ExitCode.SUCCESS)
    for key in keys:
        try:
            await do(key)
        except Error as error:
            say_error(error)
            code = code or int(exit_code_of(error))
    return code


def create_command(kind: Kind) -> Command:
    """`create` from a file of definitions."""
    return _upload_command(kind, "create", f"Store the {kind.noun}s of a file.")


def update_command(kind: Kind, *, by_id: bool) -> Command:
    """`update` from a file of definitions. `by_id`: one may be named by its id, and get another name."""
    return _upload_command(kind, "update", f"Store new texts of the {kind.noun}s of a file.", by_id=by_id)


def _upload_command(kind: Kind, verb: str, summary: str, *, by_id: bool = False) -> Command:
    def add(parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="definitions in YAML; `-` reads stdin")
        add_namespace(kind, parser)
        add_scope(parser)
        if by_id:
            parser.add_argument("--id", metavar="ID", help="change this one, even if its name changes")
        add_json(parser)

    async def do(client: Client, given: Namespace) -> None:
        options = {**namespace_of(kind, given), "scope": given.scope}
        if by_id:
            options["id"] = given.id
        upload = getattr(getattr(client, kind.manager), verb)
        text = read_text(given.file)
        try:
            stored = await upload(text, **options)
        except InvalidInput as error:
            hint = error.hint and in_file(error.hint, given.file)
            raise InvalidInput(in_file(error.message, given.file), code=error.code, hint=hint) from error
        rows = stored if isinstance(stored, tuple) else (stored,)
        write_rows(rows, kind.shown, as_json=given.json, nothing=f"there are no {kind.noun}s in it")
        say(f"{verb}d {counted(len(rows), kind.noun)}")

    return command(summary, add, do)


def in_file(problems: str, path: str) -> str:
    """Problems of a text with the places named in the file that it is from, as an editor finds them."""
    return re.sub(r"^<text>(?=:\d)", lambda found: shown(path), problems, flags=re.MULTILINE)


def _warning_line(warning: DefinitionWarning, path: str) -> str:
    place = f"{shown(path)}:{warning.line}:{warning.column}"
    line = f"{place}: warning: {warning.message} [{warning.code}]"
    return f"{line}\n  hint: {warning.suggestion}" if warning.suggestion else line


def validate_command(kind: Kind) -> Command:
    """`validate`: all problems of a file, as the server sees them."""

    def add(parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="definitions in YAML; `-` reads stdin")
        add_json(parser)

    async def do(client: Client, given: Namespace) -> int:
        verdict = await getattr(client, kind.manager).validate(read_text(given.file))
        if given.json:
            write_json(data_of(verdict))
        else:
            if not verdict.valid:
                problems = verdict.error or "it is not valid, and the server does not say why"
                write_output(printable(in_file(problems, given.file)))
            for warning in verdict.warnings:
                write_output(printable(_warning_line(warning, given.file)))
            if verdict.valid:
                found = counted(len(verdict.warnings), "warning") if verdict.warnings else "no problems"
                say(f"{shown(given.file)}: {found}")
        return ExitCode.SUCCESS if verdict.valid else ExitCode.WRONG_USAGE

    return command(
        f"Have the server check a file of {kind.noun}s.",
        add,
        do,
        "Exit codes: 0 no error, 2 at least one. `maestrale validate` does it without a server.",
    )


def write_one(kind: Kind, row: Struct, given: Namespace) -> None:
    """Write a thing, as the person wants it."""
    if given.json:
        write_json(data_of(row))
    else:
        write_attributes(row, without=kind.hidden)
