"""How a test goes: what calls get, how time passes, what happens from outside, and where it ends."""

from pathlib import Path

import pytest

from maestrale.actions import Registry, action
from maestrale.engine.stopwatch import Stopwatch

from .house import House, a_flow, trace

CALLS = """
call:
  action: acme.call number=1
  retry: {count: 3, delay: 60}
"""


def a_house(tmp_path: Path, tasks: str) -> House:
    return House(tmp_path, a_flow(tasks))


# Answers.


def test_a_list_answers_call_after_call(tmp_path: Path) -> None:
    house = a_house(tmp_path, CALLS)

    result = house.result("""
        tasks:
          call: [{error: first}, {error: again, times: 2}, {result: fine}]
        expect:
          elapsed: 3min
          tasks: {call: {result: fine, calls: 4}}
    """)

    assert house.told(result) == []


def test_a_single_answer_is_for_every_call(tmp_path: Path) -> None:
    house = a_house(tmp_path, CALLS)

    assert (
        house.failures("""
        tasks: {call: {error: no}}
        expect: {state: ERROR, tasks: {call: {calls: 4}}}
    """)
        == []
    )


def test_an_answer_takes_its_fake_time(tmp_path: Path) -> None:
    house = a_house(tmp_path, CALLS)

    result = house.result("""
        tasks: {call: {result: fine, after: 1h}}
        expect: {elapsed: 1h}
    """)

    assert house.told(result) == []
    assert trace(result).splitlines() == [
        "0 s  call  RUNNING",
        '0 s  call  calls acme.call  {"number":1}',
        "1 h  call  SUCCESS",
        "1 h        workflow `flow` SUCCESS",
    ]


def test_an_answer_that_never_comes_leaves_the_execution_running(tmp_path: Path) -> None:
    house = a_house(tmp_path, CALLS)

    assert (
        house.failures("""
        tasks: {call: never}
        expect: {state: RUNNING}
    """)
        == []
    )


def test_an_answer_that_comes_after_a_timeout_is_ignored(tmp_path: Path) -> None:
    house = a_house(tmp_path, "call: {action: acme.call, timeout: 10}")

    assert (
        house.failures("""
        tasks: {call: {result: late, after: 20s}}
        expect: {state: ERROR, elapsed: 10s, tasks: {call: {state: ERROR, calls: 1}}}
    """)
        == []
    )


def test_the_repeats_of_a_task_are_bounded_by_its_timeout_too_as_a_worker_does_it(tmp_path: Path) -> None:
    house = a_house(tmp_path, "call: {action: acme.call, timeout: 10, retry: {count: 2, delay: 1}}")

    assert (
        house.failures("""
        tasks: {call: never}
        expect: {state: ERROR, elapsed: 32s, tasks: {call: {state: ERROR, calls: 3}}}
    """)
        == []
    )


def test_a_cancelled_action_cancels_the_execution(tmp_path: Path) -> None:
    house = a_house(tmp_path, CALLS)

    assert (
        house.failures("""
        tasks: {call: cancelled}
        expect: {state: CANCELLED, state_info: 'Cancelled tasks: call'}
    """)
        == []
    )


LOOP = """
each:
  with-items: host in ["a", "b", "c"]
  action: acme.call host=<% $.host %>
"""


def test_an_answer_may_ask_for_an_input_and_use_it(tmp_path: Path) -> None:
    house = a_house(tmp_path, LOOP)

    assert (
        house.failures("""
        actions:
          acme.call:
          - {input: {host: b}, result: special}
          - {result: <% $.host %>!, times: always}
        expect: {tasks: {each: {result: [a!, special, c!]}}}
    """)
        == []
    )


def test_an_item_of_a_loop_can_have_an_answer_of_its_own(tmp_path: Path) -> None:
    house = a_house(tmp_path, LOOP)

    assert (
        house.failures("""
        tasks: {'each[1]': {result: one}, each: {result: other}}
        expect: {tasks: {each: {result: [other, one, other]}}}
    """)
        == []
    )


def test_the_first_rule_that_fits_wins_own_before_defaults_and_tasks_before_actions(tmp_path: Path) -> None:
    house = a_house(tmp_path, LOOP)

    (result,) = house.results("""
        defaults:
          tasks: {each: {result: default of the task}}
          actions: {acme.call: {result: default of the action}}
        tests:
          it:
            tasks: {each: [{result: of the task}]}
            actions: {'acme.*': [{result: of the action}]}
            expect: {tasks: {each: {result: [of the task, of the action, default of the task]}}}
    """)

    assert house.told(result) == []


def test_a_call_without_an_answer_fails_the_action_and_the_test(tmp_path: Path) -> None:
    house = a_house(tmp_path, "call: {action: acme.call number=1}")

    assert house.failures("""
        actions: {'acme.call': [{input: {number: 2}, result: 2}]}
        expect: {state: ERROR, tasks: {call: {state_info: no canned result for acme.call}}}
    """) == [
        "flow_test.yaml:2:3: no canned result for `acme.call` of `call`: no answer for it fits or is left; "
        'its input is {"number":1}\n'
        "  hint: can one: `tasks: {call: {result: …}}`, or for the action under `actions`"
    ]


