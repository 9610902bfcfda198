"""Several servers on one database, which die, freeze, wake up, come and go, while everything is late or lost.

    ClusterSimulation(seed, text, workflows).run()

Each server is the real engine, worker and cluster on the real store; simulated are time, chance, the threads,
the hints between them and whoever asks (see `machine`). Transactions fail before or after they are done,
stand open while others go on, and are done late or never; clocks are wrong. The laws (see
`cluster_chronicle`) are checked after every commit and every begin of an action. One seed gives one course of
events; a `LawBroken` names it.
"""

import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, Self

import structlog

from maestrale.cluster.settings import API, ENGINE, ROLES
from maestrale.core import Limits, Publisher, World
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN
from maestrale.engine.library import DocumentLibrary
from maestrale.expressions import Json
from maestrale.ids import shard_of
from maestrale.store.sqlite import open_database
from maestrale.testing.laws import LawBroken, demand
from maestrale.testing.simulation.audience import Audience
from maestrale.testing.simulation.cluster_chronicle import ClusterChronicle
from maestrale.testing.simulation.cluster_errands import ClusterErrands
from maestrale.testing.simulation.faults import NO_FAULTS, Faults, open_private
from maestrale.testing.simulation.loop import SimulatedLoop
from maestrale.testing.simulation.machine import SETTINGS, Machine, Site
from maestrale.testing.simulation.made_once import definitions_of, standard_actions
from maestrale.testing.simulation.moves import Move
from maestrale.testing.simulation.nature import LoopClock, second_nature
from maestrale.testing.simulation.pulse import Network
from maestrale.testing.simulation.session import RowLocks
from maestrale.testing.simulation.triggers import add_trigger, check_firings, has_firings_left

MOST_MACHINES = 4
LEASE_SECONDS = SETTINGS.lease_seconds

SECONDS_OF_OTHERS = 5.9
"""A standstill after which those who can beat have their lease still, and soon find who cannot."""
MOST_SECONDS = 3_000.0
"""How long everything may take to come to its end once nothing goes wrong any more."""

MOST_ROUNDS = 5_000
"""How often all machines may do something without time going on."""

RESUME_SECONDS = 30.0
"""How often somebody lets go on what people let rest, at the end."""

LOOKS_LEFT = 40
"""How often it is looked, after everything has ended, whether messages and notices are gone."""

PASSED = "-- after "

LAST_STEPS = 60
"""Lines of the log that a broken law shows."""

FAULTS = Faults(failures=6, crashes=8, steps=500)


