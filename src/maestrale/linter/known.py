"""What the linter is told of the world outside the document: which actions and workflows there are."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from maestrale.core.catalogue import INTERNAL_PREFIX, ActionSpec, Catalogue
from maestrale.core.resolve import candidates
from maestrale.lang import Definitions, Parameter


class Interface(Struct, frozen=True):
    """What an action or a workflow takes. `accepts_any`: there is no unexpected input."""

    parameters: tuple[Parameter, ...]
    accepts_any: bool = False


class NoActions:
    """A catalogue without any action."""

    def find_action(self, name: str) -> ActionSpec | None:
        return None


class Known(Struct, frozen=True, kw_only=True):
    """Everything that a name can stand for.

    Args:
        catalogue: The actions that are no definitions.
        names: The names of these actions, for suggestions.
        actions: Ad-hoc actions, by full name: what each takes.
        workflows: The same for workflows.
    """

    catalogue: Catalogue = NoActions()
    names: Callable[[], Iterable[str]] = tuple
    actions: Mapping[str, Interface] = {}
    workflows: Mapping[str, Interface] = {}

    def with_definitions(self, *definitions: Definitions) -> "Known":
        """With what these documents define."""
        actions, workflows = dict(self.actions), dict(self.workflows)
        for document in definitions:
            for action in document.actions.values():
                actions[action.name] = Interface(action.input)
            for workflow in document.workflows.values():
                # What a workflow does not declare becomes a parameter of its execution.
                workflows[workflow.name] = Interface(workflow.input, accepts_any=True)
        return Known(catalogue=self.catalogue, names=self.names, actions=actions, workflows=workflows)

    def find_action(self, name: str, *, workbook: str | None) -> Interface | None:
        """The action of a name, as a task of a workbook finds it."""
        for candidate in candidates(name, workbook):
            spec = self.catalogue.find_action(candidate)
            if spec is not None and not spec.name.startswith(INTERNAL_PREFIX):
                return Interface(spec.parameters, spec.accepts_any)
            if candidate in self.actions:
                return self.actions[candidate]
        return None

    def find_workflow(self, name: str, *, workbook: str | None) -> Interface | None:
        """The workflow of a name, as a task of a workbook finds it."""
        found = (self.workflows.get(candidate) for candidate in candidates(name, workbook))
        return next((interface for interface in found if interface is not None), None)


class Names(Struct, frozen=True):
    """The names of actions and workflows that a document uses and does not define, in all their readings."""

    actions: frozenset[str]
    workflows: frozenset[str]


def names_outside(definitions: Definitions) -> Names:
    """What has to be looked up before a document can be judged. Names from expressions are not known."""
    actions, workflows = set(_used_actions(definitions)), set(_used_workflows(definitions))
    return Names(
        frozenset(actions - set(definitions.actions)), frozenset(workflows - set(definitions.workflows))
    )


def _used_actions(definitions: Definitions) -> Iterator[str]:
    for workflow in definitions.workflows.values():
        for task in workflow.tasks.values():
            if task.action is not None and task.action.is_constant:
                yield from candidates(str(task.action.source), workflow.workbook)
    for action in definitions.actions.values():
        yield from candidates(action.base, action.workbook)


def _used_workflows(definitions: Definitions) -> Iterator[str]:
    for workflow in definitions.workflows.values():
        for task in workflow.tasks.values():
            if task.workflow is not None and task.workflow.is_constant:
                yield from candidates(str(task.workflow.source), workflow.workbook)
