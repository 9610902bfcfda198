"""Where a definition goes, besides what it says itself."""

from msgspec import Struct

from maestrale.store.records import Scope


class Placement(Struct, frozen=True, kw_only=True):
    """The columns that the definitions of one upload have in common.

    Args:
        workbook: The workbook they are members of.
    """

    project_id: str
    namespace: str = ""
    scope: Scope = "private"
    workbook: str | None = None
