"""Marks in plain data: found, revealed, masked, given back; and texts that lose the secrets in them."""

import json
from typing import Any

import pytest

from maestrale.expressions.secrets import (
    has_marks,
    is_open_mapping,
    marked_where_told,
    mask,
    restored,
    reveal,
    scrubbed,
    scrubbed_data,
    secret_texts,
    spellings,
    spread,
)

DATA: dict[str, Any] = {
    "user": "ada",
    "password": {"$secret": "hunter2"},
    "hosts": [{"name": "a", "key": {"$secret": {"type": "rsa", "text": "abc"}}}, {"name": "b"}],
}


def test_data_with_marks_is_revealed_and_masked_as_deep_as_it_goes() -> None:
    assert reveal(DATA) == {
        "user": "ada",
        "password": "hunter2",
        "hosts": [{"name": "a", "key": {"type": "rsa", "text": "abc"}}, {"name": "b"}],
    }
    assert mask(DATA) == {
        "user": "ada",
        "password": "***",
        "hosts": [{"name": "a", "key": "***"}, {"name": "b"}],
    }
    assert (has_marks(DATA), has_marks(reveal(DATA)), has_marks(mask(DATA))) == (True, False, False)


def test_data_without_marks_is_not_copied() -> None:
    plain = {"a": [1, {"b": None}], "$secret": 1, "c": {"$secrets": 2}}

    assert reveal(plain) is plain and mask(plain) is plain
    assert reveal(DATA)["hosts"][1] is DATA["hosts"][1]


def test_a_mark_inside_a_mark_is_one_secret() -> None:
    twice = {"$secret": {"$secret": [{"$secret": 1}]}}

    assert (reveal(twice), mask(twice), is_open_mapping(twice)) == ([1], "***", False)


def test_what_is_nested_beyond_all_measure_is_masked_as_a_whole() -> None:
    deep: Any = {"$secret": "hunter2"}
    for _ in range(5000):
        deep = [deep]

    assert mask(deep) == "***"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"$secret": {"a": 1, "b": [2]}}, {"a": {"$secret": 1}, "b": {"$secret": [2]}}),
        ({"$secret": [1, {"$secret": 2}]}, [{"$secret": 1}, {"$secret": 2}]),
        ({"$secret": {"$secret": {"a": 1}}}, {"a": {"$secret": 1}}),
        ({"$secret": "text"}, {"$secret": "text"}),
        ({"a": {"$secret": 1}}, {"a": {"$secret": 1}}),
        (None, None),
    ],
)
def test_the_mark_of_a_whole_becomes_marks_of_its_items(value: Any, found: Any) -> None:
    assert spread(value) == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (mask(DATA), DATA),
        ({**mask(DATA), "user": "bob", "new": "***"}, {**DATA, "user": "bob", "new": "***"}),
        ({"password": {"$secret": "***"}}, {"password": DATA["password"]}),
        ({"password": {"$secret": "other"}}, {"password": {"$secret": "other"}}),
        ({"password": "open now", "user": "***"}, {"password": "open now", "user": "***"}),
        ({"hosts": []}, {"hosts": []}),
        (
            {"hosts": [{"key": "***"}, {"key": "***"}, "***"]},
            {"hosts": [{"key": DATA["hosts"][0]["key"]}, {"key": "***"}, "***"]},
        ),
        ({"hosts": {"key": "***"}}, {"hosts": {"key": "***"}}),
    ],
)
def test_a_mask_that_comes_back_stands_for_the_secret(given: Any, found: Any) -> None:
    assert restored(given, DATA) == found


def test_texts_lose_secrets_that_are_long_enough_the_longest_first() -> None:
    known = secret_texts([DATA, {"$secret": "abcd"}, {"$secret": "abcdef"}, {"$secret": 123456}])

    assert (
        scrubbed("hunter2 said abcdef and abcd and abc, 123456 times", known)
        == "*** said *** and *** and abc, *** times"
    )
    assert scrubbed_data({"why": ["no hunter2", 1, None]}, known) == {"why": ["no ***", 1, None]}


def test_secrets_are_found_in_the_quoted_forms_of_messages() -> None:
    secret = 'two\nlines and "quotes" \\ here'
    known = spellings(*secret_texts({"$secret": secret}))

    for told in (secret, repr(secret), json.dumps(secret), str([secret])):
        assert "quotes" not in scrubbed(f"wrong: {told}", known)


def test_what_shows_a_secret_is_marked_where_it_does() -> None:
    result = {"out": "token hunter2", "code": 0, "lines": ["a", "hunter2"], "hunter2": 1, "n": 1234567}

    assert marked_where_told({**result, "by": {"hunter2": 1}}, {"hunter2"}) == {
        "$secret": {**result, "by": {"hunter2": 1}}
    }
    del result["hunter2"]
    assert marked_where_told({**result, "by": {"hunter2": 1}}, {"hunter2", "34567"}) == {
        "out": {"$secret": "token hunter2"},
        "code": 0,
        "lines": ["a", {"$secret": "hunter2"}],
        "n": {"$secret": 1234567},
        "by": {"$secret": {"hunter2": 1}},
    }
