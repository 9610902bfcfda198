"""The page on the audit explains every code, as the table has it, and the program makes no other."""

import re

from maestrale.auditor import CODES

from .pages import PROJECT

PAGE = (PROJECT / "docs" / "operations" / "audit.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z-]+)` \| ([^|]+) \| (?:`(\w+)`|–) \| ([^|]+) \|$", re.MULTILINE)
SOURCES = PROJECT / "src" / "maestrale"


def test_every_code_is_explained_as_the_table_has_it() -> None:
    explained = [(code, summary, repair or None) for code, summary, repair, _ in ROW.findall(PAGE)]

    assert explained == [
        (code, each.summary, None if each.repair is None else each.repair.value)
        for code, each in CODES.items()
    ]


def test_no_code_is_made_that_is_not_explained() -> None:
    sources = [*(SOURCES / "auditor").glob("*.py"), SOURCES / "core/audit.py", SOURCES / "core/standstill.py"]
    made = {
        code
        for source in sources
        for code in re.findall(
            r"(?:found|_finding|_of)\(\s*(?:tree, )?\"([a-z-]+)\"", source.read_text("utf-8")
        )
    }

    assert {"counters-differ", "task-without-work", "blob-missing", "shard-without-node"} <= made
    assert made - CODES.keys() == set()
