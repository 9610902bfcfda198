"""Which database a URL names, and which texts name none."""

from pathlib import Path

import pytest

from maestrale.errors import InvalidInput
from maestrale.store import open_store
from maestrale.store.urls import SqliteAddress, parse_url

from .rows import a_new_tree, load, rows_of


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("sqlite:///trees.db", "trees.db"),
        ("sqlite:///a/b c/trees.db", "a/b c/trees.db"),
        ("sqlite:////var/lib/trees.db", "/var/lib/trees.db"),
    ],
)
def test_a_url_names_a_file_or_memory(url: str, path: str | None) -> None:
    assert parse_url(url) == SqliteAddress(path)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("trees.db", "not by a path; for a file of that name write `sqlite:///trees.db`"),
        ("/var/trees.db", "for a file of that name write `sqlite:////var/trees.db`"),
        ("", "a database is named by a URL"),
        ("sqlite:/trees.db", "a database is named by a URL"),
        ("sqlite:///", "names no file"),
        ("sqlite://host/trees.db", "names a host"),
        ("sqlite:///trees.db?timeout=5", "has options"),
        ("sqlite:///~/trees.db", "home directory"),
        ("sqlite:///a\0b", "NUL"),
        ("mysql://user:secret@host/trees", "no support for databases of the kind `mysql`"),
        ("postgresql+psycopg://user:secret@host/trees", "the kind `postgresql+psycopg`"),
        ("postgresql://user:secret@host", "names no database"),
        ("postgresql://user:secret@host/", "names no database"),
        ("postgresql://user:secret@host/trees/more", "more than one `/`"),
        ("postgresql://user:secret@host:port/trees", "a port is a number"),
        ("postgresql://user:sec/ret@host/trees", "write `%40` for `@`"),
        ("postgresql://user:sec?ret@host/trees", "write `%40` for `@`"),
        ("postgresql://user:sec#ret@host/trees", "`%23` for `#`"),
        ("postgresql://user:secret@host/trees?sslmode=\0", "NUL"),
    ],
)
def test_other_texts_are_refused_with_the_forms_that_exist(url: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        open_store(url)

    assert caught.value.code == "database-url"
    assert message in caught.value.message
    assert "secret" not in str(caught.value)
    assert caught.value.hint is not None
    assert "sqlite:///relative.db" in caught.value.hint


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://user:secret@host:5432/trees", "postgresql://user@host:5432/trees"),
        ("postgres://host/trees?password=secret", "postgresql://host/trees"),
        ("postgresql://user:secret@one,two:5433/trees", "postgresql://user@one,two:5433/trees"),
        ("postgresql://user:secret@[::1]:5432/trees", "postgresql://user@[::1]:5432/trees"),
        ("postgresql:///trees?host=/run/postgresql", "postgresql:///run/postgresql/trees"),
        ("postgresql://user:se%40cret@host/t%20rees", "postgresql://user@host/t rees"),
    ],
)
def test_a_url_names_a_server_and_never_shows_its_password(url: str, shown: str) -> None:
    address = parse_url(url)

    assert (address.shown, str(address)) == (shown, f"PostgresqlAddress('{shown}')")


@pytest.mark.parametrize(
    "url", ["postgresql://user:secret%zz@host/trees", "postgresql://host/trees?colour=red"]
)
def test_what_the_driver_cannot_read_is_refused_without_the_password(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        open_store(url)

    assert (caught.value.code, "secret" in str(caught.value)) == ("database-url", False)


def test_a_relative_path_begins_where_the_process_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    open_store("sqlite:///here/trees.db").close()

    assert (tmp_path / "here" / "trees.db").exists()


def test_each_database_in_memory_is_its_own() -> None:
    commit = a_new_tree()
    with open_store("sqlite://") as one, open_store("sqlite://") as two:
        one.commit([commit])

        assert load(one) == rows_of(commit.after)
        assert one.claim() == ["root"]
        assert two.list_roots() == []
