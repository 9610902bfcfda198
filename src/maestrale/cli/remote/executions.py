"""`maestrale execution`: everything about executions on a server."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from maestrale.cli.command import Command
from maestrale.cli.remote import kinds
from maestrale.cli.remote.arguments import add_env_file, add_json, add_key, mapping_of
from maestrale.cli.remote.connection import command, command_to
from maestrale.cli.remote.listing import list_command
from maestrale.cli.remote.rerunning import RERUN, SKIP
from maestrale.cli.remote.starting import START, WAIT, WATCH
from maestrale.cli.remote.tables import data_of, write_json
from maestrale.cli.remote.verbs import delete_command, one_command, show_command, value_command, write_one
from maestrale.cli.remote.views import explanation_lines, graph_lines, report_lines
from maestrale.cli.terminal import write_output
from maestrale.cli.texts import printable
from maestrale.client import Client
from maestrale.errors import Conflict


def _add_list(parser: ArgumentParser) -> None:
    parser.add_argument("--roots", action="store_true", help="without those of sub-workflows")
    parser.add_argument("--output", action="store_true", help="with --json: their outputs too")


def _list_options(given: Namespace) -> dict[str, Any]:
    return {"roots_only": given.roots, "include_output": given.output}


def _add_resume(parser: ArgumentParser) -> None:
    add_key(kinds.EXECUTION, parser)
    add_env_file(parser)
    add_json(parser)


async def _resume(client: Client, given: Namespace) -> None:
    env = mapping_of(given.env_file, what="environment file")
    # Asked before: what is resumed may have ended by the time of the answer.
    before = await client.executions.get(given.key)
    if before.has_ended:
        rerun = command_to(given, "execution", "rerun", before.id)
        raise Conflict(
            f"the execution {before.id} has ended in {printable(before.state)};"
            " only one that is paused is resumed",
            code="not-resumed",
            hint=f"run what failed again with: {rerun}" if before.state == "ERROR" else None,
        )
    resumed = await client.executions.resume(given.key, env=env)
    write_one(kinds.EXECUTION, resumed, given)


def _add_stop(parser: ArgumentParser) -> None:
    add_key(kinds.EXECUTION, parser)
    parser.add_argument(
        "--state",
        choices=("SUCCESS", "ERROR", "CANCELLED"),
        default="CANCELLED",
        help="how it ends; default: CANCELLED",
    )
    parser.add_argument("-m", "--message", metavar="TEXT", help="why")
    add_json(parser)


async def _stop(client: Client, given: Namespace) -> None:
    stopped = await client.executions.stop(given.key, state=given.state, message=given.message)
    if stopped.state != given.state:
        raise Conflict(
            f"the execution {printable(given.key)} is {stopped.state} and does not become {given.state}",
            code="not-stopped",
            hint="resume it first, or end it with --state CANCELLED" if stopped.state == "PAUSED" else None,
        )
    write_one(kinds.EXECUTION, stopped, given)


def _add_update(parser: ArgumentParser) -> None:
    add_key(kinds.EXECUTION, parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("-d", "--description", metavar="TEXT", help="what it is for")
    what.add_argument("--env-file", metavar="FILE", help="merged into the environment of what does not run")
    add_json(parser)


async def _update(client: Client, given: Namespace) -> None:
    env = mapping_of(given.env_file, what="environment file")
    changed = await client.executions.update(given.key, description=given.description, env=env)
    write_one(kinds.EXECUTION, changed, given)


def _add_report(parser: ArgumentParser) -> None:
    add_key(kinds.EXECUTION, parser)
    parser.add_argument("--errors-only", action="store_true", help="only tasks in ERROR, also in the numbers")
    parser.add_argument(
        "--max-depth", metavar="N", type=int, default=-1, help="levels of sub-workflows; default: all"
    )
    parser.add_argument("--statistics-only", action="store_true", help="only the numbers")
    add_json(parser)


async def _report(client: Client, given: Namespace) -> None:
    report = await client.executions.report(
        given.key,
        errors_only=given.errors_only,
        max_depth=given.max_depth,
        statistics_only=given.statistics_only,
    )
    if given.json:
        write_json(data_of(report))
    else:
        write_output("\n".join(report_lines(report)))


def _add_view_of(parser: ArgumentParser) -> None:
    add_key(kinds.EXECUTION, parser)
    add_json(parser)


async def _explain(client: Client, given: Namespace) -> None:
    explanation = await client.executions.explain(given.key)
    if given.json:
        write_json(data_of(explanation))
    else:
        write_output("\n".join(explanation_lines(explanation)))


async def _graph(client: Client, given: Namespace) -> None:
    graph = await client.executions.graph(given.key)
    if given.json:
        write_json(data_of(graph))
    else:
        write_output("\n".join(graph_lines(graph)))


EXECUTION: Mapping[str, Command] = {
    "list": list_command(kinds.EXECUTION, add=_add_list, options=_list_options),
    "show": show_command(kinds.EXECUTION),
    "start": START,
    "watch": WATCH,
    "wait": WAIT,
    "explain": command("Say what an execution waits for.", _add_view_of, _explain),
    "graph": command("Show the tasks of an execution and the ways between them.", _add_view_of, _graph),
    "report": command("Show the tree of an execution, with numbers.", _add_report, _report),
    "input": value_command(kinds.EXECUTION, "input", "Write the input of an execution as JSON."),
    "output": value_command(kinds.EXECUTION, "output", "Write the output of an execution as JSON."),
    "published": value_command(
        kinds.EXECUTION, "published_global", "Write the global variables of an execution as JSON."
    ),
    "pause": one_command(
        kinds.EXECUTION,
        "Let the tasks under way end, and begin no more.",
        lambda executions, given: executions.pause(given.key),
    ),
    "resume": command("Go on with a paused execution.", _add_resume, _resume),
    "stop": command("End an execution now.", _add_stop, _stop),
    "rerun": RERUN,
    "skip": SKIP,
    "update": command("Change the description or the environment of an execution.", _add_update, _update),
    "delete": delete_command(kinds.EXECUTION, forceable=True),
}
