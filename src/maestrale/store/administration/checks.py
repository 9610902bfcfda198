"""Whether a database is as it should be: what is looked at on every one, and the order of it all."""

from collections.abc import Iterator
from types import ModuleType

from maestrale.errors import Error
from maestrale.store import schema
from maestrale.store.administration.subject import Subject
from maestrale.store.administration.verdicts import Verdict, bad, good, warning
from maestrale.store.shape import Difference, Shape, compare


class _Undo(Exception):
    """Ends a transaction that is to leave nothing."""


def check(subject: Subject) -> Iterator[Verdict]:
    """Look at one thing after another. What cannot be looked at is a finding, too, and no error."""
    special = _special(subject)
    yield from _check_version(subject)
    if subject.version is not None:
        if subject.version.number == schema.VERSION:
            yield from _check_shape(special.expected_shape(subject), special.found_shape(subject))
        yield _check_writing(subject)
    yield from special.check(subject)


def _special(subject: Subject) -> ModuleType:
    """What is looked at on databases of this kind. For a file nothing of servers is loaded."""
    if subject.is_server:
        from maestrale.store.administration import server_checks

        return server_checks
    from maestrale.store.administration import file_checks

    return file_checks


def _check_version(subject: Subject) -> Iterator[Verdict]:
    version = subject.version
    if version is None:
        yield bad("schema", "it has no tables yet", "make them with `maestrale db upgrade`")
        return
    said = f"schema {version.number}, which serves programs from schema {version.serves} on"
    if version.is_too_new:
        yield bad(
            "schema", f"{said}; this program knows {schema.VERSION}", "use a later version of the program"
        )
    elif version.is_older:
        yield bad("schema", f"{said}; this program needs {schema.VERSION}", "run `maestrale db upgrade`")
    else:
        yield good("schema", said)
    if version.number >= schema.FIRST_STAMPED:
        stamps = [stamp for (stamp,) in subject.database.rows("SELECT version_num FROM alembic_version")]
        if stamps != [f"{version.number:04}"]:
            yield bad(
                "schema-stamp",
                f"`alembic_version` has {', '.join(stamps) or 'no row'}, and `meta` schema {version.number}",
                "one of the two was changed by hand: find out which tables there are, and correct the other",
            )


def _check_shape(expected: Shape, found: Shape) -> Iterator[Verdict]:
    differences = compare(expected, found)
    if not differences:
        yield good(
            "tables",
            f"{len(expected.tables)} tables and {len(expected.indexes)} indexes are as they should be",
        )
    for difference in differences:
        yield _verdict_on(difference)


def _verdict_on(difference: Difference) -> Verdict:
    if difference.is_harmless:
        return warning("tables", difference.message, "whoever added it knows why; upgrades pass it over")
    return bad("tables", difference.message, "undo what was done by hand, or restore a copy")


def _check_writing(subject: Subject) -> Verdict:
    """Write a row and undo it."""
    try:
        with subject.database.writing():
            subject.database.run("INSERT INTO meta (\"key\", \"value\") VALUES ('being checked', '')")
            raise _Undo
    except _Undo:
        return good("writing", "it can be written")
    except Error as error:
        return bad("writing", error.message, error.hint or "")
