"""Functions of installed packages in expressions, each time in a fresh process: they are loaded once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SOURCE = """
def shout(text, times=1, *, end_mark="!"):
    return text.upper() * times + end_mark

def total(*numbers):
    return sum(numbers)

def names_of(context):
    return sorted(context)

def pick_(context, some_key):
    return {"picked": context[some_key]}

def odd(text):
    return {1, 2} if text == "set" else object()

def fails(text):
    raise ValueError(f"secret {text}")

class Data: pass
number = 5
"""

ENTRY_POINTS = """[mistral.expression.functions]
shout = text_plugin:shout
total = text_plugin:total
names_of = text_plugin:names_of
pick = text_plugin:pick_
odd = text_plugin:odd
fails = text_plugin:fails
gone = text_plugin:gone
number = text_plugin:number
len = text_plugin:total
json_dump = text_plugin:total
env = mistral.expressions.std_functions:env_
"""

PROGRAM = """
import json, sys
from maestrale.actions import Registry
from maestrale.expressions import EvaluationError, compile_template
from maestrale.testing.scopes import a_scope
Registry.standard()
values = []
for text in json.load(sys.stdin):
    try:
        values.append(compile_template(text).evaluate(a_scope({"a": 1, "b": [2]})))
    except EvaluationError as error:
        values.append({"fails": error.reason})
print(json.dumps(values))
"""


def evaluate(folder: Path, *texts: str) -> list[Any]:
    """The values of expressions where a package with functions is installed."""
    (folder / "text_plugin.py").write_text(SOURCE)
    info = folder / "text_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: text-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    path = [str(folder), *(part for part in sys.path if part)]
    answer = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{PROGRAM}"],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    values: list[Any] = json.loads(answer.stdout)
    return values


def test_both_languages_call_functions_of_installed_packages(tmp_path: Path) -> None:
    assert evaluate(
        tmp_path,
        "<% shout(a) %>",
        "<% shout(a, 2) %>",
        "<% shout(a, endMark => '?') %>",
        "{{ shout('a', times=2, end_mark='?') }}",
        "<% total(1, 2, 3) %>",
        "{{ total(1, 2, 3) }}",
        "<% names_of() %>",
        "{{ names_of() }}",
        "<% pick(b).picked %>",
        "{{ pick('b').picked }}",
        "<% [1, 2].select(total($, 1)) %>",
    ) == [
        "A!",
        "AA!",
        "A?",
        "AA?",
        6,
        6,
        ["a", "b"],
        ["a", "b"],
        [2],
        [2],
        [2, 3],
    ]


def test_what_comes_with_a_language_stays_what_it_is(tmp_path: Path) -> None:
    assert evaluate(tmp_path, "<% len([1, 2]) %>", "{{ json_dump(1) }}", "<% json_dump(1) %>") == [
        2,
        "1",
        "1",
    ]


def test_a_function_that_fails_is_told_without_data(tmp_path: Path) -> None:
    assert evaluate(
        tmp_path,
        "<% fails(x) %>",
        "{{ fails('x') }}",
        "<% odd(set) %>",
        "<% odd(x) %>",
        "<% gone() %>",
        "{{ number() }}",
    ) == [
        {"fails": "the installed function `fails` fails: ValueError"},
        {"fails": "the installed function `fails` fails: ValueError"},
        [1, 2],
        {"fails": "`odd` takes and gives plain data: an object of type `object` has no form in JSON"},
        {
            "fails": "the installed function `gone` could not be loaded: AttributeError: "
            "module 'text_plugin' has no attribute 'gone'"
        },
        {"fails": "the installed function `number` is no function"},
    ]
