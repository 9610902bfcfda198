"""Answers that say no, or that are none."""

import asyncio
from typing import Any

import pytest

from maestrale.client import Client, NoAnswer
from maestrale.errors import Conflict, Error, Forbidden, InvalidInput, NotFound, Unavailable

from .house import LOST, BreakingServer, answer, execution_data

FAULT = {"faultcode": "Any", "faultstring": "no such thing [the-code]\n  hint: look again", "debuginfo": None}


async def refusal(*answers: bytes, patience: float = 0.0) -> Error:
    """What reading an execution ends with."""
    async with BreakingServer(*answers) as server, Client(server.url, patience=patience) as client:
        with pytest.raises(Error) as refused:
            await client.executions.get("e1")
    return refused.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidInput),
        (401, Forbidden),
        (403, Forbidden),
        (404, NotFound),
        (405, InvalidInput),
        (409, Conflict),
        (415, InvalidInput),
        (418, InvalidInput),
        (423, Conflict),
        (500, Unavailable),
        (503, NoAnswer),
    ],
)
async def test_a_status_becomes_its_kind_of_error(status: int, kind: type[Error]) -> None:
    error = await refusal(answer(FAULT, status))

    assert type(error) is kind
    assert (error.message, error.code, error.hint) == ("no such thing", "the-code", "look again")


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        (answer({"faultstring": "plain"}, 404), "plain", "not-found"),
        (answer({"title": "Locked", "description": "paused"}, 423), "paused", "maintenance"),
        (answer({"faultstring": "said"}, 404, Maestrale_Error_Code="mine"), "said", "mine"),
        (answer(b"", 404, Server_Error_Message="in a header"), "in a header", "not-found"),
        (
            answer(b"<html><title>Bad</title><h1>502 Bad &amp; gone</h1></html>", 502),
            "502 Bad & gone",
            "unavailable",
        ),
        (answer(b"", 404), "the server answered `GET /v2/executions/e1` with status 404", "not-found"),
        (answer(b"\xff\xfe", 500), "��", "server-error"),
        (answer({"faultstring": "teapot"}, 418), "teapot", "status-418"),
    ],
)
async def test_the_message_is_found_wherever_it_is(text: bytes, message: str, code: str) -> None:
    error = await refusal(text)

    assert (error.message, error.code) == (message, code)


@pytest.mark.parametrize(
    "text",
    [
        answer(b"<html>Welcome</html>"),
        answer([1]),
        answer({"id": "e1"}),
        answer(execution_data(created_at="yesterday")),
        answer(execution_data(input="{broken")),
        answer(execution_data(state=None)),
        answer(b""),
    ],
)
async def test_an_answer_that_is_no_execution_is_told_as_such(text: bytes) -> None:
    error = await refusal(text)

    assert (type(error), error.code) == (Unavailable, "unexpected-answer")


async def test_a_server_that_is_not_there_is_named_at_once_with_how_to_start_one() -> None:
    async with BreakingServer() as gone:
        url = gone.url
    async with Client(url, patience=60) as client:
        with pytest.raises(Unavailable) as refused:
            async with asyncio.timeout(5):
                await client.executions.get("e1")

    assert (refused.value.code, refused.value.message) == (
        "server-unreachable",
        f"no server answers at `{url}`: Connection refused",
    )
    assert refused.value.hint is not None and "maestrale server" in refused.value.hint


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Client(url, timeout=0.05, patience=0) as client:
        with pytest.raises(Unavailable) as refused:
            await client.tasks.skip("t1")

    assert refused.value.code == "answer-lost"
    assert "it took too long; it may have been done all the same" in refused.value.message


@pytest.mark.parametrize("url", ["", "127.0.0.1:8989", "ftp://host", "http://", "http://h?x=1", "http://h:x"])
def test_what_is_no_url_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Client(url)

    assert refused.value.code == "server-url"


@pytest.mark.parametrize("url", ["http://h:1", "http://h:1/", "http://h:1/v2", "http://h:1/v2/"])
def test_the_url_may_lead_to_the_api_or_to_the_server(url: str) -> None:
    assert Client(url).url == "http://h:1"


@pytest.mark.parametrize("value", ["a\nb", "é", "a\x7f"])
def test_what_a_header_cannot_carry_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Client(project=value)

    assert refused.value.code == "header-value"


async def test_the_project_and_the_token_go_out_as_headers() -> None:
    async with (
        BreakingServer(answer(execution_data())) as server,
        Client(server.url + "/prefix/v2", project="p", token="t") as client,
    ):
        await client.executions.get("a b")
    (asked,) = server.asked

    assert (asked.method, asked.path) == ("GET", "/prefix/v2/executions/a%20b")
    assert (asked.headers["x-project-id"], asked.headers["x-auth-token"]) == ("p", "t")


