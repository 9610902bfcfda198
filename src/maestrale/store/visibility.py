"""Who sees which rows, as conditions in SQL. The one place that knows what a project may see."""

from enum import StrEnum

from maestrale.store.listings import Access


class Visibility(StrEnum):
    """What besides the rows of one's own project is seen in a table."""

    OWN = "own"
    """Nothing."""
    SCOPED = "scoped"
    """Public rows."""
    SHARED = "shared"
    """Public rows, and those that were shared to one's project, which accepted them."""
    MEMBERS = "members"
    """Rows that name one's project as the member; and to an admin too nothing else."""


_OWN = "{alias}.project_id = ?"
_PUBLIC = "{alias}.scope = 'public'"
_ACCEPTED = (
    "EXISTS (SELECT 1 FROM members m WHERE m.resource_id = {alias}.id AND m.resource_type = 'workflow'"
    " AND m.member_id = ? AND m.status = 'accepted')"
)
_MEMBER = "{alias}.member_id = ?"

_ALTERNATIVES = {
    Visibility.OWN: (_OWN,),
    Visibility.SCOPED: (_OWN, _PUBLIC),
    Visibility.SHARED: (_OWN, _PUBLIC, _ACCEPTED),
    Visibility.MEMBERS: (_OWN, _MEMBER),
}


def visible(
    visibility: Visibility, alias: str, access: Access, *, by_index: bool = True
) -> tuple[str, list[str]]:
    """The condition that a row of the table called `alias` is seen, with its parameters. Empty: all are.

    `by_index` False keeps the database from choosing an index of the project.
    """
    if access.is_admin and visibility is not Visibility.MEMBERS:
        return "", []
    if visibility is Visibility.OWN:
        column = f"{alias}.project_id" if by_index else f"({alias}.project_id || '')"
        return f"{column} = ?", [access.project_id]
    conditions = [condition.format(alias=alias) for condition in _ALTERNATIVES[visibility]]
    parameters = [access.project_id for condition in conditions if "?" in condition]
    return f"({' OR '.join(conditions)})", parameters


def precedence(visibility: Visibility, alias: str, project_id: str) -> tuple[str, list[str]]:
    """A number to sort by where several rows have the name that is meant: own, public, shared, others."""
    whens = [
        f"WHEN {condition.format(alias=alias)} THEN {rank}"
        for rank, condition in enumerate(_ALTERNATIVES[visibility])
    ]
    parameters = [project_id for when in whens if "?" in when]
    return f"CASE {' '.join(whens)} ELSE {len(whens)} END", parameters
