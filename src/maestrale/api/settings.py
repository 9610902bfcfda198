"""What an operator may set about the API."""

from typing import Literal, TypeAlias

from msgspec import Struct

from maestrale.ids import DEFAULT_PROJECT

AuthMode: TypeAlias = Literal["none", "trusted-headers"]
ValidationMode: TypeAlias = Literal["mandatory", "enabled", "disabled"]


class ApiSettings(Struct, frozen=True, kw_only=True):
    """Checked by whoever reads them from outside; the API believes them.

    Args:
        auth_mode: `none`: everybody may come in, and names a project in `X-Project-Id`.
            `trusted-headers`: a proxy in front has checked who comes, and says so in headers.
        trust_role_header: With `auth_mode` none, let callers give themselves roles. For development.
        admin_projects: With `auth_mode` none, the projects whose callers are administrators.
        max_limit: The longest page of a collection.
        max_body_bytes: The longest body of a request.
        requests_at_once: How many requests are worked on at once; those of one project take half of that.
        waiting_requests: How many requests of one project may wait for their turn.
        longest_wait_seconds: How long a request may wait for a state of an execution; see `wait`.
        request_seconds: How long a request may take, its body included. Streams and long polls may longer.
        validation_mode: Whether a definition is checked: always, unless the request says
            `skip_validation`, or never.
        allow_action_execution_deletion: Whether action executions can be deleted.
        enable_info: Whether `/info` gives the JSON file `info_file`.
        enable_healthcheck: Whether `/healthcheck` answers.
        enable_metrics: Whether `/metrics` answers.
        enable_docs: Whether `/docs` and `/openapi.json` answer.
        cors_origins: The origins whose pages may call the API; `*` is any.
        path_prefix: The path under which all is served, such as `/workflow`.
        trust_forwarded_headers: Whether links follow `X-Forwarded-Proto`, `-Host` and `-Prefix`.
    """

    auth_mode: AuthMode = "none"
    trust_role_header: bool = False
    admin_projects: tuple[str, ...] = (DEFAULT_PROJECT,)
    max_limit: int = 1000
    max_body_bytes: int = 10 * 1024 * 1024
    request_seconds: float = 60.0
    requests_at_once: int = 64
    waiting_requests: int = 1000
    longest_wait_seconds: float = 60.0
    validation_mode: ValidationMode = "mandatory"
    allow_action_execution_deletion: bool = False
    enable_info: bool = False
    info_file: str = ""
    enable_healthcheck: bool = False
    enable_metrics: bool = True
    enable_docs: bool = True
    cors_origins: tuple[str, ...] = ()
    path_prefix: str = ""
    trust_forwarded_headers: bool = False
