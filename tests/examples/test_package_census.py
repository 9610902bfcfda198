"""The package census: its server, its report, and the whole of it as a real process."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import maestrale

EXAMPLE = Path(__file__).parents[2] / "examples" / "package-census"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
VOID_ELEMENTS = {"meta", "rect"}


def load(name: str) -> ModuleType:
    """Load a script of the example, which is a directory of scripts and no package."""
    spec = importlib.util.spec_from_file_location(f"package_census_{name}", EXAMPLE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Dataclasses look their module up there.
    spec.loader.exec_module(module)
    return module


serve = load("serve")
report = load("report")


def get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture
def reliable_server() -> Iterator[Any]:
    with serve.serving(serve.Settings(missing=2, failing_share=0, latency_seconds=0)) as server:
        yield server


def test_the_index_lists_what_is_installed_and_what_is_not_there(reliable_server: Any) -> None:
    status, index = get(f"{reliable_server.base_url}/index.json")

    assert status == 200
    assert index == {"packages": sorted([*reliable_server.packages, *reliable_server.missing])}
    assert {"pytest", "msgspec", "jinja2"} <= set(index["packages"])
    assert len(reliable_server.missing) == 2


def test_a_package_is_served_as_importlib_metadata_knows_it(reliable_server: Any) -> None:
    installed = distribution("pluggy")
    files = installed.files or []
    classifiers = installed.metadata.get_all("Classifier") or []

    status, package = get(f"{reliable_server.base_url}/packages/pluggy")

    assert (status, package) == (
        200,
        {
            "name": "pluggy",
            "version": installed.version,
            "summary": installed.metadata["Summary"],
            "home_page": package["home_page"],
            "license_expression": installed.metadata.json.get("license_expression"),
            "license": installed.metadata.json.get("license"),
            "license_classifiers": [line for line in classifiers if line.startswith("License ::")],
            "requires": installed.requires or [],
            "files": len(files),
            "bytes": sum(file.size or 0 for file in files),
        },
    )
    assert package["bytes"] > 10_000


def test_a_package_that_nobody_installed_answers_404_for_good(reliable_server: Any) -> None:
    url = f"{reliable_server.base_url}/packages/{reliable_server.missing[0]}"

    answers = [get(url)[0] for _ in range(3)]

    assert answers == [404, 404, 404]


def test_every_package_that_fails_first_is_served_after_one_failure_or_two() -> None:
    with serve.serving(serve.Settings(packages=8, failing_share=1, latency_seconds=0)) as server:
        answers = {
            name: [get(f"{server.base_url}/packages/{name}")[0] for _ in range(3)] for name in server.packages
        }

    assert len(answers) == 8
    assert set(map(tuple, answers.values())) <= {(503, 200, 200), (503, 503, 200)}
    assert server.statistics.answers.total() == 24


def test_the_share_of_failing_packages_is_the_one_asked_for() -> None:
    failures = [serve.failures_before_success(f"package-{number}", 0.3) for number in range(2000)]

    assert 500 < len(failures) - failures.count(0) < 700
    assert 200 < failures.count(1) < 400
    assert 200 < failures.count(2) < 400


def test_a_port_that_is_taken_is_refused_with_one_sentence(reliable_server: Any) -> None:
    port = reliable_server.server_port

    with pytest.raises(SystemExit) as refused:
        serve.PackageServer(serve.Settings(), port=port)

    expected = f"Port {port} cannot be had: Address already in use. Without --port a free one is taken."
    assert refused.value.code == expected


@pytest.mark.parametrize(
    ("project_urls", "found"),
    [
        (["Source, https://s.example", "Homepage, https://h.example"], "https://h.example"),
        (["Source, https://s.example", "Home Page, https://h.example"], "https://h.example"),
        (["Source, https://s.example", "Tracker, https://t.example"], "https://s.example"),
        ([], None),
    ],
)
def test_the_home_page_is_found_among_the_project_urls(project_urls: list[str], found: str | None) -> None:
    assert serve.first_project_url(project_urls) == found


class Page(HTMLParser):
    """What a reader finds on a page: titles, table rows, the charts' words and the length of their bars."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.headings: list[str] = []
        self.chart_words: list[str] = []
        self.bar_widths: list[float] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.addresses += [value or "" for key, value in attributes if key in {"href", "src"}]
        if values.get("id"):
            self.ids.append(values["id"] or "")
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
        elif tag in {"h1", "h2"}:
            self.headings.append("")
        elif tag == "rect" and values["class"] != "track":
            self.bar_widths.append(float(values["width"] or 0))
        if tag not in VOID_ELEMENTS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID_ELEMENTS:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data
        elif {"h1", "h2"} & set(self.open):
            self.headings[-1] += data
        elif self.open and self.open[-1] == "text":
            self.chart_words.append(data)


def a_summary(**changed: Any) -> dict[str, Any]:
    def package(name: str, licence: str, byte_count: int, **more: Any) -> dict[str, Any]:
        usual = {"version": "1.2", "summary": f"About {name}", "home_page": f"https://{name}.example"}
        return {"name": name, "licence": licence, "bytes": byte_count, "files": 10, **usual, **more}

    return {
        "execution": "11f0",
        "packages": [package("beta", "MIT", 2_500_000), package("alpha", "BSD", 400, home_page=None)],
        "licences": [
            {"licence": "MIT", "packages": 1, "bytes": 2_500_000},
            {"licence": "BSD", "packages": 1, "bytes": 400},
        ],
        "largest": [{"name": "beta", "bytes": 2_500_000}, {"name": "alpha", "bytes": 400}],
        "unavailable": [{"name": "gamma", "reason": "HTTP 404"}],
        "bytes": 2_500_400,
        "files": 20,
        **changed,
    }


