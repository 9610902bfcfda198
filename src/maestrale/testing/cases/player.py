"""Plays one test on the pure core: calls get their answers, time passes where nothing else can happen.

At one instant the tree has its turns first, then answers arrive, in the order in which they were asked for,
then operations happen that wait for no time, then timers fire, then operations whose time has come.
"""

from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from maestrale.actions import Registry
from maestrale.core import ActionRun, Event, Limits
from maestrale.core.effects import CancelAction, RunAction
from maestrale.core.events import ActionCompleted, TimerFired, TurnContinued
from maestrale.core.explaining import explain
from maestrale.core.rerun import refusal
from maestrale.core.status import ENDED_RUN, ExecutionState
from maestrale.engine.stopwatch import Stopwatch
from maestrale.errors import Error
from maestrale.expressions import mask
from maestrale.testing.cases import facts
from maestrale.testing.cases.actions import CaseCatalogue
from maestrale.testing.cases.answers import Answers
from maestrale.testing.cases.durations import shown as shown_duration
from maestrale.testing.cases.evaluation import Evaluator
from maestrale.testing.cases.matching import Matcher, plain, shown
from maestrale.testing.cases.model import Case, Fault, Operation
from maestrale.testing.cases.operations import event_of
from maestrale.testing.cases.trace import Trace
from maestrale.testing.cases.worker import CaseWorker
from maestrale.testing.paths import UnknownPath, find_execution, find_run, find_task, path_of_run
from maestrale.testing.stage import Stage


class _OutOfBounds(Exception):
    """The test went further than it may. The message says how far."""


