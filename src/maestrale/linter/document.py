"""The document that is looked at: what it defines, and where."""

from collections.abc import Iterator

from maestrale.lang import AdHocAction, Definitions, Source, TaskDefinition, Workflow
from maestrale.lang.reader import Reader
from maestrale.lang.report import Report
from maestrale.linter.codes import FINDINGS


class Document:
    """Checked definitions with their places. Findings about them go into `report`."""

    def __init__(self, source: Source, definitions: Definitions) -> None:
        self.definitions = definitions
        self.report = Report(source.file, source.text, codes=FINDINGS)
        self._root = Reader(source.root, (), self.report)

    @property
    def root(self) -> Reader:
        return self._root

    def workflows(self) -> "Iterator[tuple[Workflow, Reader]]":
        """Every workflow with its place."""
        for workflow in self.definitions.workflows.values():
            yield workflow, self._member("workflows", workflow.name)

    def actions(self) -> "Iterator[tuple[AdHocAction, Reader]]":
        """Every ad-hoc action with its place."""
        for action in self.definitions.actions.values():
            yield action, self._member("actions", action.name)

    def _member(self, section: str, full_name: str) -> Reader:
        workbook = self.definitions.workbook
        if workbook is None:
            return _below(self._root, full_name)
        return _below(_below(self._root, section), full_name.removeprefix(f"{workbook}."))


def place_of(workflow: Reader, task: TaskDefinition | str) -> Reader:
    """The place of a task of a workflow."""
    name = task if isinstance(task, str) else task.name
    return _below(_below(workflow, "tasks"), name)


def _below(reader: Reader, key: str) -> Reader:
    found = reader.find(key)
    assert found is not None, "what is defined was read from the document"
    return found
