"""What YAQL's library lacks or must not do itself: Mistral's functions, the present, and chance.

Each asks the scope of the evaluation it is called in. An expression evaluated again for a replay gets
the same instant and the same draws.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from yaql.language import contexts, specs, yaqltypes
from yaql.standard_library import date_time as std_date_time
from yaql.standard_library import math as std_math
from yaql.standard_library.date_time import parser, tz  # Of dateutil, which yaql depends on.

from maestrale.errors import InvalidInput
from maestrale.expressions import documents
from maestrale.expressions.yaql_bounds import find_definitions

_NO_OFFSET = timedelta()


def _env(context: Any) -> Any:
    return context.scope.env()


def _execution(context: Any) -> Any:
    return context.scope.execution()


def _executions(
    context: Any,
    id: Any = None,
    root_execution_id: Any = None,
    state: Any = None,
    from_time: Any = None,
    to_time: Any = None,
) -> Any:
    return context.scope.executions(id, root_execution_id, state, from_time, to_time)


def _task(context: Any, task_name: Any = None) -> Any:
    return context.scope.task(task_name)


def _tasks(
    context: Any,
    workflow_execution_id: Any = None,
    recursive: bool = False,
    state: Any = None,
    flat: bool = False,
) -> Any:
    return context.scope.tasks(workflow_execution_id, recursive, state, flat)


def _global(context: Any, var_name: Any) -> Any:
    return context.scope.global_variable(var_name)


def _uuid(context: Any) -> str:
    return str(context.scope.chance.uuid())


def _json_parse(data: Any) -> Any:
    return documents.json_parse(data)


def _json_dump(data: Any) -> str:
    return documents.json_dump(data)


def _yaml_parse(data: Any) -> Any:
    return documents.yaml_parse(data)


def _yaml_dump(data: Any) -> str:
    return documents.yaml_dump(data)


_MISTRAL = {
    "env": _env,
    "execution": _execution,
    "executions": _executions,
    "task": _task,
    "tasks": _tasks,
    "global": _global,
    "uuid": _uuid,
    "json_parse": _json_parse,
    "json_dump": _json_dump,
    "yaml_parse": _yaml_parse,
    "yaml_dump": _yaml_dump,
}


def _zone(offset: timedelta) -> tzinfo:
    """As the library has it: UTC has a zone object of its own."""
    zone: tzinfo = tz.tzoffset(None, offset.total_seconds()) if offset else std_date_time.UTCTZ
    return zone


@specs.parameter("offset", timedelta, nullable=True)  # type: ignore[untyped-decorator]
def _now(context: Any, offset: timedelta | None = _NO_OFFSET) -> datetime:
    """The instant of the event that led here. Without a zone it is told in UTC, whatever the machine's."""
    now: datetime = context.scope.now
    return now.astimezone(_zone(offset)) if offset is not None else now.astimezone(UTC).replace(tzinfo=None)


def _local_zone() -> timedelta:
    """The same on every machine: that of UTC."""
    return _NO_OFFSET


def _random(context: Any) -> float:
    return float(context.scope.chance.random())


def _random_between(context: Any, from_: Any, to_: Any) -> int:
    if not (isinstance(from_, int) and isinstance(to_, int)):
        raise InvalidInput("`random` takes integers")
    if from_ > to_ or (to_ - from_).bit_length() > 128:
        raise InvalidInput("`random` takes two integers, the smaller one first, no further apart than 2**128")
    return int(context.scope.chance.between(from_, to_))


@specs.parameter("string", yaqltypes.String())  # type: ignore[untyped-decorator]
@specs.parameter("format__", yaqltypes.String(True))  # type: ignore[untyped-decorator]
def _datetime(context: Any, string: str, format__: str | None = None) -> datetime:
    """An instant from text; what the text leaves out is that of today, and a missing zone is UTC."""
    if format__:
        result = datetime.strptime(string, format__)  # noqa: DTZ007
    else:
        today = context.scope.now.astimezone(UTC).replace(
            tzinfo=None, hour=0, minute=0, second=0, microsecond=0
        )
        result = parser.parse(string, default=today, tzinfos=_named_zone)
    return result if result.tzinfo else result.replace(tzinfo=std_date_time.UTCTZ)


def _named_zone(name: str | None, offset: int | None) -> tzinfo | None:
    """The zone that a text names. Of names only UTC's are known, never those of the machine's zone."""
    if offset is None:
        return None
    zone: tzinfo = tz.tzoffset(name, offset) if offset else tz.UTC
    return zone


def register_functions(context: contexts.ContextBase) -> None:
    """Put Mistral's functions into a context, and those that ask the scope in place of the library's."""
    for name, function in _MISTRAL.items():
        context.register_function(function, name=name)
    for name, original, ours in (
        ("now", std_date_time.now, _now),
        ("localtz", std_date_time.localtz, _local_zone),
        ("random", std_math.random_, _random),
        ("random", std_math.random__, _random_between),
        ("datetime", std_date_time.datetime_from_string, _datetime),
    ):
        for definition in find_definitions(context, name, original):
            context.delete_function(definition)
        context.register_function(ours, name=name)
