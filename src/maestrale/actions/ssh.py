"""`std.ssh` and `std.ssh_proxied`: their parameters and their results. The commands run in `ssh_commands`.

Source: Mistral v2, "SSH". Ours: several hosts are asked at the same time; a host may carry a port; the
message of a failure ends in the reason; login and output are bounded.
"""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from maestrale.actions.addresses import split_address
from maestrale.actions.declare import action
from maestrale.actions.inputs import WrongInput
from maestrale.actions.ssh_ways import SSH_PORT, Address, Login, SshSettings, Way
from maestrale.expressions.scope import Json

if TYPE_CHECKING:
    from maestrale.actions.ssh_commands import Finished

LONGEST_SHOWN = 500
MASK = "********"


class SshFailed(Exception):
    """The command was not run everywhere, or not with success. The message has no secret in it."""


@action("std.ssh", secret=["password", "private_key"])
async def ssh(
    cmd: str,
    host: str | list[str],
    username: str,
    password: str | None = "",
    private_key_filename: str | None = None,
    private_key: str | None = None,
    return_result_on_error: Json = False,
    *,
    settings: SshSettings,
) -> Json:
    """Run a command on one machine or on several at the same time, over SSH.

    The result is what the command wrote to its standard output, for several hosts a list in their order.
    An exit code that is not 0 fails the action; with `return_result_on_error` it does not, and the result
    of each host is `stdout`, `stderr` and `exit_code`.
    """
    login = Login(username, password or "", _key_file("std.ssh", private_key_filename), private_key or "")
    return await _run("std.ssh", cmd, host, Way(login), settings, tolerant=bool(return_result_on_error))


@action("std.ssh_proxied", secret=["password", "private_key"])
async def ssh_proxied(
    cmd: str,
    host: str | list[str],
    username: str,
    private_key_filename: str | None,
    gateway_host: str,
    gateway_username: str | None = None,
    password: str | None = None,
    proxy_command: str | None = None,
    private_key: str | None = None,
    *,
    settings: SshSettings,
) -> Json:
    """Run a command as `std.ssh` does, on machines that are reached through a gateway.

    The gateway runs `proxy_command`, by default `nc <host> 22`, whose input and output are the connection.
    """
    name = "std.ssh_proxied"
    login = Login(username, password or "", _key_file(name, private_key_filename), private_key or "")
    way = Way(
        login,
        gateway=_address(name, "gateway_host", gateway_host),
        gateway_username=gateway_username or username,
        proxy_command=proxy_command or "",
    )
    return await _run(name, cmd, host, way, settings, tolerant=False)


async def _run(
    action: str, cmd: str, host: str | list[str], way: Way, settings: SshSettings, *, tolerant: bool
) -> Json:
    hosts = host if isinstance(host, list) else [host]
    if not hosts:
        raise WrongInput(f"Wrong input of action `{action}`, parameter `host`: the list is empty")
    addresses = [_address(action, "host", each) for each in hosts]
    commands = await asyncio.to_thread(import_module, "maestrale.actions.ssh_commands")
    try:
        ends: list[Finished | str] = await commands.run_everywhere(cmd, addresses, way, settings)
    except commands.NotConnected as error:
        raise SshFailed(f"{_failure(cmd, hosts, way.login)}: {error}") from None
    reasons = [
        f"`{each}`: {reason}"
        for each, end in zip(hosts, ends, strict=True)
        if (reason := _fault(end, tolerant=tolerant))
    ]
    if reasons:
        raise SshFailed(f"{_failure(cmd, hosts, way.login)}: {'; '.join(reasons)}")
    results = [_result(end, tolerant=tolerant) for end in ends if not isinstance(end, str)]
    return results if len(results) > 1 else results[0]


def _fault(end: "Finished | str", *, tolerant: bool) -> str:
    if isinstance(end, str):
        return end
    return "" if tolerant or end.exit_code == 0 else f"exit code {end.exit_code}"


def _result(end: "Finished", *, tolerant: bool) -> Json:
    # Bytes that are no UTF-8 become U+FFFD: the result is JSON, and JSON has no bytes.
    stdout = end.stdout.decode(errors="replace")
    if not tolerant:
        return stdout
    return {"stdout": stdout, "stderr": end.stderr.decode(errors="replace"), "exit_code": end.exit_code}


def _failure(cmd: str, hosts: list[str], login: Login) -> str:
    shown = cmd.replace(login.password, MASK) if login.password else cmd
    if len(shown) > LONGEST_SHOWN:
        shown = f"{shown[:LONGEST_SHOWN]}…"
    return f"Failed to execute ssh cmd '{shown}' on {hosts}"


def _key_file(action: str, name: str | None) -> str:
    """The name of a key, which may not lead out of where it starts."""
    if name and ".." in name.replace("\\", "/").split("/"):
        raise WrongInput(
            f"Wrong input of action `{action}`, parameter `private_key_filename`: it must not contain `..`; "
            "give a name in the folder `.ssh` of the node's user, or an absolute path"
        )
    return name or ""


def _address(action: str, parameter: str, text: str) -> Address:
    address = split_address(text, SSH_PORT)
    if address is None:
        raise WrongInput(
            f"Wrong input of action `{action}`, parameter `{parameter}`: expected a host, or `host:port`"
        )
    return Address(*address)
