"""Turn the summary of a package census, JSON on stdin, into one self-contained HTML page.

    report.py REPORT.html < summary.json

The page needs nothing but itself: the style is inline, the charts are SVG made here by hand,
colours follow the reader's light or dark setting, and each chart's numbers stand in a table too.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

STYLE = Path(__file__).with_name("report.css")
CHART_WIDTH = 400
ROW_HEIGHT = 38
NUMBERS = {"Packages", "Files", "Size"}  # The columns that are set flush right.
NUMBER_CLASS = ' class="number"'
COLOURS = 6  # The most frequent licences have a colour each, the others share a grey.


@dataclass(frozen=True)
class Bar:
    """One bar of a chart: what stands left and right above it, its length, its colour (0 is grey)."""

    label: str
    value_text: str
    value: float
    colour: int


def page(summary: dict[str, Any], *, made_at: datetime) -> str:
    """Return the whole page. Everything that comes from the summary is escaped."""
    colour_of = {
        group["licence"]: index + 1 if index < COLOURS else 0
        for index, group in enumerate(summary["licences"])
    }
    sections = [
        figures(summary),
        '<div class="columns">\n<div>',
        chart("by-licence", "Packages by licence", licence_bars(summary, colour_of)),
        licence_table(summary),
        "</div>\n<div>",
        chart("by-size", "The largest packages", size_bars(summary, colour_of)),
        unavailable_section(summary),
        "</div>\n</div>",
        package_table(summary, colour_of),
    ]
    return "\n".join([head(summary), *sections, foot(summary, made_at=made_at)])


def head(summary: dict[str, Any]) -> str:
    count = len(summary["packages"])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Package census: {count} packages</title>
<style>
{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<main>
<header>
<h1>Package census</h1>
<p>The Python packages of one environment, by licence and by size.</p>
</header>"""


def figures(summary: dict[str, Any]) -> str:
    """Return the four numbers that say it all."""
    numbers = [
        (f"{len(summary['packages']):,}", "packages"),
        (size_text(summary["bytes"]), "installed"),
        (f"{summary['files']:,}", "files"),
        (f"{len(summary['licences']):,}", "licences"),
    ]
    items = "".join(f"<div><dt>{label}</dt><dd>{figure}</dd></div>" for figure, label in numbers)
    return f'<dl class="figures">{items}</dl>'


def licence_bars(summary: dict[str, Any], colour_of: dict[str, int]) -> list[Bar]:
    """Return the licences by number of packages; the rare ones beyond eleven become one bar."""
    groups = summary["licences"]
    shown, rest = (groups, []) if len(groups) <= 12 else (groups[:11], groups[11:])
    if rest:
        others = {key: sum(group[key] for group in rest) for key in ("packages", "bytes")}
        shown = [*shown, {"licence": f"{len(rest)} others", **others}]
    return [
        Bar(
            label=group["licence"],
            value_text=f"{group['packages']} · {size_text(group['bytes'])}",
            value=group["packages"],
            colour=colour_of.get(group["licence"], 0),
        )
        for group in shown
    ]


def size_bars(summary: dict[str, Any], colour_of: dict[str, int]) -> list[Bar]:
    licence_of = {package["name"]: package["licence"] for package in summary["packages"]}
    return [
        Bar(
            label=package["name"],
            value_text=f"{licence_of[package['name']]} · {size_text(package['bytes'])}",
            value=package["bytes"],
            colour=colour_of[licence_of[package["name"]]],
        )
        for package in summary["largest"]
    ]


def chart(identifier: str, title: str, bars: list[Bar]) -> str:
    """Return a chart of horizontal bars, each under a line with its label and its value.

    The label has a line of its own because names are long and phones are narrow: the drawing
    keeps its proportions at every width and stays legible.
    """
    longest = max((bar.value for bar in bars), default=0) or 1
    rows = "".join(chart_row(bar, y=index * ROW_HEIGHT, longest=longest) for index, bar in enumerate(bars))
    description = "; ".join(f"{bar.label}: {bar.value_text}" for bar in bars)
    return f"""<section>
<h2 id="{identifier}-heading">{escape(title)}</h2>
<svg viewBox="0 0 {CHART_WIDTH} {len(bars) * ROW_HEIGHT}" role="img"
 aria-labelledby="{identifier}-title {identifier}-text">
<title id="{identifier}-title">{escape(title)}</title>
<desc id="{identifier}-text">{escape(description)}</desc>
{rows}</svg>
</section>"""


