"""The states of executions, tasks and action runs, and what may follow what.

The tables are the one home of these rules: `Turn` checks every change against them, the diagrams in
the documentation are drawn from them, and a test walks them. Source: Mistral v2, "States"; the moves
that Mistral makes besides its own table (a failed join, a delayed success) are in the table here, and those
of its table that nobody makes are not.
"""

from collections.abc import Mapping
from enum import StrEnum


class ExecutionState(StrEnum):
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"


class TaskState(StrEnum):
    IDLE = "IDLE"
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DELAYED = "DELAYED"
    PAUSED = "PAUSED"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"


class RunState(StrEnum):
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"


ENDED_EXECUTION = frozenset({ExecutionState.SUCCESS, ExecutionState.ERROR, ExecutionState.CANCELLED})
ENDED_TASK = frozenset({TaskState.SUCCESS, TaskState.ERROR, TaskState.CANCELLED, TaskState.SKIPPED})
ENDED_RUN = frozenset({RunState.SUCCESS, RunState.ERROR, RunState.CANCELLED})

EXECUTION_MOVES: Mapping[ExecutionState, frozenset[ExecutionState]] = {
    ExecutionState.RUNNING: frozenset(
        {ExecutionState.PAUSED, ExecutionState.SUCCESS, ExecutionState.ERROR, ExecutionState.CANCELLED}
    ),
    ExecutionState.PAUSED: frozenset({ExecutionState.RUNNING, ExecutionState.CANCELLED}),
    ExecutionState.SUCCESS: frozenset(),
    ExecutionState.ERROR: frozenset({ExecutionState.RUNNING}),
    ExecutionState.CANCELLED: frozenset({ExecutionState.RUNNING}),
}

TASK_MOVES: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.IDLE: frozenset({TaskState.RUNNING, TaskState.ERROR}),
    TaskState.WAITING: frozenset({TaskState.RUNNING, TaskState.ERROR}),
    TaskState.RUNNING: frozenset(
        {
            TaskState.IDLE,  # pause-before
            TaskState.PAUSED,
            TaskState.DELAYED,
            TaskState.SUCCESS,
            TaskState.ERROR,
            TaskState.CANCELLED,
        }
    ),
    TaskState.DELAYED: frozenset({TaskState.RUNNING, TaskState.SUCCESS, TaskState.ERROR}),
    TaskState.PAUSED: frozenset({TaskState.RUNNING, TaskState.SUCCESS, TaskState.ERROR, TaskState.CANCELLED}),
    TaskState.SUCCESS: frozenset({TaskState.DELAYED, TaskState.ERROR}),
    TaskState.ERROR: frozenset({TaskState.RUNNING, TaskState.WAITING, TaskState.DELAYED, TaskState.SKIPPED}),
    TaskState.CANCELLED: frozenset(
        {
            TaskState.RUNNING,
            TaskState.ERROR,  # its `keep-result` cannot be evaluated
        }
    ),
    TaskState.SKIPPED: frozenset({TaskState.ERROR}),  # what it publishes cannot be evaluated
}

RUN_MOVES: Mapping[RunState, frozenset[RunState]] = {
    RunState.RUNNING: frozenset({RunState.PAUSED, RunState.SUCCESS, RunState.ERROR, RunState.CANCELLED}),
    RunState.PAUSED: frozenset({RunState.RUNNING, RunState.SUCCESS, RunState.ERROR, RunState.CANCELLED}),
    RunState.SUCCESS: frozenset(),
    RunState.ERROR: frozenset(),
    RunState.CANCELLED: frozenset(),
}
