"""The graph of the tasks, and what must hold of it (sections 1.4 and 2.7)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.lang import ENGINE_COMMANDS, Graph, parse
from maestrale.lang.graph import Ahead

from .reading import body_codes, parse_body, the_workflow


def test_who_leads_to_whom_is_kept_in_document_order() -> None:
    graph = the_workflow(
        """\
        tasks:
          c: {on-success: [d, a], on-error: [a, noop]}
          b: {on-complete: a}
          a: {}
          d: {on-success: a}
        """
    ).graph

    assert graph.start == ("c", "b")
    assert graph.inbound == {"c": (), "b": (), "a": ("c", "b", "d"), "d": ("c",)}
    assert graph.outbound == {"c": ("d", "a"), "b": ("a",), "a": (), "d": ("a",)}


def test_in_a_reverse_workflow_what_is_required_leads_to_what_requires_it() -> None:
    graph = the_workflow("type: reverse\ntasks: {a: {}, b: {requires: a}, c: {requires: [b, a]}}").graph

    assert graph == Graph(
        start=(),
        inbound={"a": (), "b": ("a",), "c": ("b", "a")},
        outbound={"a": ("b", "c"), "b": ("c",), "c": ()},
        ahead={"a": (), "b": (), "c": ()},
    )


def test_a_join_is_ahead_of_every_task_that_leads_to_it_and_hides_what_lies_behind() -> None:
    graph = the_workflow(
        """\
        tasks:
          a: {on-success: [b, c]}
          b: {on-success: j}
          c: {on-success: d}
          d: {on-success: [j, c]}
          j: {join: all, on-success: [e, k]}
          e: {on-error: k}
          k: {join: one}
        """
    ).graph

    assert {task: set(pairs) for task, pairs in graph.ahead.items()} == {
        "a": {("j", "b"), ("j", "d")},
        "b": {("j", "b")},
        "c": {("j", "d")},
        "d": {("j", "d")},
        "j": {("k", "j"), ("k", "e")},
        "e": {("k", "e")},
        "k": set(),
    }
    with pytest.raises(KeyError):
        graph.ahead["x"]


NAMES = [f"t{number}" for number in range(8)]


@given(
    st.fixed_dictionaries(
        {name: st.lists(st.sampled_from(NAMES), max_size=3, unique=True) for name in NAMES}
    ),
    st.sets(st.sampled_from(NAMES)),
)
def test_ahead_is_what_a_walk_from_each_task_finds(steps: dict[str, list[str]], joins: set[str]) -> None:
    outbound = {name: tuple(others) for name, others in steps.items()}

    ahead = Ahead(outbound, frozenset(joins))

    for name in NAMES:
        pairs = ahead[name]
        assert len(set(pairs)) == len(pairs)
        assert set(pairs) == pairs_by_walking(name, outbound, joins)


def pairs_by_walking(
    start: str, outbound: dict[str, tuple[str, ...]], joins: set[str]
) -> set[tuple[str, str]]:
    found, seen, pending = set(), {start}, [start]
    while pending:
        name = pending.pop()
        for other in outbound[name]:
            if other in joins:
                found.add((other, name))
            elif other not in seen:
                seen.add(other)
                pending.append(other)
    return found


def test_a_chain_has_one_answer_for_all_its_tasks() -> None:
    names = [f"t{number}" for number in range(10_000)]
    outbound = {**{name: (following,) for name, following in pairwise(names)}, names[-1]: ("j",), "j": ()}

    ahead = Ahead(outbound, frozenset({"j"}))

    assert {id(ahead[name]) for name in names} == {id(ahead[names[0]])}
    assert ahead[names[0]] == (("j", names[-1]),)


def test_a_fan_has_an_answer_of_its_own_size_for_each_branch() -> None:
    branches = [f"b{number}" for number in range(1000)]
    outbound = {"a": tuple(branches), **dict.fromkeys(branches, ("j",)), "j": ()}

    ahead = Ahead(outbound, frozenset({"j"}))

    assert sum(len(ahead[name]) for name in branches) == 1000
    assert set(ahead["a"]) == {("j", name) for name in branches}


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ("{hen: {on-success: egg}, egg: {on-success: hen}}", ["no-start-task"]),
        ("{a: {on-error: a}}", ["no-start-task"]),
        ("{a: {on-success: b}, b: {on-success: a}, c: {}}", ["unreachable-task", "unreachable-task"]),
        ("{a: {on-success: b}, b: {on-success: b}}", []),
        ("{a: {}, j: {join: all}}", ["join-without-inbound"]),
        ("{a: {}, j: {join: one}}", ["join-out-of-reach"]),
        ("{a: {on-success: j}, b: {on-success: j}, j: {join: 3}, k: {join: 1}}", ["join-out-of-reach"] * 2),
        ("{a: {on-success: [j, {j: <% 1 %>}], on-error: j}, j: {join: 2}}", ["join-out-of-reach"]),
        ("{a: {on-success: j}, b: {on-success: j}, j: {join: 2}}", []),
        ("{fail: {}, a: {on-success: noop}}", []),
    ],
)
def test_what_is_wrong_with_the_graph_is_reported(tasks: str, expected: list[str]) -> None:
    assert body_codes(f"tasks: {tasks}") == expected


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ("{a: {requires: x}}", ["undefined-task"]),
        ("{a: {requires: [b, x]}, b: {}}", ["undefined-task"]),
        ("{a: {requires: noop}}", ["undefined-task"]),
        ("{a: {requires: []}}", ["empty-value"]),
        ("{a: {requires: [b, b]}, b: {}}", ["duplicate-item"]),
        ("{a: {requires: {b: 1}}, b: {}}", ["wrong-type"]),
        ("{a: {requires: a}}", ["no-effect"]),
        ("{a: {on-success: b}, b: {}}", ["wrong-workflow-type"]),
        ("{a: {join: all}}", ["wrong-workflow-type"]),
        ("{a: {requires: b}, b: {requires: a}, c: {requires: d}, d: {requires: c}}", ["requires-cycle"] * 2),
    ],
)
def test_what_is_wrong_with_requirements_is_reported(tasks: str, expected: list[str]) -> None:
    assert body_codes(f"type: reverse\ntasks: {tasks}") == expected


def test_a_circle_of_requirements_is_named() -> None:
    (problem,) = parse_body(
        """\
        type: reverse
        tasks: {x: {requires: a}, a: {requires: [y, b]}, y: {}, b: {requires: c}, c: {requires: a}}
        """
    ).problems

    assert problem.message in {
        f"tasks require each other in a circle: {' requires '.join(f'`{name}`' for name in circle)}"
        for circle in ("abca", "bcab", "cabc")
    }


@pytest.mark.parametrize("names", [["a", "b"], ["noop", "pause"]])
def test_commands_are_no_tasks_of_the_graph(names: list[str]) -> None:
    first, second = names
    graph = the_workflow(f"tasks: {{{first}: {{on-success: {second}}}, {second}: {{}}}}").graph

    leads = second not in ENGINE_COMMANDS
    assert graph.outbound == {first: (second,) if leads else (), second: ()}


def test_large_workflows_are_read_without_recursion() -> None:
    chain = "".join(f"    t{number}: {{on-success: t{number + 1}}}\n" for number in range(5000))
    ring = "".join(f"    t{number}: {{requires: t{(number + 1) % 5000}}}\n" for number in range(5000))

    assert parse(f"version: '2.0'\nw:\n  tasks:\n{chain}    t5000: {{}}\n").problems == ()
    (problem,) = parse(f"version: '2.0'\nw:\n  type: reverse\n  tasks:\n{ring}").problems
    assert (problem.code, len(problem.message) < 500) == ("requires-cycle", True)
