"""The rules of `census.yaml`, on the pure core: no server, no clock, no waiting."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from maestrale.actions import JavaScriptSettings
from maestrale.actions.javascript import javascript
from maestrale.core import Result
from maestrale.testing.stage import Stage

EXAMPLES = Path(__file__).parents[2] / "examples"
CENSUS = (EXAMPLES / "package-census" / "census.yaml").read_text(encoding="utf-8")
BASE_URL = "http://index.example"


def an_answer(status: int, content: Any = None) -> Result:
    """What `std.http` gives for an answer of the server; all but success is an error."""
    exchange = {"status": status, "content": content}
    return Result(value=exchange) if status == 200 else Result(error=exchange)


def metadata(**changed: Any) -> dict[str, Any]:
    return {
        "name": "Alpha",
        "version": "1.0",
        "summary": "About alpha",
        "home_page": None,
        "license_expression": None,
        "license": None,
        "license_classifiers": [],
        "requires": ["beta", "gamma"],
        "files": 7,
        "bytes": 1200,
        **changed,
    }


def output_of(stage: Stage) -> dict[str, Any]:
    assert stage.root.output is not None
    return dict(stage.root.output)


def a_package() -> Stage:
    stage = Stage(CENSUS)
    stage.start("package", {"base_url": BASE_URL, "name": "alpha"})
    return stage


def a_census() -> Stage:
    stage = Stage(CENSUS)
    stage.start("census", {"base_url": BASE_URL, "report": "/reports/census.html"})
    return stage


def test_a_package_becomes_a_record() -> None:
    stage = a_package()

    (run,) = stage.open_runs("fetch")
    stage.complete("fetch", an_answer(200, metadata(license_expression="MIT")))

    assert dict(run.input) == {"url": f"{BASE_URL}/packages/alpha", "timeout": 10}
    assert (stage.root.state, stage.root.output) == (
        "SUCCESS",
        {
            "record": {
                "found": True,
                "name": "Alpha",
                "version": "1.0",
                "summary": "About alpha",
                "home_page": None,
                "requires": 2,
                "files": 7,
                "bytes": 1200,
                "stated_licence": "MIT",
            }
        },
    )


def test_a_package_that_does_not_exist_is_recorded_without_a_retry() -> None:
    stage = a_package()

    stage.complete("fetch", an_answer(404))

    assert len(stage.runs("fetch")) == 1
    assert (stage.root.state, stage.root.output) == (
        "SUCCESS",
        {"record": {"found": False, "name": "alpha", "reason": "HTTP 404"}},
    )


def test_a_package_that_fails_three_times_is_found_by_the_third_retry() -> None:
    stage = a_package()

    for _ in range(3):
        stage.complete("fetch", an_answer(503))
        assert stage.pass_to_next_timer()
    stage.complete("fetch", an_answer(200, metadata()))

    assert (stage.root.state, output_of(stage)["record"]["found"]) == ("SUCCESS", True)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(an_answer(503), "HTTP 503"), (Result(error="no route to host"), "no route to host")],
)
def test_a_package_that_keeps_failing_is_recorded_after_three_retries(failure: Result, reason: str) -> None:
    stage = a_package()

    for _ in range(3):
        stage.complete("fetch", failure)
        assert stage.pass_to_next_timer()
    stage.complete("fetch", failure)

    assert len(stage.runs("fetch")) == 4
    assert (stage.root.state, stage.root.output) == (
        "SUCCESS",
        {"record": {"found": False, "name": "alpha", "reason": reason}},
    )


@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        ({"license_expression": "ISC", "license": "MIT", "license_classifiers": ["License :: B"]}, "ISC"),
        ({"license": "MIT", "license_classifiers": ["License :: B"]}, "MIT"),
        (
            {"license": "x" * 80, "license_classifiers": ["License :: A", "License :: OSI Approved :: B"]},
            "B",
        ),
        ({"license": "x" * 80}, "not stated"),
        ({}, "not stated"),
    ],
)
def test_the_most_exact_statement_of_a_licence_counts(stated: dict[str, Any], licence: str) -> None:
    stage = a_package()

    stage.complete("fetch", an_answer(200, metadata(**stated)))

    assert output_of(stage)["record"]["stated_licence"] == licence


def test_an_index_that_does_not_answer_ends_the_census_with_a_sentence() -> None:
    stage = a_census()

    for _ in range(3):
        stage.complete("fetch_index", Result(error="no route to host"))
        assert stage.pass_to_next_timer()
    stage.complete("fetch_index", Result(error="no route to host"))

    assert (stage.root.state, stage.root.state_info) == ("ERROR", f"The index at {BASE_URL} does not answer.")


def test_an_empty_index_ends_the_census_with_a_sentence() -> None:
    stage = a_census()

    stage.complete("fetch_index", an_answer(200, {"packages": []}))

    assert (stage.root.state, stage.root.state_info) == ("ERROR", "The index lists no packages.")


def test_no_more_than_eight_packages_are_under_way_at_once() -> None:
    stage = a_census()
    stage.complete("fetch_index", an_answer(200, {"packages": [f"p{number}" for number in range(20)]}))

    most = 0
    while open_runs := stage.open_runs("fetch"):
        most = max(most, len(open_runs))
        stage.complete("fetch", an_answer(200, metadata()))

    assert most == 8
    assert len(stage.runs("fetch")) == 20


def test_the_two_branches_run_side_by_side_and_meet_in_the_summary() -> None:
    stage = a_census()
    stage.complete("fetch_index", an_answer(200, {"packages": ["alpha", "beta", "lost"]}))
    stage.complete("fetch", an_answer(200, metadata(name="Alpha", bytes=10)))
    stage.complete("fetch", an_answer(200, metadata(name="Beta", bytes=30)))
    stage.complete("fetch", an_answer(404))

    packages = [{"name": "Alpha", "licence": "MIT"}, {"name": "Beta", "licence": "BSD"}]
    licences = [{"licence": "BSD", "packages": 1}, {"licence": "MIT", "packages": 1}]
    assert stage.states()["by_size"] == "SUCCESS"
    assert stage.states()["summarise"] == "WAITING"
    stage.complete("by_licence", Result(value={"packages": packages, "licences": licences}))
    stage.complete("write_report", Result(value={"exit_code": 0}))

    assert stage.task("by_size").published == {
        "largest": [{"name": "Beta", "bytes": 30}, {"name": "Alpha", "bytes": 10}],
        "bytes": 40,
        "files": 14,
    }
    assert (stage.root.state, stage.root.output) == (
        "SUCCESS",
        {
            "packages": 2,
            "unavailable": ["lost"],
            "bytes": 40,
            "licences": {"BSD": 1, "MIT": 1},
            "report": "/reports/census.html",
        },
    )


def test_the_ways_to_state_a_licence_come_down_to_a_few() -> None:
    stated = [
        *("MIT", "MIT License", "Apache-2.0 OR BSD-2-Clause", "BSD License", "3-Clause BSD"),
        *("Python Software Foundation", "GNU Lesser General Public License v3 or later (LGPLv3+)"),
        *("GPL-2.0-or-later", "AGPL-3.0", "ISC License (ISCL)"),
        *("Mozilla Public License 2.0 (MPL 2.0)", "Apache 2.0", "MIT AND MIT", "Proprietary", "not stated"),
    ]
    records = [{"name": text, "stated_licence": text, "bytes": 1} for text in stated]
    stage = a_census()
    stage.complete("fetch_index", an_answer(200, {"packages": ["alpha"]}))
    stage.complete("fetch", an_answer(200, metadata()))

    (run,) = stage.open_runs("by_licence")
    script = run.input["script"]
    result = asyncio.run(javascript(script, records, settings=JavaScriptSettings()))

    assert [package["licence"] for package in result["packages"]] == [
        *("MIT", "MIT", "Apache / BSD", "BSD", "BSD"),
        *("PSF", "LGPL"),
        *("GPL", "AGPL", "ISC"),
        *("MPL", "Apache", "MIT", "Other", "Not stated"),
    ]
    assert result["licences"][:3] == [
        {"licence": "MIT", "packages": 3, "bytes": 3},
        {"licence": "BSD", "packages": 2, "bytes": 2},
        {"licence": "AGPL", "packages": 1, "bytes": 1},
    ]


def test_the_smallest_example_greets() -> None:
    stage = Stage((EXAMPLES / "hello" / "hello.yaml").read_text(encoding="utf-8"))

    stage.start("hello", {"name": "Ada"})

    assert (stage.root.state, stage.root.output) == ("SUCCESS", {"greeting": "Hello, Ada!"})


def test_a_report_that_cannot_be_written_fails_the_census_with_the_script_s_message() -> None:
    stage = a_census()
    stage.complete("fetch_index", an_answer(200, {"packages": ["alpha"]}))
    stage.complete("fetch", an_answer(200, metadata()))
    stage.complete("by_licence", Result(value={"packages": [], "licences": []}))

    stage.complete("write_report", Result(error={"exit_code": 1, "stderr": "The disk is full."}))

    assert (stage.root.state, stage.root.output) == ("ERROR", {"result": "The disk is full.", "packages": 1})
