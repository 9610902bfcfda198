"""What takes the place of a worker in a test: it gives calls of actions their answers."""

from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct

from maestrale.actions import Registry
from maestrale.core import ActionRun, Result
from maestrale.expressions import EvaluationError, Json, mask, reveal
from maestrale.testing.cases.actions import CaseCatalogue, perform
from maestrale.testing.cases.answers import Answers, Call
from maestrale.testing.cases.evaluation import Evaluator
from maestrale.testing.cases.matching import plain, shown
from maestrale.testing.cases.model import Answer, Case, Fault
from maestrale.testing.paths import path_of_run
from maestrale.testing.stage import Stage


class Reply(Struct, frozen=True):
    """How a call ends, and after which fake time."""

    result: Result
    after: timedelta = timedelta()


class CaseWorker:
    """Answers the calls of one test. What it has no answer for is noted in `faults`."""

    def __init__(
        self,
        case: Case,
        registry: Registry,
        catalogue: CaseCatalogue,
        stage: Stage,
        answers: Answers,
        evaluator: Evaluator,
    ) -> None:
        self.faults: list[Fault] = []
        self._case = case
        self._registry = registry
        self._catalogue = catalogue
        self._stage = stage
        self._answers = answers
        self._evaluator = evaluator

    def reply_to(self, run: ActionRun) -> Reply | None:
        """How an attempt of an action ends; None: it does not, by itself."""
        reply = self._own_reply(run)
        seconds = run.timeout_seconds or None
        if seconds is None or run.asynchronous or (reply and reply.after.total_seconds() <= seconds):
            return reply
        # A real worker keeps to this, too: the timer of a task bounds only the first of its attempts.
        return Reply(Result(error=f"Timeout after {seconds} seconds"), timedelta(seconds=seconds))

    def _own_reply(self, run: ActionRun) -> Reply | None:
        """How the attempt would end with all the time there is."""
        call = self._call(run)
        found = self._answers.take(call)
        if found is not None:
            return self._canned(run, *found)
        if call.is_own:
            return self._perform(run)
        return None if run.asynchronous else self._miss(call, run)

    def _call(self, run: ActionRun) -> Call:
        input = reveal(plain(run.input))
        names: list[tuple[str, Mapping[str, Json]]] = [
            (name, input) for name in self._catalogue.names_of(run.name)
        ]
        if run.arguments is not None:
            names.append((run.action, reveal(plain(run.arguments))))
        path = path_of_run(self._stage.state, run)
        return Call(path, names, self._catalogue.is_own(run.action))

    def _canned(self, run: ActionRun, answer: Answer, input: Mapping[str, Json]) -> Reply | None:
        match answer.kind:
            case "never":
                return None
            case "run":
                return self._perform(run, answer.after)
            case "cancelled":
                return Reply(Result(cancelled=True), answer.after)
        try:
            value = self._evaluator.evaluate(answer.value, input)
        except EvaluationError as error:
            self.faults.append(Fault(answer.mark, f"the answer cannot be evaluated: {error.message}"))
            return Reply(Result(error=_missing(run)), answer.after)
        result = Result(value=value) if answer.kind == "result" else Result(error=value)
        return Reply(result, answer.after)

    def _perform(self, run: ActionRun, after: timedelta = timedelta()) -> Reply | None:
        state = self._stage.state
        done = perform(
            self._registry,
            run,
            workflow=state.executions[run.execution_id].workflow,
            task=state.tasks[run.task_id].name,
            limit=self._stage.world.limits.field_bytes,
        )
        goes_on = run.asynchronous and not done.result.is_error
        return None if goes_on else Reply(done.result, after + done.took)

    def _miss(self, call: Call, run: ActionRun) -> Reply:
        """There is no answer: the action fails, and so does the test."""
        why = (
            "no answer for it fits or is left"
            if self._answers.has_rule_for(call)
            else "nothing is canned for it"
        )
        input = shown(mask(plain(run.input)))
        told = f"no canned result for `{run.name}` of `{call.path}`: {why}; its input is {input}"
        task = self._stage.state.tasks[run.task_id].name
        hint = f"can one: `tasks: {{{task}: {{result: …}}}}`, or for the action under `actions`"
        self.faults.append(Fault(self._case.mark, told, hint))
        return Reply(Result(error=_missing(run)))


def _missing(run: ActionRun) -> str:
    return f"no canned result for {run.name}"
