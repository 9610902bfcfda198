"""How trees and rows stand, for whoever follows them."""

from maestrale.store import Store
from maestrale.store.lists import LONGEST
from maestrale.store.standing import Standing

from .rows import a_lone_run, a_new_tree, an_execution, the_next


def test_each_tree_has_its_sequence_each_execution_and_run_its_state_and_others_are_left_out(
    store: Store,
) -> None:
    first, second = [a_new_tree(root_id, an_execution(root_id)) for root_id in ("first", "second")]
    store.commit([first, second, a_lone_run("lone")])
    store.commit([the_next(second, an_execution("second"))])
    executions = {row.id: str(row.state) for row in store.list_executions(project_id=None)}
    many = [f"unknown {number}" for number in range(LONGEST + 1)]

    standing = store.standing_of(["first", "second", *many], [*executions, "lone", *many])

    assert standing == Standing({"first": 1, "second": 2}, {**executions, "lone": "RUNNING"})


def test_of_nothing_nothing_is_asked(store: Store) -> None:
    assert store.standing_of([], []) == Standing({}, {})
