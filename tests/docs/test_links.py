"""What one page says of another place in the project is there."""

import re
from pathlib import Path

import pytest

from .pages import PROJECT, list_pages

LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)(?P<target>[^)#\s]+)(?:#[^)]*)?\)")
PAGES = [page for page in list_pages() if "concepts" in page.parts or "reference" in page.parts]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_links_to_what_exists(page: Path) -> None:
    targets = {match["target"] for match in LINK.finditer(page.read_text(encoding="utf-8"))}

    assert [target for target in sorted(targets) if not (page.parent / target).exists()] == []


def test_the_pages_are_found() -> None:
    assert (PROJECT / "docs" / "reference" / "language.md") in PAGES
