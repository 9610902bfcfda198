"""`maestrale db` tells of a database, finds what is wrong, and brings it up to date."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from maestrale.cli.db.commands import DB
from maestrale.cli.main import main
from maestrale.store import open_store
from maestrale.store.schema import VERSION

from ..store.old_files import make_old_file

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/x.db"


@pytest.fixture
def new(url: str) -> str:
    open_store(url).close()
    return url


@pytest.fixture
def old(url: str, tmp_path: Path) -> str:
    make_old_file(tmp_path / "x.db", VERSION - 1)
    return url


def call(*words: str, database: str) -> int:
    return main(["db", *words, "--database", database])


def test_every_verb_is_in_the_reference() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "command-line.md").read_text()

    assert [verb for verb in DB if f"    maestrale db {verb} [" not in page] == []


def first_words(text: str) -> Sequence[str]:
    return [line.split()[0] for line in text.splitlines() if line]


def test_info_tells_the_schema_and_the_tables(new: str, capsys: Captured) -> None:
    assert call("info", database=new) == 0

    out = capsys.readouterr().out
    facts = ["database", "server", "schema", "size", "nodes", "oldest", "TABLE"]
    assert first_words(out)[: len(facts)] == facts
    assert f"schema             {VERSION}, which serves programs from schema {VERSION} on" in out


def test_info_is_written_as_json(new: str, tmp_path: Path, capsys: Captured) -> None:
    assert call("info", "--json", database=new) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["database"], told["schema"], told["shards"]) == (f"{tmp_path}/x.db", VERSION, None)
    assert {"name": "trees", "rows": 0, "is_estimate": False, "bytes": None} in told["tables"]


def test_a_good_database_passes_every_check(new: str, capsys: Captured) -> None:
    assert call("check", database=new) == 0

    written = capsys.readouterr()
    assert set(first_words(written.out)) == {"ok"}
    assert written.err.endswith("no problems\n")


def test_an_older_database_fails_the_check_and_the_command_that_helps_is_named(
    old: str, capsys: Captured
) -> None:
    assert call("check", database=old) == 1

    written = capsys.readouterr()
    assert written.out.startswith(f"error    schema {VERSION - 1}, which serves")
    assert "  hint: run `maestrale db upgrade`\n" in written.out
    assert "1 error" in written.err


def test_a_warning_fails_the_check_only_where_that_is_asked_for(
    new: str, tmp_path: Path, capsys: Captured
) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("ALTER TABLE trees ADD COLUMN note TEXT")

    assert [call("check", database=new), call("check", "--strict", database=new)] == [0, 1]

    capsys.readouterr()
    call("check", "--json", database=new)
    assert {
        "level": "warning",
        "code": "tables",
        "message": "the column `trees.note` is not one of this version",
        "hint": "whoever added it knows why; upgrades pass it over",
    } in json.loads(capsys.readouterr().out)


def test_a_dry_run_says_what_an_upgrade_does_and_does_nothing(
    old: str, tmp_path: Path, capsys: Captured
) -> None:
    assert call("upgrade", "--dry-run", database=old) == 0

    assert capsys.readouterr().out.startswith(
        f"{tmp_path}/x.db would go from schema {VERSION - 1} to {VERSION}\n"
    )
    assert call("check", database=old) == 1


def test_an_upgrade_is_done_once(old: str, tmp_path: Path, capsys: Captured) -> None:
    assert [call("upgrade", database=old), call("upgrade", database=old)] == [0, 0]

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{tmp_path}/x.db went from schema {VERSION - 1} to {VERSION}"
    assert lines[-1] == f"{tmp_path}/x.db has schema {VERSION}: there is nothing to do"
    assert call("check", database=old) == 0


def test_an_upgrade_is_told_as_json(old: str, tmp_path: Path, capsys: Captured) -> None:
    assert call("upgrade", "--json", database=old) == 0

    told = json.loads(capsys.readouterr().out)
    assert [step["schema"] for step in told.pop("steps")] == [VERSION]
    assert told == {"database": f"{tmp_path}/x.db", "found": VERSION - 1, "to": VERSION, "done": True}


def test_the_statements_of_an_upgrade_are_written_and_not_carried_out(old: str, capsys: Captured) -> None:
    assert call("upgrade", "--sql", database=old) == 0

    script = capsys.readouterr().out
    assert (script.startswith("BEGIN;\n"), script.endswith("COMMIT;\n")) == (True, True)
    assert call("check", database=old) == 1


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["info"], 2, "database-missing"),
        (["check"], 2, "database-missing"),
        (["upgrade"], 2, "database-missing"),
        (["upgrade", "--wait", "nan"], 2, "usage"),
        (["upgrade", "--wait", "-1"], 2, "usage"),
        (["upgrade", "--sql", "--json"], 2, "usage"),
        (["downgrade"], 2, "usage"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_code(
    words: list[str], code: int, error: str, url: str, capsys: Captured
) -> None:
    assert call(*words, database=url) == code
    assert f"[{error}]" in capsys.readouterr().err


def test_a_server_that_does_not_answer_is_told_without_its_password(capsys: Captured) -> None:
    assert call("info", database="postgresql://me:hunter2@127.0.0.1:1/maestrale") == 4

    err = capsys.readouterr().err
    assert ("[database-unreachable]" in err, "hunter2" in err) == (True, False)


def test_a_command_on_a_file_that_is_up_to_date_loads_nothing_of_migrations_and_servers(new: str) -> None:
    program = (
        "import sys; from maestrale.cli.main import main;"
        f" code = main(['list', '--database', {new!r}]) or main(['db', 'info', '--database', {new!r}]);"
        " found = {'alembic', 'sqlalchemy', 'psycopg'} & set(sys.modules);"
        " sys.exit(f'{code} {found}' if code or found else 0)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], check=False, timeout=60, capture_output=True, text=True
    )

    assert ended.returncode == 0, ended.stderr
