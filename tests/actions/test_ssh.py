"""Against real servers on loopback, which run commands of this machine."""

import asyncio
import os
import socket
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from maestrale.actions import ActionContext, Registry, SshSettings
from maestrale.actions.inputs import WrongInput
from maestrale.actions.ssh import SshFailed
from maestrale.actions.ssh_ways import Address, Login, Way

from .ssh_server import PASSWORD, a_machine, install_relay


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of the node's user, with an empty `.ssh`; there is no agent."""
    folder = tmp_path / "home"
    (folder / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return folder


async def call(name: str = "std.ssh", *, settings: SshSettings | None = None, **input: Any) -> Any:
    registry = Registry(settings=[settings or SshSettings()])
    found = registry.get_action(name)
    given = {"username": "ada", **input}
    return await found.function(**found.arguments(given, ActionContext(), registry.settings))


async def message_of(call: Awaitable[Any]) -> str:
    with pytest.raises(SshFailed) as caught:
        await call
    return str(caught.value)


def a_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def text_of(key: asyncssh.SSHKey, password: str | None = None) -> str:
    # OpenSSH's own form of an encrypted key takes a second to open.
    return key.export_private_key("pkcs8-pem" if password else "openssh", passphrase=password).decode()


def test_one_host_gives_what_the_command_wrote() -> None:
    async def scenario() -> Any:
        async with a_machine() as machine:
            result = await call(
                cmd="echo a b; echo oops >&2", host=machine.host, username="grace", password=PASSWORD
            )
            return result, machine.users

    assert asyncio.run(scenario()) == ("a b\n", ["grace"])


def test_a_list_of_one_host_is_one_host() -> None:
    async def scenario() -> Any:
        async with a_machine() as machine:
            return await call(cmd="echo x", host=[machine.host], password=PASSWORD)

    assert asyncio.run(scenario()) == "x\n"


def test_several_hosts_run_at_the_same_time_and_give_a_list_in_their_order(tmp_path: Path) -> None:
    # Each waits for the other: one after the other they would wait for ever.
    scripts = {"one": "echo 1 > {0}/a; cat {0}/b", "two": "cat {0}/a; echo 2 > {0}/b"}
    for name in ("a", "b"):
        os.mkfifo(tmp_path / name)
    for name, script in scripts.items():
        program = tmp_path / name / "meet"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script.format(tmp_path)}\n")
        program.chmod(0o755)

    async def scenario() -> Any:
        async with (
            a_machine(programs=str(tmp_path / "one")) as one,
            a_machine(programs=str(tmp_path / "two")) as two,
        ):
            return await call(cmd="meet", host=[two.host, one.host], password=PASSWORD)

    assert asyncio.run(scenario()) == ["1\n", "2\n"]


def test_an_exit_code_that_is_not_0_fails_the_action_after_all_hosts_have_ended(tmp_path: Path) -> None:
    script = f"mkdir {tmp_path}/first 2>/dev/null && exit 3; echo done > {tmp_path}/second"

    async def scenario() -> Any:
        async with a_machine() as one, a_machine() as two:
            hosts = [one.host, two.host]
            text = await message_of(call(cmd=script, host=hosts, password=PASSWORD))
            return text.replace(str(one.port), "N").replace(str(two.port), "N"), hosts

    text, _ = asyncio.run(scenario())

    hosts = "['127.0.0.1:N', '127.0.0.1:N']"
    assert text == f"Failed to execute ssh cmd '{script}' on {hosts}: `127.0.0.1:N`: exit code 3"
    assert (tmp_path / "second").read_text() == "done\n"


def test_with_return_result_on_error_an_exit_code_is_no_failure() -> None:
    async def scenario() -> Any:
        async with a_machine() as machine:
            options: dict[str, Any] = {"password": PASSWORD, "return_result_on_error": True}
            one = await call(cmd="echo a; echo b >&2; exit 4", host=machine.host, **options)
            two = await call(cmd="kill -9 $$", host=[machine.host] * 2, **options)
            return one, two

    killed = {"stdout": "", "stderr": "", "exit_code": -9}
    assert asyncio.run(scenario()) == (
        {"stdout": "a\n", "stderr": "b\n", "exit_code": 4},
        [killed, killed],
    )


def test_output_that_is_no_text_shows_where() -> None:
    async def scenario() -> Any:
        async with a_machine() as machine:
            return await call(cmd=r"printf 'a\377\303\244'", host=machine.host, password=PASSWORD)

    assert asyncio.run(scenario()) == "a\N{REPLACEMENT CHARACTER}ä"


def test_a_command_gets_no_input() -> None:
    async def scenario() -> Any:
        async with a_machine() as machine:
            return await call(cmd="cat; echo end", host=machine.host, password=PASSWORD)

    assert asyncio.run(scenario()) == "end\n"


