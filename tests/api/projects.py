"""Projects that speak to an app over the wire."""

from typing import Any

import httpx
from starlette.types import ASGIApp

from maestrale.api import ApiSettings
from maestrale.store import Store
from tests.api.house import an_app, ask


def a_service(store: Store | None = None, **settings: Any) -> ASGIApp:
    """The whole API, behind a proxy that says who calls."""
    return an_app(settings=ApiSettings(auth_mode="trusted-headers", **settings), store=store)


class Project:
    """Calls in the name of one project."""

    def __init__(self, app: ASGIApp, name: str, *, roles: str = "member") -> None:
        self.name = name
        self._app = app
        self._headers = {
            "X-Identity-Status": "Confirmed",
            "X-Project-Id": name,
            "X-User-Id": name,
            "X-Roles": roles,
        }

    def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        return ask(self._app, method, path, headers={**self._headers, **(headers or {})}, **options)

    def get(self, path: str, status: int = 200) -> Any:
        return self._checked(self.call("GET", path), status)

    def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        return self._checked(self._send("POST", path, body), status)

    def put(self, path: str, body: Any = None, status: int = 200) -> Any:
        return self._checked(self._send("PUT", path, body), status)

    def delete(self, path: str, status: int = 204) -> Any:
        return self._checked(self.call("DELETE", path), status)

    def _send(self, method: str, path: str, body: Any) -> httpx.Response:
        is_text = isinstance(body, str | bytes)
        return self.call(method, path, **({"content": body} if is_text else {"json": body}))

    def _checked(self, response: httpx.Response, status: int) -> Any:
        assert response.status_code == status, response.text
        if status == 204:
            assert response.content == b"" and "content-type" not in response.headers
            return None
        data = response.json()
        return data["faultstring"] if status >= 400 else data


def two_and_an_admin(app: ASGIApp) -> tuple[Project, Project, Project]:
    """Two projects, and an administrator in a third."""
    return Project(app, "a" * 32), Project(app, "b" * 32), Project(app, "c" * 32, roles="admin,member")
