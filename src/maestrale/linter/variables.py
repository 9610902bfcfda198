"""Which variables may be there where an expression reads one.

A variable may be there if it is an input, one of `vars`, published globally by any task, or published by a
task on some way to the place. That is worked out over all ways at once, as far as anything still changes. A
variable that no way brings is reported; one that only some ways bring is not: the author may know which way
was taken.

Source: Mistral v2, sections 4.1 to 4.4.
"""

from collections.abc import Iterable

from maestrale.expressions.references import Kind
from maestrale.lang import Workflow
from maestrale.linter.reads import Moment, Read
from maestrale.linter.spreading import Spreading, published_by_any, published_globally

BUILT_IN = frozenset({"__env", "__execution", "__task_execution", "openstack"})
"""Names in the data that the service puts there itself."""


def check_variables(workflow: Workflow, reads: Iterable[Read]) -> None:
    """Report every read of a variable that no way can have brought."""
    variables = Variables(workflow)
    unsure = []
    for read in reads:
        if read.reference.is_safe:
            continue
        if read.reference.kind is Kind.FREE:
            name = read.reference.name
            message = f"`{name}` means nothing to Jinja here: a variable is read as `_.{name}`"
            read.warn("undefined-variable", message, f"did you mean `_.{name}`?")
        elif read.reference.kind is Kind.VARIABLE and not variables.is_everywhere(read):
            unsure.append(read)
    if unsure:
        spreading = Spreading(workflow, {read.reference.name for read in unsure})
        for read in unsure:
            if not variables.may_be_there(read, spreading):
                _report(variables, read)


def _report(variables: "Variables", read: Read) -> None:
    name = read.reference.name
    message = f"`{name}` is read here, but nothing defines it before"
    hint = None if name in variables.defined else read.place.report.suggestions.hint(name, variables.defined)
    read.warn("undefined-variable", message, hint or variables.reason(read))


class Variables:
    """What a workflow defines, and where that can be seen."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._before = BUILT_IN.union(parameter.name for parameter in workflow.input)
        self._publishers: dict[str, list[str]] = {}
        for task in workflow.tasks.values():
            for name in published_by_any(task):
                self._publishers.setdefault(name, []).append(task.name)
        globally = {name for task in workflow.tasks.values() for name in published_globally(task)}
        self._everywhere = self._before.union(workflow.vars, globally)
        self._loop_variables = {
            variable for task in workflow.tasks.values() for variable, _ in task.with_items
        }
        self.defined = sorted((self._everywhere - BUILT_IN).union(self._publishers))

    def is_everywhere(self, read: Read) -> bool:
        """Whether nobody has to look at the ways between the tasks."""
        name = read.reference.name
        match read.moment:
            case Moment.BEGIN:
                return name in self._before
            case Moment.TARGET:
                return True  # It sees the whole input of the action, whatever the environment adds to it.
            case Moment.ITEM if read.task is not None:
                loops = self._workflow.tasks[read.task].with_items
                return name in self._everywhere or any(name == variable for variable, _ in loops)
            case _:
                return name in self._everywhere

    def may_be_there(self, read: Read, spreading: Spreading) -> bool:
        """Whether some way brings the variable; too where nobody can tell."""
        name = read.reference.name
        match read.moment:
            case Moment.BEGIN:
                return False
            case _ if read.task is None:  # In an output, or in `task-defaults`: what any task knows will do.
                return spreading.comes_anywhere(name)
            case Moment.AFTER | Moment.REPEAT:
                return spreading.is_known_behind(name, read.task, read.clause)
            case _:
                return spreading.comes_to(name, read.task)

    def reason(self, read: Read) -> str:
        """Why a variable is not there, or how to bring it."""
        name = read.reference.name
        publishers = self._publishers.get(name, [])
        if read.moment is Moment.BEGIN and name in self._workflow.vars:
            return "`vars` do not see each other"
        if read.task in publishers:
            return f"task `{read.task}` publishes it, but sees it only in its transitions"
        if publishers:
            return f"task `{publishers[0]}` publishes it, but no way leads from there to here"
        if read.moment is not Moment.ITEM and name in self._loop_variables:
            return "a loop variable is there only in the task's `input`"
        return "declare it under `input` or `vars`, or publish it in a task before"
