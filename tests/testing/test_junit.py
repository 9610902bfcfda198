"""The report for CI systems, read back by an XML parser."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from maestrale.testing.cases import Run, junit_xml

from .house import House, a_flow

ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testcase"}),
    "testcase": ({"name", "classname", "file", "line", "time"}, {"failure", "error", "skipped"}),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "skipped": ({"message"}, set()),
}
"""What CI systems read: the attributes and the children of each element."""


def check_shape(element: ElementTree.Element) -> None:
    attributes, children = ALLOWED[element.tag]
    assert set(element.attrib) <= attributes
    assert {child.tag for child in element} <= children
    for child in element:
        check_shape(child)


def numbers(element: ElementTree.Element) -> dict[str, Any]:
    return {key: int(element.attrib[key]) for key in ("tests", "failures", "errors", "skipped")}


def a_report(tmp_path: Path) -> ElementTree.Element:
    house = House(tmp_path, a_flow("a: {action: acme.call}"))
    paths = [
        house.write("flow_test.yaml", CASES),
        house.write("wrong_test.yaml", "file: flow.yaml\ntests: {a: {x: 1}}\n"),
    ]
    run = Run()
    files = run.read(paths)
    results = [run.run(case) for file in files for case in file.cases]
    return ElementTree.fromstring(junit_xml(files, results))


CASES = """
tests:
  it passes: {tasks: {a: {result: 1}}}
  it fails: {tasks: {a: {error: "bad \\x01 <&> é"}}}
  it is left out: {skip: not yet}
"""


def test_the_report_has_the_shape_that_ci_systems_read(tmp_path: Path) -> None:
    report = a_report(tmp_path)

    check_shape(report)
    assert numbers(report) == {"tests": 4, "failures": 1, "errors": 1, "skipped": 1}
    assert [numbers(suite) for suite in report] == [
        {"tests": 3, "failures": 1, "errors": 0, "skipped": 1},
        {"tests": 1, "failures": 0, "errors": 1, "skipped": 0},
    ]
    assert all(float(case.attrib["time"]) >= 0 for case in report.iter("testcase"))


def test_a_case_tells_what_failed_and_what_happened(tmp_path: Path) -> None:
    passed, failed, skipped = a_report(tmp_path)[0]

    assert (passed.attrib["name"], list(passed)) == ("it passes", [])
    assert (skipped[0].tag, skipped[0].attrib["message"]) == ("skipped", "not yet")
    (failure,) = failed
    assert failure.attrib == {"message": "state not as expected", "type": "expectation"}
    assert failure.text is not None
    assert failure.text.splitlines()[1:3] == ["  expected: SUCCESS", "  actual:   ERROR"]
    assert "what happened:" in failure.text
    assert "bad \N{REPLACEMENT CHARACTER} <&> é" in failure.text


def test_a_wrong_file_is_a_case_with_an_error(tmp_path: Path) -> None:
    (case,) = a_report(tmp_path)[1]

    (error,) = case
    assert error.attrib == {"message": "a test has no key `x`", "type": "unknown-key"}
    assert error.text is not None
    assert "wrong_test.yaml:2:13: a test has no key `x` [unknown-key]" in error.text
