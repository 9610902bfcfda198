"""What can be a publisher, and what is said of what cannot."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.core import Publisher, check_publishers
from maestrale.core.publishers import stored_publishers
from maestrale.errors import InvalidInput
from maestrale.expressions import Json

from .staging import tasks

HOOK = {"type": "webhook", "url": "https://hook.example:8443/in?key=1"}


def test_entries_are_read_and_those_that_are_no_mappings_are_skipped() -> None:
    headers = {"Authorization": "Bearer s3cret"}
    entries = [{"type": "noop"}, "webhook", HOOK | {"event_types": ["TASK_FAILED"], "headers": headers}, 7]

    assert check_publishers(entries) == (
        Publisher(type="noop"),
        Publisher(type="webhook", url=HOOK["url"], headers=headers, event_types=("TASK_FAILED",)),
    )


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_no_publishers_are_no_fault(nothing: Json) -> None:
    assert check_publishers(nothing) == ()


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({}, "has the type of the kind NoneType; there are `webhook` and `noop`"),
        ({"type": "webhok"}, "has the type `webhok`; there are `webhook` and `noop`"),
        ({"type": "webhook"}, "has no `url`"),
        ({"type": "webhook", "url": "hook.example"}, "has a `url` that is no http:// or https:// address"),
        ({"type": "webhook", "url": "ftp://hook/"}, "has a `url` that is no http:// or https:// address"),
        ({"type": "webhook", "url": "http://a:99999/"}, "has a `url` that is no http:// or https:// address"),
        ({"type": "webhook", "url": "http://a b/"}, "has a `url` that is no http:// or https:// address"),
        ({"type": "webhook", "url": 7}, "has a `url` that is no http:// or https:// address"),
        (HOOK | {"headers": ["a"]}, "has `headers` that are no mapping"),
        (HOOK | {"headers": {"a b": "c"}}, "has a header `a b`, which is no name of a header"),
        (HOOK | {"headers": {"A": "s3cret\n"}}, "has a header `A` whose value is no text in one line"),
        (HOOK | {"headers": {"A": 7}}, "has a header `A` whose value is no text in one line"),
        (HOOK | {"headers": {"Host": "b"}}, "sets the header `Host`, which the service sets itself"),
        (
            HOOK | {"headers": {"Webhook-Id": "b"}},
            "sets the header `Webhook-Id`, which the service sets itself",
        ),
        (HOOK | {"event_types": "TASK_FAILED"}, "has `event_types` that are no list"),
    ],
)
def test_what_cannot_be_told_anything_is_refused_without_showing_a_secret(
    entry: dict[str, Any], fault: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_publishers([{"type": "noop"}, entry])

    assert caught.value.code == "wrong-publisher"
    assert caught.value.message == f"publisher 2 of `notify` {fault}"
    assert stored_publishers([{"type": "noop"}, entry]) == (Publisher(type="noop"),)


def test_an_event_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_publishers([{"type": "noop", "event_types": ["WORKFLOW_DONE"]}])

    assert caught.value.message.startswith(
        "publisher 1 of `notify` wants the event `WORKFLOW_DONE`; there are WORKFLOW_LAUNCHED, "
    )


@pytest.mark.parametrize("value", ["webhook", {"type": "noop"}, 7, True])
def test_what_is_no_list_is_refused(value: Json) -> None:
    with pytest.raises(InvalidInput, match="`notify` is a list of publishers"):
        check_publishers(value)


def test_an_execution_that_began_with_what_is_refused_today_tells_whom_it_can() -> None:
    """Its history is folded for ever."""
    stage = tasks("a: {action: std.noop}", params={"notify": [{"type": "kafka"}, {"type": "noop"}]})

    assert stage.root.state == "SUCCESS"
    assert {notice.address for notice in stage.notices} == {'{"type": "noop"}'}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["webhook", "noop"]) | JSON,
        "url": st.sampled_from(["http://a/", "https://[::1]/"]) | st.text() | JSON,
        "headers": st.dictionaries(st.text(max_size=5), st.text(max_size=5)) | JSON,
        "event_types": st.lists(st.sampled_from(["TASK_FAILED"])) | JSON,
    },
)


@given(st.lists(ENTRY | JSON) | JSON)
def test_whatever_notify_is_it_is_read_or_refused(value: Json) -> None:
    try:
        expected = check_publishers(value)
    except InvalidInput as error:
        expected, refused = (), error.code
    else:
        refused = ""

    assert refused in ("", "wrong-publisher")
    assert refused or stored_publishers(value) == expected
