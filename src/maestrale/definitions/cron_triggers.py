"""Cron triggers: when to start which workflow, and how often."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from maestrale.core import check_publishers
from maestrale.definitions.cron_patterns import next_time
from maestrale.definitions.lookups import check_name, get, get_named
from maestrale.definitions.permissions import check_owner, check_scope
from maestrale.definitions.workflow_input import check_workflow_input
from maestrale.errors import InvalidInput
from maestrale.expressions import Json, reveal
from maestrale.ids import new_id
from maestrale.store import Store, StoreReader
from maestrale.store.listings import Access
from maestrale.store.records import CronTriggerRecord, WorkflowRecord

TIME_FORMAT = "%Y-%m-%d %H:%M"
NEAREST_START = timedelta(seconds=60)
ONCE = "0 0 30 2 0"
"""The pattern of a trigger that fires at one time only, as Mistral shows it."""


class CronTriggerRequest(Struct, frozen=True, kw_only=True):
    """What somebody asks for. `first_execution_time` is UTC, `YYYY-MM-DD HH:MM`."""

    name: str | None
    workflow_id: str | None = None
    workflow_name: str | None = None
    workflow_input: Mapping[str, Json] = {}
    workflow_params: Mapping[str, Json] = {}
    pattern: str | None = None
    first_execution_time: str | None = None
    remaining_executions: int | None = None
    scope: str | None = None


def get_cron_trigger(store: StoreReader, access: Access, identifier: str) -> CronTriggerRecord:
    """
    Raises:
        NotFound: There is none of that id or name.
    """
    return get(store, CronTriggerRecord, access, identifier)


def create_cron_trigger(
    store: Store, access: Access, wanted: CronTriggerRequest, *, now: datetime
) -> CronTriggerRecord:
    """Store a trigger. With a first time alone it fires once, then; without one, first as the pattern says.

    Raises:
        InvalidInput: A number below one; a time of another form, or less than a minute ahead; no time at
            all; several executions without a pattern; a bad pattern; no workflow named, an input that does
            not fit it, or publishers that cannot be told anything.
        Forbidden: The caller may not publish.
        NotFound: There is no such workflow.
        Conflict: There is a trigger of that name, or one that does the very same (`name-taken`).
    """
    _check_count(wanted.remaining_executions)
    check_publishers(reveal(wanted.workflow_params.get("notify")))
    scope = check_scope(wanted.scope, access)
    name = check_name(wanted.name, noun="cron trigger")
    first_time = _read_first_time(wanted, now=now)
    by_pattern = next_time(wanted.pattern, first_time or now) if wanted.pattern else None
    due = first_time or by_pattern
    assert due is not None
    with store.writing():
        workflow = _find_workflow(store, access, wanted)
        check_workflow_input(workflow, wanted.workflow_input)
        record = CronTriggerRecord(
            id=new_id(),
            project_id=access.project_id,
            scope=scope,
            created_at=now,
            name=name,
            workflow_id=workflow.id,
            workflow_name=workflow.name,
            workflow_input=wanted.workflow_input,
            workflow_params=wanted.workflow_params,
            pattern=wanted.pattern or ONCE,
            first_execution_time=first_time,
            next_execution_time=due,
            remaining_executions=wanted.remaining_executions if by_pattern else 1,
        )
        store.insert_record(record)
        return record


def delete_cron_trigger(store: Store, access: Access, identifier: str) -> None:
    """
    Raises:
        NotFound: There is none.
        Forbidden: It belongs to another project.
    """
    with store.writing():
        found = get_cron_trigger(store, access, identifier)
        check_owner(found, access, noun="cron trigger", name=found.name)
        store.delete_record(found)


def _check_count(count: int | None) -> None:
    if count is not None and count < 1:
        raise InvalidInput(
            f"`remaining_executions` must be 1 or more, but it is {count}",
            code="out-of-range",
            hint="leave it out to fire for ever",
        )


def _read_first_time(wanted: CronTriggerRequest, *, now: datetime) -> datetime | None:
    """The first time, checked together with what else says when."""
    first_time = _read_time(wanted.first_execution_time) if wanted.first_execution_time else None
    if first_time is None and not wanted.pattern:
        message = "A cron trigger needs a `pattern` or a `first_execution_time`"
        raise InvalidInput(message, code="time-missing", hint="give one of the two, or both")
    if first_time is not None and first_time < now + NEAREST_START:
        raise InvalidInput(
            f"`first_execution_time` must be at least a minute ahead, but `{wanted.first_execution_time}` "
            f"is not: it is {now:%Y-%m-%d %H:%M:%S} UTC",
            code="time-too-near",
        )
    if not wanted.pattern and (wanted.remaining_executions or 1) > 1:
        raise InvalidInput(
            f"`remaining_executions` is {wanted.remaining_executions}, but without a `pattern` there is only "
            "one time to fire",
            code="pattern-missing",
            hint="give a `pattern` too",
        )
    return first_time


def _read_time(text: str) -> datetime:
    try:
        time = datetime.strptime(text, TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        time = None
    # Python also reads `2030-1-1 1:1`, which the format does not mean.
    if time is None or time.strftime(TIME_FORMAT) != text:
        raise InvalidInput(
            f"`first_execution_time` must be like `2030-12-31 23:59`, in UTC, but it is `{text[:80]}`",
            code="bad-time",
        )
    return time


def _find_workflow(store: StoreReader, access: Access, wanted: CronTriggerRequest) -> WorkflowRecord:
    access = replace(access, is_admin=False)  # The trigger fires with the rights of its project.
    if wanted.workflow_id:
        return get(store, WorkflowRecord, access, wanted.workflow_id, "")
    if wanted.workflow_name:
        return get_named(store, WorkflowRecord, access, wanted.workflow_name, "")
    message = "A cron trigger starts a workflow, and none is given"
    raise InvalidInput(message, code="workflow-missing", hint="give `workflow_id` or `workflow_name`")
