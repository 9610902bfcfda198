"""The worker with a recorder in the place of the engine."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from maestrale.actions import ActionContext, ActionFailed, Registry, Result, action
from maestrale.core.catalogue import Limits
from maestrale.engine.assignments import Assignment
from maestrale.errors import Conflict, Unavailable
from maestrale.workers import LocalWorker


class Recorder:
    """Reports that are durable at once, or after some failures."""

    def __init__(self, *, failures: int = 0, gives_up: tuple[str, ...] = ()) -> None:
        self.begun: list[tuple[str, int]] = []
        self.results: dict[tuple[str, int], Result] = {}
        self.failures = failures
        self._gives_up = gives_up
        self._news = asyncio.Event()

    async def started(self, run_id: str, attempt: int) -> bool:
        self._fail_for_a_while()
        self.begun.append((run_id, attempt))
        return run_id not in self._gives_up

    async def completed(self, run_id: str, attempt: int, result: Result) -> None:
        self._fail_for_a_while()
        assert (run_id, attempt) not in self.results
        self.results[run_id, attempt] = result
        self._news.set()

    def _fail_for_a_while(self) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("the database is away")

    async def wait_for(self, count: int) -> list[Result]:
        """The first `count` results, in the order they came."""
        while len(self.results) < count:
            self._news.clear()
            await self._news.wait()
        return list(self.results.values())


def assign(name: str, *, run_id: str = "r", **more: Any) -> Assignment:
    input = more.pop("input", {})
    return Assignment(
        run_id=run_id,
        attempt=more.pop("attempt", 1),
        action=name,
        input=input,
        execution_id="e",
        task_id="t",
        task_name="task",
        workflow_name="wf",
        safe_rerun=more.pop("safe_rerun", True),
        # Each of an execution and a project of its own: how these share the places is another subject.
        root_id=more.pop("root_id", run_id),
        project_id=more.pop("project_id", run_id),
        **more,
    )


async def idle(worker: LocalWorker) -> None:
    """Wait until nothing is under way."""
    while worker.running or worker.waiting:  # noqa: ASYNC110 - Nothing tells.
        await asyncio.sleep(0)


def outcome(function: Callable[..., Any], *, limits: Limits | None = None, **more: Any) -> Result:
    """How one attempt of a function ends, as the engine hears it."""

    async def body() -> Result:
        reports = Recorder()
        worker = LocalWorker(Registry([action("my.action")(function)]), reports, limits=limits)
        worker.submit(assign("my.action", **more))
        [result] = await reports.wait_for(1)
        await idle(worker)
        return result

    return asyncio.run(body())


def test_an_async_action_runs_and_its_result_is_reported() -> None:
    async def add(a: int, b: int = 2) -> int:
        await asyncio.sleep(0)
        return a + b

    assert outcome(add, input={"a": 1}) == Result(value=3)


def test_a_plain_action_runs_in_a_thread() -> None:
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    assert outcome(where) == Result(value=False)


def test_the_action_sees_its_context() -> None:
    async def look(*, context: ActionContext) -> list[Any]:
        return [
            context.workflow_execution_id,
            context.task_execution_id,
            context.action_execution_id,
            context.workflow_name,
            context.task_name,
            context.attempt,
            context.idempotency_key,
            context.cancelled(),
        ]

    assert outcome(look, attempt=2) == Result(value=["e", "t", "r", "wf", "task", 2, "e/t/r/2", False])


def raise_value_error() -> None:
    raise ValueError("no such host")


async def raise_value_error_async() -> None:
    raise ValueError("no such host")


@pytest.mark.parametrize("function", [raise_value_error, raise_value_error_async])
def test_an_exception_is_an_error_without_a_traceback(function: Callable[..., Any]) -> None:
    assert outcome(function) == Result(
        error="The action raised an exception [action=my.action, action_ex_id=r, msg='no such host']"
    )


def fail_with_data() -> None:
    raise ActionFailed({"code": 7})


def exit_program() -> None:
    sys.exit(3)


async def exit_program_async() -> None:
    sys.exit(3)


def raise_interrupt() -> None:
    raise KeyboardInterrupt


def raise_stop() -> None:
    raise StopIteration("x")


async def cancel_itself() -> None:
    raise asyncio.CancelledError


def in_words(message: str) -> str:
    return f"The action raised an exception [action=my.action, action_ex_id=r, msg='{message}']"


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (fail_with_data, {"code": 7}),
        (exit_program, in_words("SystemExit: 3")),
        (exit_program_async, in_words("SystemExit: 3")),
        (raise_interrupt, in_words("KeyboardInterrupt: KeyboardInterrupt")),
        (raise_stop, in_words("StopIteration: x")),
        (cancel_itself, in_words("the action cancelled itself")),
    ],
)
def test_nothing_that_an_action_raises_harms_the_worker(function: Callable[..., Any], error: Any) -> None:
    assert outcome(function) == Result(error=error)


def test_a_result_that_is_returned_is_honoured() -> None:
    assert outcome(lambda: Result(error=["why"])) == Result(error=["why"])
    assert outcome(lambda: Result(cancelled=True)) == Result(cancelled=True)


def test_a_result_that_is_no_json_fails_the_attempt() -> None:
    assert outcome(lambda: {"items": [1, {"when": b""}]}) == Result(
        error="The result of `my.action` cannot be stored as JSON: "
        "`result.items[1].when` is bytes, which JSON does not have"
    )


def test_a_result_above_the_limit_is_refused() -> None:
    assert outcome(lambda: "x" * 3000, limits=Limits(field_bytes=2048)) == Result(
        refusal="Field size limit exceeded: the result of action my.action: "
        "3,002 bytes of JSON, and 2,048 are allowed"
    )


def test_a_wrong_input_is_told_without_its_value() -> None:
    async def typed(count: int) -> None: ...

    assert outcome(typed, input={"count": "s3cret"}) == Result(
        error="Wrong input of action `my.action`, parameter `count`: expected `int`, got `str`"
    )
    assert outcome(typed, input={"cuont": 1}) == Result(
        error="Invalid input [name=my.action, missing=['count'], unexpected=['cuont']]"
    )


def test_an_unknown_action_is_an_error() -> None:
    async def body() -> list[Result]:
        reports = Recorder()
        LocalWorker(Registry(), reports).submit(assign("std.ecko"))
        return await reports.wait_for(1)

    assert asyncio.run(body()) == [
        Result(error="There is no action `std.ecko` [unknown-action]\n  hint: did you mean `std.echo`?")
    ]


def test_an_action_that_takes_too_long_is_ended_and_reported() -> None:
    ended: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    # The shortest bound an assignment has is one second.
    assert outcome(hang, timeout_seconds=1) == Result(error="Timeout after 1 seconds")
    assert ended == ["cleaned up"]


def test_a_plain_action_that_takes_too_long_learns_it_and_is_reported() -> None:
    learned = threading.Event()

    def hang(*, context: ActionContext) -> None:
        while not context.cancelled():
            threading.Event().wait(0.001)
        learned.set()

    assert outcome(hang, timeout_seconds=1) == Result(error="Timeout after 1 seconds")
    assert learned.wait(10)


def test_an_action_that_ends_in_time_is_not_a_timeout() -> None:
    async def raise_timeout() -> None:
        raise TimeoutError("of its own")

    assert outcome(raise_timeout, timeout_seconds=60) == Result(error=in_words("of its own"))


def test_an_attempt_that_must_not_be_repeated_begins_only_after_that_is_durable() -> None:
    order: list[str] = []

    class Slow(Recorder):
        async def started(self, run_id: str, attempt: int) -> bool:
            await asyncio.sleep(0)
            order.append("durable")
            return True

    async def run() -> None:
        order.append("begun")

    async def body() -> None:
        reports = Slow()
        worker = LocalWorker(Registry([action("my.action")(run)]), reports)
        worker.submit(assign("my.action", safe_rerun=False))
        await reports.wait_for(1)

    asyncio.run(body())
    assert order == ["durable", "begun"]


def test_an_attempt_that_may_be_repeated_needs_nobodys_leave() -> None:
    async def body() -> list[tuple[str, int]]:
        reports = Recorder()
        LocalWorker(Registry(), reports).submit(assign("std.echo", input={"output": 1}))
        await reports.wait_for(1)
        return reports.begun

    assert asyncio.run(body()) == []


def test_an_attempt_that_was_given_up_does_not_begin() -> None:
    ran: list[str] = []

    async def run(name: str) -> None:
        ran.append(name)

    async def body() -> Recorder:
        reports = Recorder(gives_up=("old",))
        worker = LocalWorker(Registry([action("my.action")(run)]), reports)
        for name in ("old", "new"):
            worker.submit(assign("my.action", run_id=name, input={"name": name}, safe_rerun=False))
        await idle(worker)
        return reports

    reports = asyncio.run(body())
    assert (ran, reports.begun, reports.results) == (
        ["new"],
        [("old", 1), ("new", 1)],
        {("new", 1): Result()},
    )


def test_an_asynchronous_action_reports_its_failure_and_nothing_else() -> None:
    async def start(works: bool) -> str:
        if not works:
            raise ValueError("no")
        return "started"

    async def body() -> dict[tuple[str, int], Result]:
        reports = Recorder()
        worker = LocalWorker(Registry([action("my.action", asynchronous=True)(start)]), reports)
        for works in (True, False):
            worker.submit(assign("my.action", run_id=str(works), input={"works": works}, asynchronous=True))
        await idle(worker)
        return reports.results

    assert list(asyncio.run(body())) == [("False", 1)]


def test_results_are_not_lost_while_the_database_is_away() -> None:
    async def body() -> tuple[list[Result], list[tuple[str, int]]]:
        reports = Recorder(failures=7)
        worker = LocalWorker(Registry(), reports, pause=0.0001)
        worker.submit(assign("std.echo", input={"output": 1}, safe_rerun=False))
        return await reports.wait_for(1), reports.begun

    assert asyncio.run(body()) == ([Result(value=1)], [("r", 1)])


def test_a_report_that_the_engine_refuses_is_dropped() -> None:
    class Refusing(Recorder):
        async def completed(self, run_id: str, attempt: int, result: Result) -> None:
            if run_id == "gone":
                raise Conflict("gone")
            await super().completed(run_id, attempt, result)

    async def body() -> list[tuple[str, int]]:
        reports = Refusing()
        worker = LocalWorker(Registry(), reports)
        for run_id in ("gone", "here"):
            worker.submit(assign("std.noop", run_id=run_id))
        await idle(worker)
        return list(reports.results)

    assert asyncio.run(body()) == [("here", 1)]


class Gate:
    """Actions that wait until the test lets them go, and tell how many are inside."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self.ended: list[str] = []
        self.open = asyncio.Event()

    def registry(self) -> Registry:
        @action("my.wait")
        async def wait(name: str = "") -> str:
            self.inside += 1
            self.most = max(self.most, self.inside)
            try:
                await self.open.wait()
                return name
            finally:
                self.inside -= 1
                self.ended.append(name)

        return Registry([wait])

    async def fill(self, count: int) -> None:
        while self.inside < count:  # noqa: ASYNC110
            await asyncio.sleep(0)


