"""Query parameters and bodies: what a handler gets of them, and what is refused."""

import asyncio
from typing import Any

import pytest
from msgspec import UNSET, Struct, UnsetType

from maestrale.api import ApiSettings, Call, Endpoint, Parameter
from maestrale.wire.formats import JsonText
from tests.api.house import an_app, ask

UUID = "123e4567-e89b-42d3-a456-426614174000"


class Thing(Struct):
    name: str
    count: int | UnsetType = UNSET
    is_reset: bool | UnsetType = UNSET
    parts: list[str] | UnsetType = UNSET


class WholeThing(Struct):
    id: str
    name: str
    state: str
    project_id: str
    is_done: bool
    tags: list[str] | UnsetType = UNSET
    output: JsonText | UnsetType | None = UNSET


async def tell_query(call: Call) -> Any:
    return dict(call.query)


async def tell_body(call: Call) -> Any:
    return {"body": call.body}


QUERY = (
    Parameter("text"),
    Parameter("flag", "bool"),
    Parameter("limit", "int"),
    Parameter("depth", "int", default=-1),
    Parameter("id", "uuid"),
    Parameter("dirs", "list"),
    Parameter("keys", "unique-list"),
    Parameter("skip", "presence"),
)
ABSENT: dict[str, Any] = {
    "text": None, "flag": False, "limit": None, "depth": -1, "id": None, "dirs": [], "keys": [],
    "skip": False,
}  # fmt: skip


def an_endpoint(method: Any, path: str, handler: Any, **options: Any) -> Endpoint:
    return Endpoint(method=method, path=path, summary="", tag="test", handler=handler, **options)


APP = an_app(
    [
        an_endpoint("GET", "/query", tell_query, query=QUERY),
        an_endpoint("POST", "/text", tell_body, family="text", body=str, status=201),
        an_endpoint(
            "POST",
            "/thing",
            tell_body,
            body=Thing,
            ignored=(WholeThing,),
            read_only=("project_id",),
            status=201,
        ),
        an_endpoint("PUT", "/thing", tell_body, body=Thing),
    ],
    settings=ApiSettings(max_body_bytes=1000),
)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("", {}),
        ("text=a&text=b%20c+d", {"text": "b c d"}),
        ("text=", {"text": ""}),
        ("flag=", {"flag": False}),
        ("flag=0", {"flag": False}),
        ("flag=False", {"flag": False}),
        ("flag=true", {"flag": True}),
        ("flag=no", {"flag": True}),
        ("limit=10&depth=0", {"limit": 10, "depth": 0}),
        (f"limit={'9' * 5000}", {"limit": int("9" * 18)}),
        (f"id={UUID.upper()}", {"id": UUID.upper()}),
        ("dirs=ASC,%20desc,,asc", {"dirs": ["asc", "desc", "asc"]}),
        ("keys=Name,id,name&keys=id,state", {"keys": ["name", "id", "state"]}),
        ("skip=", {"skip": True}),
    ],
)
def test_a_query_parameter_is_read_by_its_kind(query: str, values: dict[str, Any]) -> None:
    answer = ask(APP, "GET", f"/query?{query}")

    assert (answer.status_code, answer.json()) == (200, ABSENT | values)


@pytest.mark.parametrize(
    ("query", "code", "name"),
    [
        ("limit=ten", "not-an-integer", "`limit`"),
        ("limit=", "not-an-integer", "`limit`"),
        ("limit=1.5", "not-an-integer", "`limit`"),
        ("limit=%D9%A1", "not-an-integer", "`limit`"),
        ("limit=1&limit=1", "given-twice", "`limit`"),
        ("id=nonsense", "not-a-uuid", "`id`"),
        ("id=", "not-a-uuid", "`id`"),
        ("limt=1", "unknown-parameter", "did you mean `limit`?"),
        ("&".join(f"a{number}=" for number in range(1001)), "too-many-parameters", "1000"),
    ],
)
def test_a_wrong_query_parameter_is_named(query: str, code: str, name: str) -> None:
    answer = ask(APP, "GET", f"/query?{query}")

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (400, code)
    assert name in answer.json()["faultstring"]


def post(body: bytes | str, *, method: str = "POST", kind: str | None = "application/json") -> Any:
    return ask(APP, method, "/thing", content=body, headers={"Content-Type": kind} if kind else {})


@pytest.mark.parametrize(
    ("body", "thing"),
    [
        ('{"name": "a"}', {"name": "a"}),
        ('{"name": "a", "count": null, "parts": ["x"]}', {"name": "a", "parts": ["x"]}),
        ('{"name": "a", "count": "12", "is_reset": "Yes"}', {"name": "a", "count": 12, "is_reset": True}),
        ('{"name": "a", "is_reset": false}', {"name": "a", "is_reset": False}),
        ('{"name": "a", "is_reset": "off"}', {"name": "a", "is_reset": False}),
        ('{"name": "a", "state": "s", "id": "x", "tags": ["t"], "is_done": "yes"}', {"name": "a"}),
        ('{"name": "a", "state": null, "output": {"n": 1}}', {"name": "a"}),
        ('{"name": "a", "output": "{\\"n\\": 1}"}', {"name": "a"}),
    ],
)
def test_a_body_becomes_the_struct_of_its_endpoint(body: str, thing: dict[str, Any]) -> None:
    answer = post(body)

    assert (answer.status_code, answer.json()) == (201, {"body": thing})


