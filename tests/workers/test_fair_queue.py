"""Who gets a place, and how many are left for whoever comes next."""

from hypothesis import given
from hypothesis import strategies as st

from maestrale.workers.fair_queue import FairQueue


def a_queue(places: int, *waiting: tuple[str, str, int]) -> FairQueue[str]:
    """A queue in which so many of a project's execution wait."""
    queue: FairQueue[str] = FairQueue(places)
    for project, execution, count in waiting:
        for number in range(count):
            queue.put(project, execution, f"{execution}{number}")
    return queue


def given_places(queue: FairQueue[str]) -> list[str]:
    """All that get a place now."""
    items = []
    while (item := queue.take()) is not None:
        items.append(item)
    return items


def test_an_execution_alone_gets_half_of_the_places_in_its_order() -> None:
    queue = a_queue(8, ("busy", "a", 100))

    assert given_places(queue) == ["a0", "a1", "a2", "a3"]
    assert (queue.free, len(queue)) == (4, 96)


def test_a_project_with_many_executions_gets_three_quarters_of_the_places() -> None:
    queue = a_queue(200, *(("busy", f"execution-{number}-", 1) for number in range(1000)))

    assert len(given_places(queue)) == 150
    assert queue.waiting_by_project() == {"busy": 850}


def test_whoever_comes_later_finds_a_place_although_nothing_of_the_others_ever_ends() -> None:
    queue = a_queue(200)
    begun = []
    for number in range(20):
        for execution in range(300):
            queue.put(f"project-{number}", f"{number}-{execution}-", f"{number}-{execution}")
        begun.append(len(given_places(queue)))

    assert begun == [150, 38, 9, 3, *[0] * 16]
    assert queue.free == 0


def test_projects_that_want_all_at_once_get_equal_shares() -> None:
    projects = ("a", "b", "c")
    queue = a_queue(100, *((name, f"{name}-{number}-", 1) for name in projects for number in range(100)))

    names = [item[0] for item in given_places(queue)]

    assert {name: names.count(name) for name in projects} == {"a": 30, "b": 30, "c": 30}
    assert names[:6] == ["a", "b", "c", "a", "b", "c"]


def test_the_executions_of_a_project_take_turns() -> None:
    queue = a_queue(20, ("p", "big", 50), ("p", "small", 2))

    assert given_places(queue)[:5] == ["big0", "small0", "big1", "small1", "big2"]


def test_a_place_that_is_free_again_goes_to_whoever_waits() -> None:
    queue = a_queue(2, ("p", "a", 3))
    begun = given_places(queue)

    queue.give_back("p", "a")

    assert (begun, given_places(queue)) == (["a0"], ["a1"])


def test_what_is_discarded_never_gets_a_place() -> None:
    queue = a_queue(8, ("p", "a", 3))

    queue.discard("p", "a", "a1")

    assert given_places(queue) == ["a0", "a2"]
    assert (len(queue), queue.crowded) == (0, set())


STEPS = st.lists(
    st.tuples(st.sampled_from("pq"), st.sampled_from("abc"), st.sampled_from(["put", "end", "discard"])),
    max_size=60,
)


@given(st.integers(1, 9), STEPS)
def test_nobody_has_more_than_a_share_and_nobody_waits_who_may_have_a_place(
    places: int, steps: list[tuple[str, str, str]]
) -> None:
    queue: FairQueue[str] = FairQueue(places)
    waiting: list[tuple[str, str, str]] = []
    running: list[tuple[str, str, str]] = []
    for number, (project, name, deed) in enumerate(steps):
        execution = project + name
        if deed == "put":
            item = f"{project}{name}{number}"
            queue.put(project, execution, item)
            waiting.append((project, execution, item))
        elif deed == "end" and running:
            ended = running.pop(0)
            queue.give_back(ended[0], ended[1])
        elif deed == "discard" and waiting:
            queue.discard(*waiting.pop())
        while (taken := queue.take()) is not None:
            entry = next(each for each in waiting if each[2] == taken)
            first = next(each for each in waiting if each[1] == entry[1])
            assert entry == first, "the order within an execution is kept"
            waiting.remove(entry)
            running.append(entry)

        assert queue.taken == len(running) <= places
        assert len(queue) == len(waiting)
        assert places == 1 or not running or len({each[1] for each in running}) > 1 or queue.free > 0
        assert queue.crowded == {each[1] for each in waiting}
