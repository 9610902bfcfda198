"""What a test file names must be there: tasks, workflows and actions, with a suggestion where not."""

from collections.abc import Iterator, Sequence

from maestrale.actions import Registry
from maestrale.lang import Workflow
from maestrale.lang.reader import Reader
from maestrale.testing.cases.model import Document
from maestrale.testing.paths import segments

WILD = "*?["
"""What makes a name a pattern."""


class References:
    """The names that a test may use."""

    def __init__(self, documents: Sequence[Document], registry: Registry) -> None:
        self._documents = documents
        self._registry = registry
        self._tasks = {name for workflow in self._workflows() for name in workflow.tasks}
        self._actions = set(self._named_actions())

    def _workflows(self) -> Iterator[Workflow]:
        for document in self._documents:
            yield from document.definitions.workflows.values()

    def _named_actions(self) -> Iterator[str]:
        """The actions that the documents define or name, whether they are installed here or not."""
        for document in self._documents:
            yield from document.definitions.actions
            yield from (action.base for action in document.definitions.actions.values())
        for workflow in self._workflows():
            for task in workflow.tasks.values():
                if task.action is not None and task.action.is_constant:
                    yield str(task.action.source)

    def check_given(self, reader: Reader) -> None:
        """Check what a test, or `defaults`, cans answers for."""
        self._check_paths(reader.find("tasks"))
        actions = reader.find("actions")
        for _, field in actions.fields() if actions else ():
            self._check_action(field.key())

    def check_expectations(self, case: Reader, workflow: Workflow) -> None:
        """Check what a test expects of a run of this workflow."""
        expect = case.find("expect")
        if expect is None:
            return
        self._check_routes(expect, set(workflow.tasks), f"the workflow `{workflow.name}` has")
        self._check_paths(expect.find("tasks"), workflow)
        subs, calls = expect.find("sub_workflows"), expect.find("calls")
        self._check_paths(subs, workflow)
        for _, sub in subs.fields() if subs else ():
            self._check_routes(sub, self._tasks, "the files have")
        for _, field in calls.fields() if calls else ():
            self._check_action(field.key())

    def check_path(self, reader: Reader, workflow: Workflow | None = None) -> None:
        """Check the path of a task; one in the workflow itself must be a task of that workflow."""
        first, *others = [segment.name for segment in segments(reader.value)]
        if workflow is not None and first not in workflow.tasks:
            self._refuse_task(reader, first, set(workflow.tasks), f"the workflow `{workflow.name}` has")
            return
        for name in (first, *others):
            if name not in self._tasks:
                self._refuse_task(reader, name, self._tasks, "the files have")
                return

    def _check_paths(self, reader: Reader | None, workflow: Workflow | None = None) -> None:
        for _, field in reader.fields() if reader else ():
            self.check_path(field.key(), workflow)

    def _check_routes(self, outcome: Reader, tasks: set[str], where: str) -> None:
        for key in ("path", "not_run"):
            route = outcome.find(key)
            for text in route.strings() if route else ():
                if text.value not in tasks:
                    self._refuse_task(text, text.value, tasks, where)

    def _refuse_task(self, reader: Reader, name: str, tasks: set[str], where: str) -> None:
        hint = reader.report.suggestions.hint(name, sorted(tasks))
        reader.error("undefined-task", f"{where} no task `{name}`", hint=hint, shown=name)

    def _check_action(self, reader: Reader) -> None:
        name = reader.value
        if any(sign in name for sign in WILD) or name in self._actions:
            return
        if self._registry.find_action(name) is None:
            known = sorted({*self._actions, *self._registry.names()})
            hint = reader.report.suggestions.hint(name, known)
            reader.error("unknown-action", f"there is no action `{name}`", hint=hint, shown=name)
