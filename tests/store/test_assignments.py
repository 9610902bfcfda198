"""Attempts for other nodes: who gets which, and who may take them back."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from msgspec.structs import replace

from maestrale.core.status import RunState
from maestrale.store import open_store
from maestrale.store.assignments import AssignmentRow
from maestrale.store.membership_store import MembershipStore, open_membership

from .rows import NOON, FixedClock, a_new_tree, a_run

LEASE = timedelta(hours=1)


class Cluster:
    """A database with one node that decides, which has all shards, and two that work."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store = open_store(url, clock=FixedClock(), shards=8)
        self.membership: MembershipStore = open_membership(url, FixedClock())
        self.owner, self.worker, self.other = (self._join() for _ in range(3))
        self.epochs = self.membership.claim_shards(self.owner, limit=64)
        assert self.store.shards is not None
        self.store.shards.hold(self.owner, self.epochs)

    def _join(self) -> int:
        return self.membership.join(name="n", version="1", roles=(), url="", lease=LEASE)

    def queue(self, *rows: AssignmentRow) -> None:
        self.store.assignments.write(rows, owner=self.owner)

    def claim(self, limit: int = 100, **more: Any) -> list[str]:
        """The runs that a worker gets."""
        worker = more.pop("worker", self.worker)
        return [row.run_id for row in self.store.assignments.claim(worker=worker, limit=limit, **more)]

    def close(self) -> None:
        self.membership.close()
        self.store.close()


@pytest.fixture
def cluster(url: str) -> Iterator[Cluster]:
    opened = Cluster(url)
    yield opened
    opened.close()


def a_row(run_id: str = "run", **fields: Any) -> AssignmentRow:
    given: dict[str, Any] = {
        "run_id": run_id,
        "attempt": 1,
        "root_id": "root",
        "shard": 0,
        "project_id": "p",
        "action": "std.echo",
        "body": '{"a": "ü"}',
        "ready_at": NOON,
    }
    return AssignmentRow(**(given | fields))


def rows_of(root_id: str, count: int, **fields: Any) -> list[AssignmentRow]:
    return [a_row(f"{root_id}{number}", root_id=root_id, **fields) for number in range(count)]


def test_a_worker_gets_the_very_rows_that_were_written_and_nobody_gets_them_again(cluster: Cluster) -> None:
    rows = [a_row("a", target=None), a_row("b", shard=None, home=cluster.owner, attempt=3)]
    cluster.queue(*rows)

    got = cluster.store.assignments.claim(worker=cluster.worker, limit=10)

    assert got == [replace(row, worker=cluster.worker, turn=turn) for turn, row in enumerate(rows)]
    assert cluster.claim(worker=cluster.other) == []
    assert sorted(cluster.store.assignments.claimed(cluster.worker)) == [("a", 1), ("b", 3)]
    assert cluster.store.assignments.claimed(cluster.other) == []


def test_an_attempt_that_is_queued_again_stays_with_the_worker_that_has_it(cluster: Cluster) -> None:
    cluster.queue(a_row())
    assert cluster.claim() == ["run"]

    cluster.queue(a_row())

    assert cluster.claim(worker=cluster.other) == []


def test_a_worker_gets_only_actions_that_it_has_and_targets_that_it_is(cluster: Cluster) -> None:
    cluster.queue(
        a_row("echo"),
        a_row("ssh", action="std.ssh"),
        a_row("here", target="red"),
        a_row("there", target="blue"),
    )

    assert cluster.claim(actions=["std.echo", "std.noop"], names=["red"]) == ["echo", "here"]
    assert cluster.claim(actions=[]) == []
    assert cluster.claim(actions=[f"plugin.{number}" for number in range(1000)] + ["std.ssh"]) == ["ssh"]
    assert cluster.claim(names=["green"]) == []
    assert cluster.claim(names=["green", "blue"], worker=cluster.other) == ["there"]


def test_an_execution_with_much_to_do_does_not_hold_up_one_that_comes_later(cluster: Cluster) -> None:
    cluster.queue(*rows_of("a", 6))
    assert cluster.claim(2) == ["a0", "a1"]

    cluster.queue(*rows_of("b", 2, ready_at=NOON + timedelta(seconds=1)))

    assert cluster.claim(4) == ["a2", "b0", "a3", "b1"]
    assert cluster.claim() == ["a4", "a5"]


def test_projects_share_a_claim_and_what_one_does_not_use_others_get(cluster: Cluster) -> None:
    for number in range(5):  # Many executions give a project no more than one would.
        cluster.queue(*rows_of(f"a{number}-", 2, project_id="a"))
    cluster.queue(*rows_of("b", 2, project_id="b"))
    cluster.queue(*rows_of("c", 1, project_id="c"))

    got = cluster.claim(6)

    assert sorted(run[0] for run in got) == ["a", "a", "a", "b", "b", "c"]


def test_the_next_claim_begins_behind_the_project_that_was_served_last(cluster: Cluster) -> None:
    for project_id in "abc":
        cluster.queue(*rows_of(project_id, 2, project_id=project_id))

    got = [cluster.claim(1, after=after) for after in ("", "a", "b", "c", "a")]

    assert got == [["a0"], ["b0"], ["c0"], ["a1"], ["b1"]]


def test_a_worker_leaves_the_trees_alone_of_which_it_has_enough(cluster: Cluster) -> None:
    cluster.queue(*rows_of("a", 2), *rows_of("b", 2))

    assert cluster.claim(not_of=["a", "c"]) == ["b0", "b1"]
    assert cluster.claim(not_of=["b"]) == ["a0", "a1"]


