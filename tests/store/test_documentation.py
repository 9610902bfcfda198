"""The documentation of the store says what its errors mean."""

import re
from pathlib import Path

import maestrale.store

CONCEPT = Path(__file__).parents[2] / "docs" / "concepts" / "storage.md"


def test_every_code_of_an_error_is_documented() -> None:
    sources = Path(maestrale.store.__file__).parent.rglob("*.py")
    codes = {code for file in sources for code in re.findall(r'\bcode ?= ?"([a-z-]+)"', file.read_text())}
    documented = set(re.findall(r"`([a-z-]+)`", CONCEPT.read_text()))

    assert {"database-locked", "lease-lost", "not-storable"} <= codes
    assert codes - documented == set()
