"""Against a real SMTP server on loopback."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from maestrale.actions import ActionContext, EmailSettings, Registry
from maestrale.actions.inputs import WrongInput
from maestrale.actions.mail import Mail
from maestrale.actions.mail_sending import EmailFailed

CONTEXT = ActionContext(action_execution_id="run-1")
PASSWORD = "s3cret"
NO_ADDRESS = "expected an address such as `ada@example.org` or `Ada <ada@example.org>`"


class Office:
    """Takes messages, but none for `nobody@…`."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[str, str, bool]] = []
        self.address = ""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        login, password = data.login.decode(), data.password.decode()
        self.logins.append((login, password, session.ssl is not None))
        return AuthResult(success=password == PASSWORD, handled=False)


def message_of(office: Office) -> EmailMessage:
    """The one that came."""
    [envelope] = office.envelopes
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=modern)
    assert isinstance(message, EmailMessage)
    return message


@contextlib.asynccontextmanager
async def an_office(tls: ssl.SSLContext | None = None) -> AsyncIterator[Office]:
    """A server, which takes logins over TLS where it has a certificate."""
    office = Office()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(
            office,
            hostname="office.test",
            tls_context=tls,
            authenticator=office.authenticate if tls else None,
            auth_require_tls=True,
            enable_SMTPUTF8=True,
        ),
        "127.0.0.1",
        0,
    )
    office.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield office
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "office.test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "office.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + signed.public_bytes(pem))
    return path


def tls_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def send(office: Office | str, *, settings: EmailSettings | None = None, **input: Any) -> Any:
    registry = Registry(settings=[settings or EmailSettings()])
    found = registry.get_action("std.email")
    server = office if isinstance(office, str) else office.address
    given = {"from_addr": "ada@example.org", "to_addrs": ["bob@example.org"], "smtp_server": server, **input}
    return await found.function(**found.arguments(given, CONTEXT, registry.settings))


async def failure_of(call: Awaitable[Any]) -> str:
    with pytest.raises(EmailFailed) as caught:
        await call
    return str(caught.value)


def sent(**input: Any) -> Office:
    """The office, after it was sent one message."""

    async def scenario() -> Office:
        async with an_office() as office:
            assert await send(office, **input) is None
            return office

    return asyncio.run(scenario())


def headers_of(message: EmailMessage) -> dict[str, str]:
    return {name: str(value) for name, value in message.items() if name != "Date"}


def test_a_message_has_a_sender_a_receiver_a_subject_and_a_text() -> None:
    office = sent(subject="Grüße aus Ⅷ", body="Schön.\n.\nEnd")

    assert (
        headers_of(message_of(office))
        == {
            "Subject": "Grüße aus Ⅷ",
            "From": "ada@example.org",
            "Reply-To": "ada@example.org",
            "To": "bob@example.org",
            "Message-ID": "<run-1@example.org>",
            "Content-Type": 'text/plain; charset="utf-8"',
            "Content-Transfer-Encoding": message_of(office)["Content-Transfer-Encoding"],
            "MIME-Version": "1.0",
        }
        | {}
    )
    assert message_of(office).get_content() == "Schön.\n.\nEnd\n"
    assert (office.envelopes[0].mail_from, office.envelopes[0].rcpt_tos) == (
        "ada@example.org",
        ["bob@example.org"],
    )


def test_a_message_says_when_it_was_sent() -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    date = parsedate_to_datetime(str(message_of(sent())["Date"]))

    assert before <= date <= datetime.now(UTC)


def test_without_subject_and_body_it_says_so() -> None:
    message = message_of(sent(subject=None, body=""))

    assert (message["Subject"], message.get_content()) == ("<No subject>", "<No body>\n")


def test_copies_are_in_a_header_and_hidden_ones_are_not() -> None:
    office = sent(
        from_addr="Ada <ada@example.org>",
        to_addrs=["Bob <bob@example.org>", "c@example.org"],
        cc_addrs=["d@example.org", "bob@example.org"],
        bcc_addrs=["e@example.org"],
        reply_to="f@example.org",
    )

    shown = {name: message_of(office)[name] for name in ("From", "To", "Cc", "Bcc", "Reply-To")}
    assert shown == {
        "From": "Ada <ada@example.org>",
        "To": "Bob <bob@example.org>, c@example.org",
        "Cc": "d@example.org, bob@example.org",
        "Bcc": None,
        "Reply-To": "f@example.org",
    }
    assert (office.envelopes[0].mail_from, office.envelopes[0].rcpt_tos) == (
        "ada@example.org",
        ["d@example.org", "bob@example.org", "e@example.org", "c@example.org"],
    )


