"""The actions as a test has them: those that answers are canned for never end by themselves."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from maestrale.actions import ActionContext, Registry
from maestrale.actions.declare import Action
from maestrale.actions.inputs import WrongInput
from maestrale.actions.plugins import STANDARD_PREFIX
from maestrale.actions.results import from_exception, from_return, storable
from maestrale.core import ActionRun, ActionSpec, Result
from maestrale.core.confidential import arguments_of
from maestrale.errors import Error
from maestrale.lang import AdHocAction, Workflow
from maestrale.testing.cases.model import Document, Rule
from maestrale.testing.cases.references import WILD
from maestrale.testing.cases.virtual_time import VirtualTimeLoop
from maestrale.testing.paths import segments

WAITING = frozenset({"std.echo", "std.sleep"})
"""They only wait: they are run in fake time."""

HARMLESS = WAITING | {"std.noop", "std.fail", "std.test_dict", "std.js", "std.javascript"}
"""They compute and wait, and do nothing outside: a test runs them itself."""


class CaseCatalogue:
    """A `Catalogue` for one test.

    An action that is not installed here is known all the same if the files or the answers name it. One that
    gives its result at once waits for its answer like any other where there may be one.
    """

    def __init__(self, registry: Registry, documents: Sequence[Document], rules: Iterable[Rule]) -> None:
        self._registry = registry
        self._defined = {
            name: action for document in documents for name, action in document.definitions.actions.items()
        }
        self._workflows = [
            workflow for document in documents for workflow in document.definitions.workflows.values()
        ]
        self._named = set(_named_actions(documents)) - self._defined.keys()
        self._answers_any = False
        self._answered: set[str] = set()
        for rule in rules:
            self._note(rule)

    def find_action(self, name: str) -> ActionSpec | None:
        spec = self._registry.find_action(name)
        if spec is None:
            is_named = name in self._named or name in self._answered
            stands_in = is_named and not name.startswith(STANDARD_PREFIX)
            return ActionSpec(name=name, accepts_any=True) if stands_in else None
        if spec.pure is not None and (self._answers_any or name in self._answered):
            return replace(spec, pure=None)
        return spec

    def names_of(self, action: str) -> list[str]:
        """What people call an action: by its full name, or as a member of its workbook."""
        defined = self._defined.get(action)
        if defined is None or defined.workbook is None:
            return [action]
        return [action, action.removeprefix(f"{defined.workbook}.")]

    def is_own(self, name: str) -> bool:
        """Whether a test runs the action itself where nothing is canned for it."""
        spec = self._registry.find_action(name)
        return name in HARMLESS or (spec is not None and spec.pure is not None)

    def _note(self, rule: Rule) -> None:
        if rule.of == "action":
            if not any(sign in rule.target for sign in WILD):
                self._note_action(rule.target)
            return
        name = segments(rule.target)[-1].name
        for workflow in self._workflows:
            task = workflow.tasks.get(name)
            if task is None or task.action is None:
                continue
            if task.action.is_constant:
                self._answered.update(self._bases(str(task.action.source), workflow))
            else:
                self._answers_any = True

    def _note_action(self, target: str) -> None:
        self._answered.update(self._bases(target, None))
        for name in self._defined:
            if target in self.names_of(name):
                self._answered.update(self._bases(name, None))

    def _bases(self, name: str, workflow: Workflow | None) -> Iterator[str]:
        """The action that a name stands for at last; nothing where ad-hoc actions go round in a circle."""
        workbook = workflow.workbook if workflow is not None else None
        seen: set[str] = set()
        while (defined := self._definition(name, workbook)) is not None:
            if defined.name in seen:
                return
            seen.add(defined.name)
            name, workbook = defined.base, defined.workbook
        yield name

    def _definition(self, name: str, workbook: str | None) -> AdHocAction | None:
        return self._defined.get(f"{workbook}.{name}") or self._defined.get(name)


def _named_actions(documents: Sequence[Document]) -> Iterator[str]:
    """The actions that tasks and ad-hoc actions name without an expression, as far as members of workbooks
    and ad-hoc actions are not meant."""
    for document in documents:
        workbook = document.definitions.workbook
        members = {name.removeprefix(f"{workbook}.") for name in document.definitions.actions}
        named = [action.base for action in document.definitions.actions.values()]
        for workflow in document.definitions.workflows.values():
            actions = (task.action for task in workflow.tasks.values())
            named += [str(it.source) for it in actions if it is not None and it.is_constant]
        yield from (name for name in named if name not in members)


class Performance(Struct, frozen=True):
    """What an action gave, and how long it took in fake time."""

    result: Result
    took: timedelta


def perform(registry: Registry, run: ActionRun, *, workflow: str, task: str, limit: int) -> Performance:
    """Run an action in this process.

    Those that only wait are run in fake time. Of others, the time they take is no part of the test.

    Args:
        workflow, task: Their names, which the action may ask for.
        limit: The largest result, in bytes.
    """
    try:
        action = registry.get_action(run.action)
    except Error as error:
        return Performance(Result(error=str(error)), timedelta())
    context = ActionContext(
        workflow_execution_id=run.execution_id,
        task_execution_id=run.task_id,
        action_execution_id=run.id,
        workflow_name=workflow,
        task_name=task,
        attempt=run.attempt,
    )
    waits = action.name in WAITING
    with asyncio.Runner(loop_factory=VirtualTimeLoop if waits else None) as runner:
        result = runner.run(_call(action, run, context, registry))
        took = runner.get_loop().time() if waits else 0.0
    result = storable(result, action=action.name, limit=limit)
    return Performance(result, timedelta(seconds=took))


async def _call(action: Action, run: ActionRun, context: ActionContext, registry: Registry) -> Result:
    try:
        given = action.function(**action.arguments(arguments_of(run), context, registry.settings))
        return from_return(await given if action.is_async else given)
    except WrongInput as error:
        return Result(error=str(error))
    except Exception as error:
        return from_exception(error, action=action.name, run_id=run.id)
