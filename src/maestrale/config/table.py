"""Every setting there is. The flags, the variables, the help and the reference follow from this table."""

from collections.abc import Mapping

from maestrale.actions import (
    CommandSettings,
    EmailSettings,
    HttpSettings,
    JavaScriptSettings,
    ProviderSettings,
    SshSettings,
)
from maestrale.api.settings import ApiSettings
from maestrale.auditor.settings import AuditSettings
from maestrale.cluster.settings import LONGEST_NAME, ROLES, ClusterSettings
from maestrale.config.kinds import (
    Choice,
    DatabaseUrl,
    Networks,
    Number,
    Publishers,
    Secrets,
    Switch,
    Text,
    Texts,
    Whole,
    Words,
)
from maestrale.config.objects import LogSettings, OverloadSettings, ServerSettings, WorkerSettings
from maestrale.config.setting import Setting
from maestrale.core import Limits
from maestrale.notifier import NotifierSettings
from maestrale.scheduler import CronSettings, ExpirationSettings
from maestrale.scheduler.settings import ENDED_STATES

DAY = 86_400
GIBIBYTE_IN_KB = 1024 * 1024
CENTURY_IN_MINUTES = 100 * 365 * 24 * 60

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

CLUSTER = (
    Setting(
        name="roles",
        kind=Words(ROLES),
        about="What this node does: answer requests, decide executions, run actions, fire cron triggers and"
        " delete what has expired. With a file as its database it does everything.",
        of=ClusterSettings,
    ),
    Setting(
        name="node_name",
        kind=Text(f"a name of at most {LONGEST_NAME} characters", rf"\S(.{{0,{LONGEST_NAME - 2}}}\S)?"),
        about="What this node is called in lists, logs and metrics.",
        of=ClusterSettings,
        unset="the name of the host and four digits",
    ),
    Setting(
        name="beat_seconds",
        kind=Number(0.05, 60),
        about="How often this node renews its lease and looks what has changed.",
        of=ClusterSettings,
    ),
    Setting(
        name="lease_seconds",
        kind=Number(0.1, 600),
        about="After how long without a renewal the other nodes take over from this one; at least twice"
        " beat_seconds.",
        of=ClusterSettings,
    ),
    Setting(
        name="advertised_url",
        kind=Text(
            "a URL such as https://node-1.example.org:8989, or empty", r"(https?://[^\s/?#@]+[^\s?#@]*)?"
        ),
        about="Where people and programs reach this node's API, as lists of nodes tell it; empty is where it"
        " listens.",
        of=ClusterSettings,
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
        name="requests_at_once",
        kind=Whole(2, 100_000),
        about="How many requests are worked on at once, and half of that for one project; those that wait for"
        " something to happen do not count.",
        of=ApiSettings,
    ),
    Setting(
        name="waiting_requests",
        kind=Whole(1, 100_000),
        about="How many requests of one project may wait for their turn; further ones get 429.",
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
        name="expression_seconds",
        kind=Number(0.05, 60),
        about="How much CPU time one expression may take. The other executions of the node wait meanwhile.",
        of=Limits,
    ),
    Setting(
        name="expression_memory_mb",
        kind=Whole(1, 1024 * 1024),
        about="By how much memory one expression may make the process grow.",
        of=Limits,
        field="expression_bytes",
        unit=1024 * 1024,
    ),
    Setting(
        name="turn_steps",
        kind=Whole(1, 100_000),
        about="How many tasks or items one execution may start before others get their turn.",
        of=Limits,
        field="steps",
    ),
)