@pytest.mark.parametrize(
    ("body", "code", "name"),
    [
        ("", "no-body", ""),
        ("  ", "no-body", ""),
        ("{", "not-json", ""),
        (b'{"name": "\xff"}', "not-json", ""),
        ("[" * 900, "not-json", ""),
        ("[]", "not-an-object", ""),
        ('"text"', "not-an-object", ""),
        ('{"name": "a", "nmae": 1}', "unknown-attribute", "did you mean `name`?"),
        ('{"name": "a", "project_id": "p"}', "read-only-attribute", "`project_id`"),
        ('{"name": "a", "project_id": null}', "read-only-attribute", "`project_id`"),
        ('{"name": 1}', "wrong-attribute", "`name`"),
        ('{"name": "a", "parts": ["x", 1]}', "wrong-attribute", "`parts[1]`"),
        ('{"name": "a", "is_reset": "maybe"}', "wrong-attribute", "`is_reset`"),
        ('{"name": "a", "is_reset": 1}', "wrong-attribute", "`is_reset`"),
        ('{"name": "a", "count": "many"}', "wrong-attribute", "`count`"),
        ('{"name": "a", "count": "9223372036854775808"}', "wrong-attribute", "`count`"),
        ('{"name": "a", "count": -9223372036854775809}', "wrong-attribute", "`count`"),
        ('{"name": "a", "count": 1.5}', "wrong-attribute", "`count`"),
        ('{"name": "a", "state": 7}', "wrong-attribute", "`state`"),
        ('{"name": "a", "is_done": "maybe"}', "wrong-attribute", "`is_done`"),
        ('{"name": "a", "tags": "t"}', "wrong-attribute", "`tags`"),
        ('{"name": "a", "output": "{"}', "not-json", "`output`"),
        ('{"name": "a", "output": [1]}', "not-an-object", "`output`"),
        ("{}", "invalid-input", "`name`"),
        ('{"name": null}', "invalid-input", "`name`"),
        (b" " * 1001, "body-too-long", "1000 bytes"),
    ],
)
def test_a_wrong_body_is_refused_with_what_is_wrong(body: str, code: str, name: str) -> None:
    answer = post(body)

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (400, code)
    assert answer.json().keys() == {"faultcode", "faultstring", "debuginfo"}
    assert name in answer.json()["faultstring"]


@pytest.mark.parametrize(
    ("method", "kind", "status"),
    [
        ("POST", "application/json; charset=utf-8", 201),
        ("POST", "text/plain", 415),
        ("PUT", "text/plain", 415),
        ("POST", None, 400),
        ("PUT", None, 415),
    ],
)
def test_a_json_endpoint_wants_the_content_type_of_json(method: str, kind: str | None, status: int) -> None:
    assert post('{"name": "a"}', method=method, kind=kind).status_code == status


@pytest.mark.parametrize("kind", [None, "text/plain", "application/json", "nonsense"])
def test_a_text_endpoint_takes_any_content_type_and_any_parameter(kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}

    answer = ask(APP, "POST", "/text?unheard_of=1", content="ü: 1\n", headers=headers)

    assert (answer.status_code, answer.json()) == (201, {"body": "ü: 1\n"})
    assert answer.headers["content-type"] == "application/json;charset=utf-8"


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    answer = ask(APP, "POST", "/text", content=b"a: \xff")

    assert (answer.status_code, answer.headers["maestrale-error-code"]) == (400, "not-utf-8")


def test_a_body_in_pieces_is_put_together_and_has_the_same_limit() -> None:
    async def pieces(count: int) -> Any:
        for _ in range(count):
            yield b"abcdefghij"

    whole = ask(APP, "POST", "/text", content=pieces(100))
    too_long = ask(APP, "POST", "/text", content=pieces(101))

    assert whole.json() == {"body": "abcdefghij" * 100}
    assert too_long.json() == {
        "faultstring": "the body of the request is longer than 1000 bytes, which is the most that this "
        "server takes [body-too-long]\n  hint: send less, or ask the operator to raise the limit"
    }


def test_a_client_that_leaves_in_the_middle_of_its_body_gets_no_answer() -> None:
    sent = []

    async def run() -> None:
        messages = iter(
            [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
        )

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/text", "query_string": b"", "headers": []}
        await APP(scope, receive, send)

    asyncio.run(run())

    assert sent == []
