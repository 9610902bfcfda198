"""Every setting there is. The flags, the variables, the help and the reference follow from this table."""

from collections.abc import Mapping

from maestrale.actions import CommandSettings, HttpSettings, JavaScriptSettings
from maestrale.api.settings import ApiSettings
from maestrale.config.kinds import Choice, DatabaseUrl, Networks, Number, Switch, Text, Texts, Whole
from maestrale.config.objects import LogSettings, ServerSettings, WorkerSettings
from maestrale.config.setting import Setting
from maestrale.core import Limits

DAY = 86_400
GIBIBYTE_IN_KB = 1024 * 1024

SERVER = (
    Setting(
        name="host",
        kind=Text("a host name or an IP address"),
        about="Where to listen: an address of this machine, or 0.0.0.0 or :: for all of them.",
        of=ServerSettings,
    ),
    Setting(
        name="port",
        kind=Whole(0, 65_535),
        about="The port to listen on; 0 takes any that is free.",
        of=ServerSettings,
    ),
    Setting(
        name="database",
        kind=DatabaseUrl(),
        about="Where executions and definitions are kept.",
        of=ServerSettings,
        unset="the file maestrale/maestrale.db in $XDG_DATA_HOME or ~/.local/share",
    ),
    Setting(
        name="max_connections",
        kind=Whole(1, 100_000),
        about="How many clients may be connected at once; further ones get 503.",
        of=ServerSettings,
    ),
    Setting(
        name="keep_alive_seconds",
        kind=Whole(1, DAY),
        about="How long a connection stays open for the client's next request.",
        of=ServerSettings,
    ),
    Setting(
        name="client_seconds",
        kind=Number(0.1, DAY),
        about="How long a client may take to send a request, or to take on a part of its answer.",
        of=ServerSettings,
    ),
    Setting(
        name="max_head_kb",
        kind=Whole(1, 1024),
        about="How large the first line and the headers of a request may be together; larger ones get 431.",
        of=ServerSettings,
        field="max_head_bytes",
        unit=1024,
    ),
    Setting(
        name="stop_seconds",
        kind=Number(0, DAY),
        about="How long a server that was told to stop waits until open requests are answered.",
        of=ServerSettings,
    ),
)

LOG = (
    Setting(
        name="log_format",
        kind=Choice(("auto", "console", "json")),
        about="Lines for people or JSON; auto is console where stderr is a terminal, otherwise json.",
        of=LogSettings,
        field="format",
    ),
    Setting(
        name="log_level",
        kind=Choice(("debug", "info", "warning", "error")),
        about="What is less important than this is left out.",
        of=LogSettings,
        field="level",
    ),
)

API = (
    Setting(
        name="auth_mode",
        kind=Choice(("none", "trusted-headers")),
        about="Who may come in: with none everybody, for the project named in X-Project-Id; with"
        " trusted-headers whoever a proxy in front has confirmed in headers.",
        of=ApiSettings,
    ),
    Setting(
        name="admin_projects",
        kind=Texts(Text("the id of a project")),
        about="With auth_mode none, the projects whose callers are administrators.",
        of=ApiSettings,
    ),
    Setting(
        name="trust_role_header",
        kind=Switch(),
        about="With auth_mode none, let callers give themselves roles in X-Roles; for development only.",
        of=ApiSettings,
    ),
    Setting(
        name="max_limit",
        kind=Whole(1, 1_000_000),
        about="The longest page of a collection.",
        of=ApiSettings,
    ),
    Setting(
        name="max_body_kb",
        kind=Whole(1, GIBIBYTE_IN_KB),
        about="The longest body of a request.",
        of=ApiSettings,
        field="max_body_bytes",
        unit=1024,
    ),
    Setting(
        name="request_seconds",
        kind=Number(0.1, DAY),
        about="How long a request may take; streams and requests that wait for something may take longer.",
        of=ApiSettings,
    ),
    Setting(
        name="longest_wait_seconds",
        kind=Number(0, DAY),
        about="How long a request may wait for an execution to get to a state.",
        of=ApiSettings,
    ),
    Setting(
        name="validation_mode",
        kind=Choice(("mandatory", "enabled", "disabled")),
        about="Whether definitions are checked when they are stored: always, unless the request says"
        " skip_validation, or never.",
        of=ApiSettings,
    ),
    Setting(
        name="allow_action_execution_deletion",
        kind=Switch(),
        about="Whether action executions can be deleted.",
        of=ApiSettings,
    ),
    Setting(
        name="enable_info",
        kind=Switch(),
        about="Whether /info answers, with the content of info_file.",
        of=ApiSettings,
    ),
    Setting(
        name="info_file",
        kind=Text("the path of a JSON file, or empty", r".*"),
        about="The JSON file that /info gives.",
        of=ApiSettings,
    ),
    Setting(
        name="enable_healthcheck",
        kind=Switch(),
        about="Whether /healthcheck answers; /healthz and /readyz always do.",
        of=ApiSettings,
    ),
    Setting(
        name="enable_metrics",
        kind=Switch(),
        about="Whether /metrics answers.",
        of=ApiSettings,
    ),
    Setting(
        name="enable_docs",
        kind=Switch(),
        about="Whether /docs and /openapi.json answer.",
        of=ApiSettings,
    ),
    Setting(
        name="cors_origins",
        kind=Texts(Text("an origin such as https://ui.example.org, or *", r"\*|[a-z][a-z0-9+.-]*://[^/\s]+")),
        about="The web pages that may call the API from a browser, by their origin.",
        of=ApiSettings,
    ),
    Setting(
        name="path_prefix",
        kind=Text("a path such as /workflow, without a slash at its end, or empty", r"(/[^/?#\s]+)*"),
        about="The path under which everything is served.",
        of=ApiSettings,
    ),
    Setting(
        name="trust_forwarded_headers",
        kind=Switch(),
        about="Whether links follow X-Forwarded-Proto, -Host and -Prefix, as a proxy in front sets them.",
        of=ApiSettings,
    ),
)