def test_a_node_that_is_gone_claims_nothing(cluster: Cluster) -> None:
    cluster.queue(a_row())
    cluster.membership.leave(cluster.worker)

    assert cluster.claim() == []
    assert cluster.claim(worker=cluster.other) == ["run"]


def test_workers_that_claim_at_the_same_time_get_different_rows(cluster: Cluster) -> None:
    cluster.queue(*rows_of("a", 100))
    got: list[list[str]] = []
    together = Barrier(2)

    def claim(worker: int) -> None:
        with open_store(cluster.url, clock=FixedClock()) as store:
            together.wait()
            while rows := store.assignments.claim(worker=worker, limit=7):
                got.append([row.run_id for row in rows])

    threads = [Thread(target=claim, args=(worker,)) for worker in (cluster.worker, cluster.other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    runs = [run for some in got for run in some]
    assert sorted(runs) == sorted(f"a{number}" for number in range(100))


def test_the_owner_calls_attempts_back_and_learns_whose_they_were(cluster: Cluster) -> None:
    cluster.queue(a_row("a"), a_row("b"))
    assert cluster.claim(1) == ["a"]

    told = cluster.store.assignments.write(called_back=[("a", 1), ("b", 1), ("c", 1)], owner=cluster.owner)

    assert told == {cluster.worker}
    assert cluster.store.assignments.claimed(cluster.worker) == []
    assert cluster.claim() == []


def test_whoever_does_not_decide_about_an_attempt_any_more_cannot_delete_it(cluster: Cluster) -> None:
    cluster.queue(a_row("a"), a_row("b", shard=None, home=cluster.other))

    for over in ("over", "called_back"):
        cluster.store.assignments.write(**{over: [("a", 1), ("b", 1)]}, owner=cluster.worker)  # type: ignore[arg-type]

    assert sorted(cluster.claim()) == ["a", "b"]


def test_attempts_are_found_by_the_shards_of_their_trees(cluster: Cluster) -> None:
    live = a_run("root", id="live", state=RunState.RUNNING, attempt=2)
    ended = a_run("root", id="ended", number=8, state=RunState.SUCCESS)
    cluster.store.commit([a_new_tree("root", live, ended)])
    cluster.queue(
        a_row("live", attempt=1),
        a_row("live", attempt=2),
        a_row("ended"),
        a_row("deleted"),
        a_row("other", shard=1),
    )

    found = cluster.store.assignments.of([0, 2])

    assert found == [a_row("live", attempt=2, body="", turn=1)]
    assert cluster.claim() == ["live", "other"]


def test_attempts_of_a_worker_that_is_gone_are_lost_until_they_are_deleted(cluster: Cluster) -> None:
    cluster.queue(
        a_row("a"), a_row("b"), a_row("c", shard=None, home=cluster.owner), a_row("d", shard=None, home=7)
    )
    assert cluster.claim(1) == ["a"]
    assert cluster.store.assignments.lost(owner=cluster.owner) == []
    assert sorted(cluster.claim(worker=cluster.other)) == ["b", "c"], "nobody is at the home of `d` any more"

    cluster.membership.leave(cluster.worker)

    lost = [a_row("a", body="", worker=cluster.worker)]
    assert cluster.store.assignments.lost(owner=cluster.other) == []
    assert cluster.store.assignments.lost(owner=cluster.owner) == lost
    cluster.membership.leave(cluster.other)
    assert [row.run_id for row in cluster.store.assignments.lost(owner=cluster.owner)] == ["a", "b", "c"]
    cluster.store.assignments.write(over=[("a", 1), ("b", 1), ("c", 1)], owner=cluster.owner)
    assert cluster.store.assignments.lost(owner=cluster.owner) == []


def test_a_worker_gives_back_what_it_has_not_begun_and_deletes_what_nobody_waits_for(
    cluster: Cluster,
) -> None:
    cluster.queue(a_row("a"), a_row("b"), a_row("c"))
    assert cluster.claim() == ["a", "b", "c"]

    cluster.store.assignments.let_go(worker=cluster.other, release=[("a", 1)], drop=[("b", 1)])
    assert len(cluster.store.assignments.claimed(cluster.worker)) == 3, "they are not the other worker's"
    cluster.store.assignments.let_go(worker=cluster.worker, release=[("a", 1)], drop=[("b", 1)])

    assert cluster.store.assignments.claimed(cluster.worker) == [("c", 1)]
    assert cluster.claim(worker=cluster.other) == ["a"]


def test_a_worker_that_is_gone_and_wakes_up_changes_nothing_of_what_it_had(cluster: Cluster) -> None:
    cluster.queue(a_row("a"), a_row("b"))
    cluster.claim()
    cluster.membership.leave(cluster.worker)

    cluster.store.assignments.let_go(worker=cluster.worker, release=[("a", 1)], drop=[("b", 1)])

    assert [row.run_id for row in cluster.store.assignments.lost(owner=cluster.owner)] == ["a", "b"]


def test_many_attempts_are_queued_and_deleted_at_once(cluster: Cluster) -> None:
    rows = [row for number in range(700) for row in rows_of(f"root-{number}-", 2)]

    cluster.queue(*rows)
    cluster.store.assignments.write(over=[row.key for row in rows[1:]], owner=cluster.owner)

    assert cluster.claim() == ["root-0-0"]


def test_the_view_tells_how_many_wait(cluster: Cluster) -> None:
    cluster.queue(*rows_of("a", 3))
    cluster.claim(1)

    assert cluster.membership.look().queued == 2
