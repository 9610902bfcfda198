"""`/v2/actions`: built-in actions, ad-hoc ones, and those made of code sources."""

from functools import partial
from typing import Any

from maestrale.api.action_rows import ad_hoc_row, built_in_row, dynamic_row, page_of
from maestrale.api.call import Call
from maestrale.api.endpoint import Endpoint, Parameter, page_type
from maestrale.api.filters import FilterKind, condition_of, text_of
from maestrale.api.paging import PAGE_PARAMETERS, Link, order_of, page_size
from maestrale.api.stored_rows import NAMESPACE, UPLOAD_PARAMETERS, judge, store_text
from maestrale.definitions import actions
from maestrale.definitions.lookups import find, find_named, missing
from maestrale.errors import InvalidInput
from maestrale.expressions.suggestions import Suggestions
from maestrale.lang import DocumentKind
from maestrale.store import StoreReader
from maestrale.store.listings import Condition, Order
from maestrale.store.records import ActionRecord, DynamicActionRecord
from maestrale.wire.actions import Action, StoredActions
from maestrale.wire.validation import Verdict

FILTERS: dict[str, FilterKind] = {
    "name": "text",
    "namespace": "text",
    "scope": "text",
    "tags": "tags",
    "description": "text",
    "definition": "text",
    "input": "text",
    "is_system": "bool",
    "created_at": "time",
    "updated_at": "time",
}
SORT_KEYS = ("id", *(name for name in FILTERS if name != "tags"), "project_id")
NO_LIMIT = 1_000_000_000


async def list_actions(call: Call) -> dict[str, Any]:
    order = _order(call)
    conditions = _conditions(call)
    limit = None if call.query["limit"] is None else page_size(call.query["limit"], longest=NO_LIMIT)
    if conditions is None:
        return {"actions": []}
    rows = [built_in_row(spec) for spec in call.backend.registry.list_actions()]
    rows += await call.backend.read(lambda store: _stored_rows(store, call))
    marker = call.query["marker"]
    page = page_of(rows, conditions=conditions, order=order, marker=marker, limit=limit)
    answer: dict[str, Any] = {"actions": page.rows}
    if page.is_full and page.rows and limit is not None:
        answer["next"] = _link(order, conditions, limit).url(call.app_url, page.rows[-1]["id"])
    return answer


async def get_action(call: Call) -> dict[str, Any]:
    """The action that a task of that namespace would run; an ad-hoc one by its id too."""
    name, namespace = call.path["name"], call.path.get("namespace", call.query.get("namespace") or "")
    registry = call.backend.registry
    if name in registry.names():
        return built_in_row(registry.get_action(name).spec)
    return await call.backend.read(lambda store: _find_stored(store, call, name, namespace))


async def create_actions(call: Call) -> dict[str, Any]:
    made = await store_text(call, DocumentKind.ACTIONS, actions.create_actions)
    return {"actions": [_stored(action, is_new=True) for action in made]}


async def update_actions(call: Call) -> dict[str, Any]:
    updated = await store_text(call, DocumentKind.ACTIONS, actions.update_actions)
    return {"actions": [_stored(action) for action in updated]}


async def update_action(call: Call) -> dict[str, Any]:
    operation = partial(actions.update_action, identifier=call.path["identifier"])
    updated = await store_text(call, DocumentKind.ACTIONS, operation)
    return {"actions": [_stored(updated)]}


async def delete_action(call: Call) -> None:
    identifier = call.path["identifier"]
    namespace = call.path.get("namespace", call.query.get("namespace") or "")
    await call.backend.write(lambda store: actions.delete_action(store, call.access, identifier, namespace))


async def validate_actions(call: Call) -> Verdict:
    return await judge(call, DocumentKind.ACTIONS)


def _stored(action: ActionRecord, *, is_new: bool = False) -> dict[str, Any]:
    """An action in the answer to what stored it: no input is null, and only here."""
    row = ad_hoc_row(action)
    row["input"] = row["input"] or None
    if is_new:
        del row["updated_at"]
    return row


def _stored_rows(store: StoreReader, call: Call) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    providers = call.backend.registry.providers.stored_providers
    if "adhoc" in providers:
        rows += [ad_hoc_row(action) for action in store.list_records(ActionRecord, call.access)]
    if "dynamic" in providers:
        rows += [dynamic_row(action) for action in store.list_records(DynamicActionRecord, call.access)]
    return rows