OVERLOAD = (
    Setting(
        name="overload_steps",
        kind=Whole(0, 100_000_000),
        about="From how many decisions that wait to be committed nothing new is begun; 0 means any number.",
        of=OverloadSettings,
        field="most_steps",
    ),
    Setting(
        name="overload_actions",
        kind=Whole(0, 100_000_000),
        about="From how many actions that wait for a place nothing new is begun, and from half of that for"
        " the project they are of; 0 means any number.",
        of=OverloadSettings,
        field="most_waiting_actions",
    ),
    Setting(
        name="overload_messages",
        kind=Whole(0, 100_000_000),
        about="From how many messages of other nodes that are being decided nothing new is begun; 0 means any"
        " number.",
        of=OverloadSettings,
        field="most_messages",
    ),
    Setting(
        name="memory_mb",
        kind=Whole(0, 1024 * 1024 * 1024),
        about="How much memory the process may have: from 85 percent nothing new is begun; 0 means what the"
        " container may have, or the machine has.",
        of=OverloadSettings,
        field="memory_bytes",
        unit=1024 * 1024,
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
    Setting(
        name="ssh_known_hosts",
        kind=Text("the path of a known_hosts file, or empty", r".*"),
        about="The keys of the hosts that std.ssh may talk to; empty accepts any key, as Mistral does.",
        of=SshSettings,
        field="known_hosts",
    ),
    Setting(
        name="ssh_connect_seconds",
        kind=Number(0.001, DAY),
        about="How long connecting and logging in to a host may take, for std.ssh.",
        of=SshSettings,
        field="connect_seconds",
    ),
    Setting(
        name="ssh_output_kb",
        kind=Whole(1, GIBIBYTE_IN_KB),
        about="How much a command of std.ssh may write to one of its two outputs; one that writes more is"
        " ended, and fails.",
        of=SshSettings,
        field="output_bytes",
        unit=1024,
    ),
    Setting(
        name="email_timeout_seconds",
        kind=Number(0.001, DAY),
        about="How long sending a message with std.email may take.",
        of=EmailSettings,
        field="timeout_seconds",
    ),
    Setting(
        name="email_verify_certificates",
        kind=Switch(),
        about="Whether a server that std.email sends a password to has to prove who it is.",
        of=EmailSettings,
        field="verify_certificates",
    ),
)

PROVIDERS = (
    Setting(
        name="action_allowlist",
        kind=Texts(Text("the name of an action, or a pattern such as std.*", r"[^\s,]+")),
        about="The only standard actions, and actions of plugins, that there are; an empty list means all.",
        of=ProviderSettings,
        field="allowed_actions",
    ),
    Setting(
        name="action_denylist",
        kind=Texts(Text("the name of an action, or a pattern such as std.ssh*", r"[^\s,]+")),
        about="Those that there are not. It does not count beside an action_allowlist.",
        of=ProviderSettings,
        field="denied_actions",
    ),
    Setting(
        name="action_provider_allowlist",
        kind=Texts(Text("legacy, adhoc, dynamic or a pattern", r"[^\s,]+")),
        about="The only kinds of actions that there are: legacy are standard ones and those of plugins; an"
        " empty list means all.",
        of=ProviderSettings,
        field="allowed_providers",
    ),
    Setting(
        name="action_provider_denylist",
        kind=Texts(Text("legacy, adhoc, dynamic or a pattern", r"[^\s,]+")),
        about="The kinds that there are not. It does not count beside an action_provider_allowlist.",
        of=ProviderSettings,
        field="denied_providers",
    ),
    Setting(
        name="load_action_plugins",
        kind=Switch(),
        about="Whether installed packages may bring actions: the entry points maestrale.actions and"
        " mistral.actions.",
        of=ProviderSettings,
        field="has_plugins",
    ),
    Setting(
        name="load_action_generators",
        kind=Switch(),
        about="Whether installed packages may generate actions: the entry point mistral.generators.",
        of=ProviderSettings,
        field="has_generators",
    ),
    Setting(
        name="only_builtin_actions",
        kind=Switch(),
        about="Whether there are no actions of installed packages at all.",
        of=ProviderSettings,
        field="only_builtin",
    ),
)

CRON = (
    Setting(
        name="enable_cron_triggers",
        kind=Switch(),
        about="Whether cron triggers fire.",
        of=CronSettings,
        field="is_enabled",
    ),
    Setting(
        name="cron_starts_at_once",
        kind=Whole(1, 1000),
        about="How many workflows start at once, where many cron triggers are due at the same time.",
        of=CronSettings,
        field="starts_at_once",
    ),
)

EXPIRATION = (
    Setting(
        name="expiration_evaluation_interval_minutes",
        kind=Whole(0, CENTURY_IN_MINUTES),
        about="How often to look for what has expired, and delete it; 0 means never.",
        of=ExpirationSettings,
        field="interval_minutes",
    ),
    Setting(
        name="expiration_older_than_minutes",
        kind=Whole(0, CENTURY_IN_MINUTES),
        about="Executions that have ended, and have not changed for so long, expire; 0 means that age does"
        " not matter.",
        of=ExpirationSettings,
        field="older_than_minutes",
    ),
    Setting(
        name="expiration_max_finished_executions",
        kind=Whole(0, 1_000_000_000),
        about="Of the executions that have ended so many are kept, the newest; 0 means that their number"
        " does not matter.",
        of=ExpirationSettings,
        field="max_finished_executions",
    ),
    Setting(
        name="expiration_batch_size",
        kind=Whole(0, 1_000_000),
        about="How many are deleted before a rest that is as long as that took; 0 means all.",
        of=ExpirationSettings,
        field="batch_size",
    ),
    Setting(
        name="expiration_ignored_states",
        kind=Texts(Text(f"{', '.join(ENDED_STATES[:-1])} or {ENDED_STATES[-1]}", "|".join(ENDED_STATES))),
        about="Executions that have ended in one of these states are neither counted nor deleted.",
        of=ExpirationSettings,
        field="ignored_states",
    ),
)

AUDIT = (
    Setting(
        name="audit_interval_minutes",
        kind=Whole(0, CENTURY_IN_MINUTES),
        about="How often a server looks over the executions that it runs; 0 means never.",
        of=AuditSettings,
        field="interval_minutes",
    ),
    Setting(
        name="audit_trees_a_second",
        kind=Whole(1, 10_000),
        about="How many executions it looks at in a second, so that nobody is held up.",
        of=AuditSettings,
        field="trees_a_second",
    ),
    Setting(
        name="audit_repairs",
        kind=Switch(),
        about="Whether an execution that stands still is read again and goes on, once it was found so twice.",
        of=AuditSettings,
        field="repairs",
    ),
)

NOTIFICATIONS = (
    Setting(
        name="notify",
        kind=Publishers(),
        about="Who is told what becomes of every execution, besides those that it names itself.",
        of=NotifierSettings,
        field="publishers",
        is_secret=True,
    ),
    Setting(
        name="notify_secrets",
        kind=Secrets(),
        about="What webhooks are signed with, a signature for each; without one they are not signed.",
        of=NotifierSettings,
        field="secrets",
        is_secret=True,
    ),
    Setting(
        name="notify_give_up_seconds",
        kind=Number(0, 365 * DAY),
        about="How old a notice may be that is still tried again when it could not be delivered.",
        of=NotifierSettings,
        field="give_up_seconds",
    ),
    Setting(
        name="notify_slots",
        kind=Whole(1, 100),
        about="How many notices are sent to one host at once.",
        of=NotifierSettings,
        field="slots",
    ),
)

GROUPS: Mapping[str, tuple[Setting, ...]] = {
    "Server": SERVER,
    "Cluster": CLUSTER,
    "Logs": LOG,
    "API": API,
    "Engine": ENGINE,
    "Overload": OVERLOAD,
    "Actions": ACTIONS,
    "Providers": PROVIDERS,
    "Cron": CRON,
    "Expiration": EXPIRATION,
    "Audit": AUDIT,
    "Notifications": NOTIFICATIONS,
}

SETTINGS: Mapping[str, Setting] = {setting.name: setting for group in GROUPS.values() for setting in group}
