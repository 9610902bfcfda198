"""Settings of the whole service that outlive the processes: a text by its name."""

from maestrale.store.database import Database

_PREFIX = "setting."


def get_setting(database: Database, key: str) -> str | None:
    """The text that was put there last. None: none ever was."""
    found = database.rows('SELECT "value" FROM meta WHERE "key" = ?', (_PREFIX + key,))
    return found[0][0] if found else None


def keep_setting(database: Database, key: str, value: str) -> str:
    """Keep a text unless there is one already; the one that is kept. The caller commits."""
    database.run(
        'INSERT INTO meta ("key", "value") VALUES (?, ?) ON CONFLICT ("key") DO NOTHING',
        (_PREFIX + key, value),
    )
    kept = get_setting(database, key)
    assert kept is not None
    return kept


def put_setting(database: Database, key: str, value: str) -> None:
    """Keep a text in the stead of the one before. The caller commits."""
    database.run(
        'INSERT INTO meta ("key", "value") VALUES (?, ?)'
        ' ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value"',
        (_PREFIX + key, value),
    )
