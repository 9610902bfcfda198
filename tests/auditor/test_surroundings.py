"""An audit finds what waits for a node that does not come."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from maestrale.auditor import DatabaseAudit, Repairs
from maestrale.core import World
from maestrale.core.findings import Finding
from maestrale.engine.library import DocumentLibrary
from maestrale.ids import shard_of
from maestrale.store import Store, open_store
from maestrale.store.schema import SHARDS

from ..engine.house import REGISTRY
from ..store.rows import a_cron_trigger, a_new_tree

LONG_AGO = 0
FAR_AWAY = 2**52
ENGINE = '["engine"]'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A database with shards, in which a node lives that has them all."""
    with open_store(f"sqlite:///{tmp_path}/shared.db", shards=SHARDS) as opened:
        add_node(opened, 1, leased_until=FAR_AWAY)
        run(opened, "UPDATE shards SET node_id = 1, epoch = 1")
        assert opened.shards is not None
        opened.shards.hold(1, dict.fromkeys(range(SHARDS), 1))
        opened.commit([a_new_tree("root")])
        yield opened


def run(store: Store, sql: str, *parameters: Any) -> None:
    """Do something to the database behind the back of the store."""
    with store._database.writing():
        store._database.run(sql, parameters)


def add_node(store: Store, id: int, *, leased_until: int, roles: str = ENGINE) -> None:
    run(
        store,
        "INSERT INTO nodes (id, name, pid, host, started_at, roles, leased_until)"
        " VALUES (?, 'n', 1, 'h', 0, ?, ?)",
        id,
        roles,
        leased_until,
    )


def audit(store: Store) -> list[Finding]:
    world = World(DocumentLibrary(lambda document: store.get_document(document).text), REGISTRY)
    found = DatabaseAudit(store, world, deep=False, rest=lambda seconds: None).audit().findings
    # The tree of this house is made of bare rows: what is wrong inside it is no subject here.
    inside = ("definition-missing", "execution-overlooked")
    return [finding for finding in found if finding.code not in inside]


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.id) for finding in findings]


def test_nothing_is_wrong_around_a_node_that_has_everything(store: Store) -> None:
    assert audit(store) == []


def test_a_shard_that_nobody_has_is_found_and_so_is_one_of_a_dead_node(store: Store) -> None:
    add_node(store, 2, leased_until=LONG_AGO)
    run(store, "UPDATE shards SET node_id = NULL WHERE id = 5")
    run(store, "UPDATE shards SET node_id = 2 WHERE id = 6")

    assert told(audit(store)) == [
        ("node-dead", "2"),
        ("shard-without-node", "5"),
        ("shard-without-node", "6"),
    ]


def test_where_no_node_could_take_a_shard_it_is_no_fault_that_none_has_it(store: Store) -> None:
    run(store, "UPDATE shards SET node_id = NULL")
    run(store, "UPDATE nodes SET roles = '[\"api\"]'")

    assert audit(store) == []


def test_a_tree_in_the_wrong_shard_is_moved_once_no_node_runs(store: Store) -> None:
    right = shard_of("root", SHARDS)
    run(store, "UPDATE trees SET shard = ?", (right + 1) % SHARDS)
    found = audit(store)
    world = World(DocumentLibrary(lambda document: ""), REGISTRY)
    repairs = Repairs(store, world, keep=lambda root_id, rows: None)

    first = [each.is_done for each in repairs.repair(found)]
    run(store, "UPDATE nodes SET leased_until = 0")
    second = [each.is_done for each in repairs.repair(found)]

    assert told(found) == [("shard-differs", "root")]
    assert (first, second, audit(store)) == ([False], [True], [])


WAITING: Mapping[str, tuple[str, str]] = {
    "message-old": (
        "INSERT INTO inbox (id, shard, body, sent_at, place) VALUES ('m', 3, '{}', 0, 1)",
        "shard 3",
    ),
    "assignment-stale": (
        "INSERT INTO assignments (run_id, attempt, root_id, shard, project_id, action, body, ready_at, turn)"
        " VALUES ('gone', 1, 'root', 0, '', 'std.noop', '{}', 0, 0)",
        "gone",
    ),
}


@pytest.mark.parametrize("code", WAITING)
def test_what_waits_in_vain_is_found(store: Store, code: str) -> None:
    statement, id = WAITING[code]
    run(store, statement)

    assert told(audit(store)) == [(code, id)]


def test_an_attempt_that_nobody_waits_for_is_taken_out_of_the_queue(store: Store) -> None:
    run(store, WAITING["assignment-stale"][0])
    world = World(DocumentLibrary(lambda document: ""), REGISTRY)

    done = [each.is_done for each in Repairs(store, world, keep=lambda id, rows: None).repair(audit(store))]

    assert (done, audit(store)) == ([True], [])


def test_a_trigger_that_has_not_fired_is_found_while_somebody_should_fire_it(store: Store) -> None:
    trigger = a_cron_trigger()
    with store.writing():
        store.insert_record(trigger)
    assert told(audit(store)) == [("trigger-overdue", trigger.id)]

    run(store, "UPDATE nodes SET leased_until = 0")

    assert audit(store) == []
