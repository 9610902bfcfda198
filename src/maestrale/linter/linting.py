"""All checks of a document, one after the other."""

from maestrale.lang import Parsed, Problem, Workflow, WorkflowType
from maestrale.lang.reader import Reader
from maestrale.linter.abstraction import abstract
from maestrale.linter.actions import check_base, check_work
from maestrale.linter.document import Document
from maestrale.linter.exploration import BUDGET, Wanted, arrivals_at, explore
from maestrale.linter.flow import check_repeated_joins, check_tasks
from maestrale.linter.functions import check_functions
from maestrale.linter.ignores import check_codes, find_ignores, without_ignored
from maestrale.linter.known import Known
from maestrale.linter.loops import check_loops
from maestrale.linter.reads import Read, reads_of
from maestrale.linter.secrets import check_secrets
from maestrale.linter.task_names import check_order, check_task_names, questions
from maestrale.linter.variables import check_variables


def lint(parsed: Parsed, known: Known) -> tuple[Problem, ...]:
    """All that is to be said of a text, in order of place.

    The errors and warnings that reading it found, and, if it has no error, the findings of the linter, which
    are warnings. Warnings that a comment silences are left out.

    Args:
        known: What the names in the document can stand for besides what it defines itself.
    """
    source, definitions = parsed.source, parsed.definitions
    if source is None:
        return parsed.problems
    ignores = find_ignores(source.text)
    found = list(parsed.problems)
    if definitions is not None:
        document = Document(source, definitions)
        check_secrets(document.root)
        check_codes(ignores, document.report)
        _check_definitions(document, known.with_definitions(definitions))
        found.extend(dict.fromkeys(document.report.problems()))
    ordered = sorted(found, key=lambda problem: (problem.line, problem.column))
    return tuple(without_ignored(ordered, ignores))


def _check_definitions(document: Document, known: Known) -> None:
    for action, place in document.actions():
        check_base(action, place, known)
    budget = BUDGET
    for workflow, place in document.workflows():
        reads = list(reads_of(workflow, place))
        check_work(workflow, place, known)
        check_variables(workflow, reads)
        check_task_names(workflow, reads)
        check_functions(reads)
        if workflow.type is WorkflowType.DIRECT:
            budget -= _explore(workflow, place, reads, budget)


def _explore(workflow: Workflow, place: Reader, reads: list[Read], budget: int) -> int:
    """Report what running the workflow in every way shows. Returns: What it cost."""
    asked = list(questions(workflow, reads))
    wanted = Wanted(
        tasks=tuple(workflow.tasks),
        before=tuple({(read.task, read.reference.name) for read in asked if read.task is not None}),
        everything=bool(workflow.graph.circular),
    )
    seen = explore(abstract(workflow, "generous"), wanted, budget=budget)
    check_tasks(workflow, place, seen)
    check_order(seen, asked)
    check_loops(workflow, place, seen)
    spent = seen.spent
    if may_repeat_a_join(workflow):
        certain = explore(abstract(workflow, "strict"), Wanted(everything=True), budget=budget - spent)
        check_repeated_joins(workflow, place, certain)
        spent += certain.spent
    return spent


def may_repeat_a_join(workflow: Workflow) -> bool:
    """Whether a join might run again without a cycle: it needs a task before it that runs more than once.

    Where a command with a condition may end the workflow, it is not said what happens for certain.
    """
    ways = [way for task in workflow.tasks.values() for _, clause in task.clauses for way in clause.next]
    if any(way.condition is not None and way.target in ("fail", "succeed") for way in ways):
        return False
    return any(
        arrivals_at(workflow, name) > 1 and workflow.graph.ahead[name]
        for name, task in workflow.tasks.items()
        if task.join is None
    )
