"""`maestrale db upgrade`."""

from math import isfinite

from msgspec import Struct

from maestrale.cli.database import database_url
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.remote.tables import data_of, write_json
from maestrale.cli.terminal import say, write_output
from maestrale.cli.texts import printable
from maestrale.errors import InvalidInput
from maestrale.store.administration import Plan, plan_upgrade, upgrade, upgrade_script

LONGEST_WAIT_SECONDS = 86_400.0


class Arguments(Struct, frozen=True, kw_only=True):
    """What the command line says."""

    database: str | None
    dry_run: bool
    sql: bool
    wait_seconds: float
    json: bool


def upgrade_database(arguments: Arguments) -> int:
    """Bring a database up to date, or say what that would take; the exit code.

    Raises:
        InvalidInput: The arguments are wrong (`usage`), or the database is of a later version.
        Error: It is not there, not one of ours, or could not be brought up to date.
    """
    wait = arguments.wait_seconds
    if not isfinite(wait) or not 0 <= wait <= LONGEST_WAIT_SECONDS:
        raise InvalidInput(f"--wait is {wait:g}; it must be from 0 to 86400 seconds", code="usage")
    url = database_url(arguments.database)
    if arguments.sql:
        if arguments.json:
            raise InvalidInput("--sql writes SQL, not JSON", code="usage", hint="leave one of the two out")
        return _write_script(url)
    if arguments.dry_run:
        plan = plan_upgrade(url)
    else:
        plan = upgrade(url, patience_seconds=wait, on_step=_tell_step, on_wait=_tell_waiting)
    if arguments.json:
        write_json({**data_of(plan), "done": not arguments.dry_run})
    else:
        write_output(_summary(plan, is_done=not arguments.dry_run))
    return ExitCode.SUCCESS


def _write_script(url: str) -> int:
    script = upgrade_script(url)
    if script:
        write_output(script)
    else:
        say("there is nothing to do: the database has the schema of this version")
    return ExitCode.SUCCESS


def _tell_step(step: str) -> None:
    say(step)


def _tell_waiting(holders: str) -> None:
    say(f"waiting for a table that others use: {printable(holders)}" if holders else "waiting for a table")


def _summary(plan: Plan, *, is_done: bool) -> str:
    name = printable(plan.database)
    if not plan.is_needed:
        return f"{name} has schema {plan.found}: there is nothing to do"
    if plan.found is None:
        tables = "its tables are made" if is_done else "its tables would be made"
        return f"{name} was empty; {tables}, with schema {plan.to}"
    verb = "went" if is_done else "would go"
    steps = [
        f"  {step.schema}  {step.title} (serves programs from schema {step.serves} on)" for step in plan.steps
    ]
    return "\n".join([f"{name} {verb} from schema {plan.found} to {plan.to}", *steps])
