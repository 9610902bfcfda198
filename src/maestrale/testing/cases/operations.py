"""What happens to an execution from outside: read, and made into events."""

from typing import get_args

from maestrale.core import Event, Result, State
from maestrale.core.events import (
    ActionCompleted,
    PauseRequested,
    ResumeRequested,
    StopRequested,
    TaskRerunRequested,
    TaskSkipRequested,
)
from maestrale.lang.reader import Reader
from maestrale.lang.report import listed
from maestrale.testing.cases.durations import read_duration
from maestrale.testing.cases.layout import AT_ONCE, OPERATION_KEYS
from maestrale.testing.cases.model import Operation, Verb
from maestrale.testing.cases.references import References
from maestrale.testing.paths import find_execution, find_run, find_task

ENDS = ("result", "error", "cancelled")


def read_operations(case: Reader, references: References) -> tuple[Operation, ...]:
    """The operations of a test whose shape is right."""
    operations = case.find("operations")
    return tuple(_read(item, references) for item in (operations.elements() if operations else ()))


def _read(reader: Reader, references: References) -> Operation:
    verb = next(verb for verb in get_args(Verb) if verb in reader.value)
    target = reader.find(verb)
    assert target is not None
    if target.value is not None:
        references.check_path(target)
    _check_keys(reader, verb)
    at = reader.value.get("at")
    if at is None and verb not in AT_ONCE:
        message = f"`{verb}` needs `at`: the fake time since the start at which it happens"
        reader.error("missing-key", message, at=target.key_mark, shown=...)
    return Operation(
        verb=verb,
        mark=reader.mark,
        path=target.value,
        at=None if at is None else read_duration(at),
        message=reader.value.get("message"),
        env=reader.value.get("env", {}),
        failed_items=reader.value.get("failed_items", False),
        result=Result(
            value=reader.value.get("result"),
            error=reader.value.get("error"),
            cancelled=reader.value.get("cancelled", False),
        ),
        refused=reader.value.get("refused"),
    )


def _check_keys(reader: Reader, verb: str) -> None:
    for key, field in reader.fields():
        owners = OPERATION_KEYS.get(key)
        if owners is not None and verb not in owners:
            message = f"`{key}` belongs to {listed(owners)}, not to `{verb}`"
            field.error("misplaced-key", message, at=field.key_mark, shown=key)
    ends = [field for key, field in reader.fields() if key in ENDS]
    for other in ends[1:]:
        message = f"`complete` has `{ends[0].path[-1]}` and `{other.path[-1]}`, which exclude each other"
        other.error("conflicting-keys", message, at=other.key_mark, shown=other.path[-1])


def event_of(state: State, operation: Operation) -> Event:
    """The event that an operation is at present.

    Raises:
        UnknownPath: There is nothing of that path.
    """
    path = operation.path
    match operation.verb:
        case "rerun":
            task = find_task(state, path or "", latest=True)
            return TaskRerunRequested(task.id, not operation.failed_items, operation.env)
        case "skip":
            return TaskSkipRequested(find_task(state, path or "", latest=True).id)
        case "complete":
            return ActionCompleted(find_run(state, path or "", latest=True).id, None, operation.result)
    execution = find_execution(state, path, latest=True)
    match operation.verb:
        case "pause":
            return PauseRequested(execution.id, operation.message)
        case "resume":
            return ResumeRequested(execution.id, operation.env)
        case "cancel":
            return StopRequested(execution.id, "CANCELLED", operation.message)
        case "fail":
            return StopRequested(execution.id, "ERROR", operation.message)
        case "succeed":
            return StopRequested(execution.id, "SUCCESS", operation.message)