def chart_row(bar: Bar, *, y: int, longest: float) -> str:
    length = max(CHART_WIDTH * bar.value / longest, 2)
    text, track = f'y="{y + 15}"', f'x="0" y="{y + 21}" height="9" rx="2"'
    return (
        f'<text class="label" x="0" {text}>{escape(bar.label)}</text>'
        f'<text class="value" x="{CHART_WIDTH}" {text} text-anchor="end">{escape(bar.value_text)}</text>'
        f'<rect class="track" width="{CHART_WIDTH}" {track}/>'
        f'<rect class="c{bar.colour}" width="{length:.1f}" {track}/>\n'
    )


def licence_table(summary: dict[str, Any]) -> str:
    rows = (
        [escape(group["licence"]), count_cell(group["packages"]), size_cell(group["bytes"])]
        for group in summary["licences"]
    )
    return table("Licences", ["Licence", "Packages", "Size"], rows, identifier="licences")


def package_table(summary: dict[str, Any], colour_of: dict[str, int]) -> str:
    packages = sorted(summary["packages"], key=lambda package: str(package["name"]).lower())
    rows = (
        [
            f"{linked(package['name'], package['home_page'])} <small>{escape(package['version'])}</small>",
            f'<td><i class="c{colour_of[package["licence"]]}"></i>{escape(package["licence"])}</td>',
            count_cell(package["files"]),
            size_cell(package["bytes"]),
            text_cell(package["summary"] or ""),
        ]
        for package in packages
    )
    return table("Packages", ["Package", "Licence", "Files", "Size", "Summary"], rows, identifier="packages")


def unavailable_section(summary: dict[str, Any]) -> str:
    if not summary["unavailable"]:
        return ""
    rows = (
        [escape(package["name"]), text_cell(str(package["reason"]))] for package in summary["unavailable"]
    )
    return table("Listed, but not to be had", ["Package", "Answer"], rows, identifier="unavailable")


def table(title: str, columns: list[str], rows: Iterable[list[str]], *, identifier: str) -> str:
    """Return a section with a table, wide ones scrolling by themselves.

    `columns` is plain text; a row is the HTML inside its heading, then its cells as HTML.
    """
    heads = "".join(
        f'<th scope="col"{NUMBER_CLASS if column in NUMBERS else ""}>{column}</th>' for column in columns
    )
    lines = "\n".join(f'<tr><th scope="row">{heading}</th>{"".join(cells)}</tr>' for heading, *cells in rows)
    return f"""<section>
<h2 id="{identifier}">{escape(title)}</h2>
<div class="scroll" role="region" aria-labelledby="{identifier}" tabindex="0">
<table id="{identifier}-table" aria-labelledby="{identifier}">
<thead><tr>{heads}</tr></thead>
<tbody>
{lines}
</tbody>
</table>
</div>
</section>"""


def text_cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"


def count_cell(count: int) -> str:
    return f"<td{NUMBER_CLASS}>{count:,}</td>"


def size_cell(byte_count: int) -> str:
    return f"<td{NUMBER_CLASS}>{size_text(byte_count)}</td>"


def size_text(byte_count: int) -> str:
    """Return a size for people, in units of 1,000 with three significant digits at most."""
    value = float(byte_count)
    for unit in ("B", "kB", "MB"):
        if value < 999.5:
            return f"{value:.1f} {unit}" if unit != "B" and value < 9.95 else f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def linked(name: str, url: str | None) -> str:
    """Return the name, linked if the address is one of the web: metadata may hold anything."""
    if url is None or not url.startswith(("https://", "http://")):
        return escape(name)
    return f'<a href="{escape(url)}">{escape(name)}</a>'


def foot(summary: dict[str, Any], *, made_at: datetime) -> str:
    return f"""<footer>
<p>Written by execution <code>{escape(summary["execution"])}</code> of the workflow <code>census</code>,
<time datetime="{made_at.isoformat(timespec="seconds")}">{made_at:%d %B %Y, %H:%M} UTC</time>.</p>
</footer>
</main>
</body>
</html>
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Turn a census, JSON on stdin, into an HTML page.")
    parser.add_argument("report", type=Path, help="the file to write")
    arguments = parser.parse_args()

    try:
        summary = json.load(sys.stdin)
    except ValueError as error:
        sys.exit(f"There is no summary on stdin: it is not JSON, {error}.")
    report: Path = arguments.report
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(page(summary, made_at=datetime.now(UTC)), encoding="utf-8")
    except OSError as error:
        sys.exit(f"The report cannot be written to `{report}`: {error.strerror}.")
    print(report)


if __name__ == "__main__":
    main()