def _find_stored(store: StoreReader, call: Call, name: str, namespace: str) -> dict[str, Any]:
    """As the engine looks for it: each namespace has both kinds before the default one is looked into."""
    for place in dict.fromkeys((namespace, "")):
        ad_hoc = find(store, ActionRecord, call.access, name, place)
        if ad_hoc is not None:
            return ad_hoc_row(ad_hoc)
        dynamic = find_named(store, DynamicActionRecord, call.access, name, place)
        if dynamic is not None:
            return dynamic_row(dynamic)
    raise missing(ActionRecord, name, namespace)


def _conditions(call: Call) -> list[Condition] | None:
    """The filters, by default that of the default namespace; None: nothing can pass them."""
    given = {name: call.query[name] for name in FILTERS if call.query[name] is not None}
    conditions: list[Condition] = []
    for name, text in ({"namespace": ""} | given).items():
        condition = condition_of(name, name, FILTERS[name], text)
        if condition is None:
            return None
        conditions.append(condition)
    return conditions


def _order(call: Call) -> tuple[Order, ...]:
    order = order_of(call.query, default="name")
    for each in order:
        if each.attribute not in SORT_KEYS:
            raise InvalidInput(
                f"`sort_keys` names `{each.attribute}`, by which actions cannot be sorted",
                code="unknown-attribute",
                hint=Suggestions().hint(each.attribute, SORT_KEYS) or f"choose among {', '.join(SORT_KEYS)}",
            )
    return order


def _link(order: tuple[Order, ...], conditions: list[Condition], limit: int) -> Link:
    filters = tuple((condition.attribute, text_of(condition)) for condition in conditions)
    return Link(path="/v2/actions", order=order, filters=filters, options=(), limit=limit, fields=())


LIST_PARAMETERS = (
    *PAGE_PARAMETERS,
    *(
        Parameter(name, "text", f"Filter: `value` or `operator:value` ({kind})")
        for name, kind in FILTERS.items()
    ),
)

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v2/actions",
        summary="List actions, of the default namespace if none is given",
        description="`fields` is taken, but whole actions are shown. Without `limit`, all are.",
        tag="actions",
        handler=list_actions,
        query=LIST_PARAMETERS,
        result=page_type("actions", Action),
        statuses=(404,),
    ),
    Endpoint(
        method="POST",
        path="/v2/actions",
        summary="Store every ad-hoc action of a text, all or none",
        tag="actions",
        handler=create_actions,
        family="text",
        query=UPLOAD_PARAMETERS,
        body=str,
        result=StoredActions,
        status=201,
        statuses=(403, 409),
    ),
    Endpoint(
        method="PUT",
        path="/v2/actions",
        summary="Replace the ad-hoc actions that a text names, all or none",
        tag="actions",
        handler=update_actions,
        family="text",
        query=UPLOAD_PARAMETERS,
        body=str,
        result=StoredActions,
        statuses=(403, 404),
    ),
    Endpoint(
        method="POST",
        path="/v2/actions/validate",
        summary="Validate ad-hoc actions without storing them",
        tag="actions",
        handler=validate_actions,
        family="text",
        body=str,
        result=Verdict,
    ),
    Endpoint(
        method="GET",
        path="/v2/actions/{name}",
        summary="Get an action; one that the namespace lacks is looked for in the default one",
        tag="actions",
        handler=get_action,
        query=(NAMESPACE,),
        result=Action,
        statuses=(404,),
    ),
    Endpoint(
        method="GET",
        path="/v2/actions/{name}/{namespace}",
        summary="Get an action of a namespace",
        tag="actions",
        handler=get_action,
        result=Action,
        statuses=(404,),
    ),
    Endpoint(
        method="PUT",
        path="/v2/actions/{identifier}",
        summary="Replace one ad-hoc action; the text may give it another name",
        tag="actions",
        handler=update_action,
        family="text",
        query=UPLOAD_PARAMETERS,
        body=str,
        result=StoredActions,
        statuses=(403, 404, 409),
    ),
    Endpoint(
        method="DELETE",
        path="/v2/actions/{identifier}",
        summary="Delete an ad-hoc action",
        tag="actions",
        handler=delete_action,
        query=(NAMESPACE,),
        status=204,
        statuses=(403, 404),
    ),
    Endpoint(
        method="DELETE",
        path="/v2/actions/{identifier}/{namespace}",
        summary="Delete an ad-hoc action of a namespace",
        tag="actions",
        handler=delete_action,
        status=204,
        statuses=(403, 404),
    ),
)
