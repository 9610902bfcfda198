"""Makes a message and hands it to a server. The only module that imports the library for SMTP."""

import asyncio
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

import aiosmtplib

from maestrale.actions.inputs import WrongInput
from maestrale.actions.mail import EmailSettings, Mail
from maestrale.actions.results import message_of
from maestrale.clock import SystemClock

MASK = "********"


class EmailFailed(Exception):
    """The message was not sent. The text has no secret in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Failed to send an email message: {reason}")


async def send(mail: Mail, settings: EmailSettings) -> None:
    """Send a message. If the server refuses some of the recipients, the others get it.

    Raises:
        EmailFailed: The server did not take it.
        WrongInput: An address is none, or a header would have more than one line.
    """
    sender = _address("from_addr", mail.from_addr)
    recipients = _recipients(mail)
    message = _compose(mail, sender)
    has_password = mail.password is not None
    try:
        async with asyncio.timeout(settings.timeout_seconds):
            await aiosmtplib.send(
                message,
                sender=sender,
                recipients=recipients,
                hostname=mail.host,
                port=mail.port,
                username=sender if has_password else None,
                password=mail.password,
                start_tls=has_password,
                validate_certs=settings.verify_certificates,
                timeout=settings.timeout_seconds,
            )
    except TimeoutError:
        raise EmailFailed(f"`{mail.host}` took longer than {settings.timeout_seconds:g} seconds") from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise EmailFailed(_without(mail.password, _reason(error))) from error


def _compose(mail: Mail, sender: str) -> EmailMessage:
    message = EmailMessage()
    headers = {
        "Subject": mail.subject,
        "From": mail.from_addr,
        "Reply-To": mail.reply_to,
        "To": ", ".join(mail.to_addrs),
        "Cc": ", ".join(mail.cc_addrs),
        "Date": format_datetime(SystemClock().now()),
        "Message-ID": f"<{mail.id}@{sender.rpartition('@')[2]}>" if mail.id else "",
    }
    for name, value in headers.items():
        if value:
            _set(message, name, value)
    message.set_content(mail.body)
    if mail.html_body:
        message.add_alternative(mail.html_body, subtype="html")
    return message


def _set(message: EmailMessage, name: str, value: str) -> None:
    try:
        message[name] = value
    except ValueError:
        # Behind a line break a header of its own could begin: who gives the subject could add recipients.
        raise WrongInput(
            f"Wrong input of action `std.email`: the header `{name}` would have more than one line"
        ) from None


def _recipients(mail: Mail) -> list[str]:
    """Everybody who gets the message, each once: copies, hidden ones, and those it is for."""
    given = {"cc_addrs": mail.cc_addrs, "bcc_addrs": mail.bcc_addrs, "to_addrs": mail.to_addrs}
    found = [_address(parameter, text) for parameter, texts in given.items() for text in texts]
    if not found:
        raise WrongInput("Wrong input of action `std.email`, parameter `to_addrs`: the list is empty")
    return list(dict.fromkeys(found))


def _address(parameter: str, text: str) -> str:
    """The address in `text`, which may have a name before it: `Ada <ada@example.org>`."""
    address = parseaddr(text)[1] if "<" in text else text.strip()
    if not address or any(character.isspace() for character in address):
        raise WrongInput(
            f"Wrong input of action `std.email`, parameter `{parameter}`: expected an address such as "
            "`ada@example.org` or `Ada <ada@example.org>`"
        )
    return address


def _reason(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return "; ".join(
            f"`{each.recipient}` is refused: {each.code} {each.message}" for each in error.recipients
        )
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server cannot prove who it is: {error.verify_message}"
    return message_of(error)


def _without(password: str | None, text: str) -> str:
    return text.replace(password, MASK) if password else text
