"""Everything that is wrong with a test file is told, with its place and how to go on."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.actions import Registry
from maestrale.testing.cases.codes import OWN_CODES
from maestrale.testing.cases.documents import Shelf
from maestrale.testing.cases.reading import read_case_file

from .house import House, a_flow

TASKS = """
fetch:
  action: acme.fetch url="here"
  on-success: store
store:
  action: std.noop
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, a_flow(TASKS))


WRONG = {
    "a key of the file": (
        "test: {}\ntests: {a: {}}",
        ["1:1: a test file has no key `test` [unknown-key]\n  hint: did you mean `tests`?"],
    ),
    "no tests": ("workflow: flow", ["1:1: the document has no `tests` [missing-key]"]),
    "a key of a test": (
        "tests:\n  a: {exepct: {}}",
        ["2:7: a test has no key `exepct` [unknown-key]\n  hint: did you mean `expect`?"],
    ),
    "two tests of one name": (
        "tests:\n  a: {}\n  a: {}",
        [
            "3:3: the key `a` appears twice: first at line 2, column 3, and again here; only this last one "
            "counts [duplicate-key]"
        ],
    ),
    "a state": (
        "tests:\n  a: {expect: {state: SUCESS}}",
        [
            "2:23: `state` must be one of `RUNNING`, `PAUSED`, `SUCCESS`, `ERROR`, `CANCELLED` "
            "[unknown-word]\n"
            "  hint: did you mean `SUCCESS`?"
        ],
    ),
    "a length of time": (
        "tests:\n  a: {expect: {elapsed: soon}}",
        [
            "2:25: `elapsed` must be a length of time of at most a century [duration-syntax]\n"
            "  hint: write seconds, or such as `1h 30min` or `200ms`"
        ],
    ),
    "a point of time": (
        "tests:\n  a: {now: noon}",
        ["2:12: `now` must be a point of time [instant-syntax]\n  hint: write it as `2026-03-01 12:00:00`"],
    ),
    "a pattern": (
        "tests:\n  a: {expect: {state_info: {matches: '('}}}",
        [
            "2:38: `matches` must be a regular expression: missing ), unterminated subpattern at position 0 "
            "[pattern-syntax]"
        ],
    ),
    "an answer with two ends": (
        "tests:\n  a: {tasks: {fetch: {result: 1, error: 2}}}",
        ["2:34: an answer has `result` and `error`, which exclude each other [conflicting-keys]"],
    ),
    "an answer without an end": (
        "tests:\n  a: {tasks: {fetch: {after: 1s}}}",
        ["2:15: `fetch` has none of `result`, `error`, `cancelled`, `never`, `run` [missing-key]"],
    ),
    "an answer of another kind": (
        "tests:\n  a: {tasks: {fetch: 3}}",
        ["2:22: `fetch` must be an answer or a list of them, but it is a number [wrong-type]"],
    ),
    "how often": (
        "tests:\n  a: {tasks: {fetch: {result: 1, times: 0}}}",
        ["2:41: `times` must be 1 or more, but it is 0 [out-of-range]"],
    ),
    "a task of an answer": (
        "tests:\n  a: {tasks: {fech: {result: 1}}}",
        ["2:15: the files have no task `fech` [undefined-task]\n  hint: did you mean `fetch`?"],
    ),
    "a path": (
        "tests:\n  a: {tasks: {'fetch[': {result: 1}}}",
        [
            "2:15: `fetch[` is no path, such as `deploy`, `deploy#2` or `deploy[3]/start` [path-syntax]",
        ],
    ),
    "an action": (
        "tests:\n  a: {actions: {acme.fecth: {result: 1}}}",
        ["2:17: there is no action `acme.fecth` [unknown-action]\n  hint: did you mean `acme.fetch`?"],
    ),
    "tasks that are expected": (
        "tests:\n  a: {expect: {path: [fetch, stroe], not_run: [x], tasks: {y: {}}}}",
        [
            "2:30: the workflow `flow` has no task `stroe` [undefined-task]\n  hint: did you mean `store`?",
            "2:48: the workflow `flow` has no task `x` [undefined-task]",
            "2:60: the workflow `flow` has no task `y` [undefined-task]",
        ],
    ),
    "an operation without a time": (
        "tests:\n  a: {operations: [{pause: }]}",
        [
            "2:21: `pause` needs `at`: the fake time since the start at which it happens [missing-key]",
        ],
    ),
    "a key of another operation": (
        "tests:\n  a: {operations: [{skip: fetch, env: {}}]}",
        ["2:34: `env` belongs to `resume`, `rerun`, not to `skip` [misplaced-key]"],
    ),
    "an end that is two": (
        "tests:\n  a: {operations: [{complete: fetch, result: 1, error: 2}]}",
        ["2:49: `complete` has `result` and `error`, which exclude each other [conflicting-keys]"],
    ),
    "a workflow": (
        "workflow: flwo\ntests: {a: {}}",
        ["1:11: the files define no workflow `flwo` [unknown-workflow]\n  hint: did you mean `flow`?"],
    ),
    "a file that is not there": (
        "file: flaw.yaml\ntests: {a: {}}",
        ["1:7: the file `flaw.yaml` cannot be read: there is no such file [definition-missing]"],
    ),
    "an input that nobody takes": (
        "defaults: {input: {url: x}}\ntests: {a: {}}",
        ["1:20: no workflow that is tested here takes the input `url` [unknown-key]"],
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_told_with_its_place(wrong: str, house: House) -> None:
    text, problems = WRONG[wrong]

    assert house.problems(text) == [f"flow_test.yaml:{problem}" for problem in problems]


def test_an_expression_that_cannot_be_read_is_wrong_in_an_answer_and_in_an_expectation(house: House) -> None:
    text = "tests:\n  a:\n    tasks: {fetch: {result: <% $.( %>}}\n    expect: {output: {x: <% $.( %>}}\n"

    assert [(problem.code, problem.line) for problem in house.read(text).problems] == [
        ("yaql-syntax", 3),
        ("yaql-syntax", 4),
    ]


def test_a_workflow_with_errors_is_told_with_the_first_of_them(tmp_path: Path) -> None:
    house = House(tmp_path, a_flow("a: {on-success: b}\n"))

    assert house.problems("tests: {a: {}}") == [
        "flow_test.yaml:1:1: the definitions have errors: flow.yaml:5:21: task `a` continues to `b`, which "
        "is not defined [undefined-task] [definition-refused]"
    ]


def test_a_file_without_a_workflow_beside_it_must_name_one(tmp_path: Path) -> None:
    house = House(tmp_path, a_flow(TASKS))
    path = house.write("other_test.yaml", "tests: {a: {}}")

    (problem,) = read_case_file(path, Shelf(lambda path, definitions: definitions), Registry()).problems

    assert (problem.code, problem.message) == (
        "definition-missing",
        "which file holds the workflow? There is none beside this file",
    )


def test_where_several_workflows_could_be_meant_one_must_be_named(tmp_path: Path) -> None:
    house = House(tmp_path, "version: '2.0'\nv: {tasks: {a: {}}}\nw: {tasks: {a: {}}}\n")

    assert house.problems("tests:\n  it: {}") == [
        "flow_test.yaml:2:3: `flow.yaml` defines several workflows that could be meant: `v`, `w` "
        "[which-workflow]\n  hint: name one with `workflow`"
    ]


def test_a_name_that_two_files_define_is_refused(tmp_path: Path) -> None:
    house = House(tmp_path, a_flow(TASKS))
    house.write("more.yaml", a_flow("a: {}"))

    assert house.problems("include: [more.yaml]\ntests: {a: {}}") == [
        "flow_test.yaml:1:1: the workflow `flow` is defined in `flow.yaml` and in `more.yaml` "
        "[definition-twice]"
    ]


def test_every_own_code_is_shown_by_a_test_here() -> None:
    here = Path(__file__).read_text(encoding="utf-8")

    assert [code for code in OWN_CODES if f"[{code}]" not in here and f'"{code}"' not in here] == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tests", "a", "expect", "tasks", "fetch", "result", "operations", "rerun", "at"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(value=VALUES)
def test_no_file_makes_the_reader_fail(value: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    import json

    house = House(tmp_path_factory.mktemp("any"), a_flow(TASKS))

    file = house.read(json.dumps(value))

    assert file.cases or file.problems
