"""Which database a URL names."""

import re
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote

from msgspec import Struct

from maestrale.errors import InvalidInput

_FORMS = (
    "write `sqlite:///relative.db`, `sqlite:////absolute/path.db`, `sqlite://` for a database in"
    " memory that ends with the process, or `postgresql://user:password@host:5432/name` for a server"
)
_MEMORY = ("sqlite://", "sqlite:///:memory:")
_FILE = "sqlite:///"
_SERVERS = ("postgresql", "postgres")
_PORTS = re.compile(r"(?:\[[^\]]*\]|[^:,\[\]]*)(?::\d*)?(?:,(?:\[[^\]]*\]|[^:,\[\]]*)(?::\d*)?)*")
"""One or more hosts, each with its port or without."""


class SqliteAddress(Struct, frozen=True):
    """A database file. `path` None: a database in memory."""

    path: str | None

    @property
    def shown(self) -> str:
        """What it is called in a message."""
        return "sqlite://" if self.path is None else self.path


class PostgresqlAddress(Struct, frozen=True):
    """A database of one server, or of several that stand in for each other.

    Args:
        url: As the driver takes it; it may hold a password.
        shown: What it is called in a message: the same without passwords and options.
    """

    url: str
    shown: str

    def __repr__(self) -> str:
        return f"PostgresqlAddress({self.shown!r})"


Address: TypeAlias = SqliteAddress | PostgresqlAddress


def parse_url(url: str) -> Address:
    """The database that a URL names.

    Raises:
        InvalidInput: The URL has none of the forms that exist (`database-url`). No password is told.
    """
    if url in _MEMORY:
        return SqliteAddress(None)
    scheme, separator, rest = url.partition("://")
    if not separator:
        shown = "" if "@" in url else f"; for a file of that name write `{_FILE}{url}`"
        raise InvalidInput(
            f"a database is named by a URL, not by a path{shown}", code="database-url", hint=_FORMS
        )
    if scheme in _SERVERS:
        return _server(rest)
    if scheme != "sqlite":  # The rest of the URL may hold a password.
        raise InvalidInput(
            f"there is no support for databases of the kind `{scheme}`", code="database-url", hint=_FORMS
        )
    path = url.removeprefix(_FILE)
    fault = _file_fault(url, path)
    if fault:
        raise InvalidInput(f"the database URL `{url}` {fault}", code="database-url", hint=_FORMS)
    return SqliteAddress(path)


def is_memory(url: str) -> bool:
    """Whether the URL names a database in memory.

    Raises:
        InvalidInput: The URL has none of the forms that exist (`database-url`).
    """
    return parse_url(url) == SqliteAddress(None)


def is_shared(url: str) -> bool:
    """Whether the URL names a database that many nodes may share.

    Raises:
        InvalidInput: The URL has none of the forms that exist (`database-url`).
    """
    return isinstance(parse_url(url), PostgresqlAddress)


def _file_fault(url: str, path: str) -> str | None:
    if not url.startswith(_FILE):
        return "names a host, and SQLite has none: a path begins after the third slash"
    if not path:
        return "names no file"
    if "?" in path:
        return "has options after a `?`, and there are none"
    if "\0" in path:
        return "holds a NUL character"
    if path.startswith("~"):
        return "begins with `~`, which stands for a home directory in a shell only: write it out"
    return None


def _server(rest: str) -> PostgresqlAddress:
    """What follows `postgresql://`: `user:password@host:port,host:port/name?options`."""
    located, _, query = rest.partition("?")
    authority, _, name = located.partition("/")
    user_and_password, at, hosts = authority.rpartition("@")
    fault = _server_fault(rest, hosts, name, query)
    if fault:
        raise InvalidInput(f"the database URL {fault}", code="database-url", hint=_FORMS)
    user = user_and_password.partition(":")[0] + at
    place = hosts or dict(parse_qsl(query)).get("host", "")  # The folder of a socket is an option.
    return PostgresqlAddress(f"postgresql://{rest}", f"postgresql://{user}{place}/{unquote(name)}")


def _server_fault(rest: str, hosts: str, name: str, query: str) -> str | None:
    """What is wrong with it, in words that repeat nothing of it: any part may hold a password."""
    if "\0" in rest:
        return "holds a NUL character"
    if "@" in name + query or "#" in rest or not _PORTS.fullmatch(hosts):
        return (
            "cannot be read: in a user or a password write `%40` for `@`, `%3A` for `:`, `%2F` for `/`, `%3F`"
            " for `?`, `%23` for `#` and `%25` for `%`; a port is a number"
        )
    if "/" in name:
        return "has more than one `/` behind the host: what follows the first is the name of a database"
    given = dict(parse_qsl(query, keep_blank_values=True))
    if not (name or given.get("dbname") or given.get("service")):
        return "names no database behind the host: `postgresql://host/name`"
    return None
