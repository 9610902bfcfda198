"""The verbs of `maestrale db`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

from maestrale.cli.command import Command
from maestrale.cli.options import add_database


def _add_info(parser: ArgumentParser) -> None:
    add_database(parser)
    parser.add_argument("--json", action="store_true", help="write JSON")


def _call_info(given: Namespace) -> int:
    from maestrale.cli.db.info import show_info

    return show_info(given.database, json=given.json)


def _add_check(parser: ArgumentParser) -> None:
    add_database(parser)
    parser.add_argument("--strict", action="store_true", help="take a warning for an error")
    parser.add_argument("--json", action="store_true", help="write a JSON list of what was found")


def _call_check(given: Namespace) -> int:
    from maestrale.cli.db.checking import check_database

    return check_database(given.database, strict=given.strict, json=given.json)


def _add_upgrade(parser: ArgumentParser) -> None:
    add_database(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument(
        "--sql", action="store_true", help="write the statements to stdout, and carry none of them out"
    )
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=float,
        default=60.0,
        help="how long to wait for tables that others use, and for another upgrade; default: 60",
    )
    parser.add_argument("--json", action="store_true", help="write JSON")


def _call_upgrade(given: Namespace) -> int:
    from maestrale.cli.db.upgrading import Arguments, upgrade_database

    return upgrade_database(
        Arguments(
            database=given.database,
            dry_run=given.dry_run,
            sql=given.sql,
            wait_seconds=given.wait,
            json=given.json,
        )
    )


DB: Mapping[str, Command] = {
    "info": Command(
        "Tell what is in a database: its schema, its size, its tables.",
        _add_info,
        _call_info,
        "Tables with more than 100,000 rows are not counted but estimated. Exit codes: 0 told, 2 there is\n"
        "no such database, 4 it does not answer.",
    ),
    "check": Command(
        "Look whether a database is as it should be, and safe.",
        _add_check,
        _call_check,
        "The schema, its tables and indexes, whether it can be written; of a file every page, of a server\n"
        "the settings that keep what is committed. Exit codes: 0 no error, 1 at least one (with --strict,\n"
        "or a warning), 2 there is no such database, 4 it does not answer.",
    ),
    "upgrade": Command(
        "Bring a database to the schema of this version.",
        _add_upgrade,
        _call_upgrade,
        "Servers may go on working meanwhile, if their version allows: see docs/operations/upgrade.md. Done\n"
        "again, it does nothing. Exit codes: 0 the schema is that of this version, 2 there is no such\n"
        "database, or it is of a later version, 4 it could not be done; the rest can be done later.",
    ),
}
