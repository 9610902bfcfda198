"""What may happen to a tree on the stage, in any order: a hypothesis strategy and the player of it.

    @given(programs(), scripts())
    def test_something(program: Program, script: tuple[Happening, ...]) -> None:
        play = Play(program)
        play.perform(script)
        play.finish()

`Play` asks every law after every event. hypothesis is one of the project's development dependencies:
without it this module cannot be imported.
"""

import json
from typing import Any, Literal

from hypothesis import strategies as st
from msgspec import Struct

from maestrale.core import ActionRun, Changes, Entry, Event, Limits, Result, decide
from maestrale.core.events import (
    ActionCompleted,
    ActionLost,
    ActionPauseRequested,
    ActionRequested,
    ActionResumeRequested,
    ActionStarted,
    ExecutionRequested,
    ExecutionUpdateRequested,
    PauseRequested,
    ResumeRequested,
    StopRequested,
    TaskRerunRequested,
    TaskSkipRequested,
    TimerFired,
    TurnContinued,
)
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, ExecutionState, TaskState
from maestrale.errors import Error
from maestrale.expressions import Json
from maestrale.testing import laws
from maestrale.testing.stage import ROOT, Stage
from maestrale.testing.workflows import Program

KINDS = (
    *("succeed",) * 8,
    *("fail",) * 3,
    *("timer",) * 6,
    "cancel",
    "complete-from-outside",
    "complete-late",
    "started",
    "lost",
    "timer-again",
    "repeat",
    "pause",
    "pause",
    "resume",
    "resume",
    "resume",
    *("pause-run",) * 3,
    *("resume-run",) * 2,
    "update",
    "stop",
    "rerun",
    "rerun-failed-items",
    "skip",
    "continue",
)


MOST_ENTRIES = 2_000
"""A small workflow whose history is longer turns round and round."""


class Happening(Struct, frozen=True):
    """Something that happens. `pick` chooses among what it can happen to; with nothing there, nothing is.

    `at_once`: before the tree has done what it has to do by itself.
    """

    kind: str
    pick: int = 0
    at_once: bool = False


