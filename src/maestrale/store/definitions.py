"""What a name in a workflow means: the stored definition that a project sees under it."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from maestrale.store.database import Database
from maestrale.store.listings import Access
from maestrale.store.record_tables import ACTIONS, DYNAMIC_ACTIONS, WORKFLOWS, RecordTable
from maestrale.store.visibility import precedence, visible

DefinitionKind: TypeAlias = Literal["workflow", "action"]

ActionProvider: TypeAlias = Literal["adhoc", "dynamic"]

ACTION_PROVIDERS: tuple[ActionProvider, ...] = ("adhoc", "dynamic")
"""An ad-hoc action comes before a dynamic one that the project sees as near."""

_ACTION_TABLES: dict[ActionProvider, RecordTable] = {"adhoc": ACTIONS, "dynamic": DYNAMIC_ACTIONS}  # type: ignore[type-arg]


class FoundDefinition(NamedTuple):
    """A stored definition: the id of the text that holds it, and its own."""

    document: str
    id: str


def find_definition(
    database: Database,
    kind: DefinitionKind,
    *,
    project_id: str,
    namespace: str,
    name: str,
    providers: Sequence[ActionProvider] = ACTION_PROVIDERS,
) -> FoundDefinition | None:
    """The definition of exactly that namespace: the project's own, or a public, or a shared one.

    Args:
        providers: The kinds of actions to look among.
    """
    tables = (WORKFLOWS,) if kind == "workflow" else tuple(_ACTION_TABLES[each] for each in providers)
    if not tables:
        return None
    parts: list[str] = []
    parameters: list[str] = []
    for order, table in enumerate(tables):
        rank, ranked = precedence(table.visibility, "r", project_id)
        seen, seen_by = visible(table.visibility, "r", Access(project_id))
        parts.append(
            f"SELECT r.document, r.id, {rank} AS nearness, {order} AS place, r.created_at FROM {table.name} r"
            f" WHERE r.name = ? AND r.namespace = ? AND {seen}"
        )
        parameters += [*ranked, name, namespace, *seen_by]
    sql = f"SELECT document, id FROM ({' UNION ALL '.join(parts)}) found"
    rows = database.rows(f"{sql} ORDER BY nearness, place, created_at, id LIMIT 1", parameters)
    return FoundDefinition(*rows[0]) if rows else None
