"""Tests of workflows, as their authors write them: `*_test.yaml`, read, played on the pure core, and judged.

A test gives a workflow its input and its actions their answers; the rules are the real ones, the clock is a
fake one, and nothing outside is touched. What is wrong with a file has its place and a stable code
(`CASE_CODES`); what fails in a test has the place of the expectation, and a trace of what happened.
"""

from maestrale.testing.cases.codes import CASE_CODES
from maestrale.testing.cases.coverage import Count, Missing, WorkflowCoverage
from maestrale.testing.cases.judging import Failure
from maestrale.testing.cases.junit import junit_xml
from maestrale.testing.cases.layout import json_schema
from maestrale.testing.cases.model import Case, CaseFile
from maestrale.testing.cases.running import (
    CaseResult,
    Run,
    Selection,
    check_case_file,
    find_case_files,
    is_case_file,
)
from maestrale.testing.cases.trace import Line

__all__ = [
    "CASE_CODES",
    "Case",
    "CaseFile",
    "CaseResult",
    "Count",
    "Failure",
    "Line",
    "Missing",
    "Run",
    "Selection",
    "WorkflowCoverage",
    "check_case_file",
    "find_case_files",
    "is_case_file",
    "json_schema",
    "junit_xml",
]