def scripts(most: int = 36) -> st.SearchStrategy[tuple[Happening, ...]]:
    """Anything that can happen, in any order."""
    happening = st.builds(Happening, st.sampled_from(KINDS), st.integers(0, 12), st.booleans())
    short, long = st.lists(happening, max_size=4), st.lists(happening, min_size=most // 3, max_size=most)
    return st.one_of(short, long, long).map(tuple)  # Left alone, hypothesis makes hardly any long ones.


class Play(Stage):
    """A program on the stage. Every law is asked after every event.

    Args:
        steps: How much one turn may do.
    """

    def __init__(self, program: Program, *, steps: int = 250) -> None:
        super().__init__(*program.texts, limits=Limits(steps=steps), answer=self._find_definition)
        self.copies: list[dict[str, Any]] = []
        """What the state was after each entry of the history."""
        self.reopened = False
        if program.action is None:
            self.start(program.workflow, program.input, program.params)
        else:
            self.send(
                ActionRequested(
                    run_id=ROOT,
                    action=program.action,
                    input=program.input,
                    timeout_seconds=program.timeout_seconds,
                )
            )

    def _find_definition(self, question: str) -> Json:
        """What an action by itself may be made of; an execution has its definitions from the start."""
        kind, _, asked = question.partition(" ")
        name = json.loads(asked).get("name")
        found = (pin for pin in self.pins if (pin.kind, pin.name) == (kind, name))
        return next(({"document": pin.document, "id": ""} for pin in found), None)

    # Laws.

    def send(self, event: Event) -> None:
        super().send(event)
        self._check_repetition(event)
        laws.check_loading(self.state)
        laws.check_waiting(self.world, self.state)

    def send_once(self, event: Event) -> Changes:
        before, length = laws.copy_of(self.state), len(self.history)
        changes = super().send_once(event)
        laws.demand(len(self.history) < MOST_ENTRIES, "a tree comes to rest", len(self.history))
        after = laws.copy_of(self.state)
        if len(self.history) == length:
            laws.check_same(before, after, "no entry, no changes")
        else:
            self.copies.append(after)
            reopens = isinstance(event, TaskRerunRequested | TaskSkipRequested)
            self.reopened = self.reopened or reopens
            laws.check_moves(before, after, reopens=reopens)
        laws.check_rows(self.state, reopened=self.reopened)
        return changes

    def _check_repetition(self, event: Event) -> None:
        """The same event once more changes nothing, or is refused.

        A timer that was set anew, a resume that met another `pause`, and the rerun of a task that has failed
        once more are not the same any more.
        """
        match event:
            case TaskRerunRequested(task_id) | TaskSkipRequested(task_id) if task_id in self.state.tasks:
                if self.state.tasks[task_id].state is TaskState.ERROR:
                    return
            case TimerFired(timer_id) if timer_id in self.state.timers:
                return
            case ResumeRequested(execution_id) if execution_id in self.state.executions:
                if self.state.executions[execution_id].state is ExecutionState.PAUSED:
                    return
        self.check_ignored(event)

    def check_ignored(self, event: Event) -> None:
        """The event changes nothing now, or is refused."""
        try:
            decision = decide(self.world, self.state, Entry(event, self.clock.now(), "another seed"))
        except Error:
            return
        nothing = not decision.changes and not decision.effects
        laws.demand(nothing, "no event happens twice", event, decision)

    # What happens.

    def perform(self, script: tuple[Happening, ...]) -> None:
        for happening in script:
            event = self._event_of(happening)
            if event is not None:
                self._try(event, happening.at_once)

    def _try(self, event: Event, at_once: bool = False) -> None:
        """Send what the outside may send: it may be refused, but only with one of our errors."""
        try:
            if at_once:
                self.send_once(event)
            else:
                self.send(event)
        except Error:
            pass

    def _event_of(self, happening: Happening) -> Event | None:
        pick = happening.pick
        match happening.kind:
            case "succeed" | "fail" | "cancel":
                run = _choose(self.open_runs(), pick)
                return run and ActionCompleted(run.id, run.attempt, result_of(run, happening.kind))
            case "complete-from-outside":
                run = _choose(self.runs(), pick)
                return run and ActionCompleted(run.id, None, Result(value="outside"))
            case "complete-late":
                self._check_late(_choose(self.runs(), pick))
                return None
            case "started":
                run = _choose(self.open_runs(), pick)
                return run and ActionStarted(run.id, run.attempt)
            case "lost":
                run = _choose(self.open_runs(), pick)
                return run and ActionLost(run.id, run.attempt)
            case "pause-run" | "resume-run":
                return self._rest(happening)
            case "timer":
                return self._fire(pick)
            case "timer-again":
                return TimerFired(f"{self.tasks()[0].id if self.tasks() else ROOT}/wait-before")
            case "repeat":
                self._check_old(pick)
                return None
            case "rerun" | "rerun-failed-items" | "skip":
                return self._second_thoughts(happening)
            case "continue":
                return TurnContinued(pick % 4 or None)
        return self._request(happening.kind, pick)

    def _request(self, kind: str, pick: int) -> Event | None:
        execution = _choose(list(self.state.executions.values()), pick)
        if execution is None:
            return None
        match kind:
            case "pause":
                return PauseRequested(execution.id, "a pause")
            case "resume":
                return ResumeRequested(execution.id, {"e": pick})
            case "update":
                env = {"e": pick} if pick % 2 else {}
                return ExecutionUpdateRequested(execution_id=execution.id, description=f"{pick}", env=env)
        ends: tuple[Literal["SUCCESS", "ERROR", "CANCELLED"], ...] = ("CANCELLED", "ERROR", "SUCCESS")
        return StopRequested(execution.id, ends[pick % 3], "stopped")

    def _rest(self, happening: Happening) -> Event | None:
        """Whoever does the work of an asynchronous action rests or goes on; of others, that is refused."""
        asynchronous = [run for run in self.open_runs() if run.asynchronous]
        run = _choose(asynchronous or self.runs(), happening.pick)
        if run is None:
            return None
        return (ActionPauseRequested if happening.kind == "pause-run" else ActionResumeRequested)(run.id)

    def _second_thoughts(self, happening: Happening) -> Event | None:
        failed = [task for task in self.tasks() if task.state is TaskState.ERROR]
        task = _choose(failed or self.tasks(), happening.pick)
        if task is None:
            return None
        if happening.kind == "skip":
            return TaskSkipRequested(task.id)
        return TaskRerunRequested(task.id, reset=happening.kind == "rerun")

    def _fire(self, pick: int) -> Event | None:
        """Any timer, not only the next one: nodes may be late, and clocks may jump."""
        timer = _choose(sorted(self.state.timers.values(), key=lambda timer: timer.due_at), pick)
        if timer is None:
            return None
        self.clock.advance_to(timer.due_at)
        return TimerFired(timer.id)

    def _check_late(self, run: ActionRun | None) -> None:
        """The answer of an attempt that was given up, or of a run that has ended."""
        if self.state.has_work or run is None:
            return
        if run.attempt > 1:
            self.check_ignored(ActionCompleted(run.id, run.attempt - 1, Result(value="late")))
            self.check_ignored(ActionLost(run.id, run.attempt - 1))
        if run.state in ENDED_RUN:
            self.check_ignored(ActionCompleted(run.id, run.attempt, Result(value="late")))
            self.check_ignored(ActionLost(run.id, run.attempt))

    def _check_old(self, pick: int) -> None:
        """What workers said before, and the request itself, once more. Other requests may be meant anew."""
        if self.state.has_work:
            return
        event = self.history[pick % len(self.history)].event
        if isinstance(event, ExecutionRequested | ActionRequested | ActionStarted | ActionCompleted):
            self.check_ignored(event)

    # The end.

    def finish(self, budget: int = 150) -> bool:
        """Let everything come to its end. False: it takes more events than the budget allows."""
        for _ in range(budget):
            if self.state.has_work:
                self.send(TurnContinued())
            elif not self._finish_something():
                break
        else:
            return False
        states = [execution.state for execution in self.state.executions.values()]
        laws.demand(all(state in ENDED_EXECUTION for state in states), "everything ends", states)
        laws.demand(self.state.has_ended, "everything ends", self.state.runs)
        return True

    def _finish_something(self) -> bool:
        waiting = [run for run in self.open_runs() if not run.abandoned]
        if waiting:
            self._try(ActionCompleted(waiting[0].id, waiting[0].attempt, Result(value=1)))
            return True
        if self.pass_to_next_timer():
            return True
        for execution in self.state.executions.values():
            if execution.state is ExecutionState.PAUSED:
                self.send(ResumeRequested(execution.id))
                return True
        return False


def _choose(things: list[Any], pick: int) -> Any:
    return things[pick % len(things)] if things else None


def result_of(run: ActionRun, kind: str) -> Result:
    match kind:
        case "succeed":
            return Result(value=run.index if run.index is not None else "done")
        case "fail":
            return Result(error="it failed")
    return Result(cancelled=True, value="enough")
