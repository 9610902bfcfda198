"""The pages about testing workflows: their tests do what the pages say, and every key is there.

The workflow is the one shown last; its file is called `deploy.yaml`. A fence `text` behind a test file is
what the report says of it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from maestrale.testing.cases import Run
from maestrale.testing.cases.codes import OWN_CODES
from maestrale.testing.cases.layout import ANSWER, CASE, EXPECT, FILE, OPERATION, SUB_WORKFLOW, TASK
from maestrale.testing.cases.shapes import Keys
from maestrale.testing.cases.telling import failure_lines

from .pages import PROJECT, Example, list_examples

REFERENCE = PROJECT / "docs" / "reference" / "test-files.md"
GUIDE = PROJECT / "docs" / "guides" / "test-a-workflow.md"


def _test_files(page: Path) -> Iterator[tuple[Example, str, str | None]]:
    """Each test file of a page, with the workflow that it is about and what the page says of its failures."""
    examples = [each for each in list_examples(page) if each.language in ("yaml", "text")]
    workflow = ""
    for example, following in zip(examples, [*examples[1:], None], strict=True):
        data = yaml.safe_load(example.text) if example.language == "yaml" else {}
        if "version" in data:
            workflow = example.text
        elif "tests" in data:
            told = following.text if following is not None and following.language == "text" else None
            yield example, workflow, told


CASES = [case for page in (REFERENCE, GUIDE) for case in _test_files(page)]


@pytest.mark.parametrize(("example", "workflow", "told"), CASES, ids=lambda value: str(value)[:40])
def test_a_test_file_of_a_page_does_what_the_page_says(
    example: Example, workflow: str, told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("deploy.yaml").write_text(workflow, encoding="utf-8")
    Path("deploy_test.yaml").write_text(example.text, encoding="utf-8")
    Path("actions.yaml").write_text("version: '2.0'\nunused: {base: std.noop}\n", encoding="utf-8")
    run = Run()

    (file,) = run.read(["deploy_test.yaml"])
    results = [run.run(case) for case in file.cases]

    assert [str(problem) for problem in file.problems] == []
    failures = [
        line for it in results for failure in it.failures for line in failure_lines(file.path, failure)
    ]
    assert "\n".join(failures) == (told or "").rstrip("\n")
    assert [note for result in results for note in result.notes] == []


def test_the_pages_have_test_files() -> None:
    assert {example.page for example, _, _ in CASES} == {
        "docs/reference/test-files.md",
        "docs/guides/test-a-workflow.md",
    }


@pytest.mark.parametrize(
    "keys", [FILE, CASE, ANSWER, OPERATION, EXPECT, TASK, SUB_WORKFLOW], ids=lambda keys: keys.of
)
def test_every_key_is_in_the_reference_and_in_an_example_of_it(keys: Keys) -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    rows = (
        "\n".join(re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE))
        + text[text.index("Of a **sub-workflow**") :]
    )
    shown = "\n".join(example.text for example, _, _ in CASES if example.page.endswith("test-files.md"))

    assert [key for key in keys.keys if f"`{key}`" not in rows] == []
    assert [key for key in keys.keys if not re.search(rf"\b{key}\b", shown)] == []


def test_every_code_is_in_the_reference() -> None:
    rows = dict(
        re.findall(r"^\| `([\w-]+)` \| (.*) \|$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    )

    assert {code: rows.get(code) for code in OWN_CODES} == dict(OWN_CODES)
