"""`maestrale environment`, `cron-trigger` and `event-trigger`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import UTC, datetime

from maestrale.cli.command import Command
from maestrale.cli.remote import kinds
from maestrale.cli.remote.arguments import add_input, add_json, add_key, add_scope, input_of, mapping_of
from maestrale.cli.remote.connection import command
from maestrale.cli.remote.listing import list_command
from maestrale.cli.remote.verbs import delete_command, show_command, value_command, write_one
from maestrale.client import Client
from maestrale.errors import InvalidInput

# Environments.


def _add_environment(parser: ArgumentParser) -> None:
    add_key(kinds.ENVIRONMENT, parser)
    add_input(parser)
    parser.add_argument("--description", metavar="TEXT")
    add_scope(parser)
    add_json(parser)


async def _create_environment(client: Client, given: Namespace) -> None:
    made = await client.environments.create(
        given.key, input_of(given), description=given.description, scope=given.scope
    )
    write_one(kinds.ENVIRONMENT, made, given)


async def _update_environment(client: Client, given: Namespace) -> None:
    variables = input_of(given) if given.input or given.input_file else None
    changed = await client.environments.update(
        given.key, variables=variables, description=given.description, scope=given.scope
    )
    write_one(kinds.ENVIRONMENT, changed, given)


_VARIABLES = "Its variables come from --input-file and, over it, --input."

ENVIRONMENT: Mapping[str, Command] = {
    "list": list_command(kinds.ENVIRONMENT),
    "show": show_command(kinds.ENVIRONMENT),
    "variables": value_command(kinds.ENVIRONMENT, "variables", "Write the variables as JSON."),
    "create": command("Store an environment.", _add_environment, _create_environment, _VARIABLES),
    "update": command(
        "Change an environment.",
        _add_environment,
        _update_environment,
        f"{_VARIABLES} They replace all that there were. Without --public it is private afterwards.",
    ),
    "delete": delete_command(kinds.ENVIRONMENT),
}


# Cron triggers.


def _add_cron_trigger(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="of the trigger")
    parser.add_argument("workflow", metavar="WORKFLOW", help="its id, or its name in the default namespace")
    parser.add_argument("--pattern", metavar="PATTERN", help="such as '*/5 * * * *' or @hourly; in UTC")
    parser.add_argument(
        "--first-time",
        metavar="TIME",
        help="the first time, such as '2026-08-01 12:00'; in the zone of this machine unless it has one",
    )
    parser.add_argument("--count", metavar="N", type=int, help="how often; without it for ever")
    add_input(parser)
    _add_params(parser)
    add_scope(parser)
    add_json(parser)


def _add_params(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--params-file", metavar="FILE", help="parameters of the executions: a mapping in JSON or YAML"
    )


async def _create_cron_trigger(client: Client, given: Namespace) -> None:
    trigger = await client.cron_triggers.create(
        given.name,
        given.workflow,
        pattern=given.pattern,
        first_time=read_instant(given.first_time),
        count=given.count,
        input=input_of(given) or None,
        params=mapping_of(given.params_file, what="parameter file"),
        scope=given.scope,
    )
    write_one(kinds.CRON_TRIGGER, trigger, given)


def read_instant(text: str | None) -> datetime | None:
    """The instant that a person wrote. Raises: InvalidInput: it is none."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f"`{text}` is no time",
            code="time",
            hint="write it as '2026-08-01 12:00', or with a zone as 2026-08-01T12:00+02:00",
        ) from error


CRON_TRIGGER: Mapping[str, Command] = {
    "list": list_command(kinds.CRON_TRIGGER),
    "show": show_command(kinds.CRON_TRIGGER),
    "create": command("Have a workflow started by the clock.", _add_cron_trigger, _create_cron_trigger),
    "delete": delete_command(kinds.CRON_TRIGGER),
}


# Event triggers.


def _add_event_trigger(parser: ArgumentParser) -> None:
    parser.add_argument("workflow", metavar="WORKFLOW-ID", help="the workflow to start")
    parser.add_argument("exchange", metavar="EXCHANGE")
    parser.add_argument("topic", metavar="TOPIC")
    parser.add_argument("event", metavar="EVENT", help="the events to start it for")
    parser.add_argument("--name", metavar="NAME", default="", help="of the trigger")
    add_input(parser)
    _add_params(parser)
    add_scope(parser)
    add_json(parser)


async def _create_event_trigger(client: Client, given: Namespace) -> None:
    trigger = await client.event_triggers.create(
        given.workflow,
        exchange=given.exchange,
        topic=given.topic,
        event=given.event,
        name=given.name,
        input=input_of(given) or None,
        params=mapping_of(given.params_file, what="parameter file"),
        scope=given.scope,
    )
    write_one(kinds.EVENT_TRIGGER, trigger, given)


def _add_event_trigger_change(parser: ArgumentParser) -> None:
    add_key(kinds.EVENT_TRIGGER, parser)
    parser.add_argument("--name", metavar="NAME", help="another name")
    parser.add_argument("--workflow", metavar="WORKFLOW-ID", help="another workflow")
    add_input(parser)
    _add_params(parser)
    parser.add_argument("--scope", choices=("private", "public"), help="for its project, or for all")
    add_json(parser)


async def _update_event_trigger(client: Client, given: Namespace) -> None:
    trigger = await client.event_triggers.update(
        given.key,
        name=given.name,
        workflow_id=given.workflow,
        input=input_of(given) or None,
        params=mapping_of(given.params_file, what="parameter file"),
        scope=given.scope,
    )
    write_one(kinds.EVENT_TRIGGER, trigger, given)


EVENT_TRIGGER: Mapping[str, Command] = {
    "list": list_command(kinds.EVENT_TRIGGER),
    "show": show_command(kinds.EVENT_TRIGGER),
    "create": command("Have a workflow started by events.", _add_event_trigger, _create_event_trigger),
    "update": command(
        "Change an event trigger, but not what it listens to.",
        _add_event_trigger_change,
        _update_event_trigger,
    ),
    "delete": delete_command(kinds.EVENT_TRIGGER),
}
