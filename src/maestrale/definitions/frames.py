"""What must hold of every stored text, validated or not: definitions under names that will do."""

from collections.abc import Iterator

from maestrale.core.catalogue import INTERNAL_PREFIX
from maestrale.errors import InvalidInput
from maestrale.lang import DocumentKind
from maestrale.lang.names import check_definition_name, check_member_name, check_workflow_name
from maestrale.lang.reader import Reader

SECTIONS = ("workflows", "actions")

MOST_DEFINITIONS = 2_000
"""How many definitions one text may have: they are stored in one transaction, for which others wait."""

LONGEST_TOGETHER = 100_000_000
"""How many characters the definitions of a text that go with the whole of it may come to together."""


def check_frame(document: Reader, kind: DocumentKind) -> None:
    """See that the definitions of a text that is not validated can be stored; faults go to the report."""
    if not isinstance(document.value, dict):
        document.must_be("a mapping", hint="begin with `version: '2.0'`, then the definitions by name")
        return
    if kind is DocumentKind.WORKBOOK:
        _check_workbook(document)
        return
    found = list(_definitions(document, kind))
    if not found and not document.is_spoilt:
        document.error("no-definitions", "the document defines nothing", shown=...)
    for section, field in found:
        _check_definition(section, field)


def _check_workbook(document: Reader) -> None:
    name = document.get("name", hint="a workbook's name goes before the names of its members")
    workbook = name.text() if name else None
    if name is None or workbook is None:
        return
    check_definition_name(name, workbook)
    for section in SECTIONS:
        members = document.find(section)
        if members:
            members.is_mapping(hint="write a mapping of names to definitions")
    for section, field in _definitions(document, DocumentKind.WORKBOOK):
        check_member_name(field.key(), str(field.path[-1]), workbook)
        _check_definition(section, field)


def _check_definition(section: str, field: Reader) -> None:
    check = check_workflow_name if section == "workflows" else check_definition_name
    check(field.key(), str(field.path[-1]))
    if not isinstance(field.value, dict):
        field.must_be("a definition", hint="write a mapping")


def check_size(document: Reader, kind: DocumentKind, text: str) -> None:
    """See that storing a text costs what it should.

    Every action of a list shows the whole text, and every member of a workbook is looked for in it: what a
    text takes grows with its square.

    Raises:
        InvalidInput: It has too many definitions, or too many for its length.
    """
    count = sum(1 for _ in _definitions(document, kind))
    bound = MOST_DEFINITIONS
    if kind is not DocumentKind.WORKFLOWS:
        bound = min(bound, max(1, LONGEST_TOGETHER // max(1, len(text))))
    if count > bound:
        raise InvalidInput(
            f"The text has {count:,} definitions; one of {len(text):,} characters may have {bound:,}",
            code="too-many-definitions",
            hint="send them in several texts",
        )


def refuse_reserved_names(document: Reader, kind: DocumentKind) -> None:
    """Keep ad-hoc actions away from this program's own actions, which would run code for them.

    Raises:
        InvalidInput: An action has such a name, or is based on one.
    """
    for section, field in _definitions(document, kind):
        base = field.find("base")
        if section == "actions":
            refuse_reserved_name(str(field.path[-1]))
            if base and isinstance(base.value, str):
                refuse_reserved_name(base.value.strip())


def refuse_reserved_name(name: str) -> None:
    """
    Raises:
        InvalidInput: An action must not have this name, or not be based on it.
    """
    if name.startswith(INTERNAL_PREFIX):
        message = f"Names of actions that begin with `{INTERNAL_PREFIX}` are reserved: `{name[:80]}`"
        raise InvalidInput(message, code="reserved-name", hint="use another name")


def _definitions(document: Reader, kind: DocumentKind) -> Iterator[tuple[str, Reader]]:
    """Everything that stands under a name, with the section it is in or would be in."""
    if kind is not DocumentKind.WORKBOOK:
        yield from ((kind.value, field) for key, field in document.fields() if key != "version")
        return
    for section in SECTIONS:
        members = document.find(section)
        for key, field in members.fields() if members else ():
            if key != "version" or isinstance(field.value, dict):
                yield section, field
