"""The program in which the class of a dynamic action runs. It needs nothing but the standard library.

It reads a request from its standard input and writes the outcome to its standard output, both JSON. What the
class itself prints goes to the standard error, so that it cannot be taken for the outcome.
"""

import asyncio
import inspect
import json
import math
import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

MODULE = "code_source"
FILE = "<code source>"
LONGEST_MESSAGE = 10_000
BYTE_ORDER_MARK = "\ufeff"  # Some editors begin a file with it; Python reads over it in files only.

SECURITY = (
    "auth_uri", "auth_cacert", "insecure", "service_catalog", "region_name", "is_trust_scoped",
    "redelivered", "expires_at", "trust_id", "is_target", "project_id", "project_name", "user_name",
    "auth_token",
)  # fmt: skip
"""What a class may ask of `context.security`. Here nobody logs in with a token, so most of it is None."""


class Unusable(Exception):
    """The class cannot be run at all, with the reason."""


def main() -> None:
    """Run the class that the request names."""
    request = json.loads(sys.stdin.buffer.read())
    process = os.getpid()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        outcome = _as_outcome(_run(request))
        text = json.dumps(outcome, allow_nan=False)
    except Unusable as error:
        text = json.dumps({"error": str(error)})
    except BaseException as error:  # Also SystemExit: the code is not to end without an answer.
        text = json.dumps({"error": _describe(error)})
    if os.getpid() == process:  # A child that the class forked gets here too; two answers would be none.
        answers.write(text.encode())
        answers.flush()
    sys.stderr.flush()
    os._exit(0)  # Threads that the class left behind do not keep the task waiting.


def _run(request: dict[str, Any]) -> object:
    class_name = request["class_name"]
    instance = _make(_load(request["source"], class_name), request["arguments"])
    is_sync = getattr(instance, "is_sync", None)
    if callable(is_sync) and not is_sync():
        raise Unusable(
            f"`{class_name}` is asynchronous (`is_sync()` is false): "
            "use a task with an asynchronous action to wait for somebody else"
        )
    run = getattr(instance, "run", None)
    if not callable(run):
        raise Unusable(f"`{class_name}` has no method `run`")
    result = run(_context(request["context"])) if _takes_context(run) else run()
    return asyncio.run(_wait(result)) if inspect.isawaitable(result) else result


def _load(source: str, class_name: str) -> type:
    module = ModuleType(MODULE)
    module.__file__ = FILE
    sys.modules[MODULE] = module  # Decorators such as `dataclass` look there.
    exec(compile(source.removeprefix(BYTE_ORDER_MARK), FILE, "exec"), module.__dict__)
    class_ = getattr(module, class_name, None)
    if not isinstance(class_, type):
        raise Unusable(f"there is no class `{class_name}` in the code source")
    return class_


def _make(class_: type, arguments: dict[str, Any]) -> object:
    try:
        parameters = inspect.signature(class_).parameters.values()
    except ValueError:  # A class made in C.
        parameters = {}.values()
    before = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in arguments]
    named = {name: value for name, value in arguments.items() if name not in before}
    return class_(*(arguments[name] for name in before), **named)


def _takes_context(run: Any) -> bool:
    """Whether there is a parameter that one positional argument can fill."""
    kinds = [p.kind for p in inspect.signature(run).parameters.values()]
    fillable = {
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    }
    return any(kind in fillable for kind in kinds)


def _context(values: dict[str, Any]) -> SimpleNamespace:
    """What `run` gets: Mistral's attributes, under `execution` and directly, and ours."""
    security = dict.fromkeys(SECURITY) | {"project_id": values["project_id"]}
    return SimpleNamespace(
        execution=SimpleNamespace(**values), security=SimpleNamespace(**security), **values
    )


async def _wait(result: Any) -> object:
    return await result


def _as_outcome(result: object) -> dict[str, Any]:
    if all(hasattr(result, name) for name in ("data", "error", "cancel")):  # mistral_lib's `Result`.
        parts = {"value": result.data, "error": result.error, "cancelled": bool(result.cancel)}  # type: ignore[attr-defined]
    else:
        parts = {"value": result}
    for name, value in parts.items():
        _check_json(value, "result" if name == "value" else name)
    return parts


def _check_json(value: object, place: str) -> None:
    """See that JSON has all of a value; `json` itself would turn keys of other types into text."""
    pending: list[tuple[object, str, int]] = [(value, place, 0)]
    while pending:
        item, where, depth = pending.pop()
        if depth > 200:
            raise Unusable(f"`{place}` is nested deeper than 200 levels, or contains itself")
        if isinstance(item, dict):
            for key, inner in item.items():
                if not isinstance(key, str):
                    raise Unusable(f"`{where}` has a key that is {type(key).__name__}, not text")
                pending.append((inner, f"{where}.{key}", depth + 1))
        elif isinstance(item, list | tuple):
            pending.extend((inner, f"{where}[{index}]", depth + 1) for index, inner in enumerate(item))
        elif isinstance(item, float) and not math.isfinite(item):
            raise Unusable(f"`{where}` is the number `{item}`, which JSON does not have")
        elif not isinstance(item, str | int | float | None):
            raise Unusable(f"`{where}` is {type(item).__name__}, which JSON does not have")


def _describe(error: BaseException) -> str:
    """The exception, and the last line of the source it came through; no trace."""
    if isinstance(error, SyntaxError) and error.filename == FILE:
        text, line = error.msg, error.lineno  # Its text would name the line itself.
    else:
        text, line = _text_of(error), _line_of(error)
    name = type(error).__name__
    message = f"{name}: {text}" if text else name
    place = f" (line {line} of the code source)" if line else ""
    return message.encode(errors="replace").decode()[:LONGEST_MESSAGE] + place


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # The class of the exception is uploaded code too.
        return ""


def _line_of(error: BaseException) -> int | None:
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


if __name__ == "__main__":
    main()
