"""What a name in a workflow means: the stored definition that a project sees under it."""

from typing import Literal, NamedTuple, TypeAlias

from maestrale.store.database import Database
from maestrale.store.listings import Access
from maestrale.store.record_tables import ACTIONS, DYNAMIC_ACTIONS, WORKFLOWS, RecordTable
from maestrale.store.visibility import precedence, visible

DefinitionKind: TypeAlias = Literal["workflow", "action"]

# An ad-hoc action comes before a dynamic one that the project sees as near.
_TABLES: dict[DefinitionKind, tuple[RecordTable, ...]] = {  # type: ignore[type-arg]
    "workflow": (WORKFLOWS,),
    "action": (ACTIONS, DYNAMIC_ACTIONS),
}


class FoundDefinition(NamedTuple):
    """A stored definition: the id of the text that holds it, and its own."""

    document: str
    id: str


def find_definition(
    database: Database, kind: DefinitionKind, *, project_id: str, namespace: str, name: str
) -> FoundDefinition | None:
    """The definition of exactly that namespace: the project's own, or a public, or a shared one."""
    parts: list[str] = []
    parameters: list[str] = []
    for order, table in enumerate(_TABLES[kind]):
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
