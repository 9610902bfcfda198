"""`maestrale db info`."""

from collections.abc import Iterator

from maestrale.cli.columns import lines
from maestrale.cli.database import database_url
from maestrale.cli.exit_codes import ExitCode
from maestrale.cli.remote.tables import data_of, write_json
from maestrale.cli.terminal import write_output
from maestrale.cli.texts import local_time
from maestrale.store.administration import DatabaseInfo, TableInfo, look_at, read_info

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def show_info(database: str | None, *, json: bool) -> int:
    """Write what is in a database.

    Raises:
        Error: It is not there, not one of ours, or does not answer.
    """
    with look_at(database_url(database)) as subject:
        info = read_info(subject)
    if json:
        write_json(data_of(info))
    else:
        write_output("\n".join([*lines(list(_facts(info))), *_tables(info)]))
    return ExitCode.SUCCESS


def _facts(info: DatabaseInfo) -> Iterator[tuple[str, str]]:
    yield "database", info.database
    yield "server", info.server
    yield "schema", _schema(info)
    yield "size", size(info.bytes)
    if info.schema is None:
        return
    yield "nodes", f"{info.nodes:,}"
    if info.shards is not None:
        yield "shards", f"{info.shards.count}, of which no node has {info.shards.free}"
    oldest = info.oldest_unfinished
    yield (
        "oldest unfinished",
        "none" if oldest is None else f"{oldest.id} {oldest.state} since {local_time(oldest.created_at)}",
    )


def _schema(info: DatabaseInfo) -> str:
    if info.schema is None:
        return f"none yet; this version makes schema {info.program_schema}"
    return (
        f"{info.schema}, which serves programs from schema {info.serves} on; this version has"
        f" {info.program_schema}"
    )


def _tables(info: DatabaseInfo) -> list[str]:
    if not info.tables:
        return []
    has_sizes = any(table.bytes is not None for table in info.tables)
    titles = ("TABLE", "ROWS", "SIZE") if has_sizes else ("TABLE", "ROWS")
    return ["", *lines([titles, *(_row(table) for table in info.tables)])]


def _row(table: TableInfo) -> tuple[str, ...]:
    rows = f"{'about ' if table.is_estimate else ''}{table.rows:,}"
    return (table.name, rows) if table.bytes is None else (table.name, rows, size(table.bytes))


def size(number: float) -> str:
    """A number of bytes, as people read it."""
    for unit in _UNITS[:-1]:
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} {_UNITS[-1]}"
