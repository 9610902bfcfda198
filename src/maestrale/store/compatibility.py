"""Which program may run on which database: the version of its schema, and the oldest that it serves."""

from msgspec import Struct

from maestrale.errors import InvalidInput
from maestrale.store import schema
from maestrale.store.database import Database

_QUERY = 'SELECT "key", "value" FROM meta WHERE "key" IN (\'schema\', \'schema_serves\')'


class SchemaVersion(Struct, frozen=True):
    """What a database says about its schema.

    Args:
        number: Its version.
        serves: The oldest version whose programs may run on it.
    """

    number: int
    serves: int

    @property
    def is_older(self) -> bool:
        """Whether it lacks what this program needs."""
        return self.number < schema.VERSION

    @property
    def is_too_new(self) -> bool:
        """Whether this program would not understand it, or would do harm."""
        return self.serves > schema.VERSION


def read_version(database: Database) -> SchemaVersion:
    """The version of a database that is ours."""
    found = dict(
        database.rows('SELECT "key", "value" FROM meta WHERE "key" IN (\'schema\', \'schema_serves\')')
    )
    number = int(found["schema"])
    return SchemaVersion(number, int(found.get("schema_serves", number)))


def too_new(name: str, found: SchemaVersion) -> InvalidInput:
    """The error for a database that does not serve this program. `name` holds no password."""
    return InvalidInput(
        f"the database `{name}` was made or upgraded by a later version of {schema.PRODUCT} (schema"
        f" {found.number}, which serves programs from schema {found.serves} on; this one knows"
        f" {schema.VERSION})",
        code="database-newer",
        hint="use that version or a later one; the database has not been changed",
    )


def too_old(name: str, found: SchemaVersion, *, hint: str) -> InvalidInput:
    """The error for a database that lacks what this program needs."""
    return InvalidInput(
        f"the database `{name}` has the schema {found.number}, and this version of {schema.PRODUCT} needs"
        f" schema {schema.VERSION}",
        code="database-older",
        hint=hint,
    )
