"""The revisions there are, in order."""

from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from alembic.script import Script, ScriptDirectory
from msgspec import Struct


class Revision(Struct, frozen=True, kw_only=True):
    """A step from one version of the schema to the next.

    Args:
        schema: The version it leads to.
        serves: The oldest version whose programs may go on beside it.
        title: What it does, in a line.
    """

    schema: int
    serves: int
    title: str

    @property
    def id(self) -> str:
        """What Alembic calls it."""
        return revision_id(self.schema)


class Revisions:
    """The revisions of some folders.

    Args:
        more: Folders beside that of this package: a later version, for a test.
    """

    def __init__(self, more: Iterable[str] = ()) -> None:
        here = str(files(__package__))
        self.script = ScriptDirectory(here, version_locations=[f"{here}/versions", *more])

    def between(self, found: int, to: int) -> list[Revision]:
        """Those that lead a database from one version of the schema to another, in order."""
        return [each for each in self._all() if found < each.schema <= to]

    @property
    def latest(self) -> Revision:
        return self._all()[-1]

    def steps(self, destination: str, heads: Any) -> Any:
        """What Alembic carries out to get from `heads` to `destination`."""
        return self.script._upgrade_revs(destination, heads)

    def _all(self) -> list[Revision]:
        newest_first = list(self.script.walk_revisions())
        return [_revision(script) for script in reversed(newest_first)]


def revision_id(schema: int) -> str:
    return f"{schema:04}"


def _revision(script: Script) -> Revision:
    title = script.doc.split(".")[0]
    return Revision(schema=int(script.revision), serves=script.module.serves, title=title)