class ClusterSimulation:
    """See the module.

    Args:
        text: A document; `workflows` are those of it to run, each once.
        actions: Actions to run by themselves, each once, with their input.
        triggered: A workflow that a cron trigger starts; every machine takes itself for the one to fire it.
    """

    def __init__(
        self,
        seed: int,
        text: str,
        workflows: Sequence[str],
        *,
        actions: Mapping[str, Mapping[str, Json]] | None = None,
        triggered: str | None = None,
        faults: Faults = FAULTS,
    ) -> None:
        self.seed = seed
        self.log: list[str] = []
        self.faults = faults
        self.chance = Random(seed)
        self._text = text
        self._workflows = workflows
        self._actions = actions or {}
        self._triggered = triggered
        self._bugs: list[str] = []
        self._named = 0
        self._resume_at = 0.0
        self._looks_left = LOOKS_LEFT
        self._standstill = 0.0, 0.0
        self._ambushed: Machine | None = None
        self._ambushed_in_transaction = False
        self.loop = SimulatedLoop()  # type: ignore[abstract]
        self.machines: list[Machine] = []

    def _build(self) -> None:
        clock = LoopClock(self.loop)
        shards = self.chance.choice((2, 4, 8))
        self.database = open_database(None, create=True, lock_seconds=1, clock=clock, shards=shards)
        self.reader = open_private(self.database, clock)
        document = self.reader.put_document("simulated.yaml", self._text)
        definitions = definitions_of(self._text)
        if self._triggered is not None:
            add_trigger(self.reader, self._triggered, document)
        library = DocumentLibrary(lambda id: self.reader.get_document(id).text)
        library.add(document, definitions)
        limits = Limits(steps=self.chance.choice((1, 3, 250)))
        registry = standard_actions()
        publishers = (Publisher(type="noop"),)
        world = World(library, registry, limits, publishers)
        self.chronicle = ClusterChronicle(
            world,
            self.reader,
            self.log,
            is_behind=lambda node_id, root_id: False,
            on_handed_out=lambda run: self.errands.hand_out(run),
        )
        self.chronicle.note_shards()
        self.seen, self.began = self.chronicle.seen, self.chronicle.began
        self.errands = ClusterErrands(self.seed, self.chance, self.chronicle, self.loop)
        self.errands.start(self._workflows, document, definitions)
        self.errands.start_actions(self._actions)
        self.audience = Audience(world, self.reader, self.chronicle, self.errands.roots)
        self.network = Network(self.chance)
        self.site = Site(
            loop=self.loop,
            database=self.database,
            shard_count=shards,
            locks=RowLocks(),
            network=self.network,
            chance=self.chance,
            registry=registry,
            limits=limits,
            publishers=publishers,
            log=self.log,
            watch=self.chronicle,
            faults=lambda: self.faults,
            on_buried=self._on_buried,
            has_triggers=self._triggered is not None,
        )
        for _ in range(self.chance.randint(2, 3)):
            self._start_machine()

    # The course of events.

    def run(self) -> Self:
        """Let it all happen, then let everything come to its end.

        Raises:
            LawBroken: With the seed and the last steps.
        """
        with silence(self._bugs), second_nature(self.loop, self.chance):
            self._build()
            try:
                for _ in range(self.faults.steps):
                    self._step()
                self._finish()
                self._check_end()
            except LawBroken as broken:
                course = "\n  ".join(self.log[-LAST_STEPS:])
                raise LawBroken(f"seed {self.seed}: {broken}\nthe last steps:\n  {course}") from broken
            finally:
                self._close()
        return self

    def _step(self) -> None:
        if self.chance.randrange(1_000) < self.faults.crashes:
            self._mishap()
        elif self.chance.random() < 0.12 and (outside := self._moves_outside()):
            self._do(self.chance.choice(outside))
        elif (moves := self._moves()) and self.chance.random() < 0.97:
            self._do(self.chance.choice(moves))
        else:
            self._pass_time()
        self._look_after()

    def _do(self, move: Move) -> None:
        what, happen = move
        if what:
            self.log.append(what)
        happen()

    def _moves(self) -> list[Move]:
        """What machines may do now."""
        moves: list[Move] = []
        for machine in self.machines:
            if machine.process.is_frozen:
                continue
            if machine.process.ready:
                moves += [("", lambda it=machine: self.loop.turn(it.process))] * 3  # type: ignore[misc]
            if machine.thread.is_busy:
                moves += [("", machine.step)] * 2
            if machine.is_due:
                moves.append(("", machine.beat))
            if machine.pulse.has_news:
                moves.append(("", machine.deliver))
            if telling := machine.telling():
                moves.append(self.chance.choice(telling))
        return moves

    def _moves_outside(self) -> list[Move]:
        """What people may do now."""
        up = [machine for machine in self.machines if machine.is_up]
        if not up:
            return []
        moves: list[Move] = [("somebody looks on", self._look_on)]
        for call in self.errands.open:
            machine = self.chance.choice(up)
            what = f"ask {machine.name}: {call.name} {call.root_id[:4]}"
            moves.append((what, lambda it=call, at=machine: self.errands.ask_machine(it, at)))  # type: ignore[misc]
        if self.chronicle.folded and self.chance.random() < 0.3:
            moves.append(("somebody has a wish", self.errands.wish))
        return moves

    def _look_on(self) -> None:
        follower = self.chance.choice(self.audience.followers)
        anywhere = self.chance.choice([machine for machine in self.machines if machine.is_up])
        self.audience.look_on(follower, anywhere, is_current=False)

    def _pass_time(self) -> None:
        """Until something is due, or a moment more."""
        seconds = self._until_next() + self.chance.choice((0, 0, 0.01, 0.5))
        if self.log[-1].startswith(PASSED):
            self.log.pop()
        self.log.append(f"{PASSED}{self.loop.now + seconds:.2f} s")
        self.loop.pass_time(seconds)

    def _until_next(self) -> float:
        due = [machine.pulse.next_at for machine in self.machines if machine.beats]
        if (timer := self.loop.next_timer()) is not None:
            due.append(timer)
        return max(min(due, default=self.loop.now + 1) - self.loop.now, 0.0)

    # What goes wrong with machines.

    def _start_machine(self) -> None:
        """Some run no actions."""
        self._named += 1
        is_last = self.faults is NO_FAULTS
        roles = ROLES if self._named % 3 or is_last else (API, ENGINE)
        machine = Machine(f"n{self._named}", self.site, roles)
        self.log.append(f"{machine.name} starts")
        self.machines.append(machine)

    def _see_who_has_ended(self) -> None:
        for machine in [machine for machine in self.machines if machine.has_ended]:
            self.log.append(f"{machine.name} has stopped")
            self._kill(machine)

    def _mishap(self) -> None:
        awake = [machine for machine in self.machines if not machine.process.is_frozen]
        frozen = [machine for machine in self.machines if machine.process.is_frozen]
        things: list[tuple[str, Callable[[], None]]] = []
        if len(self.machines) < MOST_MACHINES:
            things += [("start", self._start_machine)] * (1 if len(awake) > 1 else 4)
        if awake:
            one = self.chance.choice(awake)
            things += [
                ("crash", lambda: self._crash(one)),
                ("freeze", lambda: self._freeze(one)),
                ("freeze", lambda: self._freeze(one)),
            ]
            things += [("stop", lambda: self._stop(one)), ("clock", lambda: self._set_clock(one))]
            things += [("ambush", lambda: self._ambush(one))] * 2 + [("cut", lambda: self._cut(one))]
        things.append(("standstill", lambda: self._stand_still(15)))
        if stuck := [machine for machine in frozen if machine.thread.is_open]:
            things.append(("cut while frozen", lambda: self._cut(self.chance.choice(stuck))))
        if frozen:
            things += [("thaw", lambda: self._thaw(self.chance.choice(frozen)))] * 3
        name, happen = self.chance.choice(things)
        self.seen[name] += 1
        happen()

    def _crash(self, machine: Machine) -> None:
        self.log.append(f"{machine.name} is killed")
        self._kill(machine)

    def _kill(self, machine: Machine) -> None:
        machine.kill(is_done=self.chance.random() < 0.5)
        self.machines.remove(machine)
        if self._ambushed is machine:
            self._ambushed = None
        self.errands.break_off(machine)
        self.audience.leave(machine)

    def _freeze(self, machine: Machine, seconds: float = 0) -> None:
        """It stands still. `seconds`: so much time passes at once, before anybody does anything."""
        machine.freeze()
        self.log.append(f"{machine.name} freezes")
        self.audience.leave(machine)
        self._stand_still(seconds or self.chance.choice((0, 0, 0, 1, 6, 15)))

    def _ambush(self, machine: Machine) -> None:
        """It will freeze at a bad moment: while a transaction is open, or just before an action begins."""
        self._ambushed = machine
        self._ambushed_in_transaction = self.chance.random() < 0.5

    def _spring_ambush(self) -> None:
        machine = self._ambushed
        if machine is None or machine.process.is_frozen:
            return
        if machine.thread.is_open if self._ambushed_in_transaction else machine.is_about_to_begin:
            self._ambushed = None
            self._freeze(machine, SECONDS_OF_OTHERS)

    def _stand_still(self, seconds: float) -> None:
        """Nobody gets anything done for a while: the database is away, for instance."""
        began = self.loop.now
        self.loop.pass_time(seconds)
        self._standstill = began, self.loop.now

    def _thaw(self, machine: Machine) -> None:
        self.log.append(f"{machine.name} goes on, frozen until now")
        machine.thaw()

    def _stop(self, machine: Machine) -> None:
        self.log.append(f"{machine.name} is to stop")
        machine.stop()

    def _set_clock(self, machine: Machine) -> None:
        ahead, drift = self.chance.choice((0, -30, 5, 300)), self.chance.choice((0, 0, -0.1, 0.1))
        machine.clock.set(ahead=ahead, drift=drift)
        self.log.append(f"the clock of {machine.name} is {ahead} s ahead, and {drift:.0%} too fast")

    def _cut(self, machine: Machine) -> None:
        self.log.append(f"the connection of {machine.name} is cut")
        machine.thread.cut()

    def _on_buried(self, node_ids: Sequence[int]) -> None:
        """After a time in which nobody could beat, those who live get the time to do so."""
        began, ended = self._standstill
        if ended - began < LEASE_SECONDS or self.loop.now >= ended + LEASE_SECONDS:
            return
        lived = [it for it in self.machines if it.lives and it.pulse.beat_at + LEASE_SECONDS > began]
        living = [it.name for it in lived if it.pulse.node_id in node_ids]
        demand(not living, "the living are not buried", *living)

    # The end.

    def _finish(self) -> None:
        """Nothing goes wrong any more: everything comes to its end."""
        self.log.append("nothing goes wrong any more")
        self.faults, self.network.loses_all, self._ambushed = NO_FAULTS, True, None
        for machine in list(self.machines):
            machine.mend()
        self._start_machine()
        self.audience.leave_all()
        ends_at = self.loop.now + MOST_SECONDS
        rounds = 0
        while self.loop.now < ends_at:
            if moves := self._moves():
                for move in moves:
                    self._do(move)
                self._look_after()
                rounds += 1
                demand(rounds < MOST_ROUNDS, "what happens at one moment comes to its end", rounds)
            elif not self._ask_all():
                if self._is_over():
                    return
                self._pass_time()
                rounds = 0
        raise LawBroken(f"everything ends: {self._what_is_left()}")

    def _what_is_left(self) -> str:
        """What does not come to its end, for people."""
        lines = [f"somebody waits for {call.name} of {call.root_id[:4]}" for call in self.errands.calls]
        for root_id, state in self.chronicle.folded.items():
            if not state.has_ended:
                lines.append(f"{root_id} (shard {shard_of(root_id, self.site.shard_count)}) has not ended")
                lines += [f"  {run}" for run in state.runs.values() if run.state not in ENDED_RUN]
                lines += [f"  {execution}" for execution in state.executions.values()]
                lines += [f"  {timer}" for timer in state.timers.values()]
                lines += [f"  has work: {state.has_work}"]
        for table in ("shards", "inbox", "assignments"):
            lines += [f"{table}: {row}" for row in self.database.rows(f"SELECT * FROM {table}")]
        return "\n  ".join(lines)

    def _ask_all(self) -> bool:
        up = [machine for machine in self.machines if machine.is_up]
        calls = self.errands.open if up else []
        for call in calls:
            self.errands.ask_machine(call, self.chance.choice(up))
        return bool(calls)

    def _is_over(self) -> bool:
        if has_firings_left(self.reader):
            return False
        executions = (it for state in self.chronicle.folded.values() for it in state.executions.values())
        goes_on = any(not state.has_ended for state in self.chronicle.folded.values())
        if self.errands.calls or goes_on or any(it.state not in ENDED_EXECUTION for it in executions):
            if self.loop.now > self._resume_at:
                self._resume_at = self.loop.now + RESUME_SECONDS
                self.errands.resume_something()
            return False
        [(left,)] = self.database.rows(
            "SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM notices)"
            " + (SELECT count(*) FROM assignments)"
        )
        self._looks_left -= 1
        return not left or self._looks_left < 0

    def _check_end(self) -> None:
        self.log.append(self._what_is_left())
        self.chronicle.check_end(self.errands.roots, self._text)
        self.chronicle.check_left()
        if self._triggered is not None:
            check_firings(self.chronicle)
        [anywhere, *_] = [machine for machine in self.machines if machine.is_up]
        self.audience.check_end(anywhere)

    def _look_after(self) -> None:
        self._see_who_has_ended()
        self._spring_ambush()
        if self.chronicle.broken:
            raise self.chronicle.broken[0]
        demand(not self.loop.errors, "there are no bugs", *self.loop.errors)
        demand(not self._bugs, "there are no bugs", *self._bugs)

    def _close(self) -> None:
        self.audience.close()
        for machine in self.machines:
            machine.kill(is_done=False)
        self.database.close()
        self.loop.close()


@contextmanager
def silence(bugs: list[str]) -> Iterator[None]:
    """Nothing is logged while the block lasts; bugs that somebody caught and logged go into the list."""

    def take(logger: object, method: str, event: MutableMapping[str, Any]) -> Any:
        if error := event.get("exc_info"):
            error = error if isinstance(error, BaseException) else sys.exc_info()[1]
            bugs.append(f"{event['event']}: {''.join(traceback.format_exception(error))}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[take],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)
