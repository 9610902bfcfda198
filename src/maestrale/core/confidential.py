"""Actions and secrets: what an action gets, and what becomes of what it gives.

The rows keep the marks; an action gets its arguments without them. What it gives back is marked where it
shows a secret, or as a whole where the action says so.
"""

from collections.abc import Mapping

from maestrale.core.catalogue import ActionSpec, Result
from maestrale.core.state import ActionRun
from maestrale.core.turn import Turn
from maestrale.expressions import Json, has_marks, reveal
from maestrale.expressions.disguises import compared, disguised
from maestrale.expressions.secrets import marked, marked_where_told, secret_texts


def arguments_of(run: ActionRun) -> Mapping[str, Json]:
    """What the action of a run is called with."""
    arguments: Mapping[str, Json] = reveal(run.input if run.arguments is None else run.arguments)
    return arguments


def with_declared(spec: ActionSpec, arguments: Mapping[str, Json]) -> Mapping[str, Json]:
    """The arguments with marks on those that the action declares to be secret."""
    names = [name for name in spec.secret if arguments.get(name) not in (None, "")]
    return {**arguments, **{name: marked(arguments[name]) for name in names}} if names else arguments


def with_the_same_secrets(given: Mapping[str, Json], arguments: Mapping[str, Json]) -> Mapping[str, Json]:
    """The input of an ad-hoc action with marks on what became secrets in the arguments made of it."""
    found: Mapping[str, Json] = marked_where_told(given, secret_texts(arguments))
    return found


def result_at_once(turn: Turn, spec: ActionSpec, arguments: Mapping[str, Json]) -> Result | None:
    """The result of an action that is pure with these arguments, with marks on what depends on a secret.

    Returns: None: it has to be dispatched.
    """
    if spec.pure is None:
        return None
    if turn.secrets is None or not has_marks(arguments):
        return spec.pure(arguments)
    result, other = spec.pure(turn.reveal(arguments)), spec.pure(disguised(arguments))
    if result is None:
        return None
    if other is None or (other.is_error, other.cancelled) != (result.is_error, result.cancelled):
        other = Result()
    value, error = compared(result.value, other.value), compared(result.error, other.error)
    return Result(value=value, error=error, cancelled=result.cancelled, refusal=result.refusal)


def kept_result(turn: Turn, run: ActionRun, value: Json, *, succeeded: bool) -> Json:
    """A result, or an error, as the row keeps it.

    In a result, what shows a secret of the input is marked. An error is there to be read: it loses the
    secrets and stays as it is otherwise.
    """
    spec = turn.world.catalogue.find_action(run.action)
    if succeeded and spec is not None and spec.secret_result and value is not None:
        value = marked(value)
    if run.wrappers or not succeeded:  # `check_size` looks for marks in any other.
        turn.note_secrets(value)
    if turn.secrets is None or not has_marks([run.input, run.arguments]):
        return value
    turn.secrets.note([run.input, run.arguments])
    return turn.secrets.marked_where_told(value) if succeeded else turn.secrets.scrub_data(value)
