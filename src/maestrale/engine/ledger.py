"""Trees in memory, and what their turns have changed since the last commit.

The ledger decides at once, on state that may not be committed yet (*speculate inside*), and hands out
what became of it in batches: effects and answers belong to a batch and may leave only after its commit
(*release outside*). It does no I/O, so that the simulator can drive it step by step.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from maestrale.core import Changes, Decision, Entry, Event, Fact, Notice, State, World, decide
from maestrale.core.effects import Effect
from maestrale.core.failures import FactNeeded
from maestrale.expressions import OverBudget
from maestrale.store import TreeCommit, TreeRows
from maestrale.store.inbox import Message


class Step(Struct, frozen=True, gc=False):
    """One decided event of a tree, and the next version of every row it touched."""

    sequence: int
    entry: Entry
    changes: Changes


class Pending(Struct, kw_only=True):
    """What turns have made of one tree since its last commit was taken.

    `waiters` are whatever the caller wants back with the batch; the ledger only carries them. `done` are
    the messages that brought some of the events, `answers` what is to be said to them.
    """

    root_id: str
    before: Changes = field(default_factory=Changes)
    after: Changes = field(default_factory=Changes)
    steps: list[Step] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    waiters: list[Any] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    answers: list[Message] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many rows are to be written."""
        after = self.after
        changed = len(after.executions) + len(after.tasks) + len(after.runs) + len(after.timers)
        return changed + len(self.steps) + len(self.notices)

    def commit(self) -> TreeCommit:
        return TreeCommit(self.root_id, self.before, self.after, self.entries, self.notices)

    @property
    def entries(self) -> list[tuple[int, Entry]]:
        return [(step.sequence, step.entry) for step in self.steps]


class Batch(Struct, frozen=True):
    """Everything for one transaction, by root."""

    pending: dict[str, Pending]

    def commits(self) -> list[TreeCommit]:
        return [pending.commit() for pending in self.pending.values() if pending.steps]

    def done(self) -> list[str]:
        """The messages that are done with it."""
        return [id for pending in self.pending.values() for id in pending.done]

    def answers(self) -> list[Message]:
        """What is said to those who sent them."""
        return [answer for pending in self.pending.values() for answer in pending.answers]


