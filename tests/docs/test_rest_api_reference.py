"""The reference of the REST API lists every operation that `/openapi.json` has, and nothing else.

After a change of the API draw its tables anew: `python -m tests.docs.test_rest_api_reference`.
"""

import re
from typing import Any

from maestrale.api import ApiSettings
from tests.api.house import an_app, get

from .pages import PROJECT

PAGE = PROJECT / "docs" / "reference" / "rest-api.md"
PAGE_PARAMETERS = ("marker", "limit", "sort_keys", "sort_dirs", "fields")
SHARED_STATUSES = frozenset({"400", "401", "415", "423"})
"""What any request may be answered with; the page says so once."""

BEGIN, END = "<!-- {tag}: drawn from /openapi.json -->", "<!-- end of {tag} -->"


def _document() -> dict[str, Any]:
    app = an_app(settings=ApiSettings(enable_healthcheck=True))
    document: dict[str, Any] = get(app, "/openapi.json").json()
    return document


def _tables() -> dict[str, str]:
    """A table for each tag, its operations in the order of their paths."""
    rows: dict[str, list[str]] = {}
    for path, operations in sorted(_document()["paths"].items()):
        for method, operation in operations.items():
            rows.setdefault(operation["tags"][0], []).append(_row(method.upper(), path, operation))
    head = "| operation | does | parameters | answers |\n|---|---|---|---|\n"
    return {tag: head + "\n".join(lines) for tag, lines in rows.items()}


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    statuses = [status for status in operation["responses"] if status not in SHARED_STATUSES]
    cells = (f"`{method} {path}`", _deed(operation), _parameters(operation), ", ".join(statuses))
    return f"| {' | '.join(cells)} |"


def _deed(operation: dict[str, Any]) -> str:
    summary, more = operation["summary"], operation.get("description")
    return f"{summary}. {more}" if more else summary


def _parameters(operation: dict[str, Any]) -> str:
    names = [each["name"] for each in operation["parameters"] if each["in"] == "query"]
    is_list = set(PAGE_PARAMETERS) <= set(names)
    own = [f"`{name}`" for name in names if not (is_list and name in PAGE_PARAMETERS)]
    return ", ".join([*(["*[page](#lists)*"] if is_list else []), *own])


def _drawn(page: str) -> str:
    """The page with the tables between its markers as they should be."""
    for tag, table in _tables().items():
        begin, end = BEGIN.format(tag=tag), END.format(tag=tag)
        assert page.count(begin) == page.count(end) == 1, f"rest-api.md must have one place for {tag}"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return page


def test_the_reference_has_every_operation() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == _drawn(page), "run `python -m tests.docs.test_rest_api_reference` to draw the tables anew"


def test_the_reference_has_no_operation_that_there_is_not() -> None:
    page = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| `((?:GET|POST|PUT|DELETE) \S+)` \|", page, re.MULTILINE)
    served = [
        f"{method.upper()} {path}"
        for path, operations in _document()["paths"].items()
        for method in operations
    ]

    assert sorted(listed) == sorted(served)


if __name__ == "__main__":
    PAGE.write_text(_drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
