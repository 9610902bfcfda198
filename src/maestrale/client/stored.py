"""The managers of what is uploaded as a text: workbooks, workflows, ad-hoc actions, code."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from maestrale.client.collection import Collection, flag, in_namespace
from maestrale.client.decoding import decode, decode_all
from maestrale.client.definitions import Action, CodeSource, Member, Validation, Workbook, Workflow
from maestrale.client.filters import FilterValue
from maestrale.client.transport import Transport, path_of


def _upload_options(scope: str, namespace: str, skip_validation: bool = False) -> dict[str, str]:
    return {"scope": scope, **in_namespace(namespace), **flag("skip_validation", skip_validation)}


async def _validate(transport: Transport, collection: str, definition: str) -> Validation:
    data = await transport.ask("POST", path_of(collection, "validate"), text=definition, repeat=True)
    return decode(Validation, data)


class Workbooks:
    """Workbooks: workflows and actions in one text, named `<workbook>.<name>`."""

    def __init__(self, transport: Transport) -> None:
        self._rows = Collection(transport, "workbooks", Workbook)
        self._transport = transport

    def list(
        self, *, limit: int | None = None, sort: str | Sequence[str] = (), **filters: FilterValue
    ) -> AsyncIterator[Workbook]:
        """All of them, or those that the filters leave."""
        return self._rows.list(limit=limit, sort=sort, filters=filters)

    async def get(self, name: str, *, namespace: str = "") -> Workbook:
        """Raises: NotFound: There is none of that name."""
        return await self._rows.get(name, query=in_namespace(namespace))

    async def create(
        self, definition: str, *, namespace: str = "", scope: str = "private", skip_validation: bool = False
    ) -> Workbook:
        """Store a workbook, its workflows and its actions.

        Raises:
            InvalidInput: The text is wrong; the message has all its problems.
            Conflict: There is one of that name.
        """
        return await self._upload("POST", definition, _upload_options(scope, namespace, skip_validation))

    async def update(
        self, definition: str, *, namespace: str = "", scope: str = "private", skip_validation: bool = False
    ) -> Workbook:
        """Store a new text of the workbook that it names. Members that it no longer has stay.

        Raises:
            InvalidInput: The text is wrong; the message has all its problems.
            NotFound: There is no workbook of that name.
        """
        return await self._upload("PUT", definition, _upload_options(scope, namespace, skip_validation))

    async def _upload(self, method: str, definition: str, query: dict[str, str]) -> Workbook:
        data = await self._transport.ask(method, path_of("workbooks"), query=query, text=definition)
        return decode(Workbook, data)

    async def delete(self, name: str, *, namespace: str = "") -> None:
        """Delete a workbook; its workflows and actions stay."""
        await self._rows.delete(name, query=in_namespace(namespace))

    async def validate(self, definition: str) -> Validation:
        """Find all problems of a text without storing it."""
        return await _validate(self._transport, "workbooks", definition)


class Workflows:
    """Workflows that are stored. A running execution keeps the text it started with."""

    def __init__(self, transport: Transport) -> None:
        self._rows = Collection(transport, "workflows", Workflow)
        self._transport = transport

    def list(
        self,
        *,
        limit: int | None = None,
        sort: str | Sequence[str] = (),
        all_projects: bool = False,
        **filters: FilterValue,
    ) -> AsyncIterator[Workflow]:
        """All of every namespace, or those that the filters leave. `all_projects` is for administrators."""
        options = flag("all_projects", all_projects)
        return self._rows.list(limit=limit, sort=sort, filters=filters, options=options)

    async def get(self, workflow: str, *, namespace: str = "") -> Workflow:
        """The workflow of a name or an id; an id needs no namespace. Raises: NotFound."""
        return await self._rows.get(workflow, query=in_namespace(namespace))

    async def create(
        self, definition: str, *, namespace: str = "", scope: str = "private", skip_validation: bool = False
    ) -> tuple[Workflow, ...]:
        """Store all workflows of a text, or none.

        Raises:
            InvalidInput: The text is wrong; the message has all its problems.
            Conflict: There is one of that name.
        """
        options = _upload_options(scope, namespace, skip_validation)
        data = await self._transport.ask("POST", path_of("workflows"), query=options, text=definition)
        return decode_all(Workflow, data, "workflows")

    async def update(
        self,
        definition: str,
        *,
        id: str | None = None,
        namespace: str = "",
        scope: str = "private",
        skip_validation: bool = False,
    ) -> tuple[Workflow, ...]:
        """Store new texts of the workflows that the text names, all or none.

        Args:
            id: Change this one, whose name and namespace then become those that are given.
            scope: A public workflow becomes private unless this says `public` again.

        Raises:
            NotFound: One of them is not there.
        """
        options = _upload_options(scope, namespace, skip_validation)
        path = path_of("workflows") if id is None else path_of("workflows", id)
        data = await self._transport.ask("PUT", path, query=options, text=definition)
        if id is not None:
            return (decode(Workflow, data),)
        return decode_all(Workflow, data, "workflows")

    async def delete(self, workflow: str, *, namespace: str = "") -> None:
        """Delete a workflow; its executions stay. Raises: InvalidInput: A trigger uses it."""
        await self._rows.delete(workflow, query=in_namespace(namespace))

    async def validate(self, definition: str) -> Validation:
        """Find all problems of a text without storing it."""
        return await _validate(self._transport, "workflows", definition)


class Members:
    """The projects to which a workflow is shared."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, workflow_id: str) -> tuple[Member, ...]:
        """Those that this project may see: as the owner all, as a member itself."""
        data = await self._transport.ask("GET", self._path(workflow_id))
        return decode_all(Member, data, "members")

    async def get(self, workflow_id: str, project: str) -> Member:
        return await self._ask("GET", workflow_id, project)

    async def create(self, workflow_id: str, project: str) -> Member:
        """Offer a workflow to a project, which has to accept it."""
        data = await self._transport.ask("POST", self._path(workflow_id), body={"member_id": project})
        return decode(Member, data)

    async def update(self, workflow_id: str, project: str, *, status: str) -> Member:
        """Answer an offer to one's own project: `accepted`, `rejected` or `pending`."""
        return await self._ask("PUT", workflow_id, project, body={"status": status})

    async def delete(self, workflow_id: str, project: str) -> None:
        """Share a workflow no longer."""
        await self._transport.ask("DELETE", self._path(workflow_id, project))

    async def _ask(self, method: str, workflow_id: str, project: str, body: Any = None) -> Member:
        return decode(Member, await self._transport.ask(method, self._path(workflow_id, project), body=body))

    @staticmethod
    def _path(workflow_id: str, *project: str) -> str:
        return path_of("workflows", workflow_id, "members", *project)