class Ledger:
    """See the module.

    Args:
        answer: Answers what a decision asks of the world outside its tree.
        seed: A fresh seed for each event.
        guard: Bounds the time of one decision's expressions; see `stopwatch`.
    """

    def __init__(
        self,
        world: World,
        *,
        answer: Callable[[str], Any],
        seed: Callable[[], str],
        guard: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._world = world
        self._answer = answer
        self._seed = seed
        self._guard = guard
        self._trees: dict[str, State] = {}
        self._open: dict[str, Pending] = {}
        self._taken: Batch | None = None

    def __contains__(self, root_id: str) -> bool:
        return root_id in self._trees

    def __len__(self) -> int:
        return len(self._trees)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._trees))

    def state(self, root_id: str) -> State:
        """The tree as decided so far, committed or not."""
        return self._trees[root_id]

    def plant(self, root_id: str) -> None:
        """Make room for a tree that is not stored yet."""
        self._trees[root_id] = State()

    def load(self, rows: TreeRows) -> State:
        """Take a tree as it is stored."""
        state = rows.state()
        self._trees[rows.tree.id] = state
        return state

    def forget(self, root_id: str) -> None:
        """Drop a tree from memory, with what is not committed of it."""
        self._trees.pop(root_id, None)
        self._open.pop(root_id, None)

    def is_clean(self, root_id: str) -> bool:
        """Whether everything decided about the tree is committed."""
        return root_id not in self._open and (self._taken is None or root_id not in self._taken.pending)

    def ahead(self, root_id: str) -> int:
        """How many turns of the tree wait in the open batch."""
        pending = self._open.get(root_id)
        return len(pending.steps) if pending else 0

    def handle(self, root_id: str, event: Event, *, now: datetime, waiter: Any = None) -> Decision:
        """Decide an event and put its consequences into the open batch.

        The waiter goes with the last batch the answer depends on; it comes back at once, in no batch, if
        nothing about the tree is uncommitted: see `is_clean`.

        Raises:
            InvalidInput, NotFound, Conflict: The event was refused; nothing has changed.
        """
        state = self._trees[root_id]
        entry, decision = self._decide(state, Entry(event, at=now, seed=self._seed()))
        if decision.changes or decision.effects:
            self._add(root_id, state, entry, decision)
        if waiter is not None:
            self.attach(root_id, waiter)
        return decision

    def attach(self, root_id: str, waiter: Any) -> None:
        """Let a waiter go with the last batch that has something of the tree, if there is one."""
        if root_id in self._open:
            self._open[root_id].waiters.append(waiter)
        elif self._taken is not None and root_id in self._taken.pending:
            self._taken.pending[root_id].waiters.append(waiter)

    def enclose(self, root_id: str, done: str, answer: Message) -> bool:
        """Let a message be done, and its answer be stored, with the commit of what has just been decided.

        False: there is nothing of the tree to commit.
        """
        pending = self._open.get(root_id)
        if pending is None or not pending.steps:
            return False
        pending.done.append(done)
        pending.answers.append(answer)
        return True

    def drop(self, root_id: str) -> Pending | None:
        """Forget a tree that is not ours any more. Returns: what had been decided and was not yet taken."""
        pending = self._open.get(root_id)
        self.forget(root_id)
        return pending

    def pending(self) -> list[Pending]:
        """Everything that is not confirmed yet."""
        taken = self._taken.pending.values() if self._taken is not None else ()
        return [*taken, *self._open.values()]

    def _decide(self, state: State, entry: Entry) -> tuple[Entry, Decision]:
        """Decide, fetching every fact that the decision turns out to need."""
        while True:
            try:
                with self._guard():
                    return entry, decide(self._world, state, entry)
            except FactNeeded as needed:
                fact = Fact(needed.question, self._answer(needed.question))
            except OverBudget as over:
                fact = Fact(f"over-budget {over.expression}", over.reason)
            known = any(fact.question == other.question for other in entry.facts)
            assert not known, (
                f"the decision does not heed the fact `{fact.question}`"
            )  # It would go on for ever.
            entry = Entry(entry.event, at=entry.at, seed=entry.seed, facts=(*entry.facts, fact))

    def _add(self, root_id: str, state: State, entry: Entry, decision: Decision) -> None:
        pending = self._open.get(root_id)
        if pending is None:
            pending = self._open[root_id] = Pending(root_id=root_id)
        changes = decision.changes
        if changes.tree is not None:
            if pending.after.tree is None:
                pending.before.tree = state.tree
            pending.after.tree = changes.tree
            pending.steps.append(Step(changes.tree.sequence, entry, changes))
        before, after = pending.before, pending.after
        _note(state.executions, before.executions, after.executions, changes.executions)
        _note(state.tasks, before.tasks, after.tasks, changes.tasks)
        _note(state.runs, before.runs, after.runs, changes.runs)
        _note(state.timers, before.timers, after.timers, changes.timers)
        pending.effects.extend(decision.effects)
        pending.notices.extend(decision.notices)
        state.apply(changes)

    def take(self, most_rows: int | None = None) -> Batch | None:
        """What was decided since the last batch, to be committed; None if there is nothing.

        One batch is out at a time: the next is taken once this one is confirmed or has failed.

        Args:
            most_rows: Leave to the next batch what would make this one larger, except for the tree that has
                waited longest. None: take everything.
        """
        assert self._taken is None, "the last batch is still out"
        if not self._open:
            return None
        taken: dict[str, Pending] = {}
        rows = 0
        for root_id, pending in self._open.items():
            rows += pending.size
            if most_rows is not None and taken and rows > most_rows:
                break
            taken[root_id] = pending
        for root_id in taken:
            del self._open[root_id]
        self._taken = Batch(taken)
        return self._taken

    @property
    def has_open(self) -> bool:
        """Whether there is something for another batch."""
        return bool(self._open)

    def confirm(self) -> Batch:
        """The batch is committed: its effects and answers may leave."""
        assert self._taken is not None
        batch, self._taken = self._taken, None
        return batch

    def fail(self) -> tuple[Batch, list[Pending]]:
        """The batch was not committed, or nobody knows: drop its trees and all that was decided on top.

        Returns: The batch, and what was decided on top of it.
        """
        assert self._taken is not None
        batch, self._taken = self._taken, None
        on_top = []
        for root_id in batch.pending:
            if (pending := self._open.get(root_id)) is not None:
                on_top.append(pending)
            self.forget(root_id)
        return batch, on_top


def _note(
    stored: Mapping[str, Any], before: dict[str, Any], after: dict[str, Any], changed: Mapping[str, Any]
) -> None:
    """Add the new versions of rows of one kind, with the versions they take the place of."""
    for id, row in changed.items():
        if id not in after and id in stored:
            before[id] = stored[id]
        after[id] = row
