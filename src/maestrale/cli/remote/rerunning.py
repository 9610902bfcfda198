"""`maestrale execution rerun` and `skip`: a failed task, found in its execution by name."""

from argparse import ArgumentParser, Namespace

from maestrale.cli.remote import kinds
from maestrale.cli.remote.arguments import add_env_file, add_json, mapping_of
from maestrale.cli.remote.connection import command
from maestrale.cli.remote.verbs import write_one
from maestrale.cli.texts import printable
from maestrale.client import Client, Task
from maestrale.errors import InvalidInput, NotFound

MOST_NAMED = 10


def _add_task(parser: ArgumentParser) -> None:
    parser.add_argument("execution", metavar="ID", help="which execution")
    parser.add_argument(
        "task", metavar="TASK", nargs="?", help="the failed task, by name or id; default: the only one"
    )


def _add_rerun(parser: ArgumentParser) -> None:
    _add_task(parser)
    parser.add_argument(
        "--failed-items", action="store_true", help="of a loop, only the items that did not succeed"
    )
    add_env_file(parser)
    add_json(parser)


def _add_skip(parser: ArgumentParser) -> None:
    _add_task(parser)
    add_json(parser)


async def _rerun(client: Client, given: Namespace) -> None:
    env = mapping_of(given.env_file, what="environment file")
    task = await find_failed(client, given.execution, given.task)
    rerun = await client.tasks.rerun(task.id, reset=not given.failed_items, env=env)
    write_one(kinds.TASK, rerun, given)


async def _skip(client: Client, given: Namespace) -> None:
    task = await find_failed(client, given.execution, given.task)
    write_one(kinds.TASK, await client.tasks.skip(task.id), given)


async def find_failed(client: Client, execution: str, wanted: str | None) -> Task:
    """The failed task of an execution that is meant.

    Raises:
        NotFound: None failed, or none of that name or id.
        InvalidInput: Several can be meant.
    """
    failed = [task async for task in client.tasks.list(execution=execution, state="ERROR", sort="created_at")]
    found = [task for task in failed if wanted is None or wanted in (task.name, task.id)]
    named = ", ".join(f"`{printable(task.name)}` ({task.id})" for task in (found or failed)[:MOST_NAMED])
    if not found:
        which = "" if wanted is None else f" `{printable(wanted)}`"
        raise NotFound(
            f"the execution {printable(execution)} has no task{which} in ERROR",
            code="no-failed-task",
            hint=f"in ERROR are {named}" if failed else "only what has failed can be run again or skipped",
        )
    if len(found) > 1:
        raise InvalidInput(
            f"several tasks of the execution are in ERROR: {named}",
            code="ambiguous-task",
            hint="name one of them by its id",
        )
    return found[0]


RERUN = command("Run a failed task of an execution again, and go on from there.", _add_rerun, _rerun)
SKIP = command("Go on as if a failed task of an execution had done its work.", _add_skip, _skip)
