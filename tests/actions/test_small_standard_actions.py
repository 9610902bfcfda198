import asyncio
import time
from typing import Any

import pytest

from maestrale.actions import ActionContext, Registry, Result

REGISTRY = Registry()


def pure(name: str, **input: Any) -> Result | None:
    spec = REGISTRY.find_action(name)
    assert spec is not None
    assert spec.pure is not None
    return spec.pure(input)


def run(name: str, **input: Any) -> Any:
    found = REGISTRY.get_action(name)
    returned = found.function(**found.arguments(input, ActionContext(), {}))
    return asyncio.run(returned) if found.is_async else returned


def test_noop_succeeds_with_nothing() -> None:
    assert pure("std.noop") == Result()


def test_async_noop_waits_for_the_api() -> None:
    spec = REGISTRY.find_action("std.async_noop")

    assert spec is not None
    assert (spec.asynchronous, spec.pure, run("std.async_noop")) == (True, None, None)


@pytest.mark.parametrize("output", [None, 0, "", [1, {"a": None}], {"b": 1.5}])
def test_echo_gives_back_what_it_got(output: Any) -> None:
    assert pure("std.echo", output=output) == Result(value=output)
    assert run("std.echo", output=output) == output


@pytest.mark.parametrize("delay", [0, None, "soon", -1, "-2", [], float("nan"), "0"])
def test_a_delay_that_is_none_or_nonsense_does_not_delay(delay: Any) -> None:
    assert pure("std.echo", output=1, delay=delay) == Result(value=1)


@pytest.mark.parametrize("delay", [1, 0.5, "2", "0.01", 10**400])
def test_an_echo_with_a_delay_is_not_given_inside_the_turn(delay: Any) -> None:
    assert pure("std.echo", output=1, delay=delay) is None or delay == 10**400


def test_an_echo_waits_for_its_delay() -> None:
    began = time.monotonic()

    assert run("std.echo", output=1, delay="0.05") == 1
    assert time.monotonic() - began >= 0.05


@pytest.mark.parametrize("seconds", [0, -5, "x", "1.5", None, [], 0.9, "-1", float("nan"), float("inf")])
def test_a_sleep_of_no_whole_second_ends_at_once(seconds: Any) -> None:
    began = time.monotonic()

    assert run("std.sleep", seconds=seconds) is None
    assert time.monotonic() - began < 0.9


@pytest.mark.parametrize("seconds", [1, "1", 10**15, 1.9])
def test_a_sleep_of_a_second_or_more_goes_on(seconds: Any) -> None:
    async def begin_and_look() -> bool:
        found = REGISTRY.get_action("std.sleep")
        sleeping = asyncio.ensure_future(found.function(seconds=seconds))
        for _ in range(10):
            await asyncio.sleep(0)
        ended: bool = sleeping.done()
        sleeping.cancel()
        await asyncio.wait([sleeping])
        return ended

    assert not asyncio.run(begin_and_look())


@pytest.mark.parametrize("error_data", ["no", {"code": 1}, [0], 1])
def test_fail_fails_with_its_data(error_data: Any) -> None:
    assert pure("std.fail", error_data=error_data) == Result(error=error_data)


@pytest.mark.parametrize("input", [{}, {"error_data": None}, {"error_data": ""}, {"error_data": {}}])
def test_fail_without_data_fails_with_words(input: dict[str, Any]) -> None:
    assert pure("std.fail", **input) == Result(
        error="The action raised an exception [action=std.fail, msg='Fail action expected exception.']"
    )


def test_test_dict_numbers_its_keys() -> None:
    assert pure("std.test_dict", size=3, key_prefix="k", val=[1]) == Result(
        value={"k0": [1], "k1": [1], "k2": [1]}
    )
    assert pure("std.test_dict") == Result(value={})
    assert pure("std.test_dict", size=-1) == Result(value={})


def test_a_large_test_dict_is_not_made_inside_the_turn() -> None:
    assert pure("std.test_dict", size=1_001) is None
    assert len(run("std.test_dict", size=1_001)) == 1_001
    assert run("std.test_dict", size=10**12).is_error


def test_what_may_be_repeated_after_a_crash() -> None:
    safe = {spec.name for spec in REGISTRY.list_actions() if spec.may_rerun({})}

    assert set(REGISTRY.names()) - safe == {"std.command", "std.email", "std.ssh", "std.ssh_proxied"}
