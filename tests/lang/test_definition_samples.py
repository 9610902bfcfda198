"""Definitions that a real Mistral took or refused, where the samples are at hand."""

import os
from pathlib import Path

import pytest
import yaml

from maestrale.lang import DocumentKind, parse

KINDS = {
    "workflow": DocumentKind.WORKFLOWS,
    "action": DocumentKind.ACTIONS,
    "workbook": DocumentKind.WORKBOOK,
}
ACCEPTED = (200, 201)
REFUSED = 400


def sample_folder() -> Path:
    configured = os.environ.get("MAESTRALE_CONFORMANCE")
    root = Path(configured) if configured else Path(__file__).parents[3] / "shared" / "conformance"
    return root / "cases"


SAMPLES = sorted(sample_folder().rglob("*.yaml"))


@pytest.mark.skipif(
    not SAMPLES, reason="the recorded samples are not here: set MAESTRALE_CONFORMANCE to their folder"
)
@pytest.mark.parametrize("sample", SAMPLES or [None], ids=lambda sample: sample.stem if sample else "none")
def test_what_mistral_took_is_taken_and_what_it_refused_is_refused(sample: Path) -> None:
    case = yaml.safe_load(sample.read_text(encoding="utf-8"))
    uploads = zip(case.get("definitions") or [], case["expect"].get("uploads") or [], strict=True)

    for definition, status in uploads:
        if definition["kind"] not in KINDS:
            continue
        text = definition["text"].replace("@@", "1")
        for kind in (KINDS[definition["kind"]], None):
            parsed = parse(text, kind=kind)
            if status in ACCEPTED:
                assert [str(problem) for problem in parsed.errors] == []
            elif status == REFUSED:
                assert parsed.definitions is None
