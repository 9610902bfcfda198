"""The page on monitoring has every metric and every line of the log that a server writes."""

import re
from pathlib import Path

from maestrale.api.metrics import Metrics
from maestrale.main.figures import NodeFigures

from .pages import PROJECT

PAGE = (PROJECT / "docs" / "guides" / "monitor.md").read_text(encoding="utf-8")
SOURCES = PROJECT / "src" / "maestrale"
LINE = re.compile(r"\b_?log\.(?:info|warning|error|exception)\(\s*\"([^\"]+)\"")
GAUGE = re.compile(r'Figure\(\s*name="(\w+)"')


def _documented() -> set[str]:
    return set(re.findall(r"^\| `(maestrale_\w+)` \|", PAGE, re.MULTILINE))


def test_every_metric_is_on_the_page() -> None:
    registries = (Metrics().registry, NodeFigures().registry)
    counted = {metric.name for registry in registries for metric in registry.collect()}
    gauges = set(GAUGE.findall((SOURCES / "main" / "figures.py").read_text(encoding="utf-8")))

    assert gauges
    assert _documented() == {name for name in counted if name.startswith("maestrale_")} | gauges


def test_every_line_of_the_log_is_on_the_page() -> None:
    written = {text for source in _server_sources() for text in LINE.findall(source.read_text("utf-8"))}

    assert {"listening", "request", "internal error"} <= written
    assert [text for text in sorted(written) if text not in PAGE] == []


def _server_sources() -> list[Path]:
    return sorted(SOURCES.glob("**/*.py"))
