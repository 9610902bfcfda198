"""What is looked at on a SQLite file."""

import os
from collections.abc import Iterator

from maestrale.errors import Error
from maestrale.store import sqlite
from maestrale.store.administration.subject import Subject
from maestrale.store.administration.verdicts import Verdict, bad, good, warning
from maestrale.store.opening import LOCK_SECONDS
from maestrale.store.shape import Shape, sqlite_shape
from maestrale.store.urls import SqliteAddress

MOST_FAULTS = 10
_LITTLE_SPACE_BYTES = 256 * 1024 * 1024


def expected_shape(subject: Subject) -> Shape:
    """The shape of a file that is made now."""
    made = sqlite.open_database(None, create=True, lock_seconds=LOCK_SECONDS)
    try:
        return sqlite_shape(made)
    finally:
        made.close()


def found_shape(subject: Subject) -> Shape:
    return sqlite_shape(subject.database)


def check(subject: Subject) -> Iterator[Verdict]:
    assert isinstance(subject.address, SqliteAddress)
    assert subject.address.path is not None
    yield from _check_integrity(subject)
    yield _check_journal(subject)
    yield _check_space(subject.address.path)


def _check_integrity(subject: Subject) -> Iterator[Verdict]:
    hint = "restore the file from a copy, or save what can be read with `sqlite3 FILE .recover`"
    try:
        found = [text for (text,) in subject.database.rows(f"PRAGMA integrity_check({MOST_FAULTS})")]
    except Error as error:
        yield bad("integrity", error.message, hint)
        return
    if found == ["ok"]:
        yield good("integrity", "every page and every index was read, and they agree")
    else:
        for fault in found:
            yield bad("integrity", f"SQLite says: {fault}", hint)


def _check_journal(subject: Subject) -> Verdict:
    mode = subject.database.rows("PRAGMA journal_mode")[0][0]
    if mode == "wal":
        return good("journal", "it has a write-ahead log: readers and writers do not wait for each other")
    return warning(
        "journal",
        f"its journal is `{mode}`, so readers and writers wait for each other",
        "the next server or `maestrale run` sets it; should it stay so, the file system does not allow more",
    )


def _check_space(path: str) -> Verdict:
    state = os.statvfs(os.path.dirname(path) or ".")
    free = state.f_bavail * state.f_frsize
    said = f"{free // 1024**2:,} MiB are free where the file is"
    if free >= _LITTLE_SPACE_BYTES:
        return good("space", said)
    return warning("space", said, "free some space before there is none: then nothing can be committed")