async def test_what_is_no_data_cannot_be_sent() -> None:
    async with Client() as client:
        with pytest.raises(InvalidInput) as refused:
            await client.executions.start("w", input={"x": object()})

    assert refused.value.code == "not-json"


# Lost answers.


async def test_a_start_whose_answer_was_lost_is_repeated_with_the_same_id() -> None:
    async with (
        BreakingServer(LOST, answer({}, 503), answer(execution_data(), 201)) as server,
        Client(server.url) as client,
    ):
        await client.executions.start("greet", input={"name": "Ada"})
    bodies: list[Any] = [asked.body for asked in server.asked]

    assert len(bodies) == 3
    assert bodies[0] == bodies[1] == bodies[2]
    assert len(bodies[0]["id"]) == 36


async def test_a_reading_request_is_repeated_and_a_writing_one_is_not() -> None:
    async with (
        BreakingServer(LOST, answer(execution_data()), LOST) as server,
        Client(server.url) as client,
    ):
        read = await client.executions.get("e1")
        with pytest.raises(Unavailable) as lost:
            await client.executions.pause("e1")

    assert read.id == "e1"
    assert lost.value.code == "answer-lost"
    assert [asked.method for asked in server.asked] == ["GET", "GET", "PUT"]


async def test_patience_ends() -> None:
    error = await refusal(LOST, LOST, patience=0.15)

    assert error.code == "answer-lost"


async def test_waiting_outlives_a_lost_answer() -> None:
    async with (
        BreakingServer(LOST, answer(execution_data(state="SUCCESS", output='{"x": 1}'))) as server,
        Client(server.url) as client,
    ):
        execution = await client.executions.wait("e1")

    assert execution.output == {"x": 1}
    assert [asked.path for asked in server.asked] == ["/v2/executions/e1?wait=30.000&until=done"] * 2


async def test_waiting_outlives_a_server_that_is_away_between_two_of_its_answers() -> None:
    missed = asyncio.Event()
    server = BreakingServer(answer(execution_data()))
    port = await server.start()
    async with Client(server.url, on_interruption=lambda error: missed.set()) as client:
        waiting = asyncio.ensure_future(client.executions.wait("e1"))
        await server.has_answered_all.wait()
        await server.stop()
        await missed.wait()
        async with BreakingServer(answer(execution_data(state="SUCCESS")), port=port):
            execution = await waiting

    assert execution.state == "SUCCESS"


async def test_a_person_can_be_told_of_each_answer_that_is_asked_for_again() -> None:
    told: list[str] = []

    async with (
        BreakingServer(
            LOST, answer({"faultstring": "later [busy]"}, 503), answer(execution_data())
        ) as server,
        Client(server.url, on_interruption=lambda error: told.append(str(error))) as client,
    ):
        await client.executions.get("e1")

    assert told == [
        "the answer to `GET /v2/executions/e1` was lost: the connection ended before the answer did"
        " [answer-lost]",
        "later [busy]",
    ]


async def test_an_answer_that_is_not_asked_for_again_is_an_error_and_nothing_else() -> None:
    told: list[NoAnswer] = []

    async with (
        BreakingServer(LOST) as server,
        Client(server.url, patience=0, on_interruption=told.append) as client,
    ):
        with pytest.raises(NoAnswer, match="ended before the answer did"):
            await client.executions.get("e1")

    assert told == []


# Pages.


async def test_pages_are_read_until_there_is_no_next() -> None:
    def page(*ids: str, more: bool) -> bytes:
        rows = [execution_data(id=id) for id in ids]
        return answer({"executions": rows, **({"next": "http://elsewhere/"} if more else {})})

    async with (
        BreakingServer(page("a", "b", more=True), page("c", more=False)) as server,
        Client(server.url) as client,
    ):
        ids = [execution.id async for execution in client.executions.list(state="ERROR", sort="-id")]

    assert ids == ["a", "b", "c"]
    assert [asked.path.partition("?")[2] for asked in server.asked] == [
        "sort_keys=id&sort_dirs=desc&state=eq%3AERROR&limit=200",
        "sort_keys=id&sort_dirs=desc&state=eq%3AERROR&limit=200&marker=b",
    ]


async def test_a_server_that_gives_one_page_for_ever_is_not_followed() -> None:
    page = answer({"executions": [execution_data()], "next": "http://elsewhere/"})
    async with BreakingServer(page, page) as server, Client(server.url) as client:
        with pytest.raises(Unavailable) as refused:
            [execution async for execution in client.executions.list()]

    assert refused.value.code == "unexpected-answer"


async def test_no_more_pages_are_read_than_wanted() -> None:
    page = answer({"executions": [execution_data(id="a"), execution_data(id="b")], "next": "x"})
    async with BreakingServer(page) as server, Client(server.url) as client:
        ids = [execution.id async for execution in client.executions.list(limit=2)]

    assert ids == ["a", "b"]
    assert server.asked[0].path == "/v2/executions?limit=2"
