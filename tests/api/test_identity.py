"""Who calls, by the mode that the operator chose."""

import base64
from typing import Any

import msgspec
import pytest

from maestrale.api import ApiSettings, Call, Endpoint
from tests.api.house import an_app, ask, get


async def tell_caller(call: Call) -> Any:
    return {
        "project": call.project_id,
        "admin": call.caller.is_admin,
        "roles": sorted(call.caller.roles),
        "user": call.caller.user_id,
        "target": msgspec.structs.asdict(call.caller.target) if call.caller.target else None,
    }


def app_of(**settings: Any) -> Any:
    endpoint = Endpoint(method="GET", path="/me", summary="", tag="test", handler=tell_caller)
    admins = Endpoint(
        method="GET", path="/admin", summary="", tag="test", handler=tell_caller, admin_only=True
    )
    return an_app([endpoint, admins], settings=ApiSettings(**settings))


OPEN = app_of()
DEVELOPMENT = app_of(trust_role_header=True, admin_projects=("ops",))
TRUSTED = app_of(auth_mode="trusted-headers")


def caller(project: str, *, admin: bool = False, **more: Any) -> dict[str, Any]:
    return {"project": project, "admin": admin, "roles": [], "user": None, "target": None} | more


@pytest.mark.parametrize(
    ("app", "headers", "who"),
    [
        (OPEN, {}, caller("<default-project>", admin=True)),
        (OPEN, {"X_Project_Id": "acme"}, caller("acme")),
        (OPEN, {"X_Project_Id": "acme", "X_Roles": "admin"}, caller("acme")),
        (DEVELOPMENT, {}, caller("<default-project>")),
        (DEVELOPMENT, {"X_Project_Id": "ops"}, caller("ops", admin=True)),
        (DEVELOPMENT, {"X_Roles": "a, admin"}, caller("<default-project>", admin=True, roles=["a", "admin"])),
        (DEVELOPMENT, {"X_Roles": "Admin"}, caller("<default-project>", roles=["Admin"])),
    ],
)
def test_without_authentication_the_project_is_what_the_request_says(
    app: Any, headers: dict[str, str], who: dict[str, Any]
) -> None:
    assert get(app, "/me", **headers).json() == who


def test_with_trusted_headers_they_say_everything() -> None:
    answer = get(
        TRUSTED,
        "/me",
        X_Identity_Status="Confirmed",
        X_Project_Id="acme",
        X_User_Id="u1",
        X_Roles="member,admin",
    )

    assert answer.json() == caller("acme", admin=True, roles=["admin", "member"], user="u1")


def test_a_service_may_be_who_is_confirmed() -> None:
    headers = {"X_Identity_Status": "Invalid", "X_Service_Identity_Status": "Confirmed", "X_Project_Id": "p"}

    assert get(TRUSTED, "/me", **headers).json() == caller("p")


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"X_Project_Id": "acme", "X_Roles": "admin"}, "Authentication is required"),
        ({"X_Identity_Status": "Invalid", "X_Project_Id": "acme"}, "The token is invalid"),
        ({"X_Identity_Status": "confirmed", "X_Project_Id": "acme"}, "The token is invalid"),
        ({"X_Identity_Status": "Confirmed"}, "The token names no project"),
    ],
)
def test_with_trusted_headers_nobody_unconfirmed_comes_in(headers: dict[str, str], text: str) -> None:
    answer = get(TRUSTED, "/me", **headers)

    assert answer.status_code == 401
    assert answer.headers["server-error-message"].startswith(text)
    assert answer.headers["www-authenticate"] == answer.headers["server-error-message"]
    assert text in answer.text


def test_an_identity_header_that_is_there_twice_is_believed_neither_time() -> None:
    headers = [
        ("X-Identity-Status", "Confirmed"),
        ("X-Project-Id", "victim"),
        ("X-Project-Id", "acme"),
    ]

    assert ask(TRUSTED, "GET", "/me", headers=headers).status_code == 401


def test_what_is_for_administrators_is_forbidden_to_others() -> None:
    answers = [get(OPEN, "/admin"), get(OPEN, "/admin", X_Project_Id="acme")]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert "only an administrator may use `GET /admin`" in answers[1].json()["faultstring"]


def test_a_target_cloud_never_changes_the_project() -> None:
    catalog = base64.b64encode(b'{"a": 1}').decode()

    answer = get(
        OPEN,
        "/me",
        X_Project_Id="acme",
        X_Target_Auth_Uri="http://cloud",
        X_Target_Auth_Token="t",
        X_Target_Project_Id="victim",
        X_Target_Insecure="True",
        X_Target_Service_Catalog=catalog,
    )

    assert answer.json() == caller(
        "acme",
        target={
            "auth_uri": "http://cloud",
            "auth_token": "t",
            "project_id": "victim",
            "user_id": None,
            "user_name": None,
            "region_name": None,
            "insecure": True,
            "service_catalog": {"a": 1},
        },
    )


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"X_Target_Auth_Uri": "http://cloud"}, "`X-Target-Auth-Token`"),
        ({"X_Target_Insecure": "yes"}, "`X-Target-Insecure`"),
        ({"X_Target_Service_Catalog": "%%%"}, "`X-Target-Service-Catalog`"),
        ({"X_Target_Service_Catalog": "aGVsbG8="}, "`X-Target-Service-Catalog`"),
        ({"X_Project_Id": "p" * 256}, "`X-Project-Id`"),
    ],
)
def test_a_wrong_header_is_named(headers: dict[str, str], name: str) -> None:
    answer = get(OPEN, "/me", **headers)

    assert answer.status_code == 400
    assert name in answer.json()["faultstring"]
