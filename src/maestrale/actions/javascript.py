"""`std.javascript`, also called `std.js`: a script in V8, within a time and a memory limit."""

import asyncio
import contextlib
import json
import re
import threading

from maestrale.actions.context import Settings
from maestrale.actions.declare import action
from maestrale.actions.results import message_of
from maestrale.expressions.scope import Json

# V8 counts the memory of binary buffers and of WebAssembly apart from its heap, where no limit holds:
# a script that filled them would take the node with it. Nothing leads to them once they are gone.
PREPARATION = """
for (const name of ["ArrayBuffer", "SharedArrayBuffer", "DataView", "WebAssembly", "Atomics",
    "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array",
    "Uint32Array", "Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"])
  delete globalThis[name];
"""

FINISH = """result => {
  if (result !== null && result !== undefined && typeof result.then === "function")
    throw new TypeError("the script returned a promise, not the value itself");
  return JSON.stringify(result);
}""".replace("\n", " ")


class JavaScriptSettings(Settings, frozen=True, kw_only=True):
    """What an operator sets for `std.javascript`.

    Args:
        timeout_seconds: How long a script may take.
        memory_bytes: How large the heap of a script may grow.
    """

    timeout_seconds: float = 30.0
    memory_bytes: int = 128 * 1024 * 1024


@action("std.js", safe_rerun=True)
@action("std.javascript", safe_rerun=True)
async def javascript(script: str, context: Json = None, *, settings: JavaScriptSettings) -> Json:
    """Run a script and give what it returns.

    The script is the body of a function, so it uses `return`; `$` is the `context`. What it returns is
    read as JSON; nothing and `undefined` are null.
    """
    evaluation = _Evaluation(script, context, settings)
    try:
        return await asyncio.to_thread(evaluation.run)
    except asyncio.CancelledError:
        evaluation.stop()
        raise


class _Evaluation:
    """One script, run in a thread with a loop of its own so that another thread can stop it."""

    def __init__(self, script: str, context: Json, settings: JavaScriptSettings) -> None:
        data = json.dumps(json.dumps(context))  # A literal: JSON is not quite JavaScript.
        # The script has lines of its own: a comment at its end must not hide what follows.
        self._source = f"$ = JSON.parse({data}); ({FINISH})((function () {{\n{script}\n}})())"
        self._lines = script.count("\n") + 1
        self._settings = settings
        self._lock = threading.Lock()
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[object] | None = None

    def run(self) -> Json:
        text = asyncio.run(self._evaluate())
        return json.loads(text) if isinstance(text, str) else None

    def stop(self) -> None:
        """End the script, from any thread."""
        with self._lock:
            self._stopped = True
            if self._loop is not None and self._task is not None:
                with contextlib.suppress(RuntimeError):  # It ended by itself, and its loop with it.
                    self._loop.call_soon_threadsafe(self._task.cancel)

    async def _evaluate(self) -> object:
        from py_mini_racer import JSEvalException as Failed
        from py_mini_racer import JSOOMException, MiniRacer

        with self._lock:
            if self._stopped:
                return None
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        with MiniRacer() as engine:
            engine.set_hard_memory_limit(self._settings.memory_bytes)
            engine.eval(PREPARATION)
            try:
                async with asyncio.timeout(self._settings.timeout_seconds):
                    return await engine.eval_cancelable(self._source)
            except TimeoutError:
                reason = f"the script took longer than {self._settings.timeout_seconds:g} seconds"
            except JSOOMException:
                reason = f"the script took more than {self._settings.memory_bytes} bytes of memory"
            except Failed as error:
                reason = _first_line(message_of(error), self._lines)
        raise JavaScriptFailed(reason)


class JavaScriptFailed(Exception):
    """The script raised, is no JavaScript, or went over a limit."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"JavaScriptAction failed: {reason}")


def _first_line(message: str, lines: int) -> str:
    """What V8 says, with the line counted from the first of the script; the rest quotes code and data."""
    first = message.partition("\n")[0]
    match = re.match(r"<anonymous>:(\d+): (.*)", first)
    if match is None:
        return first
    # What is wrong before or behind the script is wrong at its edge.
    line = min(max(int(match[1]) - 1, 1), lines)
    return f"line {line}: {match[2]}"
