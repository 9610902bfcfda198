"""What one page says of another place in the project is there."""

import re
from pathlib import Path

import pytest

from .pages import PROJECT, list_pages

LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)(?P<target>[^)#\s]*)(?:#(?P<place>[^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PAGES = [
    *list_pages(),
    PROJECT / "ARCHITECTURE.md",
    PROJECT / "CONTRIBUTING.md",
    *PROJECT.glob("changes/*.md"),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_a_page_links_to_what_exists(page: Path) -> None:
    links = [match.groupdict() for match in LINK.finditer(page.read_text(encoding="utf-8"))]

    assert [link for link in links if not _leads_somewhere(page, link["target"], link["place"])] == []


def _leads_somewhere(page: Path, target: str, place: str | None) -> bool:
    goal = page.parent / target if target else page
    if not goal.exists() or place is None:
        return goal.exists()
    return place in map(_anchor, HEADING.findall(goal.read_text(encoding="utf-8")))


def _anchor(heading: str) -> str:
    """What a link to a heading has behind `#`, as hosts of Markdown make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_index_leads_to_every_page() -> None:
    docs = PROJECT / "docs"
    indexes = [docs / "README.md", docs / "reference" / "language" / "README.md"]
    led_to = {
        (index.parent / match["target"]).resolve()
        for index in indexes
        for match in LINK.finditer(index.read_text(encoding="utf-8"))
    }
    listed_by_folder = {docs / "decisions"}

    lost = {page for page in docs.glob("**/*.md") if page.parent not in listed_by_folder} - led_to
    assert sorted(lost - {indexes[0]}) == []


def test_the_pages_are_found() -> None:
    assert (PROJECT / "docs" / "reference" / "language.md") in PAGES
