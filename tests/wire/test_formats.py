import json
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from maestrale.errors import InvalidInput
from maestrale.wire.formats import (
    check_uuid_like,
    is_uuid_like,
    json_text,
    json_text_of,
    parse_json_text,
    parse_timestamp,
    timestamp,
    timestamp_or_none,
)

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(PLAIN)
def test_json_text_is_what_python_writes_by_default(value: Any) -> None:
    assert json_text_of(value) == json.dumps(value)


def test_json_text_takes_mappings_that_are_no_dict() -> None:
    assert json_text(MappingProxyType({"a": MappingProxyType({"ü": (1, 2)})})) == '{"a": {"\\u00fc": [1, 2]}}'


def test_json_text_of_nothing_is_nothing() -> None:
    assert (json_text(None), json_text_of(None)) == (None, "null")


def test_an_integer_that_no_reader_takes_becomes_a_text() -> None:
    assert json_text({"n": [1 << 20_000, 1]}) == json.dumps({"n": [hex(1 << 20_000), 1]})


@given(st.dictionaries(st.text(), PLAIN))
def test_an_object_and_its_text_are_the_same_input(value: dict[str, Any]) -> None:
    text = json.dumps(value, ensure_ascii=False)

    assert (parse_json_text(value, "input"), parse_json_text(text, "input")) == (value, value)


@pytest.mark.parametrize("nothing", [UNSET, None, {}, [], 0, False, "null", "{}", "[]", '""', "0", "false"])
def test_what_counts_as_nothing_is_an_empty_object(nothing: Any) -> None:
    assert parse_json_text(nothing, "input") == {}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("", "not-json"),
        ("{", "not-json"),
        ("[" * 100_000, "not-json"),
        ("\ud800", "not-json"),
        ("[1]", "not-an-object"),
        ([1], "not-an-object"),
        ('"text"', "not-an-object"),
        (7, "not-an-object"),
        (True, "not-an-object"),
    ],
)
def test_what_is_no_object_is_refused_with_the_name_of_the_attribute(wrong: Any, code: str) -> None:
    with pytest.raises(InvalidInput, match="`params`") as caught:
        parse_json_text(wrong, "params")

    assert caught.value.code == code


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_timestamp_is_the_second_of_an_instant(instant: datetime) -> None:
    assert parse_timestamp(timestamp(instant)) == instant.replace(microsecond=0)


def test_a_timestamp_is_in_utc() -> None:
    instant = datetime(2026, 8, 1, 1, 30, 5, 999_999, tzinfo=timezone(timedelta(hours=2)))

    assert (timestamp(instant), timestamp_or_none(None)) == ("2026-07-31 23:30:05", None)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-08-01", datetime(2026, 8, 1, tzinfo=UTC)),
        (" 2026-08-01 12:30 ", datetime(2026, 8, 1, 12, 30, tzinfo=UTC)),
        ("2026-08-01T12:30:00Z", datetime(2026, 8, 1, 12, 30, tzinfo=UTC)),
        ("2026-08-01T12:30:00+02:00", datetime(2026, 8, 1, 10, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00+02:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_an_instant_may_be_written_as_iso_8601_has_it(text: str, instant: datetime | None) -> None:
    assert parse_timestamp(text) == instant


@given(st.uuids(), st.booleans(), st.booleans())
def test_a_uuid_is_like_one_in_any_spelling(uuid: Any, has_dashes: bool, is_upper: bool) -> None:
    text = str(uuid) if has_dashes else uuid.hex

    assert is_uuid_like(text.upper() if is_upper else text)


@pytest.mark.parametrize("text", ["", "nonsense", "1" * 31, "1" * 33, "g" * 32, "１" * 32])
def test_what_is_no_uuid_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="`marker` has to be a UUID"):
        check_uuid_like(text, "marker")
