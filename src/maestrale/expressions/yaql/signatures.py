"""How a function of YAQL's library is declared.

A declaration names the function, lists its parameters with their kinds (specification, section 7) and
says in which forms it may be called. The function below it gets **every** declared parameter, by
position and in the declared order, defaults filled in; a `many` parameter comes last and spreads, a
`keyword_only` one is passed as a keyword argument. What it gets is checked: the kinds hold.

    @overload("where", "filter", ITER("collection"), LAMBDA("predicate", 1), forms=METHOD)
    def where(collection: Iterable[Any], predicate: Callable[[Any], Any]) -> Iterator[Any]:
        return filter(predicate, collection)

    @overload("now", SCOPE, TS("offset", default=_NO_OFFSET, nullable=True))
    def now(scope: Scope, offset: timedelta | None) -> datetime:
        return scope.now.astimezone(_zone(offset))

- Several declarations with one name are overloads. Which fits is decided by the shape of the call when
  it is compiled, then by the kinds of the real values, the most special one winning. Never look at a
  kind yourself what an overload can tell.
- A lambda is a Python callable. Its second argument says how many values it is called with: they are
  `$1, $2 …` (`$` is the first). `LAMBDA("selector", VARYING)`: any number. 0: `$` stays the outer one.
  With `default=None` it is None where the caller gave none. Never memoise what it gives.
- `SCOPE` passes the `Scope` of the evaluation, `calling("max", 2)` a Python callable that calls another
  function by its name, as a `def` of the author may have replaced it. Neither is seen by callers.
- `RULE("rules", many=True)` gives evaluated `Rule(source, destination)`; `LAZY_RULE` gives a `Rule` of
  two callables without arguments. Both need `rules=True`, which the specification prints as "no kw".
- `loose=True` says that the result is plain data of the scope (`env()`, `task()` …). Return it as it is:
  the compiler makes mutable values of it with `loosen` where that can be told.
- Values are those of `values.py`: read its docstring. Laziness is returning an iterator; raise
  `Failure("reason")` (of `failures.py`) for what is wrong, never StopIteration, and never put data in
  a reason. Sizes are checked before they are made (`limits.py`); every *source* of items that no list
  backs (`range`, `sequence`, `cycle`, `generate`, a product …) ends in an error after `ITEM_LIMIT`
  items (`values.bounded`), so consumers need no check of their own.

Modules of `library/` are imported by `library/__init__.py`; importing one registers its functions.
The compiler handles these itself, as they are about scopes: `let with def unpack call -> . ?.`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from maestrale.expressions.yaql import kinds
from maestrale.expressions.yaql.values import aware

REQUIRED: Final[Any] = object()
"""Stands for a default: the parameter has none."""

VARYING: Final = -1
"""How many values a lambda is called with, where that differs from call to call."""

FUNCTION: Final = 1
METHOD: Final = 2
BOTH: Final = 3

VALUE, LAZY, RULES, LAZY_RULES, ASKS_SCOPE, CALLS = range(6)
"""What becomes of an argument: evaluated; a callable; a rule; a rule of callables; hidden ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter. Made by the types below, such as `ITER("collection")`."""

    name: str
    mask: int = kinds.ANYTHING
    use: int = VALUE
    default: Any = REQUIRED
    many: bool = False
    keyword_only: bool = False
    arguments: int = 0
    """How many values a lambda, or the function that `calling` names, is called with."""

    convert: Callable[[Any], Any] | None = None

    @property
    def is_lazy(self) -> bool:
        return self.use in (LAZY, LAZY_RULES)

    @property
    def is_hidden(self) -> bool:
        return self.use in (ASKS_SCOPE, CALLS)


@dataclass(frozen=True, slots=True)
class Type:
    """A type of the specification. Calling it declares a parameter of it."""

    mask: int
    convert: Callable[[Any], Any] | None = None

    def __call__(
        self,
        name: str,
        *,
        default: Any = REQUIRED,
        nullable: bool = False,
        many: bool = False,
        keyword_only: bool = False,
    ) -> Parameter:
        return Parameter(
            name=name,
            mask=self.mask | (kinds.NULL if nullable else 0),
            default=default,
            many=many,
            keyword_only=keyword_only,
            convert=self.convert,
        )


ANY = Type(kinds.ANYTHING)
NOT_NULL = Type(kinds.ANYTHING & ~kinds.NULL)
NULL = Type(kinds.NULL)
STR = Type(kinds.TEXT)
NUM = Type(kinds.NUMBER)
INT = Type(kinds.INTEGER | kinds.BOOLEAN)
INT_ONLY = Type(kinds.INTEGER)
BOOL = Type(kinds.BOOLEAN)
ITER = Type(kinds.ITERABLE)
ITER_NO_SET = Type(kinds.ITERABLE & ~kinds.SET)
SEQ = Type(kinds.LIST)
DICT = Type(kinds.MAPPING)
SET = Type(kinds.SET)
ITERATOR = Type(kinds.ITERATOR)
ORDERING = Type(kinds.ORDERING)
REGEX = Type(kinds.PATTERN)
DT = Type(kinds.INSTANT, aware)
TS = Type(kinds.TIMESPAN)


def LAMBDA(name: str, arguments: int, *, default: Any = REQUIRED, many: bool = False) -> Parameter:
    """A parameter that gets a callable which evaluates its expression with `arguments` values."""
    return Parameter(name=name, use=LAZY, arguments=arguments, default=default, many=many)


def RULE(name: str, *, many: bool = False) -> Parameter:
    """A parameter that gets an evaluated rule `a => b`."""
    return Parameter(name=name, mask=kinds.RULE, use=RULES, many=many)


def LAZY_RULE(name: str, *, many: bool = False) -> Parameter:
    """A parameter that gets a rule whose sides are callables."""
    return Parameter(name=name, use=LAZY_RULES, many=many)


SCOPE = Parameter(name="scope", use=ASKS_SCOPE)
"""A hidden parameter: the scope of the evaluation."""


def calling(name: str, arguments: int, *, method: bool = False) -> Parameter:
    """A hidden parameter: a callable that calls the function `name` with `arguments` values."""
    return Parameter(name=f".{name}" if method else name, use=CALLS, arguments=arguments)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overload:
    """One declaration of one function. Each is only itself."""

    name: str
    parameters: tuple[Parameter, ...]
    function: Callable[..., Any]
    is_function: bool
    is_method: bool
    rules: bool
    """Whether `a => b` is a value of its own here and no keyword argument ("no kw")."""

    loose: bool
    """Whether it gives plain data of the scope, which callers see as mutable."""

    @property
    def visible(self) -> tuple[Parameter, ...]:
        """The parameters that callers see."""
        return tuple(parameter for parameter in self.parameters if not parameter.is_hidden)


OVERLOADS: dict[str, list[Overload]] = {}
"""All functions of the library, by their names. Filled when `library` is imported, then only read."""

ATTRIBUTES: dict[str, list[tuple[int, Callable[[Any], Any]]]] = {}
"""What `value.name` gives for values that are no collections: the kinds it is for, and how to compute it."""

_Implementation = TypeVar("_Implementation", bound=Callable[..., Any])


def overload(
    *declaration: str | Parameter, forms: int = FUNCTION, rules: bool = False, loose: bool = False
) -> Callable[[_Implementation], _Implementation]:
    """Register the function below under each name of `declaration`, with its parameters in order."""
    names = [part for part in declaration if isinstance(part, str)]
    parameters = tuple(part for part in declaration if isinstance(part, Parameter))

    def register(function: _Implementation) -> _Implementation:
        for name in names:
            OVERLOADS.setdefault(name, []).append(
                Overload(
                    name=name,
                    parameters=parameters,
                    function=function,
                    is_function=bool(forms & FUNCTION),
                    is_method=bool(forms & METHOD),
                    rules=rules,
                    loose=loose,
                )
            )
        return function

    return register


def attribute(name: str, of: Type) -> Callable[[_Implementation], _Implementation]:
    """Register the function below as what `value.name` gives for values of a type, e.g. `DT`."""

    def register(function: _Implementation) -> _Implementation:
        convert = of.convert
        read: Callable[[Any], Any] = function if convert is None else lambda value: function(convert(value))
        ATTRIBUTES.setdefault(name, []).append((of.mask, read))
        return function

    return register