def on_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A test that is a coroutine."""

    def run() -> None:
        asyncio.run(test())

    run.__name__ = test.__name__
    return run


@on_loop
async def test_a_bounded_number_of_actions_runs_at_once_and_all_run_in_the_end() -> None:
    gate, reports = Gate(), Recorder()
    worker = LocalWorker(gate.registry(), reports, slots=3)
    for number in range(10):
        worker.submit(assign("my.wait", run_id=str(number), input={"name": str(number)}))
    await gate.fill(3)

    assert (worker.running, worker.waiting) == (3, 7)
    gate.open.set()
    results = await reports.wait_for(10)

    assert [result.value for result in results] == [str(number) for number in range(10)]
    assert gate.most == 3


@on_loop
async def test_threads_have_a_bound_of_their_own() -> None:
    release, inside = threading.Event(), threading.Semaphore(0)

    @action("my.block")
    def block() -> None:
        inside.release()
        release.wait(30)

    reports = Recorder()
    worker = LocalWorker(Registry([block]), reports, slots=1, threads=2)
    for number in range(5):
        worker.submit(assign("my.block", run_id=str(number)))
    worker.submit(assign("std.echo", run_id="async", input={"output": 1}))
    for _ in range(2):
        await asyncio.to_thread(inside.acquire)
    await reports.wait_for(1)  # The async action has a place although all threads are taken.

    assert (list(reports.results), worker.running, worker.waiting) == ([("async", 1)], 2, 3)
    release.set()
    await reports.wait_for(6)


@on_loop
async def test_an_attempt_that_is_known_is_not_taken_twice() -> None:
    gate, reports = Gate(), Recorder()
    worker = LocalWorker(gate.registry(), reports)
    for attempt in (1, 1, 2):
        worker.submit(assign("my.wait", attempt=attempt))
    await gate.fill(2)

    assert worker.running == 2
    gate.open.set()
    await reports.wait_for(2)
    assert sorted(reports.results) == [("r", 1), ("r", 2)]


@on_loop
async def test_a_cancelled_attempt_ends_and_reports_nothing() -> None:
    gate, reports = Gate(), Recorder()
    worker = LocalWorker(gate.registry(), reports)
    for name in ("stop", "stay"):
        worker.submit(assign("my.wait", run_id=name, input={"name": name}))
    await gate.fill(2)

    worker.cancel("stop", 1)
    worker.cancel("stop", 2)
    worker.cancel("unknown", 1)
    await gate.fill(1)
    gate.open.set()
    await idle(worker)

    assert (gate.ended, list(reports.results)) == (["stop", "stay"], [("stay", 1)])


@on_loop
async def test_a_cancelled_attempt_that_waits_for_its_place_never_begins() -> None:
    gate, reports = Gate(), Recorder()
    worker = LocalWorker(gate.registry(), reports, slots=1)
    for name in ("first", "second", "third"):
        worker.submit(assign("my.wait", run_id=name, input={"name": name}))

    worker.cancel("second", 1)
    held = [worker.holds(name, 1) for name in ("first", "second", "third")]
    gate.open.set()
    await idle(worker)

    assert list(reports.results) == [("first", 1), ("third", 1)]
    assert (held, worker.holds("first", 1)) == ([True, False, True], False)


@on_loop
async def test_an_action_that_ignores_its_cancellation_reports_nothing_either() -> None:
    begun = asyncio.Event()

    @action("my.stubborn")
    async def stubborn() -> str:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "all the same"

    reports = Recorder()
    worker = LocalWorker(Registry([stubborn]), reports)
    worker.submit(assign("my.stubborn"))
    await begun.wait()
    worker.cancel("r", 1)
    await idle(worker)

    assert reports.results == {}


@on_loop
async def test_a_cancelled_function_keeps_its_thread_until_it_returns() -> None:
    release, inside = threading.Event(), threading.Semaphore(0)

    @action("my.block")
    def block() -> str:
        inside.release()
        release.wait(30)
        return "late"

    reports = Recorder()
    worker = LocalWorker(Registry([block]), reports, threads=1)
    worker.submit(assign("my.block", run_id="first"))
    worker.submit(assign("my.block", run_id="second"))
    await asyncio.to_thread(inside.acquire)

    worker.cancel("first", 1)
    while worker.running:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert (worker.waiting, inside.acquire(blocking=False)) == (1, False)
    release.set()
    await reports.wait_for(1)

    assert list(reports.results) == [("second", 1)]


@on_loop
async def test_cancelling_stops_a_report_that_cannot_be_delivered() -> None:
    reports = Recorder(failures=10**9)
    worker = LocalWorker(Registry(), reports, pause=0.0001)
    worker.submit(assign("std.noop"))
    while reports.failures > 10**9 - 3:  # noqa: ASYNC110
        await asyncio.sleep(0)

    worker.cancel("r", 1)
    await idle(worker)

    assert reports.results == {}


@on_loop
async def test_closing_ends_what_runs_and_what_waits_and_takes_nothing_more() -> None:
    gate, reports = Gate(), Recorder()
    worker = LocalWorker(gate.registry(), reports, slots=2)
    for number in range(4):
        worker.submit(assign("my.wait", run_id=str(number), input={"name": str(number)}))
    await gate.fill(2)

    await worker.close(grace=10)
    worker.submit(assign("my.wait", run_id="late"))

    assert (gate.ended, worker.running, worker.waiting, reports.results) == (["0", "1"], 0, 0, {})


@on_loop
async def test_closing_waits_no_longer_than_its_grace() -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    @action("my.stubborn")
    async def stubborn() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await release.wait()

    worker = LocalWorker(Registry([stubborn]), Recorder())
    worker.submit(assign("my.stubborn"))
    await begun.wait()

    await worker.close(grace=0.01)

    assert worker.running == 1
    release.set()
    await idle(worker)


@on_loop
async def test_what_is_cancelled_before_it_began_gives_its_place_back() -> None:
    gate, reports = Gate(), Recorder()
    gate.open.set()
    worker = LocalWorker(gate.registry(), reports, slots=1)
    worker.submit(assign("my.wait", run_id="first"))
    worker.submit(assign("my.wait", run_id="second"))

    worker.cancel("first", 1)
    await idle(worker)

    assert list(reports.results) == [("second", 1)]


def test_cancelling_a_command_ends_its_processes_before_its_place_is_free(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "signs")

    async def body() -> tuple[dict[tuple[str, int], Result], bytes]:
        reports = Recorder()
        worker = LocalWorker(Registry(), reports)
        script = "exec 9>signs; (echo x >&9; sleep 1000) & wait"
        worker.submit(assign("std.command", input={"script": script, "cwd": str(tmp_path)}))
        signs = await asyncio.to_thread(os.open, tmp_path / "signs", os.O_RDONLY)
        await asyncio.to_thread(os.read, signs, 2)
        worker.cancel("r", 1)
        await idle(worker)
        os.set_blocking(signs, False)  # Nothing, and the end: nobody holds the other side any more.
        rest = os.read(signs, 1)
        os.close(signs)
        return reports.results, rest

    assert asyncio.run(body()) == ({}, b"")


def test_a_worker_that_is_drained_ends_what_runs_and_begins_nothing_more() -> None:
    async def body() -> None:
        may_end = asyncio.Event()

        async def work() -> str:
            await may_end.wait()
            return "done"

        reports = Recorder()
        worker = LocalWorker(Registry([action("my.action")(work)]), reports, slots=1)
        worker.submit(assign("my.action", run_id="runs"))
        worker.submit(assign("my.action", run_id="waits"))
        draining = asyncio.ensure_future(worker.drain(60))
        await asyncio.sleep(0)
        worker.submit(assign("my.action", run_id="comes"))
        may_end.set()

        await draining

        assert reports.results == {("runs", 1): Result(value="done")}
        assert (worker.holds("waits", 1), worker.holds("comes", 1), worker.running) == (True, True, 0)
        await worker.close(grace=1)

    asyncio.run(body())


def test_a_drain_does_not_wait_for_ever() -> None:
    async def body() -> None:
        async def work() -> None:
            await asyncio.Event().wait()

        reports = Recorder()
        worker = LocalWorker(Registry([action("my.action")(work)]), reports)
        worker.submit(assign("my.action"))
        await asyncio.sleep(0)

        async with asyncio.timeout(5):
            await worker.drain(0.01)
            await worker.close(grace=1)

        assert reports.results == {}

    asyncio.run(body())
