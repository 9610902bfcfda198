"""What those are told who wait for something that was not committed."""

from maestrale.engine.ledger import Batch, Pending
from maestrale.errors import Error, Unavailable
from maestrale.store import LeaseLost, Unstorable

NOT_KEPT = "commit-failed"
"""The code of what is certain not to have happened, because of something else in the same transaction."""


def refuse(pending: Pending, error: Error) -> None:
    """Give everybody who waits the error."""
    for waiter in pending.waiters:
        if not waiter.done():
            waiter.set_exception(error)


def refuse_batch(error: Error, batch: Batch, on_top: list[Pending]) -> None:
    """The commit of the batch failed, and with it falls what was decided on top of it."""
    for pending in batch.pending.values():
        refuse(pending, _answer_for(pending, error))
    for pending in on_top:
        refuse(pending, error if isinstance(error, Unavailable | LeaseLost) else not_kept())


def _answer_for(pending: Pending, error: Error) -> Error:
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, LeaseLost) and pending.root_id in error.root_ids:
        return error
    # Of several events nobody knows which cannot be stored: each has to come again by itself.
    if isinstance(error, Unstorable) and pending.root_id in error.root_ids and len(pending.entries) == 1:
        return error
    return not_kept()


def not_kept() -> Unavailable:
    return Unavailable("the decision was not kept; send the request again", code=NOT_KEPT)
