"""`maestrale code-source` and `dynamic-action`: actions out of uploaded Python. For administrators."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

from maestrale.cli.command import Command
from maestrale.cli.remote import kinds
from maestrale.cli.remote.arguments import (
    add_json,
    add_key,
    add_namespace,
    add_scope,
    namespace_of,
    read_text,
)
from maestrale.cli.remote.connection import command
from maestrale.cli.remote.listing import list_command
from maestrale.cli.remote.verbs import delete_command, show_command, text_command, write_one
from maestrale.client import Client


def _add_source(parser: ArgumentParser) -> None:
    add_key(kinds.CODE_SOURCE, parser)
    parser.add_argument("file", metavar="FILE", help="Python source; `-` reads stdin")
    add_scope(parser)
    add_json(parser)


async def _create_source(client: Client, given: Namespace) -> None:
    options = namespace_of(kinds.CODE_SOURCE, given)
    source = await client.code_sources.create(given.key, read_text(given.file), scope=given.scope, **options)
    write_one(kinds.CODE_SOURCE, source, given)


async def _update_source(client: Client, given: Namespace) -> None:
    options = namespace_of(kinds.CODE_SOURCE, given)
    source = await client.code_sources.update(given.key, read_text(given.file), scope=given.scope, **options)
    write_one(kinds.CODE_SOURCE, source, given)


CODE_SOURCE: Mapping[str, Command] = {
    "list": list_command(kinds.CODE_SOURCE),
    "show": show_command(kinds.CODE_SOURCE),
    "content": text_command(kinds.CODE_SOURCE, "content", "Write the Python source."),
    "create": command("Store a file of Python source.", _add_source, _create_source),
    "update": command("Store a new version of a code source.", _add_source, _update_source),
    "delete": delete_command(kinds.CODE_SOURCE),
}


def _add_action(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="of the action")
    parser.add_argument("class_name", metavar="CLASS", help="the class in the source")
    parser.add_argument("source", metavar="SOURCE", help="the code source, by name or id")
    add_namespace(kinds.DYNAMIC_ACTION, parser)
    add_scope(parser)
    add_json(parser)


async def _create_action(client: Client, given: Namespace) -> None:
    action = await client.dynamic_actions.create(
        given.name, given.class_name, given.source, namespace=given.namespace, scope=given.scope
    )
    write_one(kinds.DYNAMIC_ACTION, action, given)


def _add_action_change(parser: ArgumentParser) -> None:
    add_key(kinds.DYNAMIC_ACTION, parser)
    parser.add_argument("--class-name", metavar="CLASS", help="another class")
    parser.add_argument("--source", metavar="SOURCE", help="another code source, by name or id")
    parser.add_argument("--scope", choices=("private", "public"), help="for its project, or for all")
    add_json(parser)


async def _update_action(client: Client, given: Namespace) -> None:
    action = await client.dynamic_actions.update(
        given.key,
        class_name=given.class_name,
        code_source=given.source,
        namespace=given.namespace,
        scope=given.scope,
    )
    write_one(kinds.DYNAMIC_ACTION, action, given)


DYNAMIC_ACTION: Mapping[str, Command] = {
    "list": list_command(kinds.DYNAMIC_ACTION),
    "show": show_command(kinds.DYNAMIC_ACTION),
    "create": command("Make an action of a class.", _add_action, _create_action),
    "update": command("Change what a dynamic action runs.", _add_action_change, _update_action),
    "delete": delete_command(kinds.DYNAMIC_ACTION),
}
