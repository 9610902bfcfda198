"""Requests of one project beside those of another."""

import asyncio

import httpx

from maestrale.api import ApiSettings, Endpoint
from maestrale.api.call import Call
from tests.api.house import an_app


async def test_a_project_that_floods_is_told_so_and_another_is_answered() -> None:
    go_on = asyncio.Event()

    async def work(call: Call) -> dict[str, str]:
        if call.project_id == "busy":
            await go_on.wait()
        return {"project": call.project_id}

    async def rest(call: Call) -> dict[str, str]:
        call.rest()
        await go_on.wait()
        return {}

    table = [
        Endpoint(method="GET", path=path, summary="-", tag="-", handler=handler)
        for path, handler in (("/v2/work", work), ("/v2/rest", rest))
    ]
    app = an_app(table, settings=ApiSettings(requests_at_once=4, waiting_requests=3))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:

        async def get(path: str, project: str) -> httpx.Response:
            return await client.get(path, headers={"X-Project-Id": project})

        resting = [asyncio.create_task(get("/v2/rest", "busy")) for _ in range(20)]
        await asyncio.sleep(0.0)
        busy = [asyncio.create_task(get("/v2/work", "busy")) for _ in range(6)]
        refused = await next(asyncio.as_completed(busy))
        quiet = await get("/v2/work", "quiet")
        go_on.set()
        statuses = [(await each).status_code for each in (*resting, *busy)]

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.headers["Maestrale-Error-Code"] == "too-many-requests"
    assert (quiet.status_code, quiet.json()) == (200, {"project": "quiet"})
    assert sorted(statuses) == [200] * 25 + [429]
