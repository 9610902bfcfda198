"""Weeks of bad luck in a second: the real rules, ledger and store, with everything around them failing.

    Simulation(seed, programs).run()

Commits fail before or after they are done, nodes crash or stand still and wake up later, workers answer
late, twice or never, the clock jumps; people pause, resume, rename, stop and delete, and others look on.
One seed gives one course of events, for ever. The laws (see `laws`) are checked after every step; a
`LawBroken` names the seed.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random

from msgspec import Struct

from maestrale.actions import Registry
from maestrale.core import (
    ActionRun,
    Execution,
    Limits,
    Notice,
    Publisher,
    Result,
    State,
    World,
    decide,
    state_of,
)
from maestrale.core.confidential import arguments_of
from maestrale.core.events import ActionCompleted, ActionRequested, ExecutionRequested, StopRequested
from maestrale.core.state import Pin, TimerKind
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, RunState
from maestrale.engine.ledger import Pending, Step
from maestrale.engine.library import DocumentLibrary
from maestrale.errors import Conflict, Forbidden, NotFound, Unavailable
from maestrale.expressions import Json
from maestrale.ids import derive_id
from maestrale.lang import parse_or_raise
from maestrale.store import Store
from maestrale.store.node_locks import PrivateLocks
from maestrale.store.sqlite import open_database
from maestrale.testing import laws
from maestrale.testing.clocks import FakeClock
from maestrale.testing.follower import Follower
from maestrale.testing.laws import LawBroken, demand
from maestrale.testing.simulated_node import FlakyStore, Node, SimulatedLocks, Watcher
from maestrale.testing.simulated_people import Call, resumptions, wish, work_outside
from maestrale.testing.stage import Stage

STALE = Result(value="an answer that came too late")
"""What a worker of a crashed node says when it comes to itself: the attempt was given up long ago."""


def answer_of(state: State, run: ActionRun) -> Result:
    """How a run ends: by what it is, never by when it ends or how often it was cut off."""
    if not run.task_id:
        return Result(value=run.name)
    task = state.tasks[run.task_id]
    number = sum(map(ord, task.name)) + (run.index or 0) + task.attempt
    return Result(error=f"{task.name} failed") if number % 5 == 0 else Result(value=[task.name, run.index])


class Faults(Struct, frozen=True, kw_only=True):
    """How much goes wrong.

    Args:
        failures: Commits in a hundred that fail, before or after they are done.
        crashes: Steps in a thousand at which the node ends, or stands still.
        steps: How long it goes wrong, before everything is let come to its end.
    """

    failures: int = 15
    crashes: int = 25
    steps: int = 120


class Simulation(Watcher):
    """See the module.

    Args:
        text: A document; `workflows` are those of it to run, each once. How they end must not depend on
            the order in which things happen, unless they have timeouts or are stopped.
        actions: Actions to run by themselves, each once, with their input.
        node_class: What a node is; another one to see that the laws notice what it does wrong.
    """

    def __init__(
        self,
        seed: int,
        text: str,
        workflows: Sequence[str],
        *,
        actions: Mapping[str, Mapping[str, Json]] | None = None,
        faults: Faults = Faults(),  # noqa: B008 - It is frozen.
        node_class: type[Node] = Node,
    ) -> None:
        self.seed = seed
        self.log: list[str] = []
        self.began: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        """What this run was about: how many crashes, failed commits, runs cut off, outcomes compared."""
        self._chance = Random(seed)
        self._faults = faults
        self._node_class = node_class
        self._clock = FakeClock()
        self._database = open_database(None, create=True, lock_seconds=1)
        self._reader = Store(self._database, PrivateLocks(), name="reader", clock=self._clock)
        self._document = self._reader.put_document("simulated.yaml", text)
        self._definitions = parse_or_raise(text)
        library = DocumentLibrary(lambda id: self._reader.get_document(id).text)
        library.add(self._document, self._definitions)
        limits = Limits(steps=self._chance.choice((1, 3, 250)))
        self._world = World(library, Registry.standard(), limits, (Publisher(type="noop"),))
        self._folded: dict[str, State] = {}
        self._steps: dict[str, list[Step]] = {}
        """What folding the stored history gives, step by step; of deleted trees, too."""
        self._owed: dict[tuple[str, str], Notice] = {}
        self._told: dict[tuple[str, str], Notice] = {}
        """Notices, by id and target: those that follow from what is stored, those that have left a node."""
        self._doomed: set[str] = set()
        """Trees that somebody wants to be deleted."""
        self._hurried: set[str] = set()
        """Trees whose outcome depends on the order of things: somebody or a timeout may stop something."""
        self._living: set[int] = set()
        self._counter = 0
        self._calls = [self._start(name) for name in workflows]
        self._calls += [self._start_action(name, input) for name, input in (actions or {}).items()]
        self._roots = [call.root_id for call in self._calls]
        self._followers = [Follower(self._world, self._reader, root_id) for root_id in self._roots]
        self._frozen: list[Node] = []
        self.node = self._new_node()

    def _start(self, name: str) -> Call:
        pins = [Pin("workflow", "", each, self._document) for each in self._definitions.workflows]
        pins += [Pin("action", "", each, self._document) for each in self._definitions.actions]
        root_id = derive_id(f"simulation {self.seed}", self._number())
        return Call(
            root_id,
            ExecutionRequested(
                execution_id=root_id, workflow=name, document=self._document, pins=tuple(pins)
            ),
        )

    def _start_action(self, name: str, input: Mapping[str, Json]) -> Call:
        run_id = derive_id(f"simulation {self.seed}", self._number())
        timeout = self._chance.choice((None, None, 30))
        return Call(run_id, ActionRequested(run_id=run_id, action=name, input=input, timeout_seconds=timeout))

    def _number(self) -> int:
        self._counter += 1
        return self._counter

    def _new_node(self) -> Node:
        self._locks = SimulatedLocks(self._living)
        store = Store(self._database, self._locks, name="node", clock=self._clock)
        node = self._node_class(
            self._world,
            FlakyStore(store, self._chance, self._faults.failures),
            clock=self._clock,
            seed=lambda: derive_id("seed", self._number()),
            answer_of=answer_of,
            watcher=self,
        )
        node.reloading.update(store.claim())
        return node

    # The course of events.

    def run(self) -> "Simulation":
        """Let it all happen, then let everything come to its end.

        Raises:
            LawBroken: With the seed and the last steps.
        """
        try:
            for _ in range(self._faults.steps):
                self._step()
            self._finish()
            self._check_end()
        except LawBroken as broken:
            course = "\n  ".join(self.log[-40:])
            raise LawBroken(f"seed {self.seed}: {broken}\nthe last steps:\n  {course}") from broken
        finally:
            for follower in self._followers:
                follower.close()
            self._database.close()
        return self

    def _step(self) -> None:
        if self._chance.randrange(1_000) < self._faults.crashes:
            self._crash()
            return
        nodes = [node for node in self._frozen if not node.is_frozen]
        node = self._chance.choice(nodes) if nodes and self._chance.random() < 0.3 else self.node
        things = [*self._things_of(node), *self._things_outside()]
        name, happen = self._chance.choice(things)
        self.log.append(name if node is self.node else f"{name} (at a node that was frozen)")
        happen()
        self._check_held()

    def _things_of(self, node: Node) -> list[tuple[str, Callable[[], object]]]:
        """What a node may do next."""
        things: list[tuple[str, Callable[[], object]]] = []
        if node.batch is not None:
            things += [("end a commit", node.end_commit)] * 2
        else:
            things += [("begin a commit", node.begin_commit)] * 2
        if telling := self._telling_of(node):
            things.append(self._chance.choice(telling))  # One of them: the rest happens as often as before.
        for root_id in sorted(node.continuing):
            things.append(("continue a turn", lambda id=root_id: node.continue_turn(id)))  # type: ignore[misc]
        for root_id in sorted(node.reloading):
            things.append(("load a tree", lambda id=root_id: node.load(id)))  # type: ignore[misc]
        for root_id in node.deletions_due():
            things.append(("delete a tree", lambda id=root_id: node.end_delete(id)))  # type: ignore[misc]
        for timer_id in node.due_timers():
            things.append(("fire a timer", lambda id=timer_id: node.fire_timer(id)))  # type: ignore[misc]
        for attempt in list(node.worker.attempts.values()):
            if attempt.phase not in ("asking", "reporting"):
                name = f"{attempt.phase} {attempt.run.name} {attempt.run.id[:4]}/{attempt.number}"
                things.append((name, lambda it=attempt: node.worker.step(it)))  # type: ignore[misc]
        return things

    def _telling_of(self, node: Node) -> list[tuple[str, Callable[[], object]]]:
        """What may become of its notices next."""
        teller = node.teller
        things: list[tuple[str, Callable[[], object]]] = []
        if teller.waiting:
            things.append(("tell a notice", teller.tell))
        if teller.told:
            things.append(("forget what was told", teller.forget))
        if teller.has_more:
            things.append(("look for notices", teller.look))
        return things

    def _things_outside(self) -> list[tuple[str, Callable[[], object]]]:
        """What people, time and other programs may do next."""
        things: list[tuple[str, Callable[[], object]]] = [
            ("time passes", lambda: self._clock.advance(self._chance.choice((0.1, 1, 60))))
        ]
        asked = [call for call in self._calls if not call.waits]
        things += [(f"ask: {it.name}", lambda it=it: self._ask(it)) for it in asked]  # type: ignore[misc]
        if self._folded and self._chance.random() < 0.3:
            things.append(("somebody has a wish", self._wish))
        things.append(("somebody looks on", lambda: self._look_on(self._chance.choice(self._followers))))
        return things

    def _wish(self) -> None:
        root_id = self._chance.choice(list(self._folded))
        call = wish(self._chance, root_id, self._folded[root_id])
        if call.event is None and not self._can_delete(root_id):
            return
        self._calls.append(call)

    def _can_delete(self, root_id: str) -> bool:
        """Nobody must begin the tree anew once it is deleted: neither who asks again, nor a node that stood
        still while it began the tree."""
        if any(root_id in node.ledger for node in self._frozen):
            return False
        starts = (ExecutionRequested, ActionRequested)
        self._calls = [
            call for call in self._calls if call.root_id != root_id or not isinstance(call.event, starts)
        ]
        self._doomed.add(root_id)
        return True

    def _look_on(self, follower: Follower) -> None:
        """Let somebody read on, where he did or where the tree is now."""
        if follower.node is None:
            follower.attach(self.node)
        node = follower.node
        if node is None or node.is_frozen:
            return
        follower.read_on()
        stored = self._steps.get(follower.root_id, [])
        told = [(step.sequence, step.entry.seed, step.changes) for step in follower.told]
        expected = [(step.sequence, step.entry.seed, step.changes) for step in stored[: len(told)]]
        demand(told == expected, "who looks on is told what is stored", told[-1:], expected[-1:])
        self.seen["told"] += len(told)
        root_id = follower.root_id
        reads = follower.node is self.node  # Otherwise its stream has ended.
        if reads and root_id in node.ledger and node.ledger.is_clean(root_id):
            demand(len(told) == len(stored), "who looks on misses nothing", len(told), len(stored))

    def _ask(self, call: Call) -> None:
        call.waits = True

        def on_answer(durable: bool) -> None:
            call.waits = False
            # Some ask again although they were answered.
            if durable and call in self._calls and self._chance.random() < 0.8:
                self._calls.remove(call)

        node = self.node
        try:
            match call.event:
                case None:
                    node.delete(call.root_id, on_answer)
                case ExecutionRequested() | ActionRequested() as event:
                    node.plant(call.root_id, event, on_answer)
                case event:
                    node.submit(call.root_id, event, on_answer)
        except Unavailable:
            call.waits = False
        except (NotFound, Conflict, Forbidden):
            self._calls.remove(call)

    def _crash(self) -> None:
        """The node ends, or stands still for a while; another takes over what it had."""
        old = self.node
        self._locks.close()
        if self._chance.random() < 0.4:
            old.is_frozen = self._chance.random() < 0.5
            self._frozen.append(old)
            self.log.append("the node stands still")
            self.seen["freezes"] += 1
        else:
            self.log.append("the node crashes")
            self.seen["crashes"] += 1
            if old.batch is not None and self._chance.random() < 0.5:
                old.end_commit()  # It came as far as the disk, and nobody heard of it.
            for attempt in old.worker.attempts.values():
                if attempt.phase in ("begun", "reporting") and not attempt.run.asynchronous:
                    event = ActionCompleted(attempt.run.id, attempt.number, STALE)
                    self._calls.append(Call(attempt.root_id, event))
        for frozen in self._frozen:
            frozen.is_frozen = self._chance.random() < 0.5
        for call in self._calls:
            call.waits = False
        for follower in self._followers:
            if follower.node is not None and follower.node not in self._frozen:
                follower.leave()
        self.node = self._new_node()

    def _finish(self) -> None:
        """Nothing goes wrong any more: everything comes to its end."""
        self.log.append("nothing goes wrong any more")
        self._frozen.clear()
        self._faults = Faults(failures=0, crashes=0, steps=0)
        for call in self._calls:
            call.waits = False
        for follower in self._followers:
            follower.leave()
        self._locks.close()
        self.node = self._new_node()
        for _ in range(3_000):
            if not self._finish_something():
                return
        raise LawBroken("everything ends: it goes on and on")

    def _finish_something(self) -> bool:
        node = self.node
        if node.begin_commit():
            node.end_commit()
            return True
        things = [thing for thing in self._things_of(node) if not thing[0].endswith("a commit")]
        things += [("", lambda it=call: self._ask(it)) for call in self._calls if not call.waits]  # type: ignore[misc]
        if things:
            things[0][1]()
            return True
        return self._wake()

    def _wake(self) -> bool:
        """Time passes, and people resume what they paused. False: there is nothing to wait for."""
        timers = [timer.due_at for state in self._folded.values() for timer in state.timers.values()]
        if timers:
            self._clock.advance_to(max(timers))
            return True
        for root_id, state in self._folded.items():
            if (call := next(resumptions(root_id, state), None)) is not None:
                self._calls.append(call)
                return True
        return False

    # The laws.

    def on_stored(self, root_id: str) -> None:
        """The stored rows are what folding the stored history gives."""
        self.seen["commits"] += 1
        rows = self._reader.load_tree(root_id)
        if rows is None:
            gone = self._folded.pop(root_id, None) is not None
            demand(not gone or root_id in self._doomed, "what was stored stays stored", root_id)
            self.seen["deleted"] += gone
            return
        is_new = root_id in self._folded or root_id not in self._steps
        demand(is_new, "what was deleted stays deleted", root_id)
        folded = self._folded.setdefault(root_id, State())
        known = 0 if folded.tree is None else folded.tree.sequence
        for sequence, entry in self._reader.read_history(root_id):
            if sequence > known:
                demand(sequence == known + 1, "the history has no gaps", sequence, known)
                before = laws.copy_of(folded)
                decision = decide(self._world, folded, entry)
                changes = decision.changes
                folded.apply(changes)
                self._owed |= {(notice.id, notice.target): notice for notice in decision.notices}
                laws.check_moves(before, laws.copy_of(folded))
                self._note(root_id, Step(sequence, entry, changes))
                known = sequence
        stored = state_of(rows.tree, rows.executions, rows.tasks, rows.runs, rows.timers)
        laws.check_same(laws.copy_of(folded), laws.copy_of(stored), "the rows are the folded history")
        laws.check_rows(folded)
        laws.check_waiting(self._world, folded)

    def _note(self, root_id: str, step: Step) -> None:
        self._steps.setdefault(root_id, []).append(step)
        stale = [run for run in step.changes.runs.values() if run.result == STALE.value]
        demand(not stale, "an answer that came too late counts for nothing", *stale)
        kinds = {timer.kind for timer in step.changes.timers.values() if timer is not None}
        self.seen["timeouts"] += not kinds.isdisjoint({TimerKind.TIMEOUT, TimerKind.ACTION_TIMEOUT})
        self.seen[type(step.entry.event).__name__] += 1
        if isinstance(step.entry.event, StopRequested) or TimerKind.TIMEOUT in kinds:
            self._hurried.add(root_id)

    def on_committed(self, root_id: str, node: Node) -> None:
        """Nobody writes what belongs to another node."""
        owners = self._owners(root_id)
        demand(owners == [node.store.store.node_id], "who writes a tree owns it", root_id, owners)

    def on_released(self, pending: Pending) -> None:
        """Nothing leaves a node before what it follows from is stored."""
        folded = self._folded.get(pending.root_id)
        stored = 0 if folded is None or folded.tree is None else folded.tree.sequence
        latest = max((sequence for sequence, _ in pending.entries), default=0)
        demand(latest <= stored, "what leaves a node is stored", latest, stored)

    def on_begun(self, run: ActionRun, attempt: int, node: Node) -> None:
        """What must not be repeated blindly begins once, and only after that is stored."""
        self.began[run.id] += 1
        if run.root_id in self._doomed and run.root_id not in self._folded:
            unknown = node is not self.node or run.root_id in node.reloading
            demand(unknown, "nothing begins for what was deleted", run.name)
            return
        stored = self._folded[run.root_id].runs.get(run.id)
        demand(stored is not None, "an attempt that begins is stored", run.name)
        assert stored is not None
        if run.asynchronous and stored.state not in ENDED_RUN:
            self._calls += work_outside(self._chance, run)
        if run.safe_rerun:
            unknown = node is not self.node or run.root_id in node.reloading  # That it has ended.
            at_work = unknown or run.asynchronous or stored.state not in ENDED_RUN
            demand(at_work, "what is done is not begun again", run.name)
            return
        demand(stored.started, "an attempt begins after it was noted", run.name)
        demand(self.began[run.id] == 1, "what is not safe to repeat begins once", run.name)

    def on_told(self, notice: Notice) -> None:
        """Nothing is told but what is stored."""
        key = notice.id, notice.target
        demand(self._owed.get(key) == notice, "what is told is stored", notice)
        self.seen["told again"] += key in self._told
        self._told[key] = notice

    def _check_held(self) -> None:
        """Nobody else will see to what the node has; a restart is no excuse for forgetting it."""
        for root_id, state in self._folded.items():
            if not state.has_ended and not self.node.holds(root_id):
                is_ours = self._owners(root_id) == [self.node.store.store.node_id]
                demand(not is_ours, "a node sees to every tree it has", root_id)

    def _owners(self, root_id: str) -> list[int]:
        rows = self._database.rows("SELECT node_id FROM trees WHERE id = ?", (root_id,))
        return [node_id for (node_id,) in rows]

    def _check_end(self) -> None:
        for root_id, state in self._folded.items():
            laws.check_waiting(self._world, state)
            demand(state.has_ended, "everything ends", root_id, state.runs)
            states = [execution.state for execution in state.executions.values()]
            demand(all(each in ENDED_EXECUTION for each in states), "everything ends", root_id, states)
            for run in state.runs.values():
                self._check_run(run)
        there = [id for id in self._roots if id in self._folded or id in self._doomed]
        demand(there == self._roots, "every execution that was asked for is there")
        untold = [notice for key, notice in self._owed.items() if key not in self._told]
        demand(not untold, "everybody is told everything", untold)
        self.seen["notices"] += len(self._told)
        left = self._reader.count_notices()
        demand(not left, "what was told is not kept", left)
        for follower in self._followers:
            follower.leave()
            self._look_on(follower)
            stored = self._steps[follower.root_id] if follower.root_id in self._folded else follower.told
            demand(len(follower.told) == len(stored), "who looks on is told everything", follower.root_id)
        for root_id, state in self._folded.items():
            cut_off = sum(map(_was_cut_off, state.runs.values()))
            self.seen["cut off"] += cut_off
            if not cut_off and root_id not in self._hurried and state.executions:
                self.seen["outcomes"] += 1
                expected, got = undisturbed(self._text, state.root), laws.outcome_of(state)
                demand(got == expected, "the outcome is that of a quiet day", got, expected)

    def _check_run(self, run: ActionRun) -> None:
        spec = self._world.catalogue.find_action(run.action)
        assert spec is not None
        pure = spec.pure is not None and spec.pure(arguments_of(run)) is not None
        if pure or run.safe_rerun or run.abandoned:
            return
        if run.state is RunState.SUCCESS:
            demand(self.began[run.id] == 1, "what succeeded began once", run.name)
        demand(self.began[run.id] <= 1, "what is not safe to repeat begins once", run.name)

    @property
    def _text(self) -> str:
        return self._reader.get_document(self._document).text


def _was_cut_off(run: ActionRun) -> bool:
    return run.state is RunState.ERROR and "was cut off" in str(run.result)


def undisturbed(text: str, root: Execution) -> dict[str, object]:
    """The outcome of a workflow when nothing goes wrong."""
    stage = Stage(text)
    stage.start(root.workflow, root.input)
    while stage.root.state not in ENDED_EXECUTION:
        for run in stage.open_runs():
            result = Result(value="from outside") if run.asynchronous else answer_of(stage.state, run)
            stage.send(ActionCompleted(run.id, run.attempt, result))
        stage.pass_to_next_timer()
    return laws.outcome_of(stage.state)
