"""What came of a run, as JUnit XML, which CI systems read."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from maestrale.testing.cases.model import CaseFile
from maestrale.testing.cases.running import CaseResult
from maestrale.testing.cases.telling import failure_lines, trace_lines

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(files: Sequence[CaseFile], results: Sequence[CaseResult]) -> str:
    """A suite for each file, a case for each test. A file that is wrong has one case, with an error."""
    root = ElementTree.Element("testsuites", name="maestrale test")
    for file in files:
        suite = ElementTree.SubElement(root, "testsuite", name=_text(file.path))
        found = [result for result in results if result.case.file == file.path]
        for result in found:
            _add_case(suite, result)
        if file.is_wrong:
            _add_problems(suite, file)
        _count(suite, found, errors=int(file.is_wrong))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, 0)) for suite in root)))
    root.set("time", f"{sum(result.seconds for result in results):.3f}")
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _count(suite: ElementTree.Element, results: Sequence[CaseResult], *, errors: int) -> None:
    outcomes = [result.outcome for result in results]
    suite.set("tests", str(len(results) + errors))
    suite.set("failures", str(outcomes.count("failed")))
    suite.set("errors", str(errors))
    suite.set("skipped", str(outcomes.count("skipped")))
    suite.set("time", f"{sum(result.seconds for result in results):.3f}")


def _add_case(suite: ElementTree.Element, result: CaseResult) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=_text(result.case.name),
        classname=_class_name(result.case.file),
        file=_text(result.case.file),
        line=str(result.case.mark.line),
        time=f"{result.seconds:.3f}",
    )
    if result.outcome == "skipped":
        ElementTree.SubElement(case, "skipped", message=_text(result.case.skip or ""))
    elif result.outcome == "failed":
        told = [line for failure in result.failures for line in failure_lines(result.case.file, failure)]
        first = told[0].partition(": ")[2]
        failure = ElementTree.SubElement(case, "failure", message=_text(first), type="expectation")
        failure.text = _text("\n".join([*told, "", "what happened:", *trace_lines(result.trace)]))


def _add_problems(suite: ElementTree.Element, file: CaseFile) -> None:
    name = _text(file.path)
    case = ElementTree.SubElement(
        suite, "testcase", name=name, classname=_class_name(file.path), time="0.000"
    )
    message = _text(file.problems[0].message)
    error = ElementTree.SubElement(case, "error", message=message, type=file.problems[0].code)
    error.text = _text("\n".join(map(str, file.problems)))


def _class_name(path: str) -> str:
    """The dotted form that CI systems group by: `examples.hello.hello_test`."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return _text(".".join(parts).rpartition(".")[0])


def _text(text: str) -> str:
    """Without what XML has no form for."""
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
