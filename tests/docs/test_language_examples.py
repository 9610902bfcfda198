"""The workflows of the pages do what the tests below them say."""

from pathlib import Path

import pytest

from maestrale.testing.cases import Run
from maestrale.testing.cases.telling import failure_lines

from .tested_examples import ExampleWithTests, all_tested_examples

EXAMPLES = all_tested_examples()


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_does_what_its_test_says(
    example: ExampleWithTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # Files that an example names are looked for beside it.
    run = Run()

    (file,) = run.read([example.write(tmp_path)])
    results = [run.run(case) for case in file.cases]

    assert [str(problem) for problem in file.problems] == []
    failures = [line for it in results for failure in it.failures for line in failure_lines("", failure)]
    assert "\n".join(failures) == ""
    assert [note for result in results for note in result.notes] == []
    assert [result.outcome for result in results] == ["passed"] * len(results) != []


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_says_what_it_expects(example: ExampleWithTests) -> None:
    cases = example.cases()

    assert [name for name, case in cases.items() if not case.get("expect")] == []
