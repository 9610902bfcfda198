"""The pages on monitoring have every metric and every line of the log that a server writes.

What every server has is on the one page, what a cluster adds on the other.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import CollectorRegistry

from maestrale.api.metrics import Metrics
from maestrale.main.cluster_figures import ClusterFigures
from maestrale.main.figures import NodeFigures

from .pages import PROJECT

OPERATIONS = PROJECT / "docs" / "operations"
PAGES = (PROJECT / "docs" / "guides" / "monitor.md", OPERATIONS / "monitoring.md")
PAGE = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
ALERTS = (OPERATIONS / "alerts.yaml").read_text(encoding="utf-8")
SOURCES = PROJECT / "src" / "maestrale"
LINE = re.compile(r"\b_?log\.(?:info|warning|error|exception)\(\s*\"([^\"]+)\"")
GAUGE = re.compile(r'Figure\(\s*name="(\w+)"')


def _documented() -> set[str]:
    return set(re.findall(r"^\| `(maestrale_\w+)` \|", PAGE, re.MULTILINE))


def _registries() -> tuple[CollectorRegistry, ...]:
    of_a_cluster = ClusterFigures(beat_age=lambda: 0.0, version="1").registry
    return Metrics().registry, NodeFigures().registry, of_a_cluster


def test_every_metric_is_on_a_page() -> None:
    counted = {metric.name for registry in _registries() for metric in registry.collect()}
    gauges = set(GAUGE.findall((SOURCES / "main" / "figures.py").read_text(encoding="utf-8")))

    assert gauges
    assert _documented() == {name for name in counted if name.startswith("maestrale_")} | gauges


def test_every_line_of_the_log_is_on_a_page() -> None:
    written = {text for source in _server_sources() for text in LINE.findall(source.read_text("utf-8"))}

    assert {"listening", "request", "internal error"} <= written
    assert [text for text in sorted(written) if text not in PAGE] == []


def _server_sources() -> list[Path]:
    return sorted(SOURCES.glob("**/*.py"))


def test_every_alert_asks_for_metrics_that_there_are() -> None:
    series = {
        sample.name
        for registry in _registries()
        for metric in registry.collect()
        for sample in metric.samples
    }
    # A family without a child yet has no sample; its name says which there will be.
    families = {metric.name: metric.type for registry in _registries() for metric in registry.collect()}
    ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
    series |= {f"{name}{end}" for name, kind in families.items() for end in ends.get(kind, ("",))}
    asked = {name for rule in _rules() for name in re.findall(r"\bmaestrale_\w+", rule["expr"])}

    assert asked
    assert asked - series - _documented_gauges() == set()


def test_every_alert_has_a_section_that_says_what_to_do() -> None:
    sections = re.findall(r"^## (\w+)$", (OPERATIONS / "alarms.md").read_text("utf-8"), re.MULTILINE)

    assert sections == [rule["alert"] for rule in _rules()]


def _rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS)["groups"] for rule in group["rules"]]


def _documented_gauges() -> set[str]:
    return set(GAUGE.findall((SOURCES / "main" / "figures.py").read_text(encoding="utf-8")))
