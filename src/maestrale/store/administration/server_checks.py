"""What is looked at on a PostgreSQL server: the settings that promises of ours rest on."""

from collections.abc import Iterator
from datetime import timedelta

from maestrale.clock import Clock, SystemClock
from maestrale.errors import Error
from maestrale.store.administration.subject import Subject
from maestrale.store.administration.verdicts import Verdict, bad, good, warning
from maestrale.store.columns import instant_value
from maestrale.store.database import Database
from maestrale.store.postgresql_opening import OLDEST_SERVER, creation
from maestrale.store.shape import Shape, expected_on_postgresql, postgresql_shape

LARGEST_SKEW = timedelta(seconds=2)
LARGEST_LAG = timedelta(seconds=30)
CONNECTIONS_PER_NODE = 10
_OLDEST_TRANSACTION = 1_500_000_000
"""At two thousand millions the server stops, to keep what it has."""


def expected_shape(subject: Subject) -> Shape:
    return expected_on_postgresql(subject.database, creation())


def found_shape(subject: Subject) -> Shape:
    return postgresql_shape(subject.database)


def check(subject: Subject, clock: Clock | None = None) -> Iterator[Verdict]:
    database = subject.database
    yield _check_release(database)
    yield _check_encoding(database)
    yield from _check_durability(database)
    yield _check_connections(database)
    yield _check_clock(database, clock or SystemClock())
    yield from _check_vacuum(database)
    yield from _check_replication(database)


def _check_release(database: Database) -> Verdict:
    number = int(_setting(database, "server_version_num")) // 10_000
    if number < OLDEST_SERVER:
        return bad(
            "server-version", f"it is PostgreSQL {number}", f"PostgreSQL {OLDEST_SERVER} or later is needed"
        )
    return good("server-version", f"PostgreSQL {_setting(database, 'server_version')}")


def _check_encoding(database: Database) -> Verdict:
    encoding = _setting(database, "server_encoding")
    if encoding != "UTF8":
        return bad("encoding", f"texts are kept in {encoding}", "make a database with `ENCODING 'UTF8'`")
    return good("encoding", "texts are kept in UTF8, and our columns are sorted by their bytes")


def _check_durability(database: Database) -> Iterator[Verdict]:
    """What must be on for a commit to survive a power failure."""
    off = [name for name in ("fsync", "full_page_writes") if _setting(database, name) == "off"]
    for name in off:
        yield bad(
            "durability",
            f"`{name}` is off: a crash of its machine can destroy the database",
            f"set `{name} = on` and reload the server; copies made until then may be damaged already",
        )
    level = _setting(database, "synchronous_commit")
    if level == "off":
        yield bad(
            "durability",
            "`synchronous_commit` is off: a crash of the server loses commits that were reported",
            "set `synchronous_commit = on`; an action that was begun could be begun again",
        )
    elif not off:
        yield good(
            "durability", f"commits are on the disk when they are reported (`synchronous_commit = {level}`)"
        )


def _check_connections(database: Database) -> Verdict:
    most = int(_setting(database, "max_connections")) - int(
        _setting(database, "superuser_reserved_connections")
    )
    used = database.rows("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")[0][0]
    said = f"{used} of {most} connections are used"
    if most - used >= CONNECTIONS_PER_NODE:
        return good("connections", said)
    return warning("connections", said, "raise `max_connections`: a node that starts may find none")


def _check_clock(database: Database, clock: Clock) -> Verdict:
    before = clock.now()
    there = instant_value(database.rows(f"SELECT {database.dialect.now}")[0][0])
    after = clock.now()
    skew = there - (before + (after - before) / 2)
    said = f"its clock differs from this machine's by {abs(skew.total_seconds()):.1f} s"
    if abs(skew) <= LARGEST_SKEW:
        return good("clock", said)
    return warning(
        "clock",
        said,
        "set both by NTP: leases go by the server's clock, timers and the times that are shown by the nodes'",
    )


def _check_vacuum(database: Database) -> Iterator[Verdict]:
    if _setting(database, "autovacuum") == "off":
        yield warning(
            "vacuum",
            "`autovacuum` is off: tables and indexes grow with every change",
            "set `autovacuum = on`",
        )
    age = database.rows("SELECT max(age(datfrozenxid)) FROM pg_database")[0][0]
    if age > _OLDEST_TRANSACTION:
        yield warning(
            "vacuum",
            f"its oldest transaction is {age:,} transactions ago; at 2,100,000,000 it takes no writes",
            "run `VACUUM FREEZE`, and find out what keeps autovacuum from its work",
        )


def _check_replication(database: Database) -> Iterator[Verdict]:
    if database.rows("SELECT pg_is_in_recovery()")[0][0]:
        yield bad(
            "replication",
            "it is a standby, which only reads",
            "name the primary, or all of them: `postgresql://a,b/name?target_session_attrs=read-write`",
        )
        return
    try:
        standbys = database.rows(
            "SELECT application_name, sync_state, coalesce(extract(epoch FROM replay_lag), 0)::float8"
            " FROM pg_stat_replication WHERE state IS NOT NULL ORDER BY application_name"
        )
    except Error as error:
        yield warning("replication", error.message, "give this user the role `pg_monitor`")
        return
    for name, kind, lag in standbys:
        said = f"the standby `{name}` ({kind}) is {lag:.1f} s behind"
        if lag <= LARGEST_LAG.total_seconds():
            yield good("replication", said)
        else:
            yield warning("replication", said, "look at its disk and at the network between the two")


def _setting(database: Database, name: str) -> str:
    return str(database.rows("SELECT current_setting(?)", (name,))[0][0])
