"""Lengths of fake time, written and read."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.expressions import Json
from maestrale.testing.cases.durations import read_duration, shown


@pytest.mark.parametrize(
    ("written", "length"),
    [
        (90, timedelta(seconds=90)),
        (0.5, timedelta(milliseconds=500)),
        ("0s", timedelta()),
        ("1h 30min", timedelta(hours=1, minutes=30)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1.5 d", timedelta(hours=36)),
        ("250ms", timedelta(milliseconds=250)),
    ],
)
def test_a_length_is_read_in_units_or_in_seconds(written: Json, length: timedelta) -> None:
    assert read_duration(written) == length


@pytest.mark.parametrize("written", ["", "soon", "5", "-1s", -1, True, None, [1], "1y", "200000d", 1e300])
def test_what_is_no_length_is_told_apart(written: Json) -> None:
    assert read_duration(written) is None


@given(st.integers(0, 10**12))
def test_what_is_shown_can_be_read_again(milliseconds: int) -> None:
    length = timedelta(milliseconds=milliseconds)

    assert read_duration(shown(length)) == length