def test_an_answer_that_nobody_needs_is_noted(tmp_path: Path) -> None:
    house = a_house(tmp_path, "call: {}\nother: {action: acme.call}")

    result = house.result("tasks: {call: [{result: 1}, {result: 2}], other: {result: 3}}")

    assert (house.told(result), result.notes) == (
        [],
        ("line 3: no call got this answer of the task `call`",),
    )


def test_actions_that_do_nothing_outside_are_run_in_fake_time(tmp_path: Path) -> None:
    house = a_house(
        tmp_path,
        """
        wait: {action: std.sleep seconds=3600, on-success: echo}
        echo: {action: std.echo output='hello' delay=60, on-success: script}
        script:
          action: std.javascript
          input: {script: 'return $.number + 1', context: {number: 1}}
        """,
    )

    assert (
        house.failures("""
        actions: {'*': {error: a pattern does not reach what does nothing outside}}
        expect:
          elapsed: 1h 1min
          tasks: {echo: {result: hello}, script: {result: 2}}
    """)
        == []
    )


def test_an_answer_can_be_canned_for_an_action_that_does_nothing_outside(tmp_path: Path) -> None:
    house = a_house(
        tmp_path, "one: {action: std.echo output='real', on-success: two}\ntwo: {action: std.noop}"
    )

    assert (
        house.failures("""
        tasks: {one: {result: canned}}
        actions: {std.noop: {error: broken}}
        expect: {state: ERROR, tasks: {one: {result: canned}, two: {state: ERROR, state_info: broken}}}
    """)
        == []
    )


@action("acme.add")
def add(a: int, b: int) -> int:
    return a + b


def test_an_action_can_be_run_itself(tmp_path: Path) -> None:
    house = House(tmp_path, a_flow("add: {action: acme.add a=1 b=2}"), Registry([add]))

    assert (
        house.failures("""
        tasks: {add: {run: true, after: 5s}}
        expect: {elapsed: 5s, tasks: {add: {result: 3}}}
    """)
        == []
    )


def test_an_ad_hoc_action_is_answered_by_its_name_or_by_that_of_its_base(tmp_path: Path) -> None:
    house = House(
        tmp_path,
        """
        version: '2.0'
        name: book
        actions:
          notify:
            input: [whom]
            base: acme.mail
            base-input: {to: <% $.whom %>@example}
            output: {sent: <% $ %>}
        workflows:
          flow:
            tasks:
              a: {action: notify whom='ada'}
        """,
    )

    expect = "expect: {calls: {notify: 1}, tasks: {a: {result: {sent: 1}}}}"
    by_base = f"actions: {{acme.mail: {{input: {{to: ada@example}}, result: 1}}}}\n{expect}"
    by_name = f"actions: {{notify: {{input: {{whom: ada}}, result: 1}}}}\n{expect}"

    assert (house.failures(by_base), house.failures(by_name)) == ([], [])


# Sub-workflows and what expressions ask for.


TREE = """
version: '2.0'
outer:
  tasks:
    all:
      with-items: name in ["x", "y"]
      workflow: inner name=<% $.name %>
      on-success: look
    look: {publish: {states: <% executions().state %>}}
inner:
  input: [name]
  output: {answer: <% task(ask).result %>}
  tasks:
    ask: {action: acme.ask name=<% $.name %>}
"""


def test_tasks_of_sub_workflows_are_answered_and_looked_at(tmp_path: Path) -> None:
    house = House(tmp_path, TREE)

    assert (
        house.failures("""
        workflow: outer
        tasks: {'all[1]/ask': {result: second}, ask: {result: <% $.name %>}}
        expect:
          path: [all, look]
          tasks:
            all[1]/ask: {result: second, input: {name: y}}
            look: {published: {states: [RUNNING, SUCCESS, SUCCESS]}}
          sub_workflows:
            all[0]: {workflow: inner, input: {name: x}, path: [ask], output: {answer: x}}
            all[1]: {output: {answer: second}}
    """)
        == []
    )


# Time and bounds.


def test_the_clock_begins_where_the_test_says(tmp_path: Path) -> None:
    house = a_house(tmp_path, "a: {publish: {year: <% now().year %>}}")

    assert house.failures("now: 1999-12-31\nexpect: {tasks: {a: {published: {year: 1999}}}}") == []


ENDLESS = "a: {on-success: b}\nstart: {on-success: b}\nb: {wait-before: 60, on-success: a}"


def test_a_workflow_that_never_ends_is_stopped_at_the_bound_of_fake_time(tmp_path: Path) -> None:
    house = a_house(tmp_path, ENDLESS)

    assert house.failures("limits: {time: 1h}") == [
        "flow_test.yaml:2:3: it takes more than 1 h of fake time; the execution is RUNNING. `b` begins by "
        "its `wait-before` at 2026-03-01 13:01:00 UTC (in 1 min).\n"
        "  hint: raise the bound with `limits` if it is meant to go on so long"
    ]


