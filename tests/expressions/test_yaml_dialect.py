"""YAML without anchors and aliases."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from maestrale.expressions.yaml_dialect import HardenedLoader, dump, load


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: &x foo", {"a": "&x foo"}),
        ("b: *x", {"b": "*x"}),
        ("c: @home", {"c": "@home"}),
        ("[&a, *b, @c, '*d']", ["&a", "*b", "@c", "*d"]),
        ("{a: *, b: &}", {"a": "*", "b": "&"}),
        ("* * * * *", "* * * * *"),
        ("*: 1", {"*": 1}),
        ("- &\n- x", ["&", "x"]),
        ("&x\n  y", "&x y"),
        ("a: 1 & 2 * 3 @ 4 # note", {"a": "1 & 2 * 3 @ 4"}),
        ("'&x': \"*y\"", {"&x": "*y"}),
        ("|\n  &x *y @z\n", "&x *y @z\n"),
        ("yes: on", {True: True}),
        ("a: 012", {"a": 10}),
        ("a: 1\na: 2", {"a": 2}),
        ("", None),
    ],
)
def test_the_dialect_reads(text: str, data: Any) -> None:
    assert load(text) == data


@pytest.mark.parametrize(
    "text",
    [
        "a: &b {x: 1}",
        "a: &b\n  x: 1",
        "<<: *x",
        "a: %b",
        "a: `b",
        "!!python/object/apply:os.system [id]",
        "!custom x",
        "a: 1\n---\nb: 2",
        "a: [",
    ],
)
def test_the_dialect_refuses(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        load(text)


def test_events_and_marks_are_as_usual() -> None:
    text = "tasks:\n  t: &x\n  u: [@a, *b]\n"

    scalars = [
        (event.value, event.start_mark.line, event.start_mark.column)
        for event in yaml.parse(text, Loader=HardenedLoader)
        if isinstance(event, yaml.ScalarEvent) and event.start_mark is not None
    ]

    assert scalars == [("tasks", 0, 0), ("t", 1, 2), ("&x", 1, 5), ("u", 2, 2), ("@a", 2, 6), ("*b", 2, 10)]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="ab&*@ :-'\"\n1ž👍", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet="ab&*@", min_size=1), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(plain)
def test_what_is_dumped_is_loaded_again_and_is_read_alike_by_any_reader(data: Any) -> None:
    text = dump([data, data])

    assert load(text) == [data, data]
    assert yaml.safe_load(text) == [data, data]
    assert text.isascii()
