"""`std.email`: its parameters. The message is made and sent in `mail_sending`.

Source: Mistral v2, "Email". Ours: the time is bounded; certificates are checked; the server may carry a
port; the message has a date, and an id that is the same in every attempt of a run.
"""

import asyncio
from importlib import import_module

from msgspec import Struct

from maestrale.actions.addresses import split_address
from maestrale.actions.context import ActionContext, Settings
from maestrale.actions.declare import action
from maestrale.actions.inputs import WrongInput

SMTP_PORT = 25


class EmailSettings(Settings, frozen=True, kw_only=True):
    """What an operator sets for `std.email`.

    Args:
        timeout_seconds: How long sending a message may take, from connecting to the server's last word.
        verify_certificates: Whether a server that a password is sent to has to prove who it is.
    """

    timeout_seconds: float = 60.0
    verify_certificates: bool = True


class Mail(Struct, frozen=True, kw_only=True):
    """What to send, and through which server. It shows no secret."""

    host: str
    port: int
    password: str | None
    id: str
    from_addr: str
    to_addrs: list[str]
    cc_addrs: list[str]
    bcc_addrs: list[str]
    reply_to: str
    subject: str
    body: str
    html_body: str

    def __repr__(self) -> str:
        return f"Mail(id={self.id!r}, host={self.host!r})"


@action("std.email", secret=["smtp_password"])
async def email(
    from_addr: str,
    to_addrs: list[str],
    smtp_server: str,
    reply_to: str | None = None,
    cc_addrs: list[str] | None = None,
    bcc_addrs: list[str] | None = None,
    smtp_password: str | None = None,
    subject: str | None = "<No subject>",
    body: str | None = "<No body>",
    html_body: str | None = None,
    *,
    context: ActionContext,
    settings: EmailSettings,
) -> None:
    """Send a message by email.

    With `html_body` it has two forms, of which the reader's program shows one. With `smtp_password` the
    connection is encrypted (STARTTLS), and the sender logs in as `from_addr`.
    """
    address = split_address(smtp_server, SMTP_PORT)
    if address is None:
        raise WrongInput(
            "Wrong input of action `std.email`, parameter `smtp_server`: expected a host, or `host:port`"
        )
    mail = Mail(
        host=address[0],
        port=address[1],
        password=smtp_password,
        id=context.action_execution_id,
        from_addr=from_addr,
        to_addrs=to_addrs,
        cc_addrs=cc_addrs or [],
        bcc_addrs=bcc_addrs or [],
        reply_to=reply_to or from_addr,
        subject=subject or "<No subject>",
        body=body or "<No body>",
        html_body=html_body or "",
    )
    sending = await asyncio.to_thread(import_module, "maestrale.actions.mail_sending")
    await sending.send(mail, settings)