def test_the_report_holds_every_number_of_the_summary() -> None:
    page = Page(report.page(a_summary(), made_at=NOON))

    assert page.open == []
    assert page.headings == [
        "Package census",
        "Packages by licence",
        "Licences",
        "The largest packages",
        "Listed, but not to be had",
        "Packages",
    ]
    assert page.rows == [
        ["Licence", "Packages", "Size"],
        ["MIT", "1", "2.5 MB"],
        ["BSD", "1", "400 B"],
        ["Package", "Answer"],
        ["gamma", "HTTP 404"],
        ["Package", "Licence", "Files", "Size", "Summary"],
        ["alpha 1.2", "BSD", "10", "400 B", "About alpha"],
        ["beta 1.2", "MIT", "10", "2.5 MB", "About beta"],
    ]
    assert page.chart_words == [
        *("MIT", "1 · 2.5 MB", "BSD", "1 · 400 B"),
        *("beta", "MIT · 2.5 MB", "alpha", "BSD · 400 B"),
    ]
    assert page.bar_widths == [400, 400, 400, 2]


def test_the_report_needs_nothing_but_itself() -> None:
    text = report.page(a_summary(), made_at=NOON)
    page = Page(text)

    assert page.addresses == ["https://beta.example"]
    assert re.search(r"<script|<link|@import|url\(", text) is None
    assert len(page.ids) == len(set(page.ids))


def test_metadata_cannot_put_markup_or_a_script_address_into_the_report() -> None:
    hostile = a_summary()
    hostile["packages"][0] |= {"summary": "<script>alert(1)</script>", "home_page": "javascript:alert(1)"}

    text = report.page(hostile, made_at=NOON)

    assert "<script" not in text
    assert "javascript:" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_report_of_an_empty_census_is_a_page_too() -> None:
    nothing = a_summary(packages=[], licences=[], largest=[], unavailable=[], bytes=0, files=0)

    page = Page(report.page(nothing, made_at=NOON))

    assert page.open == []
    assert page.bar_widths == []
    assert "Listed, but not to be had" not in page.headings


def test_rare_licences_share_one_bar() -> None:
    groups = [{"licence": f"L{number}", "packages": 20 - number, "bytes": 1000} for number in range(15)]

    page = Page(report.page(a_summary(packages=[], largest=[], licences=groups), made_at=NOON))

    assert page.chart_words[-4:] == ["L10", "10 · 1.0 kB", "4 others", "30 · 4.0 kB"]
    assert len(page.bar_widths) == 12


@pytest.mark.parametrize(
    ("byte_count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (84_600_000, "85 MB"),
        (1_234_000_000, "1.2 GB"),
    ],
)
def test_sizes_are_written_for_people(byte_count: int, text: str) -> None:
    assert report.size_text(byte_count) == text


def test_a_report_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    a_file = tmp_path / "a-file"
    a_file.write_text("")

    process = subprocess.run(
        [sys.executable, str(EXAMPLE / "report.py"), str(a_file / "report.html")],
        input=json.dumps(a_summary()),
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert (process.returncode, process.stdout) == (1, "")
    assert re.fullmatch(r"The report cannot be written to `.*a-file/report.html`: [\w ]+\.\n", process.stderr)


def run_demo(directory: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run the demo in `directory`, with the same maestrale as these tests."""
    command = [sys.executable, str(EXAMPLE / "run_demo.py"), *options]
    source = str(Path(maestrale.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": source}
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=60)


def test_the_demo_crawls_and_writes_its_report(tmp_path: Path) -> None:
    written = tmp_path / "reports" / "census.html"
    options = ["--packages", "6", "--missing", "1", "--failing-share", "0.4", "--report", str(written)]

    demo = run_demo(tmp_path, *options)

    assert demo.returncode == 0, demo.stderr
    expected = serve.PackageServer(serve.Settings(packages=6, missing=1))
    expected.server_close()
    lines = demo.stdout.splitlines()
    assert f"Missing   {expected.missing[0]}" in lines
    assert any(line.startswith("Packages  6, ") for line in lines)
    assert lines[-1] == "Report    reports/census.html"

    page = Page(written.read_text(encoding="utf-8"))
    assert [expected.missing[0], "HTTP 404"] in page.rows
    names = {package.metadata["Name"] for package in expected.packages.values()}
    assert names == {row[0].rsplit(" ", 1)[0] for row in page.rows[-6:]}


def test_the_demo_fails_with_the_workflow(tmp_path: Path) -> None:
    a_directory = tmp_path / "census.html"
    a_directory.mkdir()

    demo = run_demo(tmp_path, "--packages", "1", "--report", str(a_directory))

    assert demo.returncode == 1
    assert "The report cannot be written to" in demo.stderr
    assert "Report    " not in demo.stdout
    assert "Traceback" not in demo.stdout + demo.stderr
