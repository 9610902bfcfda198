"""Who has started an execution, as its expressions see it: `$.openstack`. It never holds a token.

Source: Mistral v2, section 4.9.
"""

from collections.abc import Mapping

from maestrale.api.call import TargetCloud
from maestrale.api.incoming import Headers
from maestrale.expressions import Json

MASKED = "***"


def security_context(
    headers: Headers,
    *,
    project_id: str,
    roles: frozenset[str],
    is_admin: bool,
    target: TargetCloud | None,
    request_id: str,
) -> Mapping[str, Json]:
    """What the headers of a confirmed request say. With a target cloud the names are those over there."""

    def told(name: bytes) -> str | None:
        return headers.get(name) or None

    here = {
        "auth_uri": None,
        "project_id": project_id,
        "project_name": told(b"x-project-name") or told(b"x-tenant-name"),
        "user_id": told(b"x-user-id"),
        "user_name": told(b"x-user-name"),
        "region_name": told(b"x-region-name"),
    }
    there = {} if target is None else _named_there(target)
    return {
        **here,
        **there,
        "auth_token": MASKED,
        "service_catalog": MASKED,
        "user_domain_name": told(b"x-user-domain-name"),
        "project_domain_name": told(b"x-project-domain-name"),
        "roles": sorted(roles),
        "is_admin": is_admin,
        "is_target": target is not None,
        "is_trust_scoped": False,
        "trust_id": None,
        "request_id": request_id,
    }


def _named_there(target: TargetCloud) -> Mapping[str, Json]:
    return {
        "auth_uri": target.auth_uri,
        "project_id": target.project_id,
        "project_name": None,
        "user_id": target.user_id,
        "user_name": target.user_name,
        "region_name": target.region_name,
    }
