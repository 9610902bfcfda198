"""Expressions tried on the data of a task: `POST /v2/tasks/{id}/evaluate`.

Nothing changes by it. The expressions are evaluated on the loop, one after the other, each within the bounds
of a decision's, and everything else of the node has its turn in between. The first that goes over its bounds
is the last that is evaluated.
"""

import asyncio
from collections.abc import Callable

from msgspec import UNSET

from maestrale.api.call import Call
from maestrale.api.collections import unknown_item
from maestrale.api.endpoint import Endpoint
from maestrale.api.task_rows import TASKS
from maestrale.core import State
from maestrale.core.failures import FactNeeded
from maestrale.core.standpoint import Standpoint
from maestrale.engine.facts import StoredFacts
from maestrale.engine.tryout import OVER_BUDGET, Fault, Outcome, Tryout, reading_world
from maestrale.expressions import Json
from maestrale.store import StoreReader
from maestrale.wire.evaluations import Evaluation, EvaluationFault, EvaluationRequest, Evaluations


async def evaluate_on_task(call: Call) -> Evaluations:
    request: EvaluationRequest = call.body
    task_id = call.path["id"]
    state = await call.backend.read(_reading(call, task_id))
    if state is None:
        raise unknown_item(TASKS, task_id)
    engine = call.backend.engine
    standpoint = Standpoint(
        task_id=task_id,
        before=request.context == "before",
        item=None if request.item is UNSET else request.item,
    )
    tryout = Tryout(
        engine.world, state, standpoint, now=call.backend.clock.now(), guard=engine.guard, bounded=True
    )
    outcomes: list[Outcome] = []
    for text in request.expressions:
        if outcomes and _is_over_budget(outcomes[-1]):
            outcomes.append(_left_out(text))
            continue
        outcomes.append(await _outcome(call, tryout, text))
        await asyncio.sleep(0)
    return Evaluations(evaluations=[_evaluation(outcome) for outcome in outcomes])


def _reading(call: Call, task_id: str) -> Callable[[StoreReader], State | None]:
    def read(store: StoreReader) -> State | None:
        row = store.find_row(TASKS.listing, call.access, task_id, ("root_id",))
        rows = None if row is None else store.load_tree(row["root_id"])
        return None if rows is None else rows.state()

    return read


async def _outcome(call: Call, tryout: Tryout, text: str) -> Outcome:
    """What becomes of one expression; what it asks about other trees is read beside the loop."""
    while True:
        try:
            return tryout.evaluate(text)
        except FactNeeded as needed:
            answer = await call.backend.read(_answering(call, needed.question))
            tryout.learn(needed.question, answer)


def _answering(call: Call, question: str) -> Callable[[StoreReader], Json]:
    def answer(store: StoreReader) -> Json:
        world = reading_world(store, call.backend.registry)
        return StoredFacts(store, world).answer(question)

    return answer


def _is_over_budget(outcome: Outcome) -> bool:
    return outcome.fault is not None and outcome.fault.code in (OVER_BUDGET, "not-evaluated")


def _left_out(text: str) -> Outcome:
    fault = Fault(
        code="not-evaluated",
        message="an expression before this one went over its budget, and nothing was evaluated after it",
        hint="send this one by itself",
    )
    return Outcome(text=text, fault=fault)


def _evaluation(outcome: Outcome) -> Evaluation:
    fault = outcome.fault
    if fault is None:
        return Evaluation(expression=outcome.text, value=outcome.value)
    error = EvaluationFault(
        code=fault.code,
        message=fault.message,
        hint=UNSET if fault.hint is None else fault.hint,
        offset=UNSET if fault.offset is None else fault.offset,
        lines=list(fault.lines) or UNSET,
    )
    return Evaluation(expression=outcome.text, error=error)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v2/tasks/{id}/evaluate",
        summary="Evaluate expressions on the data of a task",
        description="Nothing is kept or changed. Each expression has a `value` or an `error`.",
        tag="tasks",
        handler=evaluate_on_task,
        body=EvaluationRequest,
        result=Evaluations,
        statuses=(400, 404),
    ),
)
