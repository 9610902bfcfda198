"""Each expectation passes where it holds, and says what is there instead where it does not."""

from pathlib import Path

import pytest

from .house import House

DOCUMENT = """
version: '2.0'
flow:
  input: [host, {port: 80}]
  output: {url: <% $.url %>, tries: 1}
  tasks:
    check:
      action: acme.check host=<% $.host %> port=<% $.port %>
      publish: {url: 'http://<% $.host %>/'}
      on-success:
        publish: {global: {checked: true}}
        next: [left, right]
      on-error: broken
    left: {action: acme.work side='left', wait-before: 60, on-success: both}
    right: {on-success: both}
    both: {join: all, workflow: last}
    broken: {on-success: "fail msg='the host is broken'"}
last:
  output: {said: <% task(say).result %>}
  tasks:
    say: {action: std.echo output='bye'}
"""

GIVEN = """
workflow: flow
input: {host: a.example}
tasks: {check: {result: {free: 5}}, left: {result: null}}
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, DOCUMENT)


HOLDS = [
    "state: SUCCESS",
    "state_info: null",
    "output: {url: 'http://a.example/', tries: 1}",
    "output: {contains: {tries: 1}}",
    "path: [check, [right, left], both]",
    "not_run: [broken]",
    "elapsed: 1min",
    "elapsed: {at_least: 1min, at_most: 1h}",
    "tasks: {check: {state: SUCCESS, state_info: null, result: {free: <% $ > 4 %>}}}",
    "tasks: {check: {published: {url: 'http://a.example/'}, published_global: {checked: true}}}",
    "tasks: {check: {input: {host: a.example, port: 80}, calls: 1}}",
    "tasks: {check: {calls: [{contains: {port: 80}}]}}",
    "calls: {acme.work: 1, acme.check: [{host: a.example, port: 80}]}",
    "sub_workflows: {both: {workflow: last, state: SUCCESS, input: {}, output: {said: bye}, path: [say]}}",
]


@pytest.mark.parametrize("expectation", HOLDS)
def test_an_expectation_that_holds_passes(expectation: str, house: House) -> None:
    assert house.failures(f"{GIVEN}expect:\n  {expectation}") == []


BREAKS = {
    "state: ERROR": ["14: state not as expected\n  expected: ERROR\n  actual:   SUCCESS"],
    "state_info: {contains: broken}": [
        '30: state_info not as expected\n  expected: text with "broken" in it\n  actual:   null'
    ],
    "output: {url: x}": [
        "7: output.tries not expected\n  actual:   1",
        '21: output.url not as expected\n  expected: "x"\n  actual:   "http://a.example/"',
    ],
    "output: {contains: {tried: 1}}": ["27: output.tried missing\n  expected: 1"],
    "path: [check, right, left, both]": [
        "21: path not as expected\n  expected: check, right, left, both\n  actual:   check, left, right, both"
    ],
    "path: [check]": ["13: path not as expected\n  expected: check\n  actual:   check, left, right, both"],
    "path: []": ["13: path not as expected\n  expected: no task\n  actual:   check, left, right, both"],
    "not_run: [broken, left]": ["25: not_run: the task `left` has begun"],
    "elapsed: 1h": ["16: elapsed not as expected\n  expected: 1 h\n  actual:   1 min"],
    "elapsed: {at_least: 2min, at_most: 59s}": [
        "27: elapsed not as expected\n  expected: at least 2 min\n  actual:   1 min",
        "42: elapsed not as expected\n  expected: at most 59 s\n  actual:   1 min",
    ],
    "tasks: {check: {state: ERROR, result: {free: 6}}}": [
        '30: `check`: state not as expected\n  expected: "ERROR"\n  actual:   "SUCCESS"',
        "52: `check`: result.free not as expected\n  expected: 6\n  actual:   5",
    ],
    "tasks: {broken: {state: ERROR}}": ["15: `broken`: no task `broken` has come to be"],
    "tasks: {both: {input: {}, calls: 1}}": [
        "22: `both`: input: its action was not called",
        "40: `both`: calls not as expected\n  expected: 1\n  actual:   0",
    ],
    "tasks: {check: {calls: [{port: 80}]}}": [
        '31: `check`: calls[0].host not expected\n  actual:   "a.example"'
    ],
    "calls: {acme.work: []}": [
        "26: calls of `acme.work` not as expected\n  expected: []\n"
        '  actual:   [{"side":"left"}]\n  the length is 1, not 0'
    ],
    "sub_workflows: {both: {output: {said: hi}, not_run: [say]}}": [
        '45: `both`: output.said not as expected\n  expected: "hi"\n  actual:   "bye"',
        "60: `both`: not_run: the task `say` has begun",
    ],
    "sub_workflows: {check: {}}": ["23: `check`: `check` has started no workflow"],
    "refused: workflow-input": ["16: the start was not refused, and `workflow-input` was expected"],
}


@pytest.mark.parametrize("expectation", BREAKS)
def test_an_expectation_that_does_not_hold_says_what_is_there(expectation: str, house: House) -> None:
    line = len(GIVEN.strip().splitlines()) + 4

    failures = house.failures(f"{GIVEN}expect:\n  {expectation}")

    assert failures == [f"flow_test.yaml:{line}:{told}" for told in BREAKS[expectation]]


def test_success_is_expected_where_nothing_is_said(house: House) -> None:
    (failure,) = house.failures(GIVEN.replace("{result: {free: 5}}", "{error: down}"))

    assert failure == (
        "flow_test.yaml:2:3: state not as expected\n  expected: SUCCESS\n  actual:   ERROR\n"
        "  the host is broken"
    )


def test_an_execution_that_has_not_ended_says_what_it_waits_for(house: House) -> None:
    (failure,) = house.failures(GIVEN.replace("{result: {free: 5}}", "never"))

    assert failure == (
        "flow_test.yaml:2:3: state not as expected\n  expected: SUCCESS\n  actual:   RUNNING\n"
        "  `check` waits since 2026-03-01 12:00:00 UTC for a worker to begin action `acme.check`."
    )


def test_a_start_that_is_refused_fails_the_test_unless_that_is_expected(house: House) -> None:
    assert house.failures("workflow: flow\nexpect: {refused: workflow-input}") == []
    assert house.failures("workflow: flow") == [
        "flow_test.yaml:2:3: the start was refused: Invalid input [name=flow, missing=['host']] "
        "[workflow-input]\n  hint: the workflow takes: host, port (optional)"
    ]


def test_what_is_expected_of_a_sub_workflow_of_a_loop_must_name_the_item(tmp_path: Path) -> None:
    house = House(
        tmp_path,
        """
        version: '2.0'
        outer: {tasks: {all: {with-items: 'x in [1, 2]', workflow: inner}}}
        inner: {tasks: {a: {}}}
        """,
    )

    assert house.failures("workflow: outer\nexpect:\n  sub_workflows: {all: {}}") == [
        "flow_test.yaml:5:23: `all`: `all` has started one for each of its items: name one, such as `all[0]`"
    ]


def test_what_is_not_there_is_told_with_the_run_that_was_looked_into(tmp_path: Path) -> None:
    house = House(
        tmp_path,
        """
        version: '2.0'
        outer:
          tasks:
            begin: {publish: {rounds: 0}, on-success: again}
            again:
              with-items: x in [1]
              workflow: inner
              publish: {rounds: <% $.rounds + 1 %>}
              on-success: [again: <% $.rounds < 2 %>]
        inner:
          tasks:
            a: {on-error: b}
            b: {}
        """,
    )

    assert house.failures(
        "workflow: outer\nexpect:\n  tasks: {'again[0]/b': {calls: 1}, 'again[7]/a': {calls: 1}}"
    ) == [
        "flow_test.yaml:5:15: `again[0]/b`: no task `b` has come to be in `again#2[0]`",
        "flow_test.yaml:5:41: `again[7]/a`: `again#2` has started 1 workflow, and not that one",
    ]
