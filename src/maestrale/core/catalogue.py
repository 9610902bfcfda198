"""What the core must know of the world outside the tree, as protocols that others implement.

All of it must answer the same for the same question, or a replay would give other rows.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from maestrale.core.publishers import Publisher
from maestrale.expressions import Json
from maestrale.lang.model import AdHocAction, Parameter, Workflow

INTERNAL_PREFIX = "maestrale."
"""Actions of this program's own making. Only ad-hoc definitions that it generates are based on them; a task
cannot name them, or code would run that nobody was allowed to upload."""


class Result(Struct, frozen=True, kw_only=True, gc=False):
    """How an action ended: with `value`, with an `error` (any data that is not null), or cancelled.

    `refusal` says why what the action gave cannot be kept at all, for instance because of its size: the
    run fails, and its whole execution with it, past `on-error`. Source: Mistral v2, section 4.10.
    """

    value: Json = None
    error: Json = None
    cancelled: bool = False
    refusal: str | None = None

    @property
    def is_error(self) -> bool:
        return self.error is not None and not self.cancelled


class ActionSpec(Struct, frozen=True, kw_only=True):
    """What the engine must know of an action before it runs it.

    Args:
        parameters: The declared parameters, in order.
        accepts_any: The action takes parameters beyond the declared ones; nothing is checked.
        asynchronous: Running it only starts something; it ends through the API.
        safe_rerun: An attempt that was cut off may be repeated even if the task does not say so. A
            function decides by the input, as for HTTP; it must not raise. Ask with `may_rerun`.
        pure: Gives the result at once where the action has no effect outside, so that it needs no
            dispatch; None (the function, or what it returns): it must be dispatched. It must be
            quick, must not raise, and must give the same result for the same input for ever.
        secret: The parameters whose values are secret, whether or not somebody marked them.
        secret_result: What the action gives is secret.
        description: The first paragraph of the action's documentation.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    accepts_any: bool = False
    asynchronous: bool = False
    safe_rerun: bool | Callable[[Mapping[str, Json]], bool] = False
    pure: Callable[[Mapping[str, Json]], Result | None] | None = None
    secret: tuple[str, ...] = ()
    secret_result: bool = False
    description: str = ""

    def may_rerun(self, input: Mapping[str, Json]) -> bool:
        """Whether an attempt with this input may be repeated after it was cut off."""
        return self.safe_rerun(input) if callable(self.safe_rerun) else self.safe_rerun


class Catalogue(Protocol):
    """The actions this node knows."""

    def find_action(self, name: str) -> ActionSpec | None: ...


class Library(Protocol):
    """The definitions, by the content id of the document that holds them and by full name.

    Both raise LookupError where there is none, which is a bug of the caller: the core asks only for
    what a pin names. They raise InvalidInput where the document was stored unchecked and is wrong.
    """

    def get_workflow(self, document: str, name: str) -> Workflow: ...

    def get_action(self, document: str, name: str) -> AdHocAction: ...


class Limits(Struct, frozen=True):
    """Bounds that keep one execution from harming the others.

    Args:
        field_bytes: The largest action result, action input or set of published variables, in bytes
            of JSON, also of a workflow's input or output; 0 or less: no limit. Mistral's
            `execution_field_size_limit_kb`.
        steps: How many tasks or items one turn may start before others get theirs.
        depth: How deep sub-workflows may nest.
        expression_seconds: CPU time that one expression may take.
        expression_bytes: How much memory one expression may take.
    """

    field_bytes: int = 1024 * 1024
    steps: int = 250
    depth: int = 200
    expression_seconds: float = 1.0
    expression_bytes: int = 512 * 1024 * 1024


class World(Struct, frozen=True):
    """Everything `decide` may consult besides the tree itself.

    `publishers` are told of every execution; what they are told is in no row.
    """

    library: Library
    catalogue: Catalogue
    limits: Limits = Limits()
    publishers: tuple[Publisher, ...] = ()
