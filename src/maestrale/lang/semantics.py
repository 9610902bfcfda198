"""What must hold of the tasks of a workflow taken together (section 1.4)."""

from collections.abc import Mapping
from itertools import islice

from maestrale.lang.graph import circles, find_circle, reachable
from maestrale.lang.model import Graph, TaskDefinition
from maestrale.lang.reader import Reader
from maestrale.lang.report import extract

JOIN_HINT = "lower the number, or lead more tasks to it"
MOST_CIRCLES = 10
LONGEST_CIRCLE = 12


def check_direct(reader: Reader, tasks: Mapping[str, TaskDefinition], graph: Graph) -> None:
    """`reader` stands at the `tasks` of a direct workflow."""
    for name, task in tasks.items():
        if task.join is not None:
            _check_join(reader, task, inbound=len(graph.inbound[name]))
    if not graph.start:
        message = "every task comes after another one: there is none to start with"
        hint = "take away a transition that leads back, or add a first task"
        reader.error("no-start-task", message, hint=hint, at=reader.key_mark, shown=...)
        return
    reached = reachable(graph.start, graph.outbound)
    for name, field in reader.fields():
        if name in tasks and name not in reached:
            message = f"no path leads from a start task to `{extract(name)}`: it never runs"
            hint = "lead to it from a task that runs, or take it away"
            field.key().warn("unreachable-task", message, hint=hint)


def _check_join(reader: Reader, task: TaskDefinition, *, inbound: int) -> None:
    field = reader.find(task.name)
    place = field.find("join") if field else None
    assert place is not None, "a task with a join was read from one"
    name = extract(task.name)
    if task.join == "all":
        if inbound == 0:
            message = f"task `{name}` joins all tasks that lead to it, but none does"
            place.error("join-without-inbound", message, hint="take `join` away, or lead a task to it")
    elif task.join is not None and task.join > inbound:
        tasks = "task leads" if inbound == 1 else "tasks lead"
        message = f"task `{name}` joins {task.join}, but {inbound} {tasks} to it"
        place.error("join-out-of-reach", message, hint=f"{JOIN_HINT}; a join counts tasks, not transitions")


def check_reverse(reader: Reader, graph: Graph) -> None:
    """`reader` stands at the `tasks` of a reverse workflow."""
    loops = (members for members in circles(graph.inbound) if len(members) > 1)
    for members in islice(loops, MOST_CIRCLES):
        circle = find_circle(members, graph.inbound)
        place = reader.find(circle[0])
        assert place is not None, "the tasks of the graph were read from the document"
        shown = [f"`{extract(name)}`" for name in circle]
        if len(shown) > LONGEST_CIRCLE:
            shown[LONGEST_CIRCLE // 2 : -LONGEST_CIRCLE // 2] = ["…"]
        message = f"tasks require each other in a circle: {' requires '.join(shown)}"
        where = place.find("requires") or place
        where.error("requires-cycle", message, hint="take one of the requirements away")
