"""`maestrale execution start`, `watch` and `wait`."""

from argparse import ArgumentParser, Namespace
from datetime import timedelta

from maestrale.cli.remote.arguments import add_input, input_of, mapping_of
from maestrale.cli.remote.connection import command, command_to
from maestrale.cli.remote.following import follow, tell
from maestrale.cli.remote.tables import data_of, write_json
from maestrale.cli.terminal import say, write_output
from maestrale.cli.texts import duration
from maestrale.client import Client
from maestrale.errors import InvalidInput

EXIT_CODES = (
    "Exit codes: 0 success, 1 error, 2 wrong usage or input, 3 paused, 4 the server is not there,\n"
    "130 interrupted; the execution goes on then."
)


def _add_start(parser: ArgumentParser) -> None:
    parser.add_argument(
        "workflow", metavar="WORKFLOW", nargs="?", help="its name or its id; may be left out with --source"
    )
    add_input(parser)
    parser.add_argument("--namespace", metavar="NAME", default="", help="of the workflow")
    parser.add_argument("--env", metavar="NAME", help="a stored environment")
    parser.add_argument("--env-file", metavar="FILE", help="an environment: a mapping in JSON or YAML")
    parser.add_argument("--params-file", metavar="FILE", help="further parameters: a mapping in JSON or YAML")
    parser.add_argument("--task", metavar="NAME", help="what a reverse workflow is to get done")
    parser.add_argument("-d", "--description", metavar="TEXT", default="", help="what it is for")
    parser.add_argument("--id", metavar="ID", help="its id; if there is one of that id, nothing is started")
    parser.add_argument("--source", metavar="ID", help="an execution to start again, with its input")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("-w", "--watch", action="store_true", help="show how it goes, until its end")
    how.add_argument("--wait", action="store_true", help="wait for its end, or for a pause, in silence")
    add_view(parser)


def add_view(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="write the execution as JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="only the output, and what fails")


async def _start(client: Client, given: Namespace) -> int:
    if given.env is not None and given.env_file is not None:
        raise InvalidInput("--env and --env-file are both given", code="usage", hint="leave one of them out")
    execution = await client.executions.start(
        given.workflow,
        # With a source, no input means that of the source.
        input=input_of(given) or None,
        id=given.id,
        namespace=given.namespace,
        env=given.env or mapping_of(given.env_file, what="environment file"),
        target_task=given.task,
        params=mapping_of(given.params_file, what="parameter file"),
        description=given.description,
        source=given.source,
    )
    if given.watch:
        return await follow(client, execution.id, given, until="done")
    if given.wait:
        return await tell(client, await client.executions.wait(execution.id, until="paused"), given)
    if given.json:
        write_json(data_of(execution))
    else:
        write_output(execution.id)
        if not given.quiet:
            say(f"watch it with: {command_to(given, 'execution', 'watch', execution.id)}")
    return 0


START = command(
    "Start a workflow on the server.",
    _add_start,
    _start,
    "The id of the execution goes to stdout; with --watch or --wait the output of the workflow.\n"
    + EXIT_CODES,
)


def _add_watch(parser: ArgumentParser) -> None:
    parser.add_argument("key", metavar="ID", help="which execution")
    parser.add_argument(
        "--until", choices=("done", "paused"), default="done", help="stop when it has ended, or is paused too"
    )
    add_view(parser)


async def _watch(client: Client, given: Namespace) -> int:
    return await follow(client, given.key, given, until=given.until)


WATCH = command(
    "Show how an execution goes, from its beginning until its end.",
    _add_watch,
    _watch,
    f"It outlives lost connections and restarts of the server.\n{EXIT_CODES}",
)


def _add_wait(parser: ArgumentParser) -> None:
    parser.add_argument("key", metavar="ID", help="which execution")
    parser.add_argument(
        "--until", choices=("done", "paused"), default="paused", help="default: paused, which an end is too"
    )
    parser.add_argument("--timeout", metavar="SECONDS", type=float, help="how long; without it for ever")
    add_view(parser)


async def _wait(client: Client, given: Namespace) -> int:
    if given.timeout is not None and not 0 <= given.timeout < float("inf"):
        raise InvalidInput(f"--timeout is {given.timeout}; it must be 0 or more", code="usage")
    execution = await client.executions.wait(given.key, until=given.until, timeout=given.timeout)
    code = await tell(client, execution, given)
    if not execution.has_ended and execution.state != "PAUSED":
        say(f"  it has not ended within {duration(timedelta(seconds=given.timeout))}")
    return code


WAIT = command("Wait until an execution has ended or is paused.", _add_wait, _wait, EXIT_CODES)
