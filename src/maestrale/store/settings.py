"""Settings of the whole service that outlive the processes: a text by its name."""

from maestrale.store.database import Database

_PREFIX = "setting."

REVISION_SQL = 'SELECT CAST("value" AS BIGINT) FROM meta WHERE "key" = \'revision\''
"""How often something was changed that other nodes keep in mind; no row: never. See `count_change`."""


def get_setting(database: Database, key: str) -> str | None:
    """The text that was put there last. None: none ever was."""
    found = database.rows('SELECT "value" FROM meta WHERE "key" = ?', (_PREFIX + key,))
    return found[0][0] if found else None


def keep_setting(database: Database, key: str, value: str) -> str:
    """Keep a text unless there is one already; the one that is kept. The caller commits."""
    if database.run(
        'INSERT INTO meta ("key", "value") VALUES (?, ?) ON CONFLICT ("key") DO NOTHING',
        (_PREFIX + key, value),
    ):
        count_change(database)
    kept = get_setting(database, key)
    assert kept is not None
    return kept


def count_change(database: Database) -> None:
    """Let all nodes know, by their next beat, that a setting or a trigger has changed. The caller commits.

    It is the last thing that a transaction does: the row is the same for all of them.
    """
    database.run(
        'INSERT INTO meta ("key", "value") VALUES (\'revision\', \'1\') ON CONFLICT ("key")'
        ' DO UPDATE SET "value" = CAST(CAST(meta."value" AS BIGINT) + 1 AS TEXT)'
    )


def swap_setting(database: Database, key: str, before: str | None, after: str) -> bool:
    """Keep a text in the stead of `before`; None: of none. The caller commits.

    False: there is another one, which stays.
    """
    if before is None:
        done = database.run(
            'INSERT INTO meta ("key", "value") VALUES (?, ?) ON CONFLICT ("key") DO NOTHING',
            (_PREFIX + key, after),
        )
    else:
        done = database.run(
            'UPDATE meta SET "value" = ? WHERE "key" = ? AND "value" = ?', (after, _PREFIX + key, before)
        )
    if done:
        count_change(database)
    return bool(done)
