"""What the tests of a run came by, and what not, with its line."""

from pathlib import Path

from maestrale.testing.cases import Count, Missing

from .house import House, a_flow

TASKS = """
first:
  action: acme.call
  on-success:
    - high: <% task().result > 10 %>
    - low: <% task().result <= 10 %>
  on-error: broken
high: {on-complete: {publish: {branch: {a: 1}}, next: [last]}}
low: {on-success: last}
last: {join: 1}
broken:
  on-skip: last
  on-complete:
    - fail msg="broken"
"""


def test_a_run_tells_what_was_covered_and_what_was_not(tmp_path: Path) -> None:
    house = House(tmp_path, a_flow(TASKS))

    house.results("tests:\n  high: {tasks: {first: {result: 11}}}")

    (flow,) = house.coverage()
    assert (flow.workflow, flow.line) == ("flow", 3)
    assert (flow.tasks, flow.transitions, flow.conditions) == (Count(3, 5), Count(2, 7), Count(0, 2))
    assert flow.all == Count(5, 14)
    assert flow.missing == (
        Missing(8, "`first` on-success → `high`: <% task().result > 10 %> is never false"),
        Missing(9, "`first` on-success → `low` is never taken"),
        Missing(10, "`first` on-error → `broken` is never taken"),
        Missing(12, "task `low` never begins"),
        Missing(12, "`low` on-success → `last` is never taken"),
        Missing(14, "task `broken` never begins"),
        Missing(15, "`broken` on-skip → `last` is never taken"),
        Missing(17, "`broken` on-complete → `fail` is never taken"),
    )


def test_all_tests_of_a_run_count_together(tmp_path: Path) -> None:
    house = House(tmp_path, a_flow(TASKS))

    house.results("tests:\n  high: {tasks: {first: {result: 11}}}")
    house.results("tests:\n  low: {tasks: {first: {result: 1}}}")
    house.results("tests:\n  fails: {tasks: {first: {error: 1}}, expect: {state: ERROR}}")

    (flow,) = house.coverage()
    assert (flow.tasks, flow.transitions, flow.conditions) == (Count(5, 5), Count(6, 7), Count(2, 2))
    assert flow.missing == (Missing(15, "`broken` on-skip → `last` is never taken"),)


def test_transitions_of_the_task_defaults_stand_where_they_are_written(tmp_path: Path) -> None:
    house = House(
        tmp_path,
        """\
        version: '2.0'
        name: book
        workflows:
          flow:
            task-defaults:
              on-error:
                - tidy
                - later: <% true %>
            tasks:
              one: {action: acme.call}
              tidy: {action: acme.call}
              later: {}
          other:
            type: reverse
            tasks:
              a: {}
              b: {requires: [a]}
        """,
    )

    house.results("workflow: flow\ntests:\n  it: {tasks: {one: {result: 1}}}")

    flow, other = house.coverage()
    assert flow.missing == (
        Missing(7, "`one` on-error → `tidy` is never taken"),
        Missing(7, "`later` on-error → `tidy` is never taken"),
        Missing(8, "`one` on-error → `later` is never taken"),
        Missing(8, "`tidy` on-error → `later` is never taken"),
        Missing(11, "task `tidy` never begins"),
        Missing(12, "task `later` never begins"),
    )
    assert (other.workflow, other.tasks, other.transitions) == ("book.other", Count(0, 2), Count(0, 0))


def test_nothing_to_cover_is_covered() -> None:
    assert (Count().percent, Count(1, 3).percent) == (100.0, 100 / 3)
