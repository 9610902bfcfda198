"""A request as a handler sees it: routed, checked, its caller known."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.types import Receive, Scope

from maestrale.api.backend import Backend
from maestrale.engine.shares import Place
from maestrale.errors import Forbidden
from maestrale.store.listings import Access


class TargetCloud(Struct, frozen=True, kw_only=True):
    """Another cloud that actions are to work on. It says nothing about whose rows the caller sees."""

    auth_uri: str
    auth_token: str
    project_id: str | None = None
    user_id: str | None = None
    user_name: str | None = None
    region_name: str | None = None
    insecure: bool = False
    service_catalog: Any = None


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks, and for which project.

    Args:
        security: What executions see of who has started them; empty where nobody has to say who they are.
    """

    access: Access
    roles: frozenset[str] = frozenset()
    user_id: str | None = None
    region_name: str | None = None
    target: TargetCloud | None = None
    security: Mapping[str, Any] = {}

    @property
    def project_id(self) -> str:
        return self.access.project_id

    @property
    def is_admin(self) -> bool:
        return self.access.is_admin


ANONYMOUS = Caller(access=Access())
"""Who calls an endpoint that asks nobody who they are."""


class Call:
    """What a handler gets.

    Attributes:
        path: The values of the path's `{…}`, by name.
        query: The query parameters of the endpoint by name, each parsed or its default.
        body: The struct or text that the endpoint declares; None if it declares none.
        app_url: Scheme, host and mount prefix as the client sees them, no slash at the end.
        place: What it has among the requests that are worked on; None: it needs none.
    """

    __slots__ = (
        "_request",
        "app_url",
        "backend",
        "body",
        "caller",
        "path",
        "place",
        "query",
        "receive",
        "scope",
    )

    def __init__(
        self,
        *,
        backend: Backend,
        caller: Caller,
        path: Mapping[str, str],
        query: Mapping[str, Any],
        body: Any,
        app_url: str,
        scope: Scope,
        receive: Receive,
        place: Place | None = None,
    ) -> None:
        self.backend = backend
        self.caller = caller
        self.path = path
        self.query = query
        self.body = body
        self.app_url = app_url
        self.scope = scope
        self.receive = receive
        self.place = place
        self._request: Request | None = None

    @property
    def access(self) -> Access:
        return self.caller.access

    @property
    def project_id(self) -> str:
        return self.caller.access.project_id

    @property
    def request(self) -> Request:
        """The request itself, for what is rare. Its body has been read."""
        if self._request is None:
            self._request = Request(self.scope, self.receive)
        return self._request

    def rest(self) -> None:
        """From now on the request waits for something to happen, and keeps no other from being worked on."""
        if self.place is not None:
            self.place.leave()

    def require_admin(self, deed: str) -> None:
        """Go on only for an administrator. `deed` ends the sentence "only an administrator may …".

        Raises:
            Forbidden: The caller is none.
        """
        if not self.caller.is_admin:
            raise Forbidden(
                f"only an administrator may {deed}, and project `{self.project_id}` calls without that role",
                code="admin-only",
                hint="ask the operator for the role `admin`",
            )

    def check_publicize(self, scope: Any) -> None:
        """Go on unless a row is to be public and the caller may not do that. Raises: Forbidden."""
        if scope == "public":
            self.require_admin("make something public")
