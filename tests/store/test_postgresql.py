"""What is PostgreSQL's own: making the tables, and whatever a server can do to a connection."""

import random
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from maestrale.errors import Error, InvalidInput, Unavailable
from maestrale.store import Store, open_reader, open_store, postgresql_connection
from maestrale.store.blobs import BLOB_BYTES, delete_blobs_of
from maestrale.store.database import Statement
from maestrale.store.opening import open_database
from maestrale.store.postgresql import PostgresqlDatabase
from maestrale.store.postgresql_errors import MEANINGS

from ..postgresql import PostgresqlServer
from .databases import ask
from .members import opened
from .rows import a_new_tree, a_task, an_environment, load, rows_of


def with_options(url: str, *settings: str) -> str:
    """The URL with settings of the session."""
    return url + "&options=" + "%20".join(f"-c%20{setting}" for setting in settings).replace("=", "%3D")


@contextmanager
def a_database(url: str, *settings: str) -> Iterator[PostgresqlDatabase]:
    with closing(open_database(with_options(url, *settings) if settings else url)) as database:
        assert isinstance(database, PostgresqlDatabase)
        yield database


def cut(server: PostgresqlServer, database: PostgresqlDatabase) -> None:
    """End the connection from the server's side."""
    [(pid,)] = database.rows("SELECT pg_backend_pid()")
    server.run(f"SELECT pg_terminate_backend({pid}, 5000)")


# Opening


