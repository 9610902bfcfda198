"""What a runner hands to an action besides its input."""

from collections.abc import Callable

from msgspec import Struct


def _never() -> bool:
    return False


class ActionContext(Struct, frozen=True, kw_only=True):
    """The place one attempt of an action stands in.

    A keyword-only parameter annotated with this class is filled by the runner and is no input.

    Args:
        item_index: Which item of a with-items task it is for, from 0; None: of no such task.
        project_id: Whose execution it is.
        attempt: Counts from 1; it grows when the run is repeated because its worker was lost.
        cancelled: Whether the attempt was cancelled meanwhile. A plain function that takes long asks
            now and then and returns early; Python cannot end its thread.
    """

    workflow_execution_id: str = ""
    task_execution_id: str = ""
    action_execution_id: str = ""
    workflow_name: str = ""
    task_name: str = ""
    item_index: int | None = None
    project_id: str = ""
    attempt: int = 1
    cancelled: Callable[[], bool] = _never

    @property
    def idempotency_key(self) -> str:
        """The name of this attempt, and of no other: `<execution>/<task>/<action run>/<attempt>`.

        Of a run that no task asked for it is `<action run>/<attempt>`.

        Whatever the attempt sends twice bears the same key. The run takes part in it because the items of a
        with-items task, and its retries, share their task. What stands before the last slash is the
        same for all attempts of the run: a peer that remembers it can tell a repeat after a crash.
        """
        place = (self.workflow_execution_id, self.task_execution_id, self.action_execution_id)
        return f"{'/'.join(filter(None, place))}/{self.attempt}"

    @property
    def callback_url(self) -> str:
        """Where the API completes this run, relative to its root."""
        return f"/v2/action_executions/{self.action_execution_id}"


class Settings(Struct, frozen=True, kw_only=True):
    """The base of what an operator sets for an action.

    A keyword-only parameter annotated with a subclass is filled with the registry's instance of it,
    or with the subclass's defaults where the registry was given none.
    """
