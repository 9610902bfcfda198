"""Answers to what a decision asks of the world outside its tree."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, Protocol

from maestrale.core import State, World
from maestrale.core.events import Entry, TurnContinued
from maestrale.core.scopes import CoreScope
from maestrale.core.turn import Turn
from maestrale.core.views import listed_execution
from maestrale.expressions import Json
from maestrale.store import StoreReader
from maestrale.store.definitions import ACTION_PROVIDERS, ActionProvider


class Facts(Protocol):
    """Answers questions in the form that `core.inquiries.question` gives them."""

    def answer(self, question: str) -> Json: ...


class StoredFacts:
    """Answers from what is committed in the database.

    Args:
        providers: The kinds of stored actions that there are, for tasks.
    """

    def __init__(
        self, store: StoreReader, world: World, *, providers: Sequence[ActionProvider] = ACTION_PROVIDERS
    ) -> None:
        self._store = store
        self._world = world
        self._providers = providers

    def answer(self, question: str) -> Json:
        kind, _, asked = question.partition(" ")
        arguments: Mapping[str, Json] = json.loads(asked)
        match kind:
            case "executions":
                return self._executions(arguments)
            case "tasks":
                return self._tasks(arguments)
            case "workflow" | "action":
                return self._definition(kind, arguments)
        raise AssertionError(f"an unknown question: {question}")

    def _definition(self, kind: Literal["workflow", "action"], asked: Mapping[str, Json]) -> Json:
        """The stored definition of exactly that namespace which the project of the tree sees."""
        found = self._store.find_definition(
            kind,
            project_id=asked["project"],
            namespace=asked["namespace"],
            name=asked["name"],
            providers=self._providers,
        )
        return None if found is None else {"document": found[0], "id": found[1]}

    def _executions(self, asked: Mapping[str, Json]) -> list[Json]:
        found = self._store.list_executions(
            project_id=asked["project"],
            id=asked["id"],
            root_id=asked["root_execution_id"],
            state=asked["state"],
            from_time=_instant(asked["from_time"]),
            to_time=_instant(asked["to_time"]),
        )
        found = [execution for execution in found if execution.root_id != asked["beyond"]]
        if asked["root_execution_id"] is not None:  # It finds what is below the root.
            found = [execution for execution in found if execution.parent_task_id is not None]
        trees = {execution.root_id: self._state(execution.root_id) for execution in found}
        return [listed_execution(self._reading(trees[execution.root_id]), execution) for execution in found]

    def _tasks(self, asked: Mapping[str, Json]) -> list[Json]:
        """The tasks of one execution, or of all there are, those of the tree that asks left out."""
        executions = self._store.list_executions(project_id=asked["project"], id=asked["id"])
        executions = [execution for execution in executions if execution.root_id != asked["beyond"]]
        views: list[Json] = []
        for root_id in dict.fromkeys(execution.root_id for execution in executions):
            turn = self._reading(self._state(root_id))
            for execution in executions:
                if execution.root_id == root_id:
                    scope = CoreScope(turn, execution, None, dict)
                    recursive = bool(asked["recursive"]) and asked["id"] is not None
                    found = scope.tasks(execution.id, recursive, asked["state"], bool(asked["flat"]))
                    views.extend(dict(view) for view in found)
        return views

    def _state(self, root_id: str) -> State:
        rows = self._store.load_tree(root_id)
        assert rows is not None
        return rows.state()

    def _reading(self, state: State) -> Turn:
        """A turn that decides nothing, to read a tree as expressions do."""
        return Turn(self._world, state, Entry(TurnContinued(), at=datetime.now(UTC), seed=""))


def _instant(text: str | None) -> datetime | None:
    """An instant as an author writes it; without a zone it is UTC."""
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