@pytest.mark.parametrize("password", [None, "open sesame"])
def test_a_key_opens_by_its_text_its_name_and_its_path(home: Path, password: str | None) -> None:
    async def scenario() -> Any:
        key = a_key()
        text = text_of(key, password)
        (home / ".ssh" / "id").write_text(text)
        (home / "elsewhere").write_text(text)
        async with a_machine(key) as machine:
            given: dict[str, Any] = {"cmd": "echo in", "host": machine.host, "password": password}
            return [
                await call(private_key=text, **given),
                await call(private_key_filename="id", **given),
                await call(private_key_filename=str(home / "elsewhere"), **given),
                # The text goes before the file.
                await call(private_key=text, private_key_filename="none", **given),
            ]

    assert asyncio.run(scenario()) == ["in\n"] * 4


def test_without_password_and_key_the_nodes_user_logs_in_with_its_own_keys(home: Path) -> None:
    async def scenario() -> Any:
        key = a_key()
        (home / ".ssh" / "id_ed25519").write_text(text_of(key))
        async with a_machine(key) as machine:
            return await call(cmd="echo in", host=machine.host)

    assert asyncio.run(scenario()) == "in\n"


def test_a_key_of_the_nodes_user_is_not_tried_where_the_task_gives_a_password(home: Path) -> None:
    async def scenario() -> Any:
        key = a_key()
        (home / ".ssh" / "id_ed25519").write_text(text_of(key))
        async with a_machine(key) as machine:
            text = await message_of(call(cmd="true", host=machine.host, password="wrong"))
            return text.replace(str(machine.port), "N")

    assert asyncio.run(scenario()) == (
        "Failed to execute ssh cmd 'true' on ['127.0.0.1:N']: `127.0.0.1:N`: it refuses the login of `ada`"
    )


@pytest.mark.parametrize("name", ["../id", "a/../../id", "..", "..\\id"])
@pytest.mark.parametrize("action", ["std.ssh", "std.ssh_proxied"])
def test_the_name_of_a_key_leads_nowhere_else(name: str, action: str) -> None:
    more: dict[str, Any] = {"gateway_host": "b"} if action == "std.ssh_proxied" else {}
    with pytest.raises(WrongInput) as caught:
        asyncio.run(call(action, cmd="true", host="a", private_key_filename=name, **more))

    assert str(caught.value) == (
        f"Wrong input of action `{action}`, parameter `private_key_filename`: it must not contain `..`; "
        "give a name in the folder `.ssh` of the node's user, or an absolute path"
    )


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            {"private_key": "no key", "password": "s3cret"},
            "`private_key` cannot be used: Invalid private key",
        ),
        (
            {"private_key": text_of(asyncssh.generate_private_key("ssh-ed25519"), "other")},
            "`private_key` cannot be used: Passphrase must be specified to import encrypted private keys",
        ),
        (
            {"private_key_filename": "none"},
            "the private key `none` cannot be read: No such file or directory",
        ),
    ],
)
def test_a_key_that_cannot_be_used_is_told_without_its_text(given: dict[str, Any], reason: str) -> None:
    assert asyncio.run(message_of(call(cmd="true", host="127.0.0.1:1", **given))) == (
        f"Failed to execute ssh cmd 'true' on ['127.0.0.1:1']: {reason}"
    )


def test_a_machine_that_is_not_there_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"

        text = asyncio.run(message_of(call(cmd="true", host=host, password="s3cret")))

    assert text.startswith(
        f"Failed to execute ssh cmd 'true' on ['{host}']: `{host}`: it cannot be reached: "
    )


def test_a_machine_that_says_nothing_is_waited_for_only_so_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        settings = SshSettings(connect_seconds=0.05)

        text = asyncio.run(message_of(call(cmd="true", host=host, password="x", settings=settings)))

    assert text.endswith(f"`{host}`: no login within 0.05 seconds")


def test_known_hosts_decides_which_machines_are_talked_to(tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"

    async def scenario() -> Any:
        settings = SshSettings(known_hosts=str(known))
        async with a_machine() as machine, a_machine() as other:
            key = machine.host_key.export_public_key().decode()
            known.write_text(f"[127.0.0.1]:{machine.port} {key}[127.0.0.1]:{other.port} {key}")
            given: dict[str, Any] = {"cmd": "echo in", "password": PASSWORD, "settings": settings}
            text = await message_of(call(host=other.host, **given))
            result = await call(host=machine.host, **given)
            return result, text.replace(str(other.port), "N"), other.users

    assert asyncio.run(scenario()) == (
        "in\n",
        "Failed to execute ssh cmd 'echo in' on ['127.0.0.1:N']: `127.0.0.1:N`: it has a host key "
        "that is not in the file of the setting `ssh_known_hosts`",
        [],
    )


def test_a_file_of_known_hosts_that_is_not_there_lets_nobody_in(tmp_path: Path) -> None:
    settings = SshSettings(known_hosts=str(tmp_path / "none"))

    text = asyncio.run(message_of(call(cmd="true", host="127.0.0.1:1", settings=settings)))

    assert text.endswith(
        f"['127.0.0.1:1']: there is no file `{tmp_path}/none`, which the setting `ssh_known_hosts` names"
    )


def test_a_command_that_writes_too_much_is_ended() -> None:
    async def scenario() -> Any:
        settings = SshSettings(output_bytes=1000)
        async with a_machine() as machine:
            options: dict[str, Any] = {"host": machine.host, "password": PASSWORD, "settings": settings}
            exactly = await call(cmd="head -c 1000 /dev/zero", **options)
            text = await message_of(call(cmd="cat /dev/zero >&2", **options))
            await asyncio.gather(*machine.tasks)
            return len(exactly), text.partition(": `")[2].replace(str(machine.port), "N"), machine.signals

    assert asyncio.run(scenario()) == (
        1000,
        "127.0.0.1:N`: it was ended, since it wrote more than 1000 bytes to stderr",
        ["TERM"],
    )


@pytest.mark.parametrize("trap", ["", "trap '' TERM;"])
def test_a_cancelled_command_ends_on_its_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: str
) -> None:
    if trap:
        monkeypatch.setattr("maestrale.actions.ssh_commands.GRACE_SECONDS", 0.05)
    begun = tmp_path / "begun"
    os.mkfifo(begun)

    async def scenario() -> list[str]:
        async with a_machine() as machine:
            script = f"{trap} echo > {begun}; sleep 1000 & wait; while :; do sleep 1; done"
            running = asyncio.ensure_future(call(cmd=script, host=machine.host, password=PASSWORD))
            await asyncio.to_thread(begun.read_text)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await asyncio.gather(*machine.tasks)  # Each ends only when its command has ended.
            return machine.signals

    assert asyncio.run(scenario()) == (["TERM", "KILL"] if trap else ["TERM"])


