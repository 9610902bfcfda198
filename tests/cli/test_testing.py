"""`maestrale test`."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from .processes import Maestrale

FLOW = """version: '2.0'
flow:
  tasks:
    call:
      action: acme.call
      on-success: done
      on-error: tidy
    done: {}
    tidy: {on-complete: fail}
"""

PASSING = """tests:
  it works:
    tags: [fast]
    tasks: {call: {result: 1, after: 90s}}
    expect: {path: [call, done]}
"""

FAILING = """tests:
  it works:
    tasks: {call: {error: no route}}
    expect: {path: [call, done]}
  not yet: {skip: later}
"""


@pytest.fixture
def with_flow(maestrale: Maestrale) -> Maestrale:
    maestrale.write("flow.yaml", FLOW)
    return maestrale


def test_tests_that_pass_are_told_with_what_they_cover(with_flow: Maestrale) -> None:
    ended = with_flow("test", with_flow.write("flow_test.yaml", PASSING))

    assert ended == (
        0,
        "flow_test.yaml\n"
        "  ✓ it works  (1 min 30 s)\n"
        "\n"
        "coverage          tasks  transitions  conditions\n"
        "flow.yaml flow      2/3          1/3           -\n"
        "  flow.yaml:7: `call` on-error → `tidy` is never taken\n"
        "  flow.yaml:9: task `tidy` never begins\n"
        "  flow.yaml:9: `tidy` on-complete → `fail` is never taken\n"
        "\n"
        "1 test: 1 passed; coverage 50 %\n",
        "",
    )


def test_a_test_that_fails_is_told_with_all_that_happened(with_flow: Maestrale) -> None:
    ended = with_flow("test", "--quiet", with_flow.write("flow_test.yaml", FAILING))

    assert ended == (
        1,
        "flow_test.yaml\n"
        "  ✗ it works  (0 s)\n"
        "    flow_test.yaml:2:3: state not as expected\n"
        "      expected: SUCCESS\n"
        "      actual:   ERROR\n"
        "    flow_test.yaml:4:27: path not as expected\n"
        "      expected: call, done\n"
        "      actual:   call, tidy\n"
        "    what happened:\n"
        "      0 s  call  RUNNING\n"
        "      0 s  call  calls acme.call  {}\n"
        "      0 s  call  ERROR  no route\n"
        "      0 s  tidy  RUNNING\n"
        "      0 s  tidy  SUCCESS\n"
        "      0 s        workflow `flow` ERROR\n"
        "2 tests: 1 failed, 1 skipped; coverage 66.6 %\n",
        "",
    )


def test_without_a_file_all_test_files_below_are_run(with_flow: Maestrale) -> None:
    (with_flow.home / "deep" / "er").mkdir(parents=True)
    (with_flow.home / ".hidden").mkdir()
    with_flow.write("deep/er/call_test.yml", f"file: ../../flow.yaml\n{PASSING}")
    with_flow.write("flow_test.yaml", PASSING)
    with_flow.write(".hidden/flow_test.yaml", "not: read")

    everywhere, below = with_flow("test"), with_flow("test", "deep")

    assert [line for line in everywhere.stdout.splitlines() if "_test" in line] == [
        "flow_test.yaml",
        "deep/er/call_test.yml",
    ]
    assert (everywhere.code, below.code) == (0, 0)
    assert below.stdout.splitlines()[:2] == ["deep/er/call_test.yml", "  ✓ it works  (1 min 30 s)"]


def test_tests_are_chosen_by_parts_of_names_and_by_tags(with_flow: Maestrale) -> None:
    cases = "tests:\n  one: {skip: a}\n  Two: {skip: b, tags: [slow]}\n  three: {skip: c, tags: [slow]}\n"
    with_flow.write("flow_test.yaml", cases)

    def chosen(*arguments: str) -> list[str]:
        return [test["name"] for test in with_flow("test", "--json", *arguments).json["tests"]]

    assert chosen("-k", "TWO") == ["Two"]
    assert chosen("--only", "one", "-k", "three") == ["one", "three"]
    assert chosen("-k", "flow_test") == ["one", "Two", "three"]
    assert chosen("--tag", "slow") == ["Two", "three"]
    assert chosen("--tag", "slow", "-k", "t", "-k", "w") == ["Two", "three"]


def test_what_is_missing_is_wrong_usage(with_flow: Maestrale) -> None:
    empty = with_flow("test")
    missing = with_flow("test", "nothing.yaml")
    none = with_flow("test", with_flow.write("flow_test.yaml", PASSING), "-k", "zzz")

    assert empty == (
        2,
        "",
        "error: there are no test files in the current directory [no-tests]\n"
        "  hint: call them like the workflow's file with `_test` before the `.yaml`: deploy_test.yaml\n",
    )
    assert missing == (2, "", "error: there is no test file or directory `nothing.yaml` [file-missing]\n")
    assert none == (
        2,
        "",
        "error: none of the 1 tests is chosen [no-tests]\n"
        "  hint: --only takes a part of a file's or a test's name, --tag a whole tag\n",
    )


def test_a_wrong_file_does_not_keep_the_others_from_being_run(with_flow: Maestrale) -> None:
    wrong = with_flow.write("wrong_test.yaml", "file: flow.yaml\ntests:\n  it: {expct: {}}\n")
    right = with_flow.write("flow_test.yaml", PASSING)

    ended = with_flow("test", wrong, right, "-q")

    assert ended == (
        2,
        "wrong_test.yaml:3:8: a test has no key `expct` [unknown-key]\n"
        "  hint: did you mean `expect`?\n"
        "1 test: 1 passed, 1 file wrong; coverage 50 %\n",
        "",
    )


def test_too_little_coverage_fails(with_flow: Maestrale) -> None:
    file = with_flow.write("flow_test.yaml", PASSING)

    enough = with_flow("test", file, "-q", "--coverage-fail-under", "50")
    little = with_flow("test", file, "-q", "--coverage-fail-under", "50.1")
    wrong = with_flow("test", file, "--coverage-fail-under", "101")

    assert enough == (0, "1 test: 1 passed; coverage 50 %\n", "")
    assert little == (
        1,
        "the coverage is 50 %, and must be 50.1 % or more\n1 test: 1 passed; coverage 50 %\n",
        "",
    )
    assert wrong == (2, "", "error: --coverage-fail-under is 101; it must be from 0 to 100 [usage]\n")


def test_json_is_one_object_with_everything(with_flow: Maestrale) -> None:
    ended = with_flow("test", "--json", with_flow.write("flow_test.yaml", PASSING))

    (test,) = ended.json["tests"]
    assert test.pop("seconds") >= 0
    assert test.pop("trace")[1] == {"at_seconds": 0, "who": "call", "what": "calls acme.call", "detail": "{}"}
    assert test == {
        "file": "flow_test.yaml",
        "name": "it works",
        "line": 2,
        "workflow": "flow",
        "tags": ["fast"],
        "outcome": "passed",
        "elapsed_seconds": 90,
        "failures": [],
        "notes": [],
    }
    coverage = ended.json["coverage"]
    assert {key: coverage[key] for key in ("covered", "total", "percent")} == {
        "covered": 3,
        "total": 6,
        "percent": 50,
    }
    assert coverage["workflows"][0]["missing"][0] == {
        "line": 7,
        "text": "`call` on-error → `tidy` is never taken",
    }
    assert ended.json["summary"] == {"passed": 1, "failed": 0, "skipped": 0, "wrong_files": 0}


def test_junit_xml_is_written_beside_the_report(with_flow: Maestrale) -> None:
    ended = with_flow("test", with_flow.write("flow_test.yaml", FAILING), "-q", "--junit", "report.xml")

    report = ElementTree.parse(with_flow.home / "report.xml").getroot()
    assert ended.code == 1
    assert {key: report.attrib[key] for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "2",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }


def test_a_junit_file_that_cannot_be_written_is_told(with_flow: Maestrale) -> None:
    ended = with_flow("test", with_flow.write("flow_test.yaml", PASSING), "--junit", "no/where.xml")

    assert (ended.code, ended.stderr) == (
        2,
        "error: the file `no/where.xml` cannot be written: No such file or directory [file-unwritable]\n",
    )


def test_the_schema_is_written_for_editors(maestrale: Maestrale) -> None:
    schema = maestrale("test", "--schema").json

    assert schema["required"] == ["tests"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {"file", "include", "workflow", "defaults", "tests"}


def test_the_examples_pass_and_are_covered_wholly(maestrale: Maestrale) -> None:
    examples = Path(__file__).parents[2] / "examples"

    ended = maestrale("test", str(examples), "--coverage-fail-under", "100")

    assert ended.code == 0, ended.stdout