def test_a_workflow_that_never_ends_is_stopped_at_the_bound_of_decisions(tmp_path: Path) -> None:
    house = a_house(tmp_path, "start: {on-success: a}\na: {on-success: b}\nb: {on-success: a}")

    (failure,) = house.failures("limits: {decisions: 100}")

    assert failure.startswith(
        "flow_test.yaml:2:3: it takes more than 100 decisions, reached at 0 s of fake time; the execution is "
        "RUNNING. "
    )


def test_an_expression_that_takes_too_long_fails_its_task_or_its_expectation(tmp_path: Path) -> None:
    endless = "range(1000000).select(range(1000000).sum()).sum()"
    house = House(
        tmp_path, a_flow(f"a: {{publish: {{x: '<% {endless} %>'}}}}"), stopwatch=Stopwatch(seconds=0.1)
    )

    result = house.result(f"expect: {{state: ERROR, tasks: {{a: {{calls: ['<% {endless} %>']}}}}}}")

    (failure,) = result.failures
    assert failure.expected == f"<% {endless} %> to be true"
    assert failure.message.endswith("it took more than 0.1 s")


# Operations.


def test_an_execution_can_be_paused_and_resumed_at_fake_times(tmp_path: Path) -> None:
    house = a_house(tmp_path, "a: {action: acme.call, on-success: b}\nb: {}")

    result = house.result("""
        tasks: {a: {result: 1, after: 10s}}
        operations:
        - {pause: , at: 5s, message: lunch}
        - {resume: , at: 1h}
        expect: {elapsed: 1h}
    """)

    assert house.told(result) == []
    assert [line for line in trace(result).splitlines() if "workflow" in line or "operation" in line] == [
        " 5 s     operation: pause",
        " 5 s     workflow `flow` PAUSED  lunch",
        " 1 h     operation: resume",
        " 1 h     workflow `flow` RUNNING",
        " 1 h     workflow `flow` SUCCESS",
    ]


@pytest.mark.parametrize(
    ("verb", "state"), [("cancel", "CANCELLED"), ("fail", "ERROR"), ("succeed", "SUCCESS")]
)
def test_an_execution_can_be_stopped(verb: str, state: str, tmp_path: Path) -> None:
    house = a_house(tmp_path, "a: {action: acme.call}")

    assert (
        house.failures(f"""
        tasks: {{a: never}}
        operations: [{{{verb}: , at: 1min, message: enough}}]
        expect: {{state: {state}, state_info: enough, elapsed: 1min}}
    """)
        == []
    )


def test_an_asynchronous_action_waits_until_it_is_completed(tmp_path: Path) -> None:
    house = a_house(tmp_path, "a: {action: std.async_noop}\nb: {action: std.async_noop}")

    assert (
        house.failures("""
        operations:
        - {complete: b, result: 2}
        - {complete: a, error: 1, at: 10s}
        expect:
          state: ERROR
          elapsed: 10s
          tasks: {a: {state: ERROR, result: 1}, b: {state: SUCCESS, result: 2}}
    """)
        == []
    )


def test_a_failed_task_can_be_run_again_and_skipped(tmp_path: Path) -> None:
    house = a_house(tmp_path, "a: {action: acme.call, on-success: b}\nb: {action: acme.call}")

    assert (
        house.failures("""
        tasks: {a: [{error: 1}, {result: 1}], b: {error: 2}}
        operations: [{rerun: a}, {skip: b}]
        expect:
          path: [a, a, b]
          tasks: {a: {state: SUCCESS}, b: {state: SKIPPED}}
    """)
        == []
    )


def test_only_the_failed_items_can_be_run_again(tmp_path: Path) -> None:
    house = a_house(tmp_path, LOOP)

    assert (
        house.failures("""
        tasks: {each: [{result: 0}, {error: x}, {result: 2}, {result: 1}]}
        operations: [{rerun: each, failed_items: true}]
        expect: {tasks: {each: {calls: 4, result: [0, 1, 2]}}}
    """)
        == []
    )


def test_an_operation_that_never_comes_about_fails_the_test(tmp_path: Path) -> None:
    house = a_house(tmp_path, "a: {}")

    assert house.failures("operations: [{rerun: a}]") == [
        "flow_test.yaml:3:18: `rerun a` never came about: the execution is SUCCESS"
    ]


def test_an_operation_that_is_refused_fails_the_test_unless_that_is_expected(tmp_path: Path) -> None:
    house = a_house(tmp_path, "a: {}")

    (failure,) = house.failures("operations: [{pause: , at: 5s}]")

    assert failure.startswith("flow_test.yaml:3:18: `pause` was refused: ")
    assert failure.endswith("[state-change]")
    assert house.failures("operations: [{pause: , at: 5s, refused: state-change}]") == []
    assert house.failures("operations: [{pause: , at: 5s, refused: other}]") == [failure]


def test_an_operation_that_should_have_been_refused_fails_the_test(tmp_path: Path) -> None:
    house = a_house(tmp_path, "a: {action: acme.call}")

    assert house.failures("""
        tasks: {a: never}
        operations: [{fail: , at: 5s, refused: state-change}]
        expect: {state: ERROR}
    """) == ["flow_test.yaml:4:18: `fail` was not refused, and `state-change` was expected"]
