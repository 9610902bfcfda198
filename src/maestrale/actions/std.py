"""The standard actions: the small ones, and the names of the large ones.

Source: Mistral v2, "Standard actions"; `std.command` is ours. Importing this must stay cheap: what an
action needs besides the standard library is imported when it runs.
"""

import asyncio

from maestrale.actions.command import command
from maestrale.actions.declare import DISPATCH, action
from maestrale.actions.http import http, mistral_http
from maestrale.actions.javascript import javascript
from maestrale.actions.mail import email
from maestrale.actions.results import ActionFailed
from maestrale.actions.ssh import ssh, ssh_proxied
from maestrale.core.catalogue import Result
from maestrale.expressions.scope import Json

__all__ = [
    "async_noop",
    "command",
    "echo",
    "email",
    "fail",
    "http",
    "javascript",
    "make_mapping",
    "mistral_http",
    "noop",
    "sleep",
    "ssh",
    "ssh_proxied",
]

LONGEST_PAUSE = 10 * 365 * 24 * 3600.0
"""In seconds. Longer ones mean "for ever" and would overflow the clocks."""

ENTRIES_AT_ONCE = 1_000
"""So many entries `std.test_dict` makes inside a turn; more would keep others waiting."""

MOST_ENTRIES = 10_000_000


@action("std.noop", safe_rerun=True, pure=True)
def noop() -> None:
    """Do nothing and succeed."""


@action("std.async_noop", safe_rerun=True, asynchronous=True)
async def async_noop() -> None:
    """Do nothing and wait until the API completes it."""


def _echo_at_once(output: Json, delay: Json = 0) -> Json:
    return DISPATCH if _seconds(delay) else output


@action("std.echo", safe_rerun=True, pure=_echo_at_once)
async def echo(output: Json, delay: Json = 0) -> Json:
    """Give back `output` as it is, after `delay` seconds. A delay that is no number is none."""
    await asyncio.sleep(_seconds(delay))
    return output


@action("std.fail", safe_rerun=True, pure=True)
def fail(error_data: Json = None) -> None:
    """Fail, with `error_data` as the error where it is neither null nor empty."""
    if error_data:
        raise ActionFailed(error_data)
    raise RuntimeError("Fail action expected exception.")


def _make_mapping_at_once(size: int = 0, key_prefix: Json = "", val: Json = "") -> Json:
    return DISPATCH if size > ENTRIES_AT_ONCE else make_mapping(size, key_prefix, val)


@action("std.test_dict", safe_rerun=True, pure=_make_mapping_at_once)
def make_mapping(size: int = 0, key_prefix: Json = "", val: Json = "") -> Json:
    """Make a mapping of `size` entries from `<key_prefix>0` on, each with the value `val`."""
    if size > MOST_ENTRIES:
        return Result(error=f"std.test_dict makes at most {MOST_ENTRIES} entries")
    return {f"{key_prefix}{index}": val for index in range(size)}


@action("std.sleep", safe_rerun=True)
async def sleep(seconds: Json = 1) -> None:
    """Wait so many whole seconds. What is no whole number counts as none, but a fraction is cut off."""
    try:
        whole = int(seconds)
    except (TypeError, ValueError, OverflowError):
        whole = 0
    await asyncio.sleep(min(max(whole, 0), LONGEST_PAUSE))


def _seconds(value: Json) -> float:
    """A duration as the reference reads it: text with a number in it will do, nonsense is 0."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(seconds, LONGEST_PAUSE) if seconds > 0 else 0.0