def test_with_html_the_reader_has_the_choice() -> None:
    message = message_of(sent(body="plain", html_body="<b>bold</b>"))

    assert message.get_content_type() == "multipart/alternative"
    assert [(part.get_content_type(), part.get_content()) for part in message.iter_parts()] == [
        ("text/plain", "plain\n"),
        ("text/html", "<b>bold</b>\n"),
    ]


def test_with_a_password_the_sender_logs_in_over_tls(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def scenario() -> Office:
        async with an_office(tls_of(certificate)) as office:
            await send(office, smtp_password=PASSWORD, from_addr="Ada <ada@example.org>")
            return office

    office = asyncio.run(scenario())

    assert office.logins == [("ada@example.org", PASSWORD, True)]
    assert message_of(office)["Subject"] == "<No subject>"


def test_a_server_that_cannot_prove_who_it_is_gets_no_password(certificate: Path) -> None:
    async def scenario() -> tuple[str, Any]:
        async with an_office(tls_of(certificate)) as office:
            text = await failure_of(send(office, smtp_password=PASSWORD))
            assert office.logins == []
            await send(office, smtp_password=PASSWORD, settings=EmailSettings(verify_certificates=False))
            return text, office.logins

    assert asyncio.run(scenario()) == (
        "Failed to send an email message: the server cannot prove who it is: self-signed certificate",
        [("ada@example.org", PASSWORD, True)],
    )


def test_a_server_without_tls_gets_no_password() -> None:
    async def scenario() -> tuple[str, Any]:
        async with an_office() as office:
            return await failure_of(send(office, smtp_password=PASSWORD)), office.logins

    assert asyncio.run(scenario()) == (
        "Failed to send an email message: SMTP STARTTLS extension not supported by server.",
        [],
    )


def test_a_wrong_password_is_told_without_showing_it(certificate: Path) -> None:
    async def scenario() -> str:
        async with an_office(tls_of(certificate)) as office:
            settings = EmailSettings(verify_certificates=False)
            return await failure_of(send(office, smtp_password="invalid", settings=settings))

    assert asyncio.run(scenario()) == (
        "Failed to send an email message: 535 5.7.8 Authentication credentials ********"
    )


def test_if_some_are_refused_the_others_get_it() -> None:
    assert sent(to_addrs=["nobody@a.org", "bob@a.org"]).envelopes[0].rcpt_tos == ["bob@a.org"]


def test_if_all_are_refused_it_fails() -> None:
    async def scenario() -> str:
        async with an_office() as office:
            return await failure_of(send(office, to_addrs=["nobody@a.org"], cc_addrs=["nobody@b.org"]))

    assert asyncio.run(scenario()) == (
        "Failed to send an email message: `nobody@b.org` is refused: 550 no such mailbox; "
        "`nobody@a.org` is refused: 550 no such mailbox"
    )


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))

        text = asyncio.run(failure_of(send(f"127.0.0.1:{free.getsockname()[1]}")))

    assert text.startswith("Failed to send an email message: Error connecting to 127.0.0.1 on port ")


def test_a_server_that_says_nothing_is_waited_for_only_so_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"

        text = asyncio.run(failure_of(send(address, settings=EmailSettings(timeout_seconds=0.05))))

    assert text == "Failed to send an email message: `127.0.0.1` took longer than 0.05 seconds"


@pytest.mark.parametrize(
    ("input", "reason"),
    [
        ({"to_addrs": []}, ", parameter `to_addrs`: the list is empty"),
        (
            {"bcc_addrs": ["a b"]},
            f", parameter `bcc_addrs`: {NO_ADDRESS}",
        ),
        (
            {"from_addr": ""},
            f", parameter `from_addr`: {NO_ADDRESS}",
        ),
        ({"subject": "x\nBcc: eve@example.org"}, ": the header `Subject` would have more than one line"),
        ({"smtp_server": "mail:smtp"}, ", parameter `smtp_server`: expected a host, or `host:port`"),
        ({"smtp_server": ""}, ", parameter `smtp_server`: expected a host, or `host:port`"),
    ],
)
def test_what_cannot_be_sent_is_refused(input: dict[str, Any], reason: str) -> None:
    with pytest.raises(WrongInput) as caught:
        asyncio.run(send("127.0.0.1:1", **input))

    assert str(caught.value) == f"Wrong input of action `std.email`{reason}"


def test_a_mail_shows_no_secret() -> None:
    mail = Mail(
        host="h", port=25, password="s3cret", id="i", from_addr="a", to_addrs=[], cc_addrs=[],
        bcc_addrs=[], reply_to="", subject="", body="", html_body="",
    )  # fmt: skip

    assert repr(mail) == "Mail(id='i', host='h')"
