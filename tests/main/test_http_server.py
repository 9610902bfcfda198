"""What a server does with slow, greedy and vanished clients, and with open requests when it stops."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from maestrale.config import ServerSettings
from maestrale.main.http_server import Message, Receive, Send

from .clients import DEADLINE, HELLO, serving, status_of

QUICK = ServerSettings(client_seconds=0.1, max_head_bytes=2048)


async def answer(send: Send, body: bytes) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def hello(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    await answer(send, b"hello")


async def wait_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Echo:
    """Answers with the length of the body, once it is there."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            self.messages.append(message)
            if message["type"] == "http.disconnect":
                return
            if not message["more_body"]:
                break
        await answer(send, b"%5d" % sum(len(message["body"]) for message in self.messages))


class Gated:
    """Answers when the gate opens."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self.entered.set()
        await self.gate.wait()
        await answer(send, b"hello")


async def test_requests_on_one_connection_are_answered_one_after_the_other() -> None:
    async with serving(hello) as place:
        client = await place.connect()

        assert [status_of(await client.ask()) for _ in range(3)] == [200, 200, 200]


async def test_pipelined_requests_larger_than_the_bound_of_one_head_are_all_answered() -> None:
    async with serving(hello, QUICK) as place:
        client = await place.connect()
        await client.send(HELLO * 200 + HELLO[:10])
        await client.send(HELLO[10:])

        assert [status_of(await client.ask(b"")) for _ in range(201)] == [200] * 201


@pytest.mark.parametrize("begun", [b"", b"GET /hel", b"GET / HTTP/1.1\r\nHost: he", b"\r\n\r\n"])
async def test_a_client_that_does_not_send_its_request_is_let_go_of(begun: bytes) -> None:
    async with serving(hello, QUICK) as place:
        client = await place.connect()
        await client.send(begun)

        left = await client.rest()

        assert left == b"" or status_of(left) == 408


async def test_a_client_that_sends_its_head_byte_by_byte_is_told_that_it_took_too_long() -> None:
    async with serving(hello, QUICK) as place:
        client = await place.connect()

        async def trickle() -> None:
            for byte in HELLO * 100:
                await client.send(bytes([byte]))
                await asyncio.sleep(0.01)

        trickling = asyncio.ensure_future(trickle())
        head = await client.head()
        trickling.cancel()

        assert status_of(head) == 408
        assert await client.rest() == b'{"faultstring": "the request did not come in time"}'


async def test_a_client_that_does_not_send_its_body_is_let_go_of_and_the_application_told() -> None:
    echo = Echo()
    async with serving(echo, QUICK) as place:
        client = await place.connect()
        await client.send(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n12345")

        left = await client.rest()

        assert status_of(left) == 408
        assert [message["type"] for message in echo.messages] == ["http.request", "http.disconnect"]


async def test_a_client_that_goes_on_sending_its_body_is_waited_for() -> None:
    async with serving(Echo(), QUICK) as place:
        client = await place.connect()
        await client.send(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            await client.send(b"x")
            await asyncio.sleep(0.03)

        assert (await client.ask(b"")).endswith(b"   10")


async def test_a_client_that_does_not_take_its_answer_is_let_go_of() -> None:
    ended = asyncio.Event()

    async def flood(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(wait_gone(receive))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.done():
            await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
        ended.set()

    async with serving(flood, QUICK) as place:
        client = await place.connect()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(HELLO)

        async with asyncio.timeout(DEADLINE):
            await ended.wait()


async def test_a_client_that_takes_its_answer_slowly_gets_all_of_it() -> None:
    async def large(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await answer(send, b"x" * 16_000_000)

    async with serving(large, QUICK) as place:
        client = await place.connect()
        await client.send(HELLO)
        await client.head()
        taken = 0
        while taken < 16_000_000:
            taken += len(await client.reader.read(400_000))
            await asyncio.sleep(0.005)

        assert taken == 16_000_000


async def test_an_application_that_takes_its_time_is_not_the_client_s_fault() -> None:
    gated = Gated()
    async with serving(gated, QUICK) as place:
        client = await place.connect()
        await client.send(HELLO)
        await asyncio.sleep(0.4)
        gated.gate.set()

        assert status_of(await client.ask(b"")) == 200


async def test_a_body_that_the_application_does_not_read_yet_is_not_the_client_s_fault() -> None:
    echo, gate = Echo(), asyncio.Event()

    async def late(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await gate.wait()
        await echo(scope, receive, send)

    async with serving(late, QUICK) as place:
        client = await place.connect()
        head = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 2000000\r\n\r\n"
        sending = asyncio.ensure_future(client.send(head + b"x" * 2_000_000))
        await asyncio.sleep(0.4)
        gate.set()

        assert (await client.ask(b"", length=7)).endswith(b"2000000")
        await sending


async def test_a_client_that_rests_after_a_body_nobody_wanted_is_let_go_of() -> None:
    async with serving(hello, QUICK) as place:
        client = await place.connect()
        head = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\n"

        assert status_of(await client.ask(head)) == 200
        await client.send(b"never")
        assert await client.rest() == b""


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 3000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\nA: " + b"x" * 3000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 600 + b"\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nA: " + b"x" * 3000 + b"\r\n\r\nabc",
    ],
)
async def test_a_head_that_is_too_large_is_refused(head: bytes) -> None:
    async with serving(hello, QUICK) as place:
        client = await place.connect()
        await client.send(head)

        assert status_of(await client.head()) == 431
        assert await client.rest() == b'{"faultstring": "the head of the request has more than 2,048 bytes"}'


async def test_an_endless_header_is_refused_before_it_ends() -> None:
    async with serving(hello, QUICK) as place:
        client = await place.connect()
        await client.send(b"GET / HTTP/1.1\r\nHost: here\r\nA: ")

        async def send_for_ever() -> None:
            while True:
                await client.send(b"x" * 500)
                await asyncio.sleep(0)

        sending = asyncio.ensure_future(send_for_ever())
        head = await client.head()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

        assert status_of(head) == 431


async def test_more_clients_than_allowed_are_told_to_come_back() -> None:
    gated = Gated()
    async with serving(gated, ServerSettings(max_connections=1)) as place:
        first = await place.connect()
        await first.send(HELLO)
        await gated.entered.wait()
        second = await place.connect()
        await second.send(HELLO)
        refused = await second.rest()
        gated.gate.set()

        assert status_of(refused) == 503
        assert b"retry-after: 1" in refused
        assert status_of(await first.ask(b"")) == 200


async def test_a_stopping_server_answers_what_is_open_and_accepts_nothing_more() -> None:
    gated = Gated()
    async with serving(gated) as place:
        busy, idle = await place.connect(), await place.connect()
        await busy.send(HELLO)
        await gated.entered.wait()

        stopping = asyncio.ensure_future(place.server.stop(20))
        assert await idle.rest() == b""  # Closed: it has asked for nothing.
        with pytest.raises(ConnectionRefusedError):
            await place.connect()
        gated.gate.set()
        answered = await busy.rest()
        await stopping

        assert status_of(answered) == 200
        assert answered.endswith(b"hello")
        assert b"connection: close" in answered


async def test_a_request_that_holds_up_a_stop_for_too_long_is_told_so() -> None:
    gated = Gated()
    async with serving(gated) as place:
        client = await place.connect()
        await client.send(HELLO)
        await gated.entered.wait()

        await place.server.stop(0.05)
        left = await client.rest()

        assert status_of(left) == 503
        assert b"retry-after: 1" in left
        assert left.endswith(b'whether it has happened is not known [stopping]"}')
