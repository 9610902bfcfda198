"""Texts on PostgreSQL are what they are elsewhere, NUL characters included."""

from hypothesis import given
from hypothesis import strategies as st

from maestrale.store.postgresql_texts import escaped, unescaped

TEXTS = st.text(st.sampled_from("\0\1\2\3aé\uffff"), max_size=8)


@given(TEXTS)
def test_a_text_is_read_as_it_was_written_and_is_written_without_nul(text: str) -> None:
    [written] = escaped((text,))

    assert ("\0" in written, unescaped([(written, None, 5)])) == (False, [(text, None, 5)])


@given(TEXTS, TEXTS)
def test_texts_sort_and_contain_each_other_as_before(one: str, other: str) -> None:
    first, second = escaped((one, other))

    assert (first < second, first.startswith(second)) == (one < other, one.startswith(other))


@given(TEXTS, TEXTS)
def test_a_text_that_contains_another_still_does(text: str, part: str) -> None:
    [whole, inner] = escaped((text, part))

    assert inner in whole or part not in text


def test_parameters_that_hold_no_such_text_are_passed_on_as_they_are() -> None:
    parameters = ("plain", 5, b"\0", None)

    assert escaped(parameters) is parameters
