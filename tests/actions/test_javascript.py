import asyncio
import threading
from typing import Any

import pytest

from maestrale.actions import ActionContext, JavaScriptSettings, Registry
from maestrale.actions.javascript import PREPARATION, JavaScriptFailed, _Evaluation


async def evaluate(script: str, *, settings: JavaScriptSettings | None = None, **input: Any) -> Any:
    registry = Registry(settings=[settings or JavaScriptSettings()])
    found = registry.get_action("std.javascript")
    arguments = found.arguments({"script": script, **input}, ActionContext(), registry.settings)
    return await found.function(**arguments)


def js(script: str, **input: Any) -> Any:
    return asyncio.run(evaluate(script, **input))


def failure(script: str, **input: Any) -> str:
    with pytest.raises(JavaScriptFailed) as caught:
        js(script, **input)
    return str(caught.value)


@pytest.mark.parametrize(
    ("script", "value"),
    [
        ("return 1 + 1", 2),
        ("return 'ü' // a comment at the end", "ü"),
        ("let x = [1, {a: null}];\nreturn x;", [1, {"a": None}]),
        ("return undefined", None),
        ("1 + 1", None),
        ("return () => 1", None),
        ("return NaN", None),
        ("return new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("return this === globalThis", True),
    ],
)
def test_a_script_gives_what_it_returns(script: str, value: Any) -> None:
    assert js(script) == value


def test_the_context_is_the_dollar() -> None:
    context = {"list": [1, 2, 3], "quote": "\"'\\ </script>\u2028", "$": None}

    assert js("return [$.list.map(x => x * 2), $]", context=context) == [[2, 4, 6], context]
    assert js("return $") is None


def test_both_names_are_the_same_action() -> None:
    registry = Registry()

    assert registry.get_action("std.js").function is registry.get_action("std.javascript").function


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("throw new Error('boom')", "JavaScriptAction failed: line 1: Error: boom"),
        ("let a = 1;\nreturn nope.x", "JavaScriptAction failed: line 2: ReferenceError: nope is not defined"),
        ("return 1 +", "JavaScriptAction failed: line 1: SyntaxError: Unexpected token '}'"),
        ("let o = {}; o.o = o; return o", "TypeError: Converting circular structure to JSON"),
        ("return 1n", "TypeError: Do not know how to serialize a BigInt"),
        ("return (async () => 1)()", "TypeError: the script returned a promise, not the value itself"),
        ("function f() { f() }; f()", "RangeError: Maximum call stack size exceeded"),
        ("return new Uint8Array(10)", "ReferenceError: Uint8Array is not defined"),
    ],
)
def test_what_goes_wrong_in_a_script_is_told(script: str, message: str) -> None:
    assert message in failure(script)


def test_the_error_shows_nothing_of_the_data() -> None:
    assert "s3cret" not in failure("let o = {}; o.o = o; return o", context={"password": "s3cret"})


def test_a_script_without_end_is_ended_at_its_time_limit() -> None:
    message = failure("while (true);", settings=JavaScriptSettings(timeout_seconds=0.2))

    assert message == "JavaScriptAction failed: the script took longer than 0.2 seconds"


def test_a_script_that_takes_too_much_memory_is_ended() -> None:
    settings = JavaScriptSettings(memory_bytes=20_000_000)

    message = failure("let a = []; while (true) a.push('x' + a.length)", settings=settings)

    assert message == "JavaScriptAction failed: the script took more than 20000000 bytes of memory"


def test_cancelling_ends_the_script() -> None:
    before = threading.active_count()

    async def body() -> None:
        running = asyncio.ensure_future(evaluate("while (true);"))
        while threading.active_count() == before:  # noqa: ASYNC110 - Threads tell nobody.
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()

    asyncio.run(body())  # Returns only when the thread of the script has ended.


def test_a_script_that_was_stopped_before_it_began_does_not_begin() -> None:
    evaluation = _Evaluation("while (true);", None, JavaScriptSettings())

    evaluation.stop()

    assert evaluation.run() is None


def test_scripts_do_not_see_each_other() -> None:
    js("globalThis.left = 1; Array.prototype.map = null; return 0")

    assert js("return [typeof left, [1].map(x => x)]") == ["undefined", [1]]


def test_no_global_of_a_script_makes_memory_that_is_not_counted() -> None:
    names = js("return Object.getOwnPropertyNames(globalThis)")

    assert [name for name in names if "Array" in name or "Buffer" in name or f'"{name}"' in PREPARATION] == [
        "Array"
    ]
