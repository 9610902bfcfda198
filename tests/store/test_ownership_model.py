"""Whatever nodes do in whatever order: every commit is made by who has the shard, and no shard is lost."""

from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from maestrale.ids import shard_of
from maestrale.store import LeaseLost, MembershipStore, ShardOwnership, Store, TreeCommit
from maestrale.store.opening import open_database

from .members import LONG, OVER, Member
from .rows import FixedClock, a_new_tree, the_next

COUNT = 4
NAMES = ("root", "another", "a third", "d", "e")

MOVES = ("claim", "give", "bury", "beat", "beat", "leave", "forget", "commit", "commit")
"""`beat`: who is gone joins again. `forget`: the node believes to have every shard, under the present epochs
or those before."""

Move = tuple[str, int, int, int]
moves = st.tuples(st.sampled_from(MOVES), st.integers(0, 2), st.integers(0, 2), st.integers(0, COUNT - 1))
leases = st.lists(st.sampled_from([LONG, OVER]), min_size=3, max_size=3)


class Play:
    """Three nodes on one database in memory, and what is true about them."""

    def __init__(self, leases: Sequence[timedelta]) -> None:
        self.database = open_database("sqlite://", shards=COUNT, clock=FixedClock())
        self.members = [self._member(lease) for lease in leases]
        self.believed: list[dict[int, int]] = [{} for _ in leases]
        """What each of them takes for its own."""
        self.ended = {member.id for member, lease in zip(self.members, leases, strict=True) if lease == OVER}
        self.gone: set[int] = set()
        self.owners: dict[int, tuple[int | None, int]] = dict.fromkeys(range(COUNT), (None, 0))
        self.commits: dict[str, TreeCommit] = {}

    def _member(self, lease: timedelta) -> Member:
        ownership = ShardOwnership(self.database, COUNT)
        store = Store(self.database, ownership, clock=FixedClock())
        return Member(store, MembershipStore(self.database), lease=lease)

    def make(self, move: Move) -> None:
        what, one, two, shard = move
        member, other = self.members[one], self.members[two]
        match what:
            case "claim":
                taken = member.membership.claim_shards(member.id, limit=shard + 1)
                free = [id for id, (owner, _) in self.owners.items() if owner is None]
                expected = [] if member.id in self.gone else free[: shard + 1]
                assert taken == {id: self.owners[id][1] + 1 for id in expected}
                self._now_has(taken, member.id)
                self.believed[one] = {**self.believed[one], **taken}
            case "give":
                given = member.store.give_shards(self.believed[one], to=other.id)
                assert given == [id for id in sorted(self.believed[one]) if self._may_write(one, id)]
                raised = {id: self.owners[id][1] + 1 for id in given}
                self._now_has(raised, None if other.id in self.gone else other.id)
                self.believed[one] = {id: e for id, e in self.believed[one].items() if id not in given}
                if other.id not in self.gone:
                    self.believed[two] = {**self.believed[two], **raised}
            case "bury" | "leave":
                is_over = other.id not in self.gone and (what == "leave" or other.id in self.ended)
                if what == "bury":
                    assert member.membership.bury([other.id]) == [other.id] * is_over
                else:
                    other.membership.leave(other.id)
                if is_over:
                    lost = {id: e + 1 for id, (owner, e) in self.owners.items() if owner == other.id}
                    self._now_has(lost, None)
                    self.gone.add(other.id)
            case "beat":
                view = member.membership.beat(member.id, lease=LONG, load={})
                assert (view is None) == (member.id in self.gone)
                self.ended.discard(member.id)
                if view is None:
                    self.members[one], self.believed[one] = self._member(LONG), {}
            case "forget":
                self.believed[one] = {id: epoch - shard % 2 for id, (_, epoch) in self.owners.items()}
            case _:
                self._commit(one, NAMES[(shard + two) % len(NAMES)])
        for each, believed in zip(self.members, self.believed, strict=True):
            each.shards.hold(each.id, believed)

    def _commit(self, one: int, name: str) -> None:
        member = self.members[one]
        known = self.commits.get(name)
        commit = a_new_tree(name) if known is None else the_next(known)
        shard = shard_of(name, COUNT)
        try:
            member.store.commit([commit])
        except LeaseLost:
            assert not self._may_write(one, shard)
        else:
            assert self._may_write(one, shard)
            self.commits[name] = commit

    def _may_write(self, one: int, shard: int) -> bool:
        owner, epoch = self.owners[shard]
        return owner == self.members[one].id and self.believed[one].get(shard) == epoch

    def _now_has(self, epochs: dict[int, int], owner: int | None) -> None:
        self.owners |= {id: (owner, epoch) for id, epoch in epochs.items()}

    def check(self) -> None:
        view = self.members[0].membership.look()
        assert {shard.id: (shard.node_id, shard.epoch) for shard in view.shards} == self.owners
        living = {member.id for member in self.members} - self.gone  # Numbers are never used twice.
        assert {node.id for node in view.nodes} == living
        assert {owner for owner, _ in self.owners.values()} <= living | {None}


@settings(max_examples=100, deadline=None)
@given(leases, st.lists(moves, min_size=12, max_size=40))
def test_every_commit_is_made_by_who_has_the_shard_and_every_shard_can_be_had(
    leases: list[timedelta], moves: list[Move]
) -> None:
    play = Play(leases)
    with closing(play.database):
        for move in moves:
            play.make(move)
            play.check()