ENGINE = (
    Setting(
        name="field_limit_kb",
        kind=Whole(0, GIBIBYTE_IN_KB),
        about="How much JSON one field of an execution may hold: input, result, published variables, output;"
        " 0 means no limit.",
        of=Limits,
        field="field_bytes",
        unit=1024,
    ),
    Setting(
        name="sub_workflow_depth",
        kind=Whole(1, 10_000),
        about="How deep sub-workflows may nest.",
        of=Limits,
        field="depth",
    ),
    Setting(
        name="turn_steps",
        kind=Whole(1, 100_000),
        about="How many tasks or items one execution may start before others get their turn.",
        of=Limits,
        field="steps",
    ),
)

ACTIONS = (
    Setting(
        name="worker_slots",
        kind=Whole(1, 100_000),
        about="How many asynchronous actions, such as std.http, run at once.",
        of=WorkerSettings,
        field="slots",
    ),
    Setting(
        name="worker_threads",
        kind=Whole(1, 10_000),
        about="How many actions that are plain Python functions run at once.",
        of=WorkerSettings,
        field="threads",
    ),
    Setting(
        name="drain_seconds",
        kind=Number(0, DAY),
        about="How long actions under way may go on when the server was told to stop.",
        of=WorkerSettings,
    ),
    Setting(
        name="http_allowed_hosts",
        kind=Texts(Text("a host name", r"[^\s/:@]+")),
        about="The only hosts that std.http may ask; an empty list means any.",
        of=HttpSettings,
        field="allowed_hosts",
    ),
    Setting(
        name="http_denied_networks",
        kind=Networks(Text("a network such as 169.254.0.0/16")),
        about="Networks that std.http may not connect to.",
        of=HttpSettings,
        field="denied_cidrs",
    ),
    Setting(
        name="http_timeout_seconds",
        kind=Number(0.001, DAY),
        about="How long an exchange of std.http may take where its task does not say.",
        of=HttpSettings,
        field="default_timeout",
    ),
    Setting(
        name="http_max_response_kb",
        kind=Whole(0, GIBIBYTE_IN_KB),
        about="The largest body that std.http takes, after decompression; 0 means no limit.",
        of=HttpSettings,
        field="max_response_bytes",
        unit=1024,
    ),
    Setting(
        name="command_output_kb",
        kind=Whole(1, GIBIBYTE_IN_KB),
        about="How much std.command keeps of each of the two outputs: the end.",
        of=CommandSettings,
        field="output_bytes",
        unit=1024,
    ),
    Setting(
        name="command_grace_seconds",
        kind=Number(0, DAY),
        about="How long a command has between SIGTERM and SIGKILL.",
        of=CommandSettings,
        field="grace_seconds",
    ),
    Setting(
        name="javascript_timeout_seconds",
        kind=Number(0.001, DAY),
        about="How long a script of std.javascript may take.",
        of=JavaScriptSettings,
        field="timeout_seconds",
    ),
    Setting(
        name="javascript_memory_kb",
        kind=Whole(1024, GIBIBYTE_IN_KB),
        about="How large the heap of a script of std.javascript may grow.",
        of=JavaScriptSettings,
        field="memory_bytes",
        unit=1024,
    ),
)

GROUPS: Mapping[str, tuple[Setting, ...]] = {
    "Server": SERVER,
    "Logs": LOG,
    "API": API,
    "Engine": ENGINE,
    "Actions": ACTIONS,
}

SETTINGS: Mapping[str, Setting] = {setting.name: setting for group in GROUPS.values() for setting in group}