def test_a_broken_connection_is_told() -> None:
    async def scenario() -> Any:
        connections: list[asyncssh.SSHServerConnection] = []

        class Server(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                connections.append(conn)

            def begin_auth(self, username: str) -> bool:
                return False

        async def handle(process: asyncssh.SSHServerProcess[str]) -> None:
            connections[0].abort()

        async with asyncssh.listen(
            "127.0.0.1", 0, server_factory=Server, server_host_keys=[a_key()], process_factory=handle
        ) as server:
            return await message_of(call(cmd="true", host=f"127.0.0.1:{server.get_port()}", password="x"))

    assert asyncio.run(scenario()).endswith("the connection was lost before the command ended")


def test_a_gateway_runs_nc_to_the_machine(tmp_path: Path) -> None:
    install_relay(tmp_path)

    async def scenario() -> Any:
        key = a_key()
        async with a_machine(key, programs=str(tmp_path)) as gateway, a_machine(key) as machine:
            result = await call(
                "std.ssh_proxied",
                cmd="echo a; exit 0",
                host=[machine.host, machine.host],
                private_key_filename=None,
                private_key=text_of(key),
                gateway_host=gateway.host,
                gateway_username="grace",
            )
            return result, gateway.users, machine.users

    assert asyncio.run(scenario()) == (["a\n", "a\n"], ["grace", "grace"], ["ada", "ada"])


def test_a_gateway_runs_the_proxy_command_instead_and_as_the_same_user(tmp_path: Path) -> None:
    install_relay(tmp_path, "relay")

    async def scenario() -> Any:
        async with a_machine(programs=str(tmp_path)) as gateway, a_machine() as machine:
            result = await call(
                "std.ssh_proxied",
                cmd="echo a",
                host="inside",
                private_key_filename="",
                password=PASSWORD,
                gateway_host=gateway.host,
                proxy_command=f"relay 127.0.0.1 {machine.port}",
            )
            return result, gateway.users, machine.users

    assert asyncio.run(scenario()) == ("a\n", ["ada"], ["ada"])


def test_a_gateway_without_a_way_to_the_machine_fails() -> None:
    async def scenario() -> Any:
        async with a_machine() as gateway:
            return await message_of(
                call(
                    "std.ssh_proxied",
                    cmd="true",
                    host="inside",
                    private_key_filename=None,
                    password=PASSWORD,
                    gateway_host=gateway.host,
                    proxy_command="exit 1",
                )
            )

    assert asyncio.run(scenario()) == (
        "Failed to execute ssh cmd 'true' on ['inside']: `inside`: it ends the connection: Connection lost"
    )


def test_the_password_stands_in_no_message_and_no_repr() -> None:
    way = Way(Login("ada", "s3cret", "", "KEY"), Address("b"))

    text = asyncio.run(message_of(call(cmd="echo s3cret | sudo -S x", host="127.0.0.1:1", password="s3cret")))

    assert text.startswith("Failed to execute ssh cmd 'echo ******** | sudo -S x' on ['127.0.0.1:1']: ")
    assert "s3cret" not in text + repr(way)
    assert "KEY" not in repr(way)


@pytest.mark.parametrize("host", ["", " ", "a:b", "a:0", "a:70000", "-oProxyCommand=x", "a b", "[::1]:x"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(WrongInput) as caught:
        asyncio.run(call(cmd="true", host=["ok", host]))

    assert str(caught.value) == (
        "Wrong input of action `std.ssh`, parameter `host`: expected a host, or `host:port`"
    )


def test_nowhere_to_run_is_refused() -> None:
    with pytest.raises(WrongInput, match="parameter `host`: the list is empty"):
        asyncio.run(call(cmd="true", host=[]))
