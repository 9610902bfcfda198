"""`maestrale workflow`, `workbook` and `action`: what is stored as a text."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

from maestrale.cli.command import Command
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.remote import kinds
from maestrale.cli.remote.arguments import add_input, add_json, add_namespace, input_of
from maestrale.cli.remote.connection import command
from maestrale.cli.remote.listing import list_command
from maestrale.cli.remote.tables import data_of, write_attributes, write_json
from maestrale.cli.remote.verbs import (
    create_command,
    delete_command,
    show_command,
    text_command,
    update_command,
    validate_command,
)
from maestrale.cli.terminal import say
from maestrale.cli.texts import value_line
from maestrale.client import Client

WORKFLOW: Mapping[str, Command] = {
    "list": list_command(kinds.WORKFLOW),
    "show": show_command(kinds.WORKFLOW),
    "definition": text_command(kinds.WORKFLOW, "definition", "Write the text of a workflow."),
    "create": create_command(kinds.WORKFLOW),
    "update": update_command(kinds.WORKFLOW, by_id=True),
    "delete": delete_command(kinds.WORKFLOW),
    "validate": validate_command(kinds.WORKFLOW),
}

WORKBOOK: Mapping[str, Command] = {
    "list": list_command(kinds.WORKBOOK),
    "show": show_command(kinds.WORKBOOK),
    "definition": text_command(kinds.WORKBOOK, "definition", "Write the text of a workbook."),
    "create": create_command(kinds.WORKBOOK),
    "update": update_command(kinds.WORKBOOK, by_id=False),
    "delete": delete_command(kinds.WORKBOOK),
    "validate": validate_command(kinds.WORKBOOK),
}


def _add_run(parser: ArgumentParser) -> None:
    parser.add_argument("action", metavar="NAME", help="the action to run")
    add_input(parser)
    add_namespace(kinds.ACTION, parser)
    parser.add_argument("--save", action="store_true", help="store the run, and do not wait for its end")
    parser.add_argument("--wait", action="store_true", help="with --save: wait for its end all the same")
    parser.add_argument("--description", metavar="TEXT", help="why it is run; kept with --save")
    parser.add_argument("--target", metavar="HOST", help="the host that is to run it")
    parser.add_argument("--time-limit", metavar="SECONDS", type=int, help="after so many it has failed")
    add_json(parser)


async def _run(client: Client, given: Namespace) -> int:
    run = await client.action_executions.run(
        given.action,
        input_of(given),
        save=given.save,
        wait=given.wait,
        namespace=given.namespace,
        description=given.description,
        target=given.target,
        timeout_seconds=given.time_limit,
    )
    if given.json:
        write_json(data_of(run))
    elif run.state == "SUCCESS" and run.output:
        write_json(run.output.get("result"))
    elif run.state == "RUNNING":
        write_attributes(run)
    else:
        say(f"{run.state}: {value_line((run.output or {}).get('result'))}")
    return ExitCode.SUCCESS if run.state in ("SUCCESS", "RUNNING") else ExitCode.FAILED


ACTION: Mapping[str, Command] = {
    "list": list_command(
        kinds.ACTION,
        add=lambda parser: add_namespace(kinds.ACTION, parser),
        options=lambda given: {"namespace": given.namespace} if given.namespace else {},
    ),
    "show": show_command(kinds.ACTION),
    "definition": text_command(kinds.ACTION, "definition", "Write the text of an ad-hoc action."),
    "create": create_command(kinds.ACTION),
    "update": update_command(kinds.ACTION, by_id=True),
    "delete": delete_command(kinds.ACTION),
    "validate": validate_command(kinds.ACTION),
    "run": command(
        "Run an action without a workflow.",
        _add_run,
        _run,
        "Its result goes to stdout. Exit codes: 0 it succeeded or is under way, 1 it failed.",
    ),
}
