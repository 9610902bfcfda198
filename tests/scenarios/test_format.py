"""A scenario that is not written in the format is refused, so that no line of it goes unchecked."""

from pathlib import Path

import pytest

from .scenario import Fact, Result, ScenarioError, Step, matches, read_scenario

HEAD = "# A heading\n\nProse.\n\n```yaml\nversion: '2.0'\n```\n\n"


def _read(trace: str, tmp_path: Path, *, head: str = HEAD) -> list[Step | Fact]:
    path = tmp_path / "a.md"
    path.write_text(f"{head}```text\n{trace}\n```\n", encoding="utf-8")
    return list(read_scenario(path).trace)


def test_a_line_is_read_into_an_event_and_all_that_follows(tmp_path: Path) -> None:
    trace = (
        'start w for t with a: [1, 2], b: x in env c: 3 -> run a[0] with {x: 1, y: 2}, b ERROR "no, no",\n'
        "   workflow of c/d@2 SUCCESS\n"
        "published by a#2: {x: 1}"
    )

    start, published = _read(trace, tmp_path)

    follows = (
        Result("run a[0]", None, {"x": 1, "y": 2}),
        Result("b ERROR", "no, no"),
        Result("workflow of c/d@2 SUCCESS"),
    )
    arguments = {"workflow": "w", "target": "t", "input": {"a": [1, 2], "b": "x"}, "env": {"c": 3}}
    assert start == Step(10, "start", arguments, follows)
    assert published == Fact(12, "published", "a#2", {"x": 1})


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("a succeeds", "neither"),
        ("a suceeds -> nothing", "there is no event `a suceeds`"),
        ("a succeeds -> run", "`run` is nothing that can follow"),
        ("a succeeds -> b success", "`b success` is nothing that can follow"),
        ("a succeeds -> nothing, b SUCCESS", "is nothing that can follow"),
        ("a succeeds -> ", "`` is nothing that can follow"),
        ("a succeeds with {x -> nothing", "while parsing"),
        ("outptu: 1", "neither"),
    ],
)
def test_a_line_that_is_not_understood_is_refused_with_its_place(
    line: str, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(ScenarioError) as refused:
        _read(f"start w -> nothing\n{line}", tmp_path)

    assert str(refused.value).startswith("a.md:11: ")
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    "head",
    ["```yaml\nx: 1\n```\n\n", "# A heading\n\nNo workflow.\n\n", HEAD + "```json\n{}\n```\n\n"],
    ids=["no heading", "no workflow", "another fence"],
)
def test_a_file_of_another_shape_is_refused(head: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        _read("start w -> nothing", tmp_path, head=head)


def test_a_trace_that_starts_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="must begin with"):
        _read("a succeeds -> nothing", tmp_path)


def test_the_ellipsis_stands_for_any_text_and_nothing_else_does() -> None:
    assert matches({"a": ["x…z"]}, {"a": ["x\ny\nz"]})
    assert not matches("x.z", "xyz")
    assert not matches({"a": 1}, {"a": 1, "b": 2})
    assert not matches(1, True)
    assert not matches([1], [1, 2])
