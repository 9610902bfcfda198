"""Every place of a workflow where an expression reads something, and when that place is evaluated."""

from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from maestrale.expressions import has_expression
from maestrale.expressions.references import Reference, find_references
from maestrale.lang import Workflow
from maestrale.lang.clauses import CLAUSES
from maestrale.lang.policies import POLICIES
from maestrale.lang.reader import Reader
from maestrale.linter.document import place_of


class Moment(Enum):
    """When an expression is evaluated, which says what it sees.

    Source: Mistral v2, section 4.1.
    """

    BEGIN = "before the first task"
    START = "as the task starts, or as it publishes"
    ITEM = "for an item of the task's loop"
    TARGET = "as an attempt is given to a worker"
    REPEAT = "as the task is repeated or not"
    AFTER = "as the task leads on, in a clause"
    END = "at the end of the workflow"


class Read(Struct, frozen=True):
    """One name that an expression reads.

    Args:
        place: The text that the expression stands in.
        task: None: it belongs to the workflow, or to `task-defaults`.
        clause: Of a transition: the clause it stands in.
    """

    place: Reader
    reference: Reference
    moment: Moment
    task: str | None = None
    clause: str | None = None

    def warn(self, code: str, message: str, hint: str | None = None) -> None:
        """Report something about the name, where it stands."""
        at = self.place.mark_inside(self.reference.offset)
        self.place.warn(code, message, hint=hint, at=at)


_MOMENTS = {
    "action": Moment.ITEM,
    "workflow": Moment.ITEM,
    "input": Moment.ITEM,
    "target": Moment.TARGET,
    "with-items": Moment.START,
    "keep-result": Moment.START,
    "safe-rerun": Moment.START,
    "publish": Moment.START,
    "publish-on-error": Moment.START,
    "publish-on-skip": Moment.START,
} | dict.fromkeys(POLICIES, Moment.START)


def reads_of(workflow: Workflow, place: Reader) -> Iterator[Read]:
    """Everything that the expressions of a workflow read."""
    for key, moment in (("vars", Moment.BEGIN), ("output", Moment.END), ("output-on-error", Moment.END)):
        yield from _below(place, key, moment, None)
    defaults = place.find("task-defaults")
    if defaults:
        yield from _reads_of_task(defaults, None)
    for name in workflow.tasks:
        yield from _reads_of_task(place_of(place, name), name)


def _reads_of_task(place: Reader, task: str | None) -> Iterator[Read]:
    for key, moment in _MOMENTS.items():
        if key == "retry":
            yield from _reads_of_retry(place, task)
        else:
            yield from _below(place, key, moment, task)
    for key in CLAUSES:
        field = place.find(key)
        if field:
            yield from _reads_of_clause(field, key, task)


def _reads_of_retry(place: Reader, task: str | None) -> Iterator[Read]:
    retry = place.find("retry")
    if retry is None:
        return
    if isinstance(retry.value, str):
        yield from _reads_in(retry, Moment.REPEAT, task)
    for key, field in retry.fields():
        moment = Moment.REPEAT if key in ("break-on", "continue-on") else Moment.START
        yield from _reads_in(field, moment, task)


def _reads_of_clause(clause: Reader, key: str, task: str | None) -> Iterator[Read]:
    """Its `publish` sees what the task saw; conditions and messages see what it has published, too."""
    publish, next_ = clause.find("publish"), clause.find("next")
    if publish is None and next_ is None:
        yield from _reads_in(clause, Moment.AFTER, task, key)
        return
    if publish is not None:
        yield from _reads_in(publish, Moment.START, task)
    if next_ is not None:
        yield from _reads_in(next_, Moment.AFTER, task, key)


def _below(place: Reader, key: str, moment: Moment, task: str | None) -> Iterator[Read]:
    field = place.find(key)
    if field is not None:
        yield from _reads_in(field, moment, task)


def _reads_in(place: Reader, moment: Moment, task: str | None, clause: str | None = None) -> Iterator[Read]:
    for text in _texts(place, with_keys=clause is not None):
        for reference in find_references(text.value):
            yield Read(text, reference, moment, task, clause)


def _texts(place: Reader, *, with_keys: bool) -> Iterator[Reader]:
    """The texts with expressions below a place, in order; of transitions, targets before conditions."""
    if isinstance(place.value, str):
        if has_expression(place.value):
            yield place
        return
    for key, field in place.fields():
        if with_keys and has_expression(key):
            yield field.key()
        yield from _texts(field, with_keys=with_keys)
    for element in place.elements():
        yield from _texts(element, with_keys=with_keys)