class Player:
    """One test under way. `play` it once, then look at the rest.

    `faults` are what went wrong in the playing itself; `refusal` is why the workflow did not start;
    `is_cut_off`: the test went further than it may.
    """

    def __init__(self, case: Case, registry: Registry, stopwatch: Stopwatch) -> None:
        self.case = case
        self.refusal: Error | None = None
        self.is_cut_off = False
        self.trace = Trace(case.now)
        self.catalogue = CaseCatalogue(registry, case.documents, case.rules)
        definitions = {document.text: document.definitions for document in case.documents}
        self.stage = Stage(
            *definitions,
            # A task at a time, so that the order in which tasks begin is seen.
            limits=Limits(steps=1),
            answer=facts.answer,
            catalogue=self.catalogue,
            read=definitions.__getitem__,
            start=case.now,
            guard=stopwatch.guard,
        )
        evaluator = Evaluator(self.stage, stopwatch.guard)
        self.matcher = Matcher(evaluator.evaluate_text)
        self.answers = Answers(case.rules, self.matcher.fits)
        self._worker = CaseWorker(case, registry, self.catalogue, self.stage, self.answers, evaluator)
        self._faults: list[Fault] = []
        self._operations = list(case.operations)
        self._decisions = 0
        self._numbers = count()
        self._due: list[tuple[datetime, int, ActionCompleted]] = []
        self._given_up: set[tuple[str, int | None]] = set()

    @property
    def now(self) -> datetime:
        return self.stage.clock.now()

    @property
    def faults(self) -> list[Fault]:
        return [*self._worker.faults, *self._faults]

    @property
    def elapsed(self) -> timedelta:
        """From the start to the end of the execution, or until now."""
        root = self.stage.root
        return (root.finished_at or self.now) - root.created_at

    def waits(self) -> list[str]:
        """What the execution waits for, in sentences."""
        stage = self.stage
        return [wait.text for wait in explain(stage.world, stage.state, stage.root.id, self.now).waits]

    def play(self) -> None:
        """Start the workflow and let everything happen that will."""
        case = self.case
        try:
            self._decide(self.stage.start_event(case.workflow.name, case.input, case.params))
        except Error as error:
            self.refusal = error
            return
        try:
            while self._turn() or self._answer() or self._operate(timed=False) or self._pass_time():
                pass
        except _OutOfBounds as bound:
            told = f"{bound}; the execution is {self.stage.root.state}. {' '.join(self.waits())}"
            hint = "raise the bound with `limits` if it is meant to go on so long"
            self._faults.append(Fault(case.mark, told, hint))
            self.is_cut_off = True
            return
        for operation in self._operations:
            told = f"`{operation}` never came about: the execution is {self.stage.root.state}"
            self._faults.append(Fault(operation.mark, told))

    # What happens.

    def _decide(self, event: Event) -> None:
        self._decisions += 1
        if self._decisions > self.case.bounds.decisions:
            at = shown_duration(self.now - self.case.now)
            most = self.case.bounds.decisions
            raise _OutOfBounds(f"it takes more than {most:,} decisions, reached at {at} of fake time")
        known = len(self.stage.effects)
        changes = self.stage.send_once(event)
        self.trace.take(self.stage.state, changes, self.now)
        for effect in self.stage.effects[known:]:
            match effect:
                case RunAction(run_id, attempt):
                    self._call(self.stage.state.runs[run_id], attempt)
                case CancelAction(run_id, attempt):
                    self._given_up.add((run_id, attempt))

    def _call(self, run: ActionRun, attempt: int) -> None:
        """See to the answer of an attempt that begins."""
        path, input = path_of_run(self.stage.state, run), shown(mask(plain(run.input)))
        self.trace.tell(self.now, path, f"calls {run.name}", input)
        reply = self._worker.reply_to(run)
        if reply is not None:
            event = ActionCompleted(run.id, attempt, reply.result)
            heappush(self._due, (self.now + reply.after, next(self._numbers), event))

    def _turn(self) -> bool:
        if not self.stage.state.has_work:
            return False
        self._decide(TurnContinued())
        return True

    def _answer(self) -> bool:
        """Let the next answer arrive if its time has come."""
        if not self._due or self._due[0][0] > self.now:
            return False
        _, _, event = heappop(self._due)
        if (event.run_id, event.attempt) not in self._given_up:
            self._decide(event)
        return True

    def _pass_time(self) -> bool:
        """Go to the next instant at which something happens, and let a timer or an operation happen."""
        timer = min(((row.due_at, row.id) for row in self.stage.state.timers.values()), default=None)
        instants = [*([timer[0]] if timer else []), *([self._due[0][0]] if self._due else [])]
        if self._operations and self._operations[0].at is not None:
            instants.append(max(self.case.now + self._operations[0].at, self.now))
        if not instants:
            return False
        instant = min(instants)
        if instant > self.case.now + self.case.bounds.time:
            raise _OutOfBounds(f"it takes more than {shown_duration(self.case.bounds.time)} of fake time")
        self.stage.clock.advance_to(instant)
        if self._due and self._due[0][0] <= instant:
            return True  # Its turn comes first.
        if timer is not None and timer[0] <= instant:
            self._decide(TimerFired(timer[1]))
            return True
        return self._operate(timed=True)

    # Operations.

    def _operate(self, *, timed: bool) -> bool:
        """Perform the next operation: one with a time, which has come; or one without, if it is possible."""
        if not self._operations or (self._operations[0].at is not None) is not timed:
            return False
        if not timed and not self._is_possible(self._operations[0]):
            return False
        self._perform(self._operations.pop(0))
        return True

    def _is_possible(self, operation: Operation) -> bool:
        state, path = self.stage.state, operation.path
        try:
            match operation.verb:
                case "complete":
                    return find_run(state, path or "", latest=True).state not in ENDED_RUN
                case "rerun" | "skip":
                    task = find_task(state, path or "", latest=True)
                    return refusal(facts.reading_turn(self.stage), task.id) is None
                case _:
                    return find_execution(state, path, latest=True).state is ExecutionState.PAUSED
        except UnknownPath:
            return False

    def _perform(self, operation: Operation) -> None:
        self.trace.tell(self.now, "", f"operation: {operation}")
        told = None
        try:
            self._decide(event_of(self.stage.state, operation))
            if operation.refused is not None:
                told = f"`{operation}` was not refused, and `{operation.refused}` was expected"
        except UnknownPath as error:
            told = f"`{operation}` is not possible: {error}"
        except Error as error:
            if operation.refused != error.code:
                told = f"`{operation}` was refused: {error.message} [{error.code}]"
        if told is not None:
            self._faults.append(Fault(operation.mark, told))
