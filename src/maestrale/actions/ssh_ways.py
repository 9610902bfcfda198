"""Which machines to reach over SSH, by which way, and as whom. It needs no library of SSH."""

from msgspec import Struct

from maestrale.actions.context import Settings

SSH_PORT = 22


class SshSettings(Settings, frozen=True, kw_only=True):
    """What an operator sets for `std.ssh` and `std.ssh_proxied`.

    Args:
        known_hosts: The file with the keys of the hosts that may be talked to, as OpenSSH has it; empty: any
            key will do. That is the default because it is Mistral's, whose workflows talk to machines that
            were made a minute ago and whose keys nobody knows yet.
        connect_seconds: How long connecting and logging in may take, for each host.
        output_bytes: The most that a command may write to one of its two outputs.
    """

    known_hosts: str = ""
    connect_seconds: float = 30.0
    output_bytes: int = 1024 * 1024


class Address(Struct, frozen=True):
    """Where a machine listens."""

    host: str
    port: int = SSH_PORT

    def __str__(self) -> str:
        return self.host if self.port == SSH_PORT else f"{self.host}:{self.port}"


class Login(Struct, frozen=True):
    """Who logs in, and how. It shows no secret.

    Args:
        key_file: The name of a private key; a relative one is in the folder `.ssh` of this process's user.
        key: The text of a private key, which goes before the file.

    Without a password and a key it is the user of this process who logs in: with the keys in `.ssh` and those
    of the agent. The password also opens a key that is encrypted.
    """

    username: str
    password: str
    key_file: str
    key: str

    def __repr__(self) -> str:
        return f"Login(username={self.username!r})"


class Way(Struct, frozen=True):
    """How a machine is reached.

    Args:
        proxy_command: What the gateway runs; empty: `nc` to the host.
    """

    login: Login
    gateway: Address | None = None
    gateway_username: str = ""
    proxy_command: str = ""
