"""What an operator watches of a node: executions, tasks, action runs, commits, queues."""

from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from maestrale.api.backend import Figure
from maestrale.clock import Clock, monotonic
from maestrale.core.status import ENDED_EXECUTION, ENDED_RUN, ENDED_TASK
from maestrale.engine import Engine, Readers, Step
from maestrale.workers import LocalWorker

FRESH_SECONDS = 10.0
"""Counting all executions takes a while where there are millions: it is not done more often than this."""

SHORT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
LONG = (0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 86400.0)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class NodeFigures:
    """Counts what the engine of a node commits; `registry` is for `/metrics`."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._ended = Counter(
            "maestrale_executions_ended",
            "Executions that ended, sub-executions included.",
            ("state",),
            registry=registry,
        )
        self._tasks = Histogram(
            "maestrale_task_seconds",
            "From the moment a task was led to until it ended.",
            ("state",),
            buckets=LONG,
            registry=registry,
        )
        self._runs = Counter(
            "maestrale_action_runs_ended",
            "Action runs that ended.",
            ("action", "state"),
            registry=registry,
        )
        self._commit_seconds = Histogram(
            "maestrale_commit_seconds",
            "How long a transaction of the engine took.",
            buckets=SHORT,
            registry=registry,
        )
        self._commit_steps = Histogram(
            "maestrale_commit_steps",
            "How many decisions went into a transaction.",
            buckets=SIZES,
            registry=registry,
        )
        self._notices = Counter(
            "maestrale_notices",
            "Notices: delivered, attempts that failed, given up.",
            ("outcome",),
            registry=registry,
        )
        self._cron_turns = Counter(
            "maestrale_cron_turns",
            "Turns of cron triggers: a workflow started, or could not.",
            ("outcome",),
            registry=registry,
        )
        self._expired = Counter(
            "maestrale_expired",
            "Executions and action runs deleted because they had expired.",
            ("kind",),
            registry=registry,
        )
        self._audit_rounds = Counter(
            "maestrale_audit_rounds", "How often this server has looked over what it runs.", registry=registry
        )
        self._audit_findings = Gauge(
            "maestrale_audit_findings",
            "Faults that the last audit of this server has found.",
            ("code",),
            registry=registry,
        )
        self._audit_repairs = Counter(
            "maestrale_audit_repairs",
            "Faults that the audit has put right.",
            ("code",),
            registry=registry,
        )
        self._audit_codes: set[str] = set()
        for outcome in ("started", "failed"):  # So that a first failure is seen as an increase.
            self._cron_turns.labels(outcome)

    def on_cron_turn(self, started: bool) -> None:
        """Implements `CronTriggers.on_turn`."""
        self._cron_turns.labels("started" if started else "failed").inc()

    def on_audit(self, counts: Mapping[str, int]) -> None:
        """Implements `Auditor.on_round`. What is found no more is 0, so that an alarm ends."""
        self._audit_rounds.inc()
        self._audit_codes |= counts.keys()
        for code in self._audit_codes:
            self._audit_findings.labels(code).set(counts.get(code, 0))

    def on_audit_repair(self, code: str) -> None:
        """Implements `Auditor.on_repair`."""
        self._audit_repairs.labels(code).inc()

    def on_expired(self, kind: str) -> None:
        """Implements `Expiration.on_deleted`."""
        self._expired.labels(kind).inc()

    def on_notices(self, outcome: str, count: int) -> None:
        """Implements `Notifier.on_outcome`."""
        self._notices.labels(outcome).inc(count)

    def on_commit(self, seconds: float, steps: int) -> None:
        """Implements `Engine.on_commit`."""
        self._commit_seconds.observe(seconds)
        self._commit_steps.observe(steps)

    def on_steps(self, root_id: str, steps: Sequence[Step]) -> None:
        """Implements `Engine.on_steps`. A row that ends is one whose last change is its end."""
        for step in steps:
            changes, now = step.changes, step.entry.at
            for execution in changes.executions.values():
                if execution.finished_at == now and execution.state in ENDED_EXECUTION:
                    self._ended.labels(execution.state).inc()
            for task in changes.tasks.values():
                if task.finished_at == now and task.state in ENDED_TASK:
                    self._tasks.labels(task.state).observe((now - task.created_at).total_seconds())
            for run in changes.runs.values():
                if run.finished_at == now and run.state in ENDED_RUN:
                    self._runs.labels(run.action, run.state).inc()


class StateCount:
    """How many executions are in which state, counted now and then."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._counted: dict[str, int] = {}
        self._at: float | None = None

    async def read(self) -> dict[str, int]:
        if self._at is None or monotonic() - self._at > FRESH_SECONDS:
            self._counted = await self._readers.run(lambda store: store.count_states())
            self._at = monotonic()
        return self._counted


def gauges(engine: Engine, worker: LocalWorker, readers: Readers, clock: Clock) -> tuple[Figure, ...]:
    """What is read at each scrape."""
    counts = StateCount(readers)

    async def oldest() -> float:
        at = await readers.run(lambda store: store.oldest_unfinished_at())
        return 0.0 if at is None else max((clock.now() - at).total_seconds(), 0.0)

    async def queues() -> dict[str, float]:
        load = engine.load
        return {
            "uncommitted_steps": load.steps,
            "waiting_action_runs": worker.waiting,
            "running_action_runs": worker.running,
            "timers": load.timers,
        }

    async def notices() -> float:
        return await readers.run(lambda store: store.count_notices())

    async def cron_due() -> float:
        due_at = await readers.run(lambda store: store.next_due_at())
        return 0.0 if due_at is None else due_at.timestamp()

    async def trees() -> float:
        return engine.load.trees

    async def watchers() -> float:
        return engine.load.watchers

    return (
        Figure(
            name="maestrale_executions",
            description=f"Executions by state, counted every {FRESH_SECONDS:.0f} s at most.",
            label="state",
            read=counts.read,
        ),
        Figure(
            name="maestrale_oldest_unfinished_seconds",
            description="The age of the oldest execution that has not ended; 0 without one.",
            read=oldest,
        ),
        Figure(name="maestrale_queue_depth", description="What waits, by queue.", label="queue", read=queues),
        Figure(name="maestrale_notices_waiting", description="Notices still to be sent.", read=notices),
        Figure(
            name="maestrale_cron_due_timestamp_seconds",
            description="When the next cron trigger is due, in seconds since 1970; 0 without one.",
            read=cron_due,
        ),
        Figure(name="maestrale_trees", description="Executions in memory, with all below them.", read=trees),
        Figure(name="maestrale_watchers", description="Who follows an execution.", read=watchers),
    )
