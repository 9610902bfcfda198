"""What can be asked of the store, without changing anything in it."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Self

from maestrale.core.events import Entry
from maestrale.core.notices import Notice
from maestrale.core.state import ActionRun, Execution, Task
from maestrale.core.status import ExecutionState
from maestrale.store import (
    claims,
    counts,
    definitions,
    documents,
    executions,
    expiry,
    history,
    membership,
    notices,
    paging,
    record_rows,
    schedules,
    settings,
    standing,
    trees,
)
from maestrale.store.auditing import Auditing
from maestrale.store.database import Database
from maestrale.store.definitions import ACTION_PROVIDERS, ActionProvider, DefinitionKind, FoundDefinition
from maestrale.store.documents import Document
from maestrale.store.executions import RootSummary
from maestrale.store.expiry import Boundary, Ended
from maestrale.store.listing_tables import Listing
from maestrale.store.listings import Access, Query
from maestrale.store.membership import View
from maestrale.store.notices import Lane
from maestrale.store.ownership import Ownership
from maestrale.store.record_tables import RecordRow
from maestrale.store.records import CronTriggerRecord
from maestrale.store.standing import Standing
from maestrale.store.trees import TreeRows


class StoreReader:
    """The reading half of a store. Used by one thread at a time.

    Every method raises `Unavailable` where the database does not answer: it is locked, damaged, or its disk
    fails.
    """

    def __init__(self, database: Database, ownership: Ownership) -> None:
        self._database = database
        self._ownership = ownership

    def close(self) -> None:
        """Close the connection."""
        try:
            self._database.close()
        finally:
            self._ownership.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Trees

    def load_tree(self, root_id: str) -> TreeRows | None:
        """All rows of a tree, as one commit left them. None: there is no such tree."""
        return trees.load_tree(self._database, root_id)

    def load_trees(self, root_ids: Sequence[str]) -> list[TreeRows]:
        """All rows of many trees, each as one commit left it; those that exist, in the order that is given.

        It takes a few statements for some hundreds of trees.
        """
        return trees.load_trees(self._database, root_ids)

    def read_history(self, root_id: str, *, after: int = -1) -> Iterator[tuple[int, Entry]]:
        """The entries of a tree with their numbers, oldest first, read page by page.

        `after`: only those with a larger number.
        """
        return history.read_history(self._database, root_id, after=after)

    def standing_of(self, root_ids: Collection[str], row_ids: Collection[str]) -> Standing:
        """How far these trees are, and in which states these executions and action runs are."""
        return standing.standing_of(self._database, root_ids, row_ids)

    # Notices

    def list_lanes(self, node_id: int, *, after: tuple[str, str] | None = None, limit: int) -> list[Lane]:
        """Some of the lanes in which a node has notices to send, by root and target.

        `after`: only those behind this one.
        """
        return notices.list_lanes(self._database, node_id, after=after, limit=limit)

    def list_notices(self, node_id: int, root_id: str, target: str, *, limit: int) -> list[Notice]:
        """The first notices of a tree that a node has to send to a target, in their order."""
        return notices.list_notices(self._database, node_id, root_id, target, limit=limit)

    def count_notices(self) -> int:
        """How many notices are still to be sent."""
        return notices.count_notices(self._database)

    # Executions and their parts, across trees

    def find_execution(self, id_or_prefix: str) -> Execution | None:
        """The execution of that id, or the only one whose id begins like that.

        Raises:
            InvalidInput: Several ids begin like that (`ambiguous-id`), or nothing was given.
        """
        return executions.find_execution(self._database, id_or_prefix)

    def latest_execution(self, *, unfinished_only: bool = False) -> Execution | None:
        """The root execution that was made last."""
        return executions.latest_execution(self._database, unfinished_only=unfinished_only)

    def is_unfinished(self, root_id: str) -> bool:
        """Whether an execution of the tree, or the action run it was made for, is still to end."""
        return claims.is_unfinished(self._database, root_id)

    def list_roots(
        self, states: Collection[ExecutionState] | None = None, *, limit: int = 100, id: str | None = None
    ) -> list[RootSummary]:
        """Root executions in one of `states` (None: in any), the latest first; with `id` that one only."""
        return executions.list_roots(self._database, self._ownership, states=states, limit=limit, id=id)

    def list_executions(
        self,
        *,
        project_id: str | None,
        id: str | None = None,
        root_id: str | None = None,
        state: str | None = None,
        from_time: datetime | None = None,
        to_time: datetime | None = None,
    ) -> list[Execution]:
        """The executions of all trees that pass every filter that is given, oldest first.

        `project_id` None, for the command line's own use: those of all projects. `from_time` is included,
        `to_time` is not; both look at `created_at`.
        """
        return executions.list_executions(
            self._database,
            project_id=project_id,
            id=id,
            root_id=root_id,
            state=state,
            from_time=from_time,
            to_time=to_time,
        )

    def list_tasks(
        self,
        *,
        project_id: str | None,
        execution_id: str | None = None,
        recursive: bool = False,
        state: str | None = None,
    ) -> list[Task]:
        """The tasks of all trees that pass every filter that is given, oldest first.

        `project_id` None, for the command line's own use: those of all projects. `recursive`: those of the
        sub-executions of `execution_id` too, however deep.
        """
        return executions.list_tasks(
            self._database,
            project_id=project_id,
            execution_id=execution_id,
            recursive=recursive,
            state=state,
        )

    def list_runs(self, *, task_id: str | None = None, execution_id: str | None = None) -> list[ActionRun]:
        """The action runs of a task or of an execution, oldest first."""
        return executions.list_runs(self._database, task_id=task_id, execution_id=execution_id)

    def count_states(self) -> dict[str, int]:
        """How many executions are in each state."""
        return counts.count_states(self._database)

    def oldest_unfinished_at(self) -> datetime | None:
        """When the oldest of the executions was made that are still to end."""
        return counts.oldest_unfinished_at(self._database)

    # Listings

    def list_page(self, listing: Listing, access: Access, query: Query) -> list[dict[str, Any]]:
        """The rows of a page of a collection: the values of the attributes that are asked for, by name.

        Raises:
            InvalidInput: There is no such attribute (`unknown-attribute`), or it cannot be compared or sorted
                by like that (`unsuitable-operator`, `unsuitable-value`, `too-many-values`,
                `unsortable-attribute`).
            NotFound: The row after which the page begins does not exist, or is not seen (`unknown-marker`).
        """
        return paging.list_page(self._database, listing, access, query)

    def find_row(
        self, listing: Listing, access: Access, id: str, attributes: Sequence[str] | None = None
    ) -> dict[str, Any] | None:
        """The row of that id, if it is seen: the values of the attributes that are asked for, by name.

        `attributes` None: those a listing gives by default, which are not all.

        Raises:
            InvalidInput: There is no such attribute (`unknown-attribute`).
        """
        return paging.find_row(self._database, listing, access, id, attributes)

    # Records

    def find_record(
        self,
        row_type: type[RecordRow],
        access: Access | None,
        *,
        id: str | None = None,
        name: str | None = None,
        namespace: str | None = None,
    ) -> RecordRow | None:
        """The row of that id or that name, if it is seen.

        Of several of a name one's own project's comes before a public one, that before a shared one, and
        what only an admin sees comes last; of those, the oldest.

        Args:
            access: None: whoever's it is.
            namespace: Exactly that one; None: whichever.
        """
        return record_rows.find_record(
            self._database, row_type, access, id=id, name=name, namespace=namespace
        )

    def list_records(
        self, row_type: type[RecordRow], access: Access | None = None, /, **equal: Any
    ) -> list[RecordRow]:
        """The rows that are seen and have these values in their columns, oldest first.

        `access` None: whoever's they are. An admin sees all but the members of other projects' workflows.
        """
        return record_rows.list_records(self._database, row_type, access, equal)

    # What is to be done in time

    def list_due_triggers(
        self, *, now: datetime, limit: int, after: CronTriggerRecord | None = None
    ) -> list[CronTriggerRecord]:
        """The cron triggers of all projects that are due by now, those first that have waited longest.

        `after`: only those that come behind this one.
        """
        return schedules.list_due_triggers(self._database, now=now, limit=limit, after=after)

    def next_due_at(self) -> datetime | None:
        """When the next cron trigger is due, or was. None: there is none."""
        return schedules.next_due_at(self._database)

    def find_boundary(self, states: Sequence[str], *, keep: int) -> Boundary | None:
        """The root execution that has changed last, of all but the `keep` newest in these states.

        None: there are no more than those. It looks at every root execution that has ended.
        """
        return expiry.find_boundary(self._database, states, keep=keep)

    def list_ended_executions(
        self, states: Sequence[str], boundary: Boundary, *, after: Ended | None = None, limit: int
    ) -> list[Ended]:
        """Root executions in these states up to the boundary: state by state, the oldest of each first.

        `after`: only those that come behind this one.
        """
        return expiry.list_ended_executions(self._database, states, boundary, after=after, limit=limit)

    def list_ended_runs(
        self, states: Sequence[str], *, before: datetime, after: Ended | None = None, limit: int
    ) -> list[Ended]:
        """Action runs without a task in these states that have changed last before an instant, oldest first.

        `after`: only those that come behind this one.
        """
        return expiry.list_ended_runs(self._database, states, before=before, after=after, limit=limit)

    # Definitions and settings

    def find_definition(
        self,
        kind: DefinitionKind,
        *,
        project_id: str,
        namespace: str,
        name: str,
        providers: Sequence[ActionProvider] = ACTION_PROVIDERS,
    ) -> FoundDefinition | None:
        """The definition that a project means by a name, in exactly that namespace.

        Its own comes before a public one, that before a workflow shared to it; an ad-hoc action before a
        dynamic one that is as near. `providers` are the kinds of actions to look among.
        """
        return definitions.find_definition(
            self._database,
            kind,
            project_id=project_id,
            namespace=namespace,
            name=name,
            providers=providers,
        )

    def get_document(self, document_id: str) -> Document:
        """The text of that id.

        Raises:
            NotFound: There is none.
        """
        return documents.get_document(self._database, document_id)

    def get_setting(self, key: str) -> str | None:
        """The text that was put there last. None: none ever was."""
        return settings.get_setting(self._database, key)

    # Who runs what

    @property
    def auditing(self) -> Auditing:
        """What only an audit asks."""
        return Auditing(self._database, self._ownership)

    def is_alive(self, node_id: int) -> bool:
        """Whether that node lives: its process has the file open, and be it stopped; or its lease lasts."""
        return self._ownership.is_alive(node_id)

    @property
    def shard_count(self) -> int:
        """How many shards the database has. 0: its trees belong to the processes that have the file open."""
        return self._ownership.shard_count

    @property
    def is_shared(self) -> bool:
        """Whether many nodes share the database, each of which has some shards."""
        return self._ownership.shard_count > 0

    def unfinished_trees(self, shards: Collection[int]) -> list[str]:
        """The unfinished trees of these shards, oldest first."""
        return claims.unfinished_of(self._database, shards)

    def look(self) -> View:
        """The nodes and the shards, as they are at this moment."""
        return membership.look(self._database)
