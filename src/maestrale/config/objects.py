"""What each layer is told: one frozen object, with the defaults of its fields."""

from typing import Literal

from msgspec import Struct

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
from maestrale.cluster.settings import ClusterSettings
from maestrale.core import Limits
from maestrale.notifier import NotifierSettings
from maestrale.scheduler import CronSettings, ExpirationSettings
from maestrale.workers.local import SLOTS, THREADS


class ServerSettings(Struct, frozen=True, kw_only=True):
    """What the process needs that listens.

    Args:
        host: The name or address to listen on.
        port: 0: any that is free.
        database: None: the file of the user that runs the server.
        max_connections: How many clients may be connected at once; further ones are told to come back.
        keep_alive_seconds: How long a connection is kept for the client's next request.
        client_seconds: How long a client may take to send a request, or to take what is sent to it.
        max_head_bytes: The most that the first line and the headers of a request may be together.
        stop_seconds: How long a server that is to stop waits until open requests are answered.
    """

    host: str = "127.0.0.1"
    port: int = 8989
    database: str | None = None
    max_connections: int = 2000
    keep_alive_seconds: int = 60
    client_seconds: float = 30.0
    max_head_bytes: int = 64 * 1024
    stop_seconds: float = 30.0


class OverloadSettings(Struct, frozen=True, kw_only=True):
    """When a node begins no more work. 0: never for this reason.

    Args:
        most_steps: Decisions that wait to be committed.
        most_waiting_actions: Attempts of actions that wait for a free place; of one project half as many.
        most_messages: Messages of other nodes that are being decided.
        memory_bytes: How much the process may hold; 0: what its container or machine has.
    """

    most_steps: int = 20_000
    most_waiting_actions: int = 100_000
    most_messages: int = 10_000
    memory_bytes: int = 0


class LogSettings(Struct, frozen=True, kw_only=True):
    """How the process tells what happens.

    Args:
        format: `auto`: for people where a terminal shows it, otherwise JSON.
        level: What is less important is left out.
    """

    format: Literal["auto", "console", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """How many actions run at once.

    Args:
        slots: Actions that wait most of the time, such as `std.http`.
        threads: Actions that are plain Python functions.
        drain_seconds: How long actions under way may go on when the server is to stop.
    """

    slots: int = SLOTS
    threads: int = THREADS
    drain_seconds: float = 10.0


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of a server, an object for each layer."""

    server: ServerSettings = ServerSettings()
    cluster: ClusterSettings = ClusterSettings()
    log: LogSettings = LogSettings()
    api: ApiSettings = ApiSettings()
    limits: Limits = Limits()
    worker: WorkerSettings = WorkerSettings()
    overload: OverloadSettings = OverloadSettings()
    http: HttpSettings = HttpSettings()
    command: CommandSettings = CommandSettings()
    javascript: JavaScriptSettings = JavaScriptSettings()
    ssh: SshSettings = SshSettings()
    email: EmailSettings = EmailSettings()
    providers: ProviderSettings = ProviderSettings()
    notifier: NotifierSettings = NotifierSettings()
    cron: CronSettings = CronSettings()
    expiration: ExpirationSettings = ExpirationSettings()
    audit: AuditSettings = AuditSettings()
