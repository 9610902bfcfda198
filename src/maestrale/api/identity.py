"""Who calls. The project decides which rows a caller sees, and nothing but identity decides the project."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from maestrale.api.call import Caller, TargetCloud
from maestrale.api.errors import Refusal, header_text
from maestrale.api.incoming import Headers
from maestrale.api.security_context import security_context
from maestrale.api.settings import ApiSettings
from maestrale.errors import InvalidInput
from maestrale.expressions import Json
from maestrale.ids import DEFAULT_PROJECT
from maestrale.store.listings import Access

ADMIN = "admin"
CONFIRMED = "Confirmed"
LONGEST_PROJECT = 255

_IDENTITY_HEADERS = (
    b"x-identity-status", b"x-service-identity-status", b"x-project-id", b"x-tenant-id", b"x-user-id",
    b"x-roles",
)  # fmt: skip
_TARGET_HEADERS = (
    b"x-target-auth-uri", b"x-target-auth-token", b"x-target-project-id", b"x-target-user-id",
    b"x-target-user-name", b"x-target-region-name", b"x-target-insecure", b"x-target-service-catalog",
)  # fmt: skip

INVALID = "The token is invalid or has expired; get a new one and send it in `X-Auth-Token`"
REQUIRED = "Authentication is required; send a token in `X-Auth-Token`"
NO_PROJECT = "The token names no project; ask for one that is scoped to a project"
REPEATED = "An identity header is there twice, so that it is not known who calls; the proxy has to replace it"


def identify(headers: Headers, settings: ApiSettings, *, request_id: str = "") -> Caller:
    """Who calls, as far as the settings let headers say it.

    Raises:
        Refusal: 401, the caller has to authenticate.
        InvalidInput: A header is wrong.
    """
    trusted = settings.auth_mode == "trusted-headers"
    if trusted:
        _check_confirmed(headers)
    project_id = headers.get(b"x-project-id") or (headers.get(b"x-tenant-id") if trusted else "")
    if len(project_id) > LONGEST_PROJECT:
        raise InvalidInput(f"`X-Project-Id` is longer than {LONGEST_PROJECT} characters", code="project-id")
    if not project_id:
        if trusted:
            raise unauthorized(NO_PROJECT)
        project_id = DEFAULT_PROJECT
    roles = _roles(headers) if trusted or settings.trust_role_header else frozenset()
    is_admin = ADMIN in roles or (not trusted and project_id in settings.admin_projects)
    target = _target(headers) if any(map(headers.has, _TARGET_HEADERS)) else None
    security: Mapping[str, Json] = {}
    if trusted:
        security = security_context(
            headers,
            project_id=project_id,
            roles=roles,
            is_admin=is_admin,
            target=target,
            request_id=request_id,
        )
    return Caller(
        access=Access(project_id, is_admin),
        roles=roles,
        user_id=headers.get(b"x-user-id") or None,
        region_name=headers.get(b"x-region-name") or None,
        target=target,
        security=security,
    )


def _check_confirmed(headers: Headers) -> None:
    if any(map(headers.is_repeated, _IDENTITY_HEADERS)):
        raise unauthorized(REPEATED)
    statuses = (headers.get(b"x-identity-status"), headers.get(b"x-service-identity-status"))
    if CONFIRMED not in statuses:
        raise unauthorized(INVALID if any(statuses) else REQUIRED)


def unauthorized(text: str) -> Refusal:
    return Refusal(
        401,
        text,
        code="unauthorized",
        headers=(("WWW-Authenticate", header_text(text)),),
        in_header=True,
    )


def _roles(headers: Headers) -> frozenset[str]:
    return frozenset(role for each in headers.get(b"x-roles").split(",") if (role := each.strip()))


def _target(headers: Headers) -> TargetCloud | None:
    """The cloud that actions are to work on. It never changes whose rows the caller sees."""
    insecure = headers.get(b"x-target-insecure") or "False"
    if insecure not in ("True", "False"):
        raise InvalidInput(
            f"`X-Target-Insecure` is `{insecure}`, and has to be `True` or `False`", code="target-headers"
        )
    catalog = _catalog(headers.get(b"x-target-service-catalog"))
    auth_uri = headers.get(b"x-target-auth-uri")
    if not auth_uri:
        return None
    auth_token = headers.get(b"x-target-auth-token")
    if not auth_token:
        raise InvalidInput(
            "`X-Target-Auth-Uri` names a target cloud, and `X-Target-Auth-Token` lacks",
            code="target-headers",
            hint="send both, or none of them",
        )
    return TargetCloud(
        auth_uri=auth_uri,
        auth_token=auth_token,
        project_id=headers.get(b"x-target-project-id") or None,
        user_id=headers.get(b"x-target-user-id") or None,
        user_name=headers.get(b"x-target-user-name") or None,
        region_name=headers.get(b"x-target-region-name") or None,
        insecure=insecure == "True",
        service_catalog=catalog,
    )


def _catalog(text: str) -> Any:
    if not text:
        return None
    try:
        return msgspec.json.decode(base64.b64decode(text, validate=True))
    except (binascii.Error, msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            "`X-Target-Service-Catalog` has to be JSON in base64, and is not", code="target-headers"
        ) from error
