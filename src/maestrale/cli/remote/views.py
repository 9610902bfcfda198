"""Reports, explanations and graphs of executions as text."""

import sys
from collections.abc import Iterator

from maestrale.cli.terminal import BOLD, DIM, GREEN, RED, YELLOW, paint
from maestrale.cli.texts import SYMBOLS, counted, duration, one_line, printable
from maestrale.client import Explanation, Graph, Report
from maestrale.client.runs import ExecutionReport, TaskReport
from maestrale.client.views import Edge, Node

_COLOURS = {"SUCCESS": GREEN, "ERROR": RED, "CANCELLED": RED, "PAUSED": YELLOW, "DELAYED": YELLOW}
INDENT = "    "


def _state(state: str) -> str:
    return paint(printable(state), _COLOURS.get(state, BOLD), stream=sys.stdout)


def _symbol(state: str | None) -> str:
    return paint(SYMBOLS.get(state or "", "·"), _COLOURS.get(state or "", DIM), stream=sys.stdout)


def _line(indent: str, name: str, state: str, info: str | None) -> str:
    told = f": {one_line(info)}" if info and state != "SUCCESS" else ""
    return f"{indent}{_symbol(state)} {printable(name)} {_state(state)}{told}"


# Reports.


def report_lines(report: Report) -> Iterator[str]:
    """The numbers, then the tree."""
    numbers = report.statistics
    parts = {
        "success": numbers.success_tasks_count,
        "error": numbers.error_tasks_count,
        "running": numbers.running_tasks_count,
        "paused": numbers.paused_tasks_count,
        "idle": numbers.idle_tasks_count,
    }
    told = ", ".join(f"{count:,} {name}" for name, count in parts.items() if count)
    yield f"{counted(numbers.total_tasks_count, 'task')}{f': {told}' if told else ''}"
    if numbers.estimated_time > 0:
        yield f"about {numbers.estimated_time:.0f} s to go"
    if report.root_workflow_execution is not None:
        yield ""
        yield from _execution_lines(report.root_workflow_execution, "")


def _execution_lines(execution: ExecutionReport, indent: str) -> Iterator[str]:
    yield _line(indent, f"{execution.name} ({execution.id})", execution.state, execution.state_info)
    for task in execution.task_executions or ():
        yield from _task_lines(task, indent + INDENT)


def _task_lines(task: TaskReport, indent: str) -> Iterator[str]:
    repeats = f" ({counted(task.retry_count, 'repeat')})" if task.retry_count else ""
    yield _line(indent, f"{task.name}{repeats}", task.state, task.state_info)
    for action in task.action_executions:
        yield _line(indent + INDENT, action.name, action.state, action.state_info)
    for execution in task.workflow_executions:
        yield from _execution_lines(execution, indent + INDENT)


# Explanations.


def explanation_lines(explanation: Explanation, indent: str = "") -> Iterator[str]:
    """A sentence for each thing that is waited for, those of sub-workflows below theirs."""
    if not indent:
        yield f"{printable(explanation.workflow)} {_state(explanation.state)} ({explanation.execution_id})"
    for wait in explanation.waits:
        yield f"{indent}  {printable(wait.text)}"
        for inner in wait.inside:
            yield f"{indent}    {printable(inner.workflow)} {_state(inner.state)} ({inner.execution_id})"
            yield from explanation_lines(inner, indent + INDENT)
    if explanation.tasks_left_out:
        yield f"{indent}  … and {counted(explanation.tasks_left_out, 'more task')} that wait"


# Graphs.


def graph_lines(graph: Graph) -> Iterator[str]:
    """Each node, with the ways that lead from it."""
    yield f"{printable(graph.workflow)} {_state(graph.state)} ({graph.execution_id})"
    ways: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        ways.setdefault(edge.source, []).append(edge)
    for node in graph.nodes:
        if node.type != "COMMAND":
            yield f"  {_node(node)}"
            yield from (f"      {_way(edge)}" for edge in ways.get(node.name, ()))


def _node(node: Node) -> str:
    details = [node.target] if node.target else []
    if node.join is not None:
        details.append(f"join {node.join}")
    if node.run_count > 1:
        details.append(f"ran {node.run_count:,} times")
    if node.items is not None:
        ended = node.items.succeeded + node.items.failed + node.items.cancelled
        details.append(f"{ended:,}/{node.items.total:,}")
    if node.started_at is not None and node.finished_at is not None:
        details.append(duration(node.finished_at - node.started_at))
    state = f" {_state(node.state)}" if node.state is not None else ""
    told = f" ({', '.join(map(printable, details))})" if details else ""
    return f"{_symbol(node.state)} {printable(node.name)}{state}{told}"


def _way(edge: Edge) -> str:
    condition = f" if {one_line(edge.condition, most=60)}" if edge.condition else ""
    taken = f", taken {counted(edge.taken, 'time')}" if edge.taken else ""
    arrow = paint("→", GREEN if edge.taken else DIM, stream=sys.stdout)
    return f"{arrow} {printable(edge.target)} ({printable(edge.event)}{condition}{taken})"
