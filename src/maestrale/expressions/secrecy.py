"""How a mark goes through an expression: by evaluating it twice.

Neither language knows of secrets. In a tree that has some, an expression is evaluated on what they reveal;
if it has read one, once more on disguised data, with the same instant and the same chance. What differs in
the two values depends on a secret and gets a mark. An expression that has read none is evaluated once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from maestrale.expressions.disguises import compared, disguised
from maestrale.expressions.problems import EvaluationError
from maestrale.expressions.relaying import Relay
from maestrale.expressions.scope import Json, KnownSecrets, Layers, Scope
from maestrale.expressions.secrets import (
    has_marks,
    is_marked,
    marked,
    marked_where_told,
    reveal,
    scrubbed,
    scrubbed_data,
    secret_texts,
    spellings,
)

T = TypeVar("T")

MOST_KEPT = 200
LONGEST_KEPT = 4096
"""Of the texts that are kept: how many, and how long each."""

HIDDEN_REASON = "it fails on a secret value"
"""What is told of a failure that would be another one if the secrets were."""


class Secrets:
    """What is known of the secrets of a tree, in one turn of it: they must be in no text that it leaves.

    Args:
        kept: The texts that earlier turns have learned, to be kept for later ones.
    """

    def __init__(self, kept: Iterable[str] = ()) -> None:
        self.kept = tuple(kept)
        self._texts: set[str] = set().union(*map(spellings, self.kept))
        self._looked_at: dict[int, tuple[Json, bool]] = {}

    def learn(self, value: Json) -> None:
        """Keep the secrets of a value that stays, for what later turns have to tell.

        One that has a known secret in it is found by that. No more than the first are kept: each is looked
        for in every text.
        """
        for text in secret_texts(value):
            has_room = len(self.kept) < MOST_KEPT and len(text) <= LONGEST_KEPT
            if has_room and not any(known in text for known in self.kept):
                self.kept += (text,)
        self.note(value)

    def has_marks(self, value: Json) -> bool:
        """As the function, which looks at a large value only once. Values must not change."""
        if not isinstance(value, (Mapping, list)):
            return False
        known = self._looked_at.get(id(value))
        if known is None:
            known = self._looked_at[id(value)] = (value, has_marks(value))
        return known[1]

    def reveal(self, value: Json) -> Json:
        """As the function; what is revealed is taken note of."""
        if not self.has_marks(value):
            return value
        self.note(value)
        return reveal(value)

    def note(self, value: Json) -> None:
        """Take note of the secrets in a value, for what this turn has to tell."""
        self._texts.update(*map(spellings, secret_texts(value)))

    def scrub(self, text: str) -> str:
        """A text without the secrets that are known."""
        return scrubbed(text, self._texts)

    def scrub_data(self, value: Json) -> Json:
        """Data without them in any of its texts."""
        return scrubbed_data(value, self._texts)

    def marked_where_told(self, value: Json) -> Json:
        """Data with a mark on whatever shows one."""
        return marked_where_told(value, self._texts)


class ChangedMapping(Mapping[str, Json]):
    """A mapping whose values are changed when they are read."""

    __slots__ = ("_change", "_source")

    def __init__(self, source: Mapping[str, Json], change: Callable[[Json], Json]) -> None:
        self._source = source
        self._change = change

    def __getitem__(self, key: str) -> Json:
        return self._change(self._source[key])

    def __contains__(self, key: object) -> bool:
        return key in self._source

    def __iter__(self) -> Iterator[str]:
        return iter(self._source)

    def __len__(self) -> int:
        return len(self._source)

    def __repr__(self) -> str:
        return repr(dict(self))


class _Seen(Relay):
    """A scope that shows the data of another one revealed, or disguised."""

    def __init__(self, scope: Scope, secrets: KnownSecrets, show: Callable[[Json], Json]) -> None:
        super().__init__(scope)
        self._secrets = secrets
        self._show = show
        self.met = False
        self.chance = scope.chance.fork()
        self.data = self._seen(scope.data)

    def _seen(self, value: Json) -> Json:
        """An answer of the scope, as far as it is read."""
        if type(value) is Layers:
            return Layers(*(ChangedMapping(layer, self._seen) for layer in value.layers))
        if _is_view(value):
            return ChangedMapping(value, self._seen)
        if isinstance(value, list) and any(map(_is_view, value)):
            return [self._seen(item) for item in value]
        if not self._secrets.has_marks(value):
            return value
        self.met = True
        return self._show(value)

    def _relay(self, question: Callable[..., Json], *details: Any) -> Any:
        return self._seen(question(*details))


def _is_view(value: Json) -> bool:
    """Whether it is a mapping whose values are made when they are read."""
    return isinstance(value, Mapping) and type(value) is not dict


def evaluate_secretly(scope: Scope, secrets: KnownSecrets, evaluate: Callable[[Scope], Any]) -> Any:
    """The value of an expression in a scope with secrets, with marks on what depends on them.

    Args:
        evaluate: Gives the value in a scope without marks. It is called once or twice.

    Raises:
        EvaluationError: It has no value. The reason depends on no secret.
    """
    real = _Seen(scope, secrets, secrets.reveal)
    chance = scope.chance
    failure: EvaluationError | None = None
    value: Any = None
    try:
        value = evaluate(real)
    except EvaluationError as error:
        failure = error
    other, other_failure = _evaluate_disguised(scope, secrets, evaluate) if real.met else (value, failure)
    chance.advance_to(real.chance)
    if failure is not None:
        raise _told(failure, other_failure) from None
    if not real.met or is_marked(value):
        return value
    value = marked(value) if other_failure is not None else compared(value, other)
    secrets.note(value)
    return value


def _evaluate_disguised(
    scope: Scope, secrets: KnownSecrets, evaluate: Callable[[Scope], Any]
) -> tuple[Any, EvaluationError | None]:
    try:
        return evaluate(_Seen(scope, secrets, disguised)), None
    except EvaluationError as error:
        return None, error


def _told(failure: EvaluationError, other: EvaluationError | None) -> EvaluationError:
    """The failure as it may be told: without its reason, or what is said below it, if that depends on a
    secret."""
    if other is not None and (other.message, other.reason) == (failure.message, failure.reason):
        return failure.with_lines(tuple(line for line in failure.lines if line in other.lines))
    return failure.with_reason(HIDDEN_REASON)
