"""The recorded behaviour of a real Mistral, on the pure core."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.core.conformance import FOLDER, NotForTheCore, Play, differences

CASES = sorted((FOLDER / "cases").glob("*/*.yaml"))

OURS = {
    "errors/same-workflow-twice.yaml": "stored definitions are the API's",
}
"""Cases that are not about the core, by name, with the reason."""


@pytest.mark.skipif(not CASES, reason=f"no recorded cases in {FOLDER}")
@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_core_does_what_a_real_mistral_was_seen_to_do(path: Path) -> None:
    if (reason := OURS.get(f"{path.parent.name}/{path.name}")) is not None:
        pytest.skip(reason)
    case: dict[str, Any] = yaml.safe_load(path.read_text())
    ignored = set(case.get("ignore", []))
    expected = {key: value for key, value in case["expect"].items() if key not in ignored}

    try:
        seen = Play(case).run()
    except NotForTheCore as reason:
        pytest.skip(f"needs what the core does not have: {reason}")

    assert differences(expected, {key: value for key, value in seen.items() if key not in ignored}) == []
