"""Which database a URL names."""

from maestrale.errors import InvalidInput

_FORMS = (
    "write `sqlite:///relative.db`, `sqlite:////absolute/path.db`, or `sqlite://` for a database in"
    " memory that ends with the process"
)
_MEMORY = ("sqlite://", "sqlite:///:memory:")
_FILE = "sqlite:///"


def sqlite_path(url: str) -> str | None:
    """The file of a database URL. None: a database in memory.

    Raises:
        InvalidInput: The URL has none of the forms that exist (`database-url`).
    """
    if url in _MEMORY:
        return None
    scheme, separator, _ = url.partition("://")
    if not separator:
        shown = "" if "@" in url else f"; for a file of that name write `{_FILE}{url}`"
        raise InvalidInput(
            f"a database is named by a URL, not by a path{shown}", code="database-url", hint=_FORMS
        )
    if scheme != "sqlite":  # The rest of the URL may hold a password.
        raise InvalidInput(
            f"there is no support for databases of the kind `{scheme}`", code="database-url", hint=_FORMS
        )
    path = url.removeprefix(_FILE)
    fault = _fault(url, path)
    if fault:
        raise InvalidInput(f"the database URL `{url}` {fault}", code="database-url", hint=_FORMS)
    return path


def _fault(url: str, path: str) -> str | None:
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