def test_an_empty_database_gets_the_tables_from_whoever_comes_first(empty_postgresql_url: str) -> None:
    gate, failures = threading.Barrier(4), []

    def open_at_once() -> None:
        gate.wait()
        try:
            open_store(empty_postgresql_url).close()
        except Error as error:
            failures.append(error)

    threads = [threading.Thread(target=open_at_once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert ask(empty_postgresql_url, "SELECT count(*), min(epoch) FROM shards") == [(64, 0)]


def test_every_text_sorts_by_its_bytes_whatever_the_language_of_the_server(postgresql_url: str) -> None:
    others = ask(
        postgresql_url,
        "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'text'"
        " AND table_schema = 'public' AND collation_name IS DISTINCT FROM 'C'",
    )

    assert others == []


def test_the_database_of_another_application_is_never_touched(
    empty_postgresql_url: str,
) -> None:
    theirs = PostgresqlServer(empty_postgresql_url)
    theirs.run("CREATE TABLE trees (id integer)")

    with pytest.raises(InvalidInput) as caught:
        open_store(empty_postgresql_url)

    tables = theirs.run("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    assert (caught.value.code, tables) == ("database-not-ours", [("trees",)])


@pytest.mark.parametrize("opening", [open_reader, lambda url: open_store(url, create=False)])
def test_tables_are_made_only_by_who_may_make_them(opening: Any, empty_postgresql_url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        opening(empty_postgresql_url)

    assert (caught.value.code, "maestrale db upgrade" in str(caught.value.hint)) == ("database-older", True)


def test_a_database_that_lacks_characters_is_refused(postgresql: PostgresqlServer) -> None:
    postgresql.run("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    url = postgresql.url_of("latin")
    try:
        with pytest.raises(InvalidInput) as caught:
            open_store(url)
    finally:
        postgresql.drop_database(url)

    assert caught.value.code == "database-encoding"


def test_a_schema_of_ones_own_in_a_shared_database_is_enough(empty_postgresql_url: str) -> None:
    theirs = PostgresqlServer(empty_postgresql_url)
    theirs.run("CREATE TABLE trees (id integer)")
    theirs.run("CREATE SCHEMA ours")

    with opened(with_options(empty_postgresql_url, "search_path=ours")) as store:
        store.commit([commit := a_new_tree("root", a_task())])
        assert load(store) == rows_of(commit.after)


# Servers that are not there, or refuse


def refusal(url: str) -> tuple[str, bool]:
    """The code of the error, and whether it shows the password."""
    with pytest.raises(Unavailable) as caught:
        open_store(url)
    shown = f"{caught.value} {caught.value.__cause__!r}"
    return caught.value.code, "secret" in shown


def as_user(url: str, user: str) -> str:
    """The URL with another name and password."""
    return re.sub("//[^/@]*@", f"//{user}@", url)


def test_a_database_that_does_not_exist_is_missing(postgresql: PostgresqlServer) -> None:
    assert refusal(postgresql.url_of("nowhere")) == ("database-missing", False)


def test_a_server_that_does_not_run_is_unreachable(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]

    assert refusal(f"postgresql://user:secret@127.0.0.1:{port}/trees") == ("database-unreachable", False)
    assert refusal(f"postgresql://user:secret@/trees?host={tmp_path}") == ("database-unreachable", False)


def test_a_server_that_takes_a_connection_and_says_nothing_is_unreachable() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        url = f"postgresql://user:secret@127.0.0.1:{port}/trees?connect_timeout=2"

        assert refusal(url) == ("database-unreachable", False)


def test_a_user_that_does_not_exist_or_has_no_right_is_denied(postgresql: PostgresqlServer) -> None:
    url = postgresql.make_empty_database()
    try:
        unknown = as_user(url, "nobody:secret")
        assert refusal(unknown) == ("database-denied", False)

        postgresql.run("CREATE ROLE guest LOGIN PASSWORD 'secret'")
        assert refusal(as_user(url, "guest:secret")) == ("database-denied", False)
    finally:
        postgresql.drop_database(url)
        postgresql.run("DROP ROLE IF EXISTS guest")


def test_a_user_without_a_connection_left_is_told_that_it_is_busy(
    postgresql: PostgresqlServer, postgresql_url: str
) -> None:
    name = postgresql_url.split("/")[3].split("?")[0]
    postgresql.run("CREATE ROLE guest LOGIN")
    postgresql.run(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    try:
        assert refusal(as_user(postgresql_url, "guest:secret")) == ("database-busy", False)
    finally:
        postgresql.run("DROP ROLE guest")


# Connections that break


def test_a_connection_that_broke_is_opened_again_at_the_next_use(
    postgresql: PostgresqlServer, postgresql_url: str
) -> None:
    with a_database(postgresql_url) as database:
        cut(postgresql, database)

        with pytest.raises(Unavailable) as caught:
            database.rows("SELECT 1")
        assert (caught.value.code, database.rows("SELECT 1")) == ("database-unreachable", [(1,)])


def test_a_transaction_whose_connection_broke_never_goes_on_in_another_one(
    postgresql: PostgresqlServer, postgresql_url: str
) -> None:
    with a_database(postgresql_url) as database:
        with pytest.raises(Unavailable), database.writing():  # noqa: PT012 - All of it is one transaction.
            database.run("INSERT INTO meta VALUES ('first', '1')")
            cut(postgresql, database)
            for _ in range(2):
                with pytest.raises(Unavailable):
                    database.run("INSERT INTO meta VALUES ('second', '2')")

        with database.writing():
            database.run("INSERT INTO meta VALUES ('third', '3')")
        assert database.rows("SELECT \"key\" FROM meta WHERE \"value\" IN ('1', '2', '3')") == [("third",)]


def test_whoever_loses_the_connection_while_committing_is_told_that_it_may_be_stored(
    postgresql: PostgresqlServer, postgresql_url: str
) -> None:
    with a_database(postgresql_url) as database:
        with pytest.raises(Unavailable) as caught, database.writing():  # noqa: PT012 - One transaction.
            database.run("INSERT INTO meta VALUES ('first', '1')")
            cut(postgresql, database)

        assert "may or may not be stored" in str(caught.value.hint)


def test_an_answer_that_does_not_come_ends_the_connection_and_not_the_node(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_database(postgresql_url) as database:
        monkeypatch.setattr(postgresql_connection, "ANSWER_SECONDS", 0.1)
        with pytest.raises(Unavailable) as caught:
            database.rows("SELECT pg_sleep(20)")

        assert (caught.value.code, database.rows("SELECT 1")) == ("database-unreachable", [(1,)])


def test_a_transaction_in_which_nothing_is_asked_is_ended_by_the_server_with_its_locks(
    postgresql_url: str,
) -> None:
    with (
        a_database(postgresql_url, "idle_in_transaction_session_timeout=50") as frozen,
        a_database(postgresql_url) as other,
    ):
        with pytest.raises(Unavailable), frozen.writing():  # noqa: PT012 - All of it is one transaction.
            frozen.rows("SELECT 1 FROM meta WHERE \"key\" = 'product' FOR UPDATE")
            frozen.run_together([Statement("INSERT INTO meta VALUES (?, ?)", [("first", "1")])])
            other.rows("SELECT 1 FROM meta WHERE \"key\" = 'product' FOR UPDATE")  # Waits for that end.
            with pytest.raises(Unavailable) as caught:
                frozen.rows("SELECT 1")

        assert (caught.value.code, frozen.rows("SELECT 1")) == ("database-unreachable", [(1,)])


# Statements that fail


def test_who_waits_too_long_for_a_lock_is_told_and_may_try_again(postgresql_url: str) -> None:
    lock = "SELECT 1 FROM meta WHERE \"key\" = 'product' FOR UPDATE"
    with a_database(postgresql_url) as first, a_database(postgresql_url, "lock_timeout=20") as second:
        with first.writing():
            first.rows(lock)
            with pytest.raises(Unavailable) as caught, second.writing():
                second.rows(lock)
        with second.writing():
            assert second.rows(lock) == [(1,)]

    assert caught.value.code == "database-locked"


def test_two_that_wait_for_each_other_are_told_to_try_again(postgresql_url: str) -> None:
    codes: list[str] = []
    gate = threading.Barrier(2)

    def lock(keys: tuple[str, str]) -> None:
        with a_database(postgresql_url, "deadlock_timeout=20") as database:
            try:
                with database.writing():
                    for key in keys:
                        database.rows('SELECT 1 FROM meta WHERE "key" = ? FOR UPDATE', (key,))
                        if key == keys[0]:
                            gate.wait()
            except Unavailable as error:
                codes.append(error.code)

    threads = [
        threading.Thread(target=lock, args=(keys,)) for keys in (("schema", "product"), ("product", "schema"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert codes == ["database-locked"]


def test_a_statement_that_takes_too_long_is_cancelled(postgresql_url: str) -> None:
    with a_database(postgresql_url, "statement_timeout=20") as database:
        with pytest.raises(Unavailable) as caught:
            database.rows("SELECT pg_sleep(20)")

        assert (caught.value.code, database.rows("SELECT 1")) == ("database-timeout", [(1,)])


def test_a_failed_part_of_a_transaction_leaves_the_rest(postgresql_url: str) -> None:
    with a_database(postgresql_url) as database:
        with database.writing():
            database.run("INSERT INTO meta VALUES ('first', '1')")
            with pytest.raises(Error), database.writing():  # noqa: PT012 - The part is one.
                database.run("INSERT INTO meta VALUES ('second', '2')")
                database.run("INSERT INTO meta VALUES ('second', '2')")
            database.run("INSERT INTO meta VALUES ('third', '3')")

        found = database.rows("SELECT \"key\" FROM meta WHERE \"value\" IN ('1', '2', '3') ORDER BY 1")
        assert found == [("first",), ("third",)]


def test_many_rows_are_walked_through_in_chunks_while_others_are_asked_for(postgresql_url: str) -> None:
    with a_database(postgresql_url) as database, database.reading():
        chunks = database.chunks("SELECT n FROM generate_series(1, CAST(? AS bigint)) n", (1_200,))
        inner = [row for chunk in database.chunks("SELECT 1") for row in chunk]

        assert ([len(chunk) for chunk in chunks], inner) == ([500, 500, 200], [(1,)])


def test_a_name_longer_than_an_index_takes_is_refused(server_store: Store) -> None:
    name = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20_000))
    with pytest.raises(InvalidInput) as caught:
        server_store.insert_record(an_environment(name))

    assert caught.value.code == "value-too-large"


def test_every_code_of_an_error_is_documented() -> None:
    concept = (Path(__file__).parents[2] / "docs" / "concepts" / "storage.md").read_text()

    assert [meaning.code for meaning in MEANINGS.values() if f"`{meaning.code}`" not in concept] == []


def test_a_large_value_that_a_tree_begins_to_use_is_not_deleted_with_the_last_one_that_did(
    server_store: Store, postgresql: PostgresqlServer, postgresql_url: str
) -> None:
    large = {"text": "x" * BLOB_BYTES}
    server_store.commit([a_new_tree("old", a_task("old", published=large))])

    def delete_old() -> None:
        with a_database(postgresql_url) as database, database.writing():
            delete_blobs_of(database, "old")

    thread = threading.Thread(target=delete_old)
    with server_store.writing():
        server_store.commit([commit := a_new_tree("new", a_task("new", published=large))])
        thread.start()
        while not postgresql.run("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            pass
    thread.join()

    assert load(server_store, "new") == rows_of(commit.after)
