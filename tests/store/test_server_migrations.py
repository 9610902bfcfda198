"""A PostgreSQL database is brought up to date while others work on it, wholly or not at all."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from queue import SimpleQueue

import psycopg
import pytest

from maestrale.core.status import TaskState
from maestrale.errors import InvalidInput, Unavailable
from maestrale.ids import shard_of
from maestrale.store import open_reader, open_store
from maestrale.store.migrations.revisions import Revisions
from maestrale.store.migrations.server import upgrade_server
from maestrale.store.schema import SERVES, VERSION
from maestrale.store.urls import PostgresqlAddress, parse_url

from .members import Member, a_member
from .migrating import later, make_old_server, run, shape_of
from .rows import a_new_tree, a_task, load, the_next

DEADLINE = 60.0
"""Seconds until a test gives up; nothing takes nearly as long."""

SCHEMA = 'SELECT "key", "value" FROM meta WHERE "key" LIKE \'schema%\' ORDER BY 1'
STAMP = "SELECT version_num FROM alembic_version"


def address(url: str) -> PostgresqlAddress:
    found = parse_url(url)
    assert isinstance(found, PostgresqlAddress)
    return found


@contextmanager
def a_transaction(url: str, statement: str) -> "Iterator[psycopg.Connection]":
    """A transaction that somebody has begun and not ended."""
    with closing(psycopg.connect(url)) as connection:
        connection.execute(statement)
        yield connection


def test_an_older_database_gets_the_schema_of_a_new_one(
    empty_postgresql_url: str, postgresql_url: str
) -> None:
    make_old_server(empty_postgresql_url)

    done = upgrade_server(address(empty_postgresql_url), to=VERSION)

    assert [step.schema for step in done] == list(range(2, VERSION + 1))
    assert shape_of(empty_postgresql_url) == shape_of(postgresql_url)
    for query in (SCHEMA, STAMP):
        assert run(empty_postgresql_url, query) == run(postgresql_url, query)


def test_the_last_revision_leads_to_the_schema_that_new_databases_get() -> None:
    latest = Revisions().latest

    assert (latest.schema, latest.serves) == (VERSION, SERVES)


def test_an_older_database_is_refused_with_the_command_that_helps(empty_postgresql_url: str) -> None:
    make_old_server(empty_postgresql_url)

    for opening in (open_store, open_reader):
        with pytest.raises(InvalidInput) as caught:
            opening(empty_postgresql_url)
        assert (caught.value.code, "maestrale db upgrade" in str(caught.value.hint)) == (
            "database-older",
            True,
        )


def test_a_later_database_is_used_as_long_as_it_serves_this_version(postgresql_url: str) -> None:
    upgrade_server(address(postgresql_url), to=VERSION + 2, revisions=later())

    open_store(postgresql_url).close()
    run(postgresql_url, f"UPDATE meta SET \"value\" = '{VERSION + 1}' WHERE \"key\" = 'schema_serves'")

    with pytest.raises(InvalidInput) as caught:
        open_store(postgresql_url)
    assert caught.value.code == "database-newer"


def test_done_again_it_does_nothing(postgresql_url: str) -> None:
    revisions = later()

    first = upgrade_server(address(postgresql_url), to=VERSION + 2, revisions=revisions)
    again = upgrade_server(address(postgresql_url), to=VERSION + 2, revisions=revisions)

    assert ([step.schema for step in first], again) == ([VERSION + 1, VERSION + 2], [])


def test_of_two_that_upgrade_at_once_one_does_it_and_the_other_waits(postgresql_url: str) -> None:
    steps: SimpleQueue[list[int]] = SimpleQueue()

    def upgrade() -> None:
        done = upgrade_server(address(postgresql_url), to=VERSION + 2, revisions=later())
        steps.put([step.schema for step in done])

    threads = [threading.Thread(target=upgrade) for _ in range(2)]
    for thread in threads:
        thread.start()

    assert sorted(steps.get(timeout=DEADLINE) for _ in threads) == [[], [VERSION + 1, VERSION + 2]]
    for thread in threads:
        thread.join(DEADLINE)


def test_who_waits_too_long_for_another_upgrade_is_told(postgresql_url: str) -> None:
    with (
        a_transaction(postgresql_url, "SELECT 1 FROM meta WHERE \"key\" = 'product' FOR UPDATE"),
        pytest.raises(Unavailable) as caught,
    ):
        upgrade_server(address(postgresql_url), to=VERSION + 1, revisions=later(), patience_seconds=0.1)

    assert caught.value.code == "upgrade-under-way"


def test_a_reader_that_takes_long_delays_an_upgrade_and_no_writer(postgresql_url: str) -> None:
    waited = []

    with a_member(postgresql_url) as member, a_transaction(postgresql_url, "SELECT 1 FROM tasks") as reader:

        def on_wait(holders: str) -> None:
            # The upgrade has given way: others go on.
            member.store.commit([a_new_tree("root", a_task())])
            reader.rollback()
            waited.append(holders)

        done = upgrade_server(address(postgresql_url), to=VERSION + 1, revisions=later(), on_wait=on_wait)

        assert load(member.store).tasks == [a_task()]
    assert ([step.schema for step in done], len(waited)) == ([VERSION + 1], 1)


def test_a_table_that_others_always_use_ends_an_upgrade_with_nothing_done(postgresql_url: str) -> None:
    before = shape_of(postgresql_url)

    with a_transaction(postgresql_url, "SELECT 1 FROM tasks"), pytest.raises(Unavailable) as caught:
        upgrade_server(address(postgresql_url), to=VERSION + 1, revisions=later(), patience_seconds=0.1)

    assert caught.value.code == "table-in-use"
    assert shape_of(postgresql_url) == before
    assert run(postgresql_url, STAMP) == [(f"{VERSION:04}",)]


def test_an_upgrade_that_loses_its_connection_leaves_the_old_schema(
    postgresql_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("revisions")
    (folder / "v0005_cut.py").write_text(
        f'from maestrale.store.migrations.operations import run\nrevision = "{VERSION + 1:04}"\n'
        f'down_revision = "{VERSION:04}"\nserves = {VERSION}\ndef upgrade():\n'
        "    run('DROP TABLE timers', 'SELECT pg_terminate_backend(pg_backend_pid())')\n"
    )
    before = shape_of(postgresql_url)

    with pytest.raises(Unavailable) as caught:
        upgrade_server(address(postgresql_url), to=VERSION + 1, revisions=Revisions([str(folder)]))

    assert caught.value.code == "database-unreachable"
    assert shape_of(postgresql_url) == before
    assert upgrade_server(address(postgresql_url), to=VERSION + 1, revisions=later()) != []


def test_an_index_that_was_left_half_made_is_made_anew(postgresql_url: str) -> None:
    upgrade_server(address(postgresql_url), to=VERSION + 1, revisions=later())
    run(
        postgresql_url,
        "CREATE INDEX tasks_by_label ON tasks (name)",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tasks_by_label'::regclass",
    )

    upgrade_server(address(postgresql_url), to=VERSION + 2, revisions=later())

    found = shape_of(postgresql_url)
    assert found.indexes["tasks_by_label"] == "CREATE INDEX tasks_by_label ON tasks USING btree (label)"
    assert found.unfinished == frozenset()


class Worker:
    """A node that commits and reads as fast as it can, until it is told to stop."""

    def __init__(self, member: Member, root_id: str) -> None:
        self._member = member
        self._root_id = root_id
        self._commits: SimpleQueue[int | Exception] = SimpleQueue()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self.made = 0

    def _run(self) -> None:
        store, task = self._member.store, a_task(self._root_id)
        commit = a_new_tree(self._root_id, task)
        try:
            store.commit([commit])
            while not self._is_over.is_set():
                for state in (TaskState.SUCCESS, TaskState.RUNNING):
                    sequence = commit.entries[-1][0] + 1
                    commit = the_next(commit, a_task(self._root_id, state=state, attempt=sequence))
                    store.commit([commit])
                    assert load(store, self._root_id).tasks == list(commit.after.tasks.values())
                    self._commits.put(sequence)
        except Exception as error:
            self._commits.put(error)

    def wait_for(self, commits: int) -> None:
        for _ in range(commits):
            done = self._commits.get(timeout=DEADLINE)
            assert isinstance(done, int), done
            self.made = done

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join(DEADLINE)
        while not self._commits.empty():
            self.wait_for(1)


def root_of(member: Member, number: int) -> str:
    """The id of a tree that belongs to this node."""
    return next(
        root_id
        for root_id in (f"root-{number}-{attempt}" for attempt in range(1_000))
        if shard_of(root_id, member.store.shard_count) in member.shards.epochs
    )


def test_nodes_go_on_while_the_schema_changes_under_them_and_beside_those_of_the_next_version(
    postgresql_url: str,
) -> None:
    with a_member(postgresql_url, limit=32) as one, a_member(postgresql_url) as other:
        roots = [root_of(member, number) for number, member in enumerate((one, other))]
        workers = [Worker(member, root_id) for member, root_id in zip((one, other), roots, strict=True)]
        try:
            for worker in workers:
                worker.wait_for(10)

            upgrade_server(address(postgresql_url), to=VERSION + 2, revisions=later())
            run(
                postgresql_url,
                "INSERT INTO labels VALUES ('urgent')",
                "UPDATE executions SET priority = 9",
                "UPDATE tasks SET label = 'urgent'",
            )

            for worker in workers:
                worker.wait_for(20)
        finally:
            for worker in workers:
                worker.stop()

    of_new_version = "SELECT e.priority, t.label FROM executions e JOIN tasks t ON t.root_id = e.id"
    assert run(postgresql_url, of_new_version) == [(9, "urgent")] * 2
    counts = dict(run(postgresql_url, "SELECT root_id, max(sequence) FROM history GROUP BY root_id"))
    assert counts == {root_id: worker.made for root_id, worker in zip(roots, workers, strict=True)}
