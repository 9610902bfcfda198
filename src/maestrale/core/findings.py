"""What an audit finds: the vocabulary of `audit` and `standstill`, and of whoever looks beyond one tree."""

from collections.abc import Mapping

from msgspec import Struct

from maestrale.core.state import ActionRun, Execution, Task, Timer, Tree
from maestrale.expressions import Json


class Finding(Struct, frozen=True, kw_only=True):
    """Something that is not as it must be.

    Args:
        code: What it is; stable, and explained in the documentation.
        root_id: The tree; empty: it belongs to none.
        kind: What kind of thing it is about: `task`, `shard`.
        id: Which of that kind.
        text: What is wrong, for people: a sentence without data of users, which may be secret.
        evidence: The values that show it; no data of users either.
    """

    code: str
    root_id: str = ""
    kind: str
    id: str
    text: str
    evidence: Mapping[str, Json] = {}

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The same for the same fault, however often it is found."""
        return (self.code, self.root_id, self.kind, self.id)


AnyRow = Tree | Execution | Task | ActionRun | Timer

KINDS: Mapping[type, str] = {
    Tree: "tree",
    Execution: "execution",
    Task: "task",
    ActionRun: "action-run",
    Timer: "timer",
}
"""What the rows of a tree are called in findings."""


def found(code: str, row: AnyRow, text: str, **evidence: Json) -> Finding:
    """A finding about a row."""
    root_id = row.id if isinstance(row, Tree) else row.root_id
    return Finding(code=code, root_id=root_id, kind=KINDS[type(row)], id=row.id, text=text, evidence=evidence)
