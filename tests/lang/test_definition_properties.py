"""Whatever the text: an answer, never an exception, and every problem inside the text."""

import re
from textwrap import indent

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maestrale.lang import CODES, DocumentKind, parse

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")

WORDS = [
    *(
        "version",
        "'2.0'",
        "tasks",
        "action",
        "workflow",
        "input",
        "publish",
        "on-success",
        "next",
        "join",
        "all",
    ),
    *(
        "with-items",
        "i in <% $.x %>",
        "retry",
        "count=1 delay=2",
        "requires",
        "type",
        "reverse",
        "task-defaults",
    ),
    *(
        "base",
        "base-input",
        "name",
        "workflows",
        "actions",
        "<% $.a %>",
        "{{ _.b }}",
        "'<% $. %>'",
        "fail",
        "a",
    ),
    *(
        "b",
        "1",
        "-1",
        "true",
        "null",
        "~",
        ".inf",
        "2020-01-01",
        "fail msg='x'",
        "&x",
        "*x",
        "@",
        "on",
        "''",
        "<<",
    ),
]

scalars = st.sampled_from(WORDS)
flow_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(scalars, inner), max_size=4).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=25,
)
snippets = st.lists(
    st.sampled_from([*WORDS, *":-?[]{},|>#&*!%@`\"' \n\t", ": ", "- ", "\n  ", "---\n"]), max_size=60
)


def check(text: str | bytes, kind: DocumentKind | None = None) -> None:
    parsed = parse(text, kind=kind)

    assert (parsed.definitions is None) == bool(parsed.errors)
    readable = text if isinstance(text, str) else text.decode("utf-8", errors="replace")
    lines = LINE_BREAK.split(readable.removeprefix("\ufeff"))
    for problem in parsed.problems:
        assert problem.code in CODES
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert str(problem)


@given(st.binary())
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf\xff")
def test_any_bytes_have_an_answer(text: bytes) -> None:
    check(text)


@given(st.text())
@example("\ufeff\ufeff")
@example('"\\ud800"')
@example("a: \u2028b: c: d")
def test_any_text_has_an_answer(text: str) -> None:
    check(text)


@given(snippets.map("".join), st.sampled_from([None, *DocumentKind]))
def test_any_text_of_yaml_marks_and_words_has_an_answer(text: str, kind: DocumentKind | None) -> None:
    check(text, kind)


@settings(max_examples=200)
@given(flow_values, st.sampled_from([None, *DocumentKind]))
def test_any_data_has_an_answer(value: str, kind: DocumentKind | None) -> None:
    check(value, kind)
    check(f"version: '2.0'\na: {value}", kind)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(WORDS), flow_values, max_size=5))
def test_any_task_has_an_answer(fields: dict[str, str]) -> None:
    body = "\n".join(f"{key}: {value}" for key, value in fields.items()) or "{}"
    for type_ in ("direct", "reverse"):
        check(
            f"version: '2.0'\nw:\n  type: {type_}\n  tasks:\n    a:\n{indent(body, '      ')}\n    b: {{}}\n"
        )


@given(
    st.text(alphabet="ab=\"'[]{}<%>$. 1-()\n", max_size=40),
    st.sampled_from(["action", "retry", "with-items"]),
)
def test_any_line_has_an_answer(line: str, key: str) -> None:
    quoted = line.replace("'", "''")
    check(f"version: '2.0'\nw: {{tasks: {{a: {{{key}: '{quoted}'}}}}}}")


@pytest.mark.parametrize("kind", DocumentKind)
def test_the_same_text_has_the_same_answer(kind: DocumentKind) -> None:
    text = "version: '2.0'\nw: {tasks: {a: {on-success: b}, b: {}}}"

    assert parse(text, kind=kind) == parse(text.encode(), kind=kind)
