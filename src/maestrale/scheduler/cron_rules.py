"""What a cron trigger starts, under which id, and when it is due after that.

Source: Mistral v2, section 7.1; the id is ours.
"""

import json
from datetime import datetime

from msgspec.structs import replace

from maestrale.definitions.cron_patterns import next_time
from maestrale.engine import StartRequest
from maestrale.engine.stored import StoredStart, find_start
from maestrale.errors import InvalidInput
from maestrale.ids import derive_id
from maestrale.store import Access, StoreReader
from maestrale.store.columns import instant_parameter
from maestrale.store.records import CronTriggerRecord, WorkflowRecord


def execution_id(trigger: CronTriggerRecord, *, secret: str) -> str:
    """The id of the execution that the trigger starts when it is due next.

    It follows from the trigger and that time: whoever finds the trigger still due after the process has died
    starts the same execution, which is there already or not. It follows from the secret of the database as
    well: who could tell the id beforehand could take it, and what has it would pass for the execution.
    """
    return derive_id(f"{secret}/{trigger.id}", instant_parameter(trigger.next_execution_time))


def describe(trigger: CronTriggerRecord) -> str:
    """The description of an execution that the trigger starts, from which programs read where it is from."""
    return json.dumps(
        {
            "description": f"Workflow execution created by cron trigger '({trigger.id})'.",
            "triggered_by": {"type": "cron_trigger", "id": trigger.id},
        }
    )


def find_cron_start(store: StoreReader, trigger: CronTriggerRecord, *, secret: str) -> StartRequest:
    """The request that starts what the trigger is due for, with the eyes of its project.

    A workflow that was deleted and made anew has another id, and is found by its name.

    Raises:
        InvalidInput, NotFound: As `find_start`.
    """
    access = Access(trigger.project_id)
    workflow = store.find_record(WorkflowRecord, access, id=trigger.workflow_id)
    wanted = StoredStart(
        workflow_id=None if workflow is None else workflow.id,
        workflow_name=trigger.workflow_name,
        input=trigger.workflow_input,
        params=trigger.workflow_params,
        description=describe(trigger),
        id=execution_id(trigger, secret=secret),
    )
    return find_start(store, access, wanted)


def after_firing(trigger: CronTriggerRecord, *, now: datetime) -> CronTriggerRecord | None:
    """The trigger as it waits for its next time. None: there is none, and the trigger has done its work.

    Times that have passed are skipped.
    """
    remaining = trigger.remaining_executions
    if remaining is not None:
        remaining -= 1
    if remaining == 0 or trigger.pattern is None:
        return None
    try:
        due = next_time(trigger.pattern, max(now, trigger.next_execution_time))
    except InvalidInput:  # As the checks of today have it, no more such times come.
        return None
    return replace(trigger, next_execution_time=due, remaining_executions=remaining, updated_at=now)
