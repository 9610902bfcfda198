"""Which database a URL names, and which texts name none."""

from pathlib import Path

import pytest

from maestrale.errors import InvalidInput
from maestrale.store import open_store
from maestrale.store.urls import sqlite_path

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
    assert sqlite_path(url) == path


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
        ("postgresql://user:secret@host/trees", "no support for databases of the kind `postgresql`"),
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
