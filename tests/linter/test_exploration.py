"""The explorer: it comes to an end, within its budget, and follows the same states once."""

from maestrale.lang import Workflow, parse
from maestrale.linter.abstraction import abstract
from maestrale.linter.exploration import Seen, Wanted, explore, is_order_free

from .linting import workflow

EVERYTHING = Wanted(everything=True)
LOOP = "tasks:\n  s: {on-success: a}\n  a: {on-success: [a: <% $.get(x) %>]}\n"


def the_workflow(body: str) -> Workflow:
    definitions = parse(workflow(body)).definitions
    assert definitions is not None
    return definitions.workflows["w"]


def explored(body: str, wanted: Wanted = EVERYTHING, budget: int = 100_000) -> Seen:
    return explore(abstract(the_workflow(body), "generous"), wanted, budget=budget)


def beside_each_other(count: int) -> str:
    return "tasks:\n" + "".join(f"  t{number}: {{on-error: fail}}\n" for number in range(count))


def test_a_cycle_has_few_states_however_often_it_goes_round() -> None:
    seen = explored(LOOP)

    assert (seen.is_complete, set(seen.moves), len(seen.final)) == (True, {0, 1}, 2)


def test_an_exploration_goes_no_further_than_its_budget() -> None:
    seen = explored(beside_each_other(12), budget=2_000)

    assert (seen.is_complete, seen.spent < 2_100) == (False, True)


def test_an_exploration_ends_with_what_it_was_to_find() -> None:
    wanted = Wanted(tasks=tuple(f"t{number}" for number in range(12)))

    seen = explored(beside_each_other(12), wanted)

    assert (seen.ran, seen.moves) == (set(wanted.tasks), {})


def test_where_the_order_makes_no_difference_one_order_is_tried() -> None:
    body = (
        "tasks:\n"
        + "".join(f"  t{number}: {{on-success: j}}\n" for number in range(5))
        + "  j: {join: all}\n"
    )

    seen = explored(body)

    assert is_order_free(the_workflow(body))
    assert (seen.is_complete, "j" in seen.ran, len(seen.moves) < 70) == (True, True, True)


def test_the_order_may_make_a_difference_where_a_command_ends_the_workflow() -> None:
    assert not is_order_free(the_workflow(beside_each_other(2)))


def test_more_conditions_than_can_be_tried_are_not_all_tried() -> None:
    ways = ", ".join(f"{{noop: <% $.get(x{number}) %>}}" for number in range(9))

    assert not explored(f"tasks:\n  a: {{on-success: [{ways}]}}\n").is_complete
