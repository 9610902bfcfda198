"""Classes of uploaded source, run in processes of their own."""

import asyncio
import os
import sys
from base64 import b64encode
from typing import Any

import pytest

from maestrale.actions import ActionContext, Registry, Result, action
from maestrale.actions.python_source import PythonSettings
from maestrale.errors import Conflict

SOURCE = """\
import dataclasses, os, sys, threading

@dataclasses.dataclass
class Sum:
    a: int
    b: int = 2
    def run(self):
        print("noise on the output")
        return {"sum": self.a + self.b}

class Where:
    async def run(self, context):
        return [context.execution.task_name, context.attempt, context.callback_url]

class Fails:
    def run(self):
        raise ValueError("too bad")

class Leaves:
    def run(self):
        sys.exit(3)

class Dies:
    def run(self):
        sys.stderr.write("last words\\n")
        sys.stderr.flush()
        os._exit(7)

class Lingers:
    def run(self):
        threading.Thread(target=threading.Event().wait).start()
        return "done"

class Said:
    data, error, cancel = None, None, False
    def __init__(self, **parts):
        self.__dict__.update(parts)

class Library:
    def __init__(self, parts):
        self.parts = parts
    def run(self):
        return Said(**self.parts)

class Asynchronous:
    def is_sync(self):
        return False
    def run(self):
        return 1

class Odd:
    def __init__(self, kind):
        self.kind = kind
    def run(self):
        endless = []
        endless.append(endless)
        return {"set": {1}, "key": {1: 2}, "nan": [float("nan")], "loop": endless, "tuple": (1, 2)}[self.kind]

class NoRun:
    pass

class Before:
    def __init__(self, a, /, b):
        self.value = [a, b]
    def run(self):
        return self.value

class Pid:
    def run(self):
        return os.getpid()

class Big:
    def run(self):
        return "x" * 5000
"""


IN_A_TASK = ActionContext(action_execution_id="x", task_name="t", attempt=2)


def run(
    class_name: str,
    source: str = SOURCE,
    settings: PythonSettings | None = None,
    context: ActionContext = IN_A_TASK,
    **input: Any,
) -> Result:
    registry = Registry(settings=[settings or PythonSettings()])
    found = registry.get_action("maestrale.python")
    given = {"source": b64encode(source.encode()).decode(), "class_name": class_name, **input}
    result = asyncio.run(found.function(**found.arguments(given, context, registry.settings)))
    assert isinstance(result, Result)
    return result


@pytest.mark.parametrize(
    ("class_name", "input", "result"),
    [
        ("Sum", {"arguments": {"a": 1}}, Result(value={"sum": 3})),
        ("Sum", {"arguments": {"a": 1, "b": None}, "omit_nulls": ["b"]}, Result(value={"sum": 3})),
        ("Before", {"arguments": {"a": 1, "b": 2}}, Result(value=[1, 2])),
        ("Where", {}, Result(value=["t", 2, "/v2/action_executions/x"])),
        ("Lingers", {}, Result(value="done")),
        ("Odd", {"arguments": {"kind": "tuple"}}, Result(value=[1, 2])),
        ("Library", {"arguments": {"parts": {"data": [1]}}}, Result(value=[1])),
        ("Library", {"arguments": {"parts": {"error": {"code": 5}}}}, Result(error={"code": 5})),
        ("Library", {"arguments": {"parts": {"cancel": True}}}, Result(cancelled=True)),
    ],
)
def test_what_run_returns_is_the_result(class_name: str, input: dict[str, Any], result: Result) -> None:
    assert run(class_name, **input) == result


@pytest.mark.parametrize(
    ("class_name", "input", "error"),
    [
        ("Fails", {}, "ValueError: too bad (line 17 of the code source)"),
        ("Leaves", {}, "SystemExit: 3 (line 21 of the code source)"),
        (
            "Dies",
            {},
            "`Dies` ended its process with exit code 7, without a result; it last wrote: last words",
        ),
        ("Nothing", {}, "there is no class `Nothing` in the code source"),
        ("NoRun", {}, "`NoRun` has no method `run`"),
        ("Odd", {"arguments": {"kind": "set"}}, "`result` is set, which JSON does not have"),
        ("Odd", {"arguments": {"kind": "key"}}, "`result` has a key that is int, not text"),
        ("Odd", {"arguments": {"kind": "nan"}}, "`result[0]` is the number `nan`, which JSON does not have"),
        (
            "Odd",
            {"arguments": {"kind": "loop"}},
            "`result` is nested deeper than 200 levels, or contains itself",
        ),
        (
            "Asynchronous",
            {},
            "`Asynchronous` is asynchronous (`is_sync()` is false): "
            "use a task with an asynchronous action to wait for somebody else",
        ),
    ],
)
def test_what_goes_wrong_is_an_error_in_words(class_name: str, input: dict[str, Any], error: str) -> None:
    assert run(class_name, **input) == Result(error=error)


def test_wrong_arguments_are_told_by_the_class() -> None:
    result = run("Sum", arguments={"c": 1})

    assert result.error == "TypeError: Sum.__init__() got an unexpected keyword argument 'c'"


def test_source_that_is_no_python_is_told_with_its_line() -> None:
    result = run("A", source="x = 1\nclass A(:\n")

    assert result == Result(error="SyntaxError: invalid syntax (line 2 of the code source)")


def test_what_a_run_without_a_task_does_not_have_is_none() -> None:
    names = ("workflow_execution_id", "task_execution_id", "workflow_name", "task_name")
    source = (
        "class A:\n  def run(self, context):\n"
        f"    return [getattr(context.execution, name) for name in {names}]\n"
    )

    assert run("A", source=source, context=ActionContext()) == Result(value=[None] * 4)


def test_a_byte_order_mark_before_the_source_is_passed_over() -> None:
    assert run("A", source="\ufeffclass A:\n  def run(self): return 1\n") == Result(value=1)


def test_only_the_process_that_was_started_answers() -> None:
    source = "import os\nclass A:\n  def run(self):\n    os.fork()\n    return os.getpid() == os.getpgid(0)\n"

    assert run("A", source=source) == Result(value=True)


def test_every_run_has_a_process_of_its_own() -> None:
    first, second = run("Pid"), run("Pid")

    assert len({first.value, second.value, os.getpid()}) == 3


def test_a_result_that_is_too_long_is_an_error() -> None:
    result = run("Big", settings=PythonSettings(result_bytes=4000))

    assert result == Result(error="The result of `Big` is longer than 4000 bytes")


def test_another_interpreter_can_be_set() -> None:
    assert run("Sum", settings=PythonSettings(interpreter=sys.executable), arguments={"a": 1}).error is None


def test_modules_of_ours_do_not_hide_those_of_the_standard_library() -> None:
    source = "import http, inspect\nclass A:\n  def run(self): return http.HTTPStatus(404).phrase\n"

    assert run("A", source=source) == Result(value="Not Found")


def test_the_action_is_known_and_stands_in_no_list() -> None:
    registry = Registry()

    assert registry.find_action("maestrale.python") is not None
    assert registry.find_action("maestrale.other") is None
    assert not [name for name in registry.names() if name.startswith("maestrale.")]


def test_nobody_else_may_declare_an_action_of_our_prefix() -> None:
    @action("maestrale.mine")
    def mine() -> None:
        """Nothing."""

    with pytest.raises(Conflict):
        Registry([mine])