class Actions:
    """Actions: built-in ones, ad-hoc ones, and classes of uploaded code."""

    def __init__(self, transport: Transport) -> None:
        self._rows = Collection(transport, "actions", Action)
        self._transport = transport

    def list(
        self, *, limit: int | None = None, sort: str | Sequence[str] = (), **filters: FilterValue
    ) -> AsyncIterator[Action]:
        """Those of the default namespace, or of the `namespace` among the filters, by name."""
        return self._rows.list(limit=limit, sort=sort, filters=filters)

    async def get(self, name: str, *, namespace: str = "") -> Action:
        return await self._rows.get(name, *filter(None, [namespace]))

    async def create(
        self, definition: str, *, namespace: str = "", scope: str = "private", skip_validation: bool = False
    ) -> tuple[Action, ...]:
        """Store all ad-hoc actions of a text, or none."""
        options = _upload_options(scope, namespace, skip_validation)
        data = await self._transport.ask("POST", path_of("actions"), query=options, text=definition)
        return decode_all(Action, data, "actions")

    async def update(
        self,
        definition: str,
        *,
        id: str | None = None,
        namespace: str = "",
        scope: str = "private",
        skip_validation: bool = False,
    ) -> tuple[Action, ...]:
        """Store new texts of the actions that the text names; `id`: of this one, which may be renamed so."""
        options = _upload_options(scope, namespace, skip_validation)
        path = path_of("actions") if id is None else path_of("actions", id)
        return decode_all(
            Action, await self._transport.ask("PUT", path, query=options, text=definition), "actions"
        )

    async def delete(self, action: str, *, namespace: str = "") -> None:
        """Delete an ad-hoc action, by name or id."""
        await self._rows.delete(action, *filter(None, [namespace]))

    async def validate(self, definition: str) -> Validation:
        """Find all problems of a text without storing it."""
        return await _validate(self._transport, "actions", definition)


class CodeSources:
    """Python source whose classes can become actions. For administrators."""

    def __init__(self, transport: Transport) -> None:
        self._rows = Collection(transport, "code_sources", CodeSource)
        self._transport = transport

    def list(
        self,
        *,
        limit: int | None = None,
        sort: str | Sequence[str] = (),
        all_projects: bool = False,
        **filters: FilterValue,
    ) -> AsyncIterator[CodeSource]:
        options = flag("all_projects", all_projects)
        return self._rows.list(limit=limit, sort=sort, filters=filters, options=options)

    async def get(self, source: str, *, namespace: str = "") -> CodeSource:
        return await self._rows.get(source, query=in_namespace(namespace))

    async def create(
        self, name: str, content: str, *, namespace: str = "", scope: str = "private"
    ) -> CodeSource:
        return await self._upload("POST", {"name": name, **_upload_options(scope, namespace)}, content)

    async def update(
        self, source: str, content: str, *, namespace: str = "", scope: str = "private"
    ) -> CodeSource:
        """Store a new version, which its actions use from their next execution on."""
        return await self._upload("PUT", {"identifier": source, **_upload_options(scope, namespace)}, content)

    async def _upload(self, method: str, query: dict[str, str], content: str) -> CodeSource:
        data = await self._transport.ask(method, path_of("code_sources"), query=query, text=content)
        return decode(CodeSource, data)

    async def delete(self, source: str, *, namespace: str = "") -> None:
        """Delete a source, and the actions made of it."""
        await self._rows.delete(source, query=in_namespace(namespace))
