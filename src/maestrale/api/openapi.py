"""The OpenAPI 3.1 document, made from the table of endpoints and the structs of the wire."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct

from maestrale import __version__
from maestrale.api.endpoint import Endpoint, Kind, Parameter
from maestrale.api.router import Route
from maestrale.api.struct_reader import ignored_struct

JsonObject = dict[str, Any]

_QUERY_SCHEMAS: Mapping[Kind, JsonObject] = {
    "text": {"type": "string"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "uuid": {"type": "string", "format": "uuid"},
    "list": {"type": "array", "items": {"type": "string"}},
    "unique-list": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    "presence": {"type": "string"},
}

_IDENTITY_STATUSES = (401,)
_PAGE_STATUSES = (302, 401, 423)
"""Answered with a page, whose text is in a header too."""
_TEXT_SCHEMA: JsonObject = {"type": "string"}


NO_MEANING = "Taken, so that what was read can be sent back; it means nothing here"


class Fault(Struct, kw_only=True):
    """What went wrong, where, and how to go on; the code in brackets is stable."""

    faultcode: str
    faultstring: str
    debuginfo: None = None


class ShortFault(Struct, kw_only=True):
    """What went wrong, where, and how to go on; the code in brackets is stable."""

    faultstring: str


def openapi_document(endpoints: Sequence[Endpoint]) -> JsonObject:
    """The document of these endpoints."""
    types = {id(each): each for endpoint in endpoints for each in _types(endpoint)}
    schemas, components = msgspec.json.schema_components(
        types.values(), ref_template="#/components/schemas/{name}"
    )
    schema_by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, JsonObject] = {}
    for endpoint in endpoints:
        if has_object(endpoint):
            _close(schema_by_type[id(endpoint.body)], components, endpoint)
        operation = _operation(endpoint, schema_by_type)
        paths.setdefault(Route(endpoint).template, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Maestrale",
            "version": __version__,
            "description": "Durable workflows; the API of OpenStack Mistral v2.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(endpoint.tag for endpoint in endpoints)],
        "paths": paths,
        "components": {"schemas": components},
    }


def _types(endpoint: Endpoint) -> list[Any]:
    return [each for each in (endpoint.body, endpoint.result, Fault, ShortFault) if each is not None]


def has_object(endpoint: Endpoint) -> bool:
    """Whether the endpoint wants a body that is an object."""
    return isinstance(endpoint.body, type) and issubclass(endpoint.body, Struct)


def _close(reference: JsonObject, components: dict[str, JsonObject], endpoint: Endpoint) -> None:
    """Say of the schema of a body that other attributes are refused, and which mean nothing."""
    schema = components[reference["$ref"].rpartition("/")[2]]
    schema["additionalProperties"] = False
    _, parts = msgspec.json.schema_components((ignored_struct(endpoint),), ref_template="{name}")
    (ignored,) = parts.values()
    for name, kind in ignored["properties"].items():
        schema["properties"].setdefault(name, kind | {"description": NO_MEANING})


def _operation(endpoint: Endpoint, schemas: Mapping[int, JsonObject]) -> JsonObject:
    operation: JsonObject = {
        "operationId": _operation_id(endpoint),
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "parameters": [*_path_parameters(endpoint), *map(_query_parameter, endpoint.query)],
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.body is not None:
        kind = "text/plain" if endpoint.body is str else "application/json"
        operation["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": schemas[id(endpoint.body)]}},
        }
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    """From the address, as one handler may serve several."""
    words = [part.name if part else segment for segment, part in Route(endpoint).segments]
    name = "_".join(words[1:] if words[:1] == ["v2"] and len(words) > 1 else words)
    return f"{endpoint.method.lower()}_{name or 'versions'}".replace(".", "_")


def _path_parameters(endpoint: Endpoint) -> list[JsonObject]:
    return [
        {
            "name": part.name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"} if part.is_uuid else _TEXT_SCHEMA,
        }
        for part in Route(endpoint).parts
    ]


def _query_parameter(parameter: Parameter) -> JsonObject:
    schema = dict(_QUERY_SCHEMAS[parameter.kind])
    if parameter.default is not None:
        schema["default"] = parameter.default
    described: JsonObject = {"name": parameter.name, "in": "query", "schema": schema}
    if parameter.description:
        described["description"] = parameter.description
    if schema["type"] == "array":
        described |= {"style": "form", "explode": False}
    return described


def error_statuses(endpoint: Endpoint) -> tuple[int, ...]:
    """The statuses of errors that an endpoint can answer with, those of the checks before it included."""
    statuses = set(endpoint.statuses)
    if endpoint.query or endpoint.body is not None or "{" in endpoint.path:
        statuses.add(400)
    if endpoint.needs_identity:
        statuses.update(_IDENTITY_STATUSES)
    if endpoint.admin_only:
        statuses.add(403)
    if has_object(endpoint):
        statuses.add(415)
    if endpoint.method != "GET":
        statuses.add(423)
    return tuple(sorted(statuses))


def _responses(endpoint: Endpoint, schemas: Mapping[int, JsonObject]) -> JsonObject:
    success: JsonObject = {"description": HTTPStatus(endpoint.status).phrase}
    if endpoint.result is not None:
        kind = endpoint.answer_type.partition(";")[0]
        success["content"] = {kind: {"schema": schemas[id(endpoint.result)]}}
    fault = schemas[id(Fault if endpoint.family == "json" else ShortFault)]
    responses = {str(endpoint.status): success}
    for status in error_statuses(endpoint):
        described: JsonObject = {"description": HTTPStatus(status).phrase}
        if status not in _PAGE_STATUSES:
            described["content"] = {"application/json": {"schema": fault}}
        if status == 400 and endpoint.body is str:  # What is no text at all is refused with a page.
            described["content"]["text/html"] = {"schema": _TEXT_SCHEMA}
        responses[str(status)] = described
    return responses
