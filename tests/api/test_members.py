"""`/v2/workflows/{id}/members`."""

import asyncio
from pathlib import Path

import httpx
import msgspec

from maestrale.config import ServerSettings, Settings
from maestrale.ids import new_id
from maestrale.main.server import Server
from maestrale.wire.members import Member
from tests.api.house import an_app, ask
from tests.api.projects import a_service, two_and_an_admin
from tests.definitions.texts import WORKFLOW


def test_a_workflow_is_offered_accepted_used_and_taken_back() -> None:
    ann, bob, _ = two_and_an_admin(a_service())
    id = ann.post("/v2/workflows", WORKFLOW)["workflows"][0]["id"]

    offer = ann.post(f"/v2/workflows/{id}/members", {"member_id": bob.name})
    bob.get(f"/v2/workflows/{id}", 404)
    accepted = bob.put(f"/v2/workflows/{id}/members/{bob.name}", {"status": "accepted"})
    seen = bob.get("/v2/workflows")["workflows"]
    refused = bob.delete(f"/v2/workflows/{id}", 403)
    ann.delete(f"/v2/workflows/{id}/members/{bob.name}")
    gone = bob.get("/v2/workflows")["workflows"]

    assert offer == {
        "id": offer["id"],
        "resource_id": id,
        "resource_type": "workflow",
        "project_id": ann.name,
        "member_id": bob.name,
        "status": "pending",
        "created_at": offer["created_at"],
    }
    msgspec.convert(offer, Member)
    assert accepted == offer | {"status": "accepted", "updated_at": accepted["updated_at"]}
    assert accepted["updated_at"] is not None
    assert ([each["id"] for each in seen], gone) == ([id], [])
    assert "not-the-owner" in refused


def test_members_are_listed_for_those_they_concern() -> None:
    ann, bob, admin = two_and_an_admin(a_service())
    id = ann.post("/v2/workflows", WORKFLOW)["workflows"][0]["id"]
    ann.post(f"/v2/workflows/{id}/members", {"member_id": bob.name})

    assert len(ann.get(f"/v2/workflows/{id}/members")["members"]) == 1
    assert len(bob.get(f"/v2/workflows/{id}/members")["members"]) == 1
    assert admin.get(f"/v2/workflows/{id}/members") == {"members": []}
    assert ann.get(f"/v2/workflows/{new_id()}/members") == {"members": []}
    assert ann.get(f"/v2/workflows/{id}/members/{bob.name}")["status"] == "pending"
    assert "unknown-member" in admin.get(f"/v2/workflows/{id}/members/{bob.name}", 404)


def test_what_is_wrong_with_an_offer_is_told() -> None:
    ann, bob, admin = two_and_an_admin(a_service())
    id = ann.post("/v2/workflows", WORKFLOW)["workflows"][0]["id"]
    public = admin.post("/v2/workflows?scope=public", WORKFLOW)["workflows"][0]["id"]
    members = f"/v2/workflows/{id}/members"
    ann.post(members, {"member_id": bob.name})

    assert "member-missing" in ann.post(members, {}, 400)
    assert "member-missing" in ann.post(members, {"member_id": None}, 400)
    assert "name-taken" in ann.post(members, {"member_id": bob.name}, 409)
    assert "workflow-is-public" in admin.post(f"/v2/workflows/{public}/members", {"member_id": "x"}, 400)
    assert "not-a-uuid" in ann.post("/v2/workflows/greet/members", {"member_id": "x"}, 400)
    assert "unknown-workflow" in bob.post(members, {"member_id": "x"}, 404)
    assert "unknown-status" in bob.put(f"{members}/{bob.name}", {"status": "maybe"}, 400)
    assert "unknown-status" in bob.put(f"{members}/{bob.name}", {}, 400)
    assert "unknown-member" in ann.put(f"{members}/{bob.name}", {"status": "accepted"}, 404)
    assert "unknown-member" in bob.delete(f"{members}/{bob.name}", 404)


def test_without_authentication_who_names_no_project_shares_nothing() -> None:
    app = an_app()

    for method, path in (("GET", "members"), ("GET", "members/x"), ("DELETE", "members/x")):
        answer = ask(app, method, f"/v2/workflows/{new_id()}/{path}")
        assert answer.status_code == 400
        assert "members-without-project" in answer.json()["faultstring"]


def test_without_authentication_projects_share_by_the_names_they_give_themselves(tmp_path: Path) -> None:
    async def body() -> None:
        settings = Settings(server=ServerSettings(port=0))
        async with (
            Server(settings, database=f"sqlite:///{tmp_path}/server.db") as server,
            httpx.AsyncClient(base_url=server.url, timeout=20, trust_env=False) as client,
        ):
            owner, guest = {"X-Project-Id": "owner"}, {"X-Project-Id": "guest"}
            text = "version: '2.0'\nw: {tasks: {t: {action: std.noop}}}"
            made = await client.post("/v2/workflows", content=text, headers=owner)
            id = made.json()["workflows"][0]["id"]
            members = f"/v2/workflows/{id}/members"
            assert (await client.get(f"/v2/workflows/{id}", headers=guest)).status_code == 404

            offered = await client.post(members, json={"member_id": "guest"}, headers=owner)
            accepted = await client.put(f"{members}/guest", json={"status": "accepted"}, headers=guest)

            assert (offered.status_code, accepted.status_code) == (201, 200)
            assert (await client.get(f"/v2/workflows/{id}", headers=guest)).status_code == 200

    asyncio.run(body())
