"""`maestrale member`: the projects to which a workflow is shared."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

from maestrale.cli.command import Command
from maestrale.cli.remote.arguments import add_json
from maestrale.cli.remote.connection import command
from maestrale.cli.remote.tables import columns, data_of, write_attributes, write_json, write_rows
from maestrale.cli.terminal import say
from maestrale.cli.texts import printable
from maestrale.client import Client, Member

_SHOWN = columns("resource_id", "project_id", "member_id", "status", "created_at", "updated_at")


def _add_workflow(parser: ArgumentParser) -> None:
    parser.add_argument("workflow", metavar="WORKFLOW-ID", help="the workflow that is shared")


def _add_member(parser: ArgumentParser) -> None:
    _add_workflow(parser)
    parser.add_argument("member", metavar="PROJECT", help="the project to which it is shared")
    add_json(parser)


def _add_list(parser: ArgumentParser) -> None:
    _add_workflow(parser)
    add_json(parser)


async def _list(client: Client, given: Namespace) -> None:
    members = await client.members.list(given.workflow)
    write_rows(members, _SHOWN, as_json=given.json, nothing="it is shared to nobody")


async def _show(client: Client, given: Namespace) -> None:
    _write(await client.members.get(given.workflow, given.member), given)


async def _create(client: Client, given: Namespace) -> None:
    _write(await client.members.create(given.workflow, given.member), given)


def _add_update(parser: ArgumentParser) -> None:
    _add_member(parser)
    parser.add_argument("--status", choices=("accepted", "rejected", "pending"), default="accepted")


async def _update(client: Client, given: Namespace) -> None:
    _write(await client.members.update(given.workflow, given.member, status=given.status), given)


async def _delete(client: Client, given: Namespace) -> None:
    await client.members.delete(given.workflow, given.member)
    say(f"workflow {printable(given.workflow)} is no longer shared to {printable(given.member)}")


def _write(member: Member, given: Namespace) -> None:
    if given.json:
        write_json(data_of(member))
    else:
        write_attributes(member)


MEMBER: Mapping[str, Command] = {
    "list": command("List the projects to which a workflow is shared.", _add_list, _list),
    "show": command("Show what a project makes of a workflow.", _add_member, _show),
    "create": command("Offer a workflow to a project, which has to accept it.", _add_member, _create),
    "update": command("Accept or reject a workflow, as the project it is offered to.", _add_update, _update),
    "delete": command("Share a workflow no longer to a project.", _add_member, _delete),
}
