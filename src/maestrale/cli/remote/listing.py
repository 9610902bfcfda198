"""The verb `list`: which things, in which order, how many."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, get_args

from maestrale.cli.command import Command
from maestrale.cli.files import shown
from maestrale.cli.remote.arguments import add_json
from maestrale.cli.remote.connection import command
from maestrale.cli.remote.kinds import Kind
from maestrale.cli.remote.tables import write_rows
from maestrale.cli.terminal import say
from maestrale.client import Client, Filter
from maestrale.client.filters import FilterValue, Operator
from maestrale.errors import InvalidInput

MOST_LISTED = 20
LONGEST_LIST = 1_000_000


def list_command(
    kind: Kind,
    *,
    add: Callable[[ArgumentParser], None] = lambda parser: None,
    options: Callable[[Namespace], Mapping[str, Any]] = lambda given: {},
) -> Command:
    """`list`: a line for each.

    Args:
        add: Declares more options, which `options` makes arguments of the manager's `list`.
    """

    def add_all(parser: ArgumentParser) -> None:
        add(parser)
        _add_listing(kind, parser)

    async def do(client: Client, given: Namespace) -> None:
        asked = {**options(given), **_common(kind, given)}
        rows = getattr(client, kind.manager).list(**asked, **read_filters(given.filter, taken=asked))
        found = [row async for row in rows]
        listed = found[: given.limit]
        write_rows(listed, kind.shown, as_json=given.json, nothing=f"there are no such {kind.noun}s")
        if len(found) > given.limit:
            say(f"these are the first {given.limit:,}; --limit shows more")

    return command(f"List {kind.noun}s.", add_all, do)


def _add_listing(kind: Kind, parser: ArgumentParser) -> None:
    comparisons = ", ".join(f"{operator}:" for operator in get_args(Operator))
    parser.add_argument(
        "-n", "--limit", type=int, default=MOST_LISTED, help=f"how many; default: {MOST_LISTED}"
    )
    parser.add_argument(
        "--filter",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="only those with this attribute; repeatable. A comparison may stand before the value:"
        f" {comparisons}",
    )
    parser.add_argument(
        "--sort",
        metavar="NAME",
        action="append",
        default=[],
        help="in the order of this attribute; repeatable. --sort=-NAME has the last first",
    )
    if kind.all_projects:
        parser.add_argument("--all-projects", action="store_true", help="for administrators")
    add_json(parser)


def _common(kind: Kind, given: Namespace) -> dict[str, Any]:
    """The arguments of every manager's `list`: one row more than wanted, to know whether there are more."""
    if not 1 <= given.limit <= LONGEST_LIST:
        raise InvalidInput(f"--limit is {given.limit}; it must be from 1 to {LONGEST_LIST:,}", code="usage")
    asked = {"limit": given.limit + 1, "sort": given.sort or kind.sort}
    return {**asked, "all_projects": given.all_projects} if kind.all_projects else asked


def read_filters(pairs: Sequence[str], *, taken: Collection[str]) -> dict[str, FilterValue]:
    """The filters of `name=value` texts.

    Args:
        taken: Names that are options of the command.

    Raises:
        InvalidInput: A text is no pair, or a name comes twice or is taken.
    """
    filters: dict[str, FilterValue] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name.isidentifier() or not equals:
            raise InvalidInput(
                f"the filter `{shown(pair)}` is no pair of an attribute and a value",
                code="filter-pair",
                hint="write name=value, for example --filter state=ERROR or --filter name=has:deploy",
            )
        if name in filters or name in taken:
            raise InvalidInput(
                f"the filter `{name}` is given twice, or is an option of its own", code="filter-pair"
            )
        filters[name] = _filter_value(value)
    return filters


def _filter_value(text: str) -> FilterValue:
    """What follows a comparison is not looked at: the server knows what each attribute is."""
    operator, colon, rest = text.partition(":")
    for known in get_args(Operator):
        if colon and operator == known:
            return Filter(known, rest)
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isascii() and text.isdecimal() and str(int(text[:9])) == text else text
