"""`maestrale task` and `maestrale action-execution`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from maestrale.cli.command import Command
from maestrale.cli.remote import kinds
from maestrale.cli.remote.arguments import add_env_file, add_input, add_json, add_key, input_of, mapping_of
from maestrale.cli.remote.connection import command
from maestrale.cli.remote.listing import list_command
from maestrale.cli.remote.verbs import delete_command, one_command, show_command, value_command, write_one
from maestrale.client import Client


def _add_of_execution(parser: ArgumentParser) -> None:
    parser.add_argument("execution", metavar="EXECUTION", nargs="?", help="only those of this execution")


def _add_rerun(parser: ArgumentParser) -> None:
    add_key(kinds.TASK, parser)
    parser.add_argument(
        "--failed-items", action="store_true", help="of a loop, only the items that did not succeed"
    )
    add_env_file(parser)
    add_json(parser)


async def _rerun(client: Client, given: Namespace) -> None:
    env = mapping_of(given.env_file, what="environment file")
    task = await client.tasks.rerun(given.key, reset=not given.failed_items, env=env)
    write_one(kinds.TASK, task, given)


TASK: Mapping[str, Command] = {
    "list": list_command(
        kinds.TASK, add=_add_of_execution, options=lambda given: {"execution": given.execution}
    ),
    "show": show_command(kinds.TASK),
    "result": value_command(kinds.TASK, "result", "Write the result of a task as JSON."),
    "published": value_command(kinds.TASK, "published", "Write what a task published as JSON."),
    "rerun": command("Run a failed task again, and go on from there.", _add_rerun, _rerun),
    "skip": one_command(
        kinds.TASK, "Go on as if a failed task had done its work.", lambda tasks, given: tasks.skip(given.key)
    ),
}


def _add_of_task(parser: ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", nargs="?", help="only those of this task")


def _complete_command(state: str, summary: str) -> Command:
    def add(parser: ArgumentParser) -> None:
        add_key(kinds.ACTION_EXECUTION, parser)
        add_input(parser)
        add_json(parser)

    async def do(client: Client, given: Namespace) -> None:
        output: dict[str, Any] | None = input_of(given) or None
        run = await client.action_executions.complete(given.key, output, state=state)
        write_one(kinds.ACTION_EXECUTION, run, given)

    details = '--input and --input-file are what it gives: `--input id=7` makes the result {"id": 7}.'
    return command(summary, add, do, details)


ACTION_EXECUTION: Mapping[str, Command] = {
    "list": list_command(
        kinds.ACTION_EXECUTION, add=_add_of_task, options=lambda given: {"task": given.task}
    ),
    "show": show_command(kinds.ACTION_EXECUTION),
    "input": value_command(kinds.ACTION_EXECUTION, "input", "Write the input of a run as JSON."),
    "output": value_command(kinds.ACTION_EXECUTION, "output", "Write the output of a run as JSON."),
    "complete": _complete_command("SUCCESS", "Say that an asynchronous action has succeeded."),
    "fail": _complete_command("ERROR", "Say that an asynchronous action has failed."),
    "cancel": one_command(
        kinds.ACTION_EXECUTION,
        "Cancel the run of an action, and with it its task.",
        lambda runs, given: runs.complete(given.key, state="CANCELLED"),
    ),
    "pause": one_command(
        kinds.ACTION_EXECUTION,
        "Pause the run of an action, its task and its execution.",
        lambda runs, given: runs.pause(given.key),
    ),
    "resume": one_command(
        kinds.ACTION_EXECUTION,
        "Resume the run of an action.",
        lambda runs, given: runs.resume(given.key),
    ),
    "delete": delete_command(kinds.ACTION_EXECUTION),
}
