"""From a text that somebody sent to the definitions in it, checked as the operator wants it.

Reading needs no store and may take long: it is done before, and beside, the transaction that stores.
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from maestrale.definitions.excerpts import Excerpts, write_document
from maestrale.definitions.frames import check_frame, check_size, refuse_reserved_names
from maestrale.definitions.outlines import Outline, outline
from maestrale.errors import InvalidInput
from maestrale.lang import DefinitionError, DocumentKind, Severity
from maestrale.lang.documents import read_document
from maestrale.lang.reader import Reader
from maestrale.lang.source_text import read_source
from maestrale.lang.yaml_tree import Node, read_yaml

ValidationMode: TypeAlias = Literal["mandatory", "enabled", "disabled"]


class Upload(Struct, frozen=True, kw_only=True):
    """The definitions of one text, in its order.

    Args:
        text: Exactly as it was sent.
        workbook: The name of the workbook, None for a list.
        tags: The workbook's.
    """

    text: str
    workflows: tuple[Outline, ...] = ()
    actions: tuple[Outline, ...] = ()
    workbook: str | None = None
    tags: tuple[str, ...] = ()


def is_checked(mode: ValidationMode, *, skip: bool) -> bool:
    """Whether a text is validated, when the operator set `mode` and the request asked to skip it or not."""
    return mode == "mandatory" or (mode == "enabled" and not skip)


def read_upload(text: str, kind: DocumentKind, *, checked: bool = True) -> Upload:
    """The definitions of a text of that kind.

    Args:
        checked: False: it must be YAML with definitions under sound names, and no more. What is wrong
            with them is told when they are run.

    Raises:
        DefinitionError: With every error of the text.
        InvalidInput: It uses a reserved name, or has more definitions than one text may.
    """
    source, report = read_source(text, file="<text>")
    document = read_yaml(source, report) if source is not None else None
    if document is not None:
        reader = Reader(document, (), report)
        if checked:
            read_document(reader, kind)
        else:
            check_frame(reader, kind)
    if report.has_errors or source is None or document is None:
        problems = report.problems()
        raise DefinitionError(tuple(p for p in problems if p.severity is Severity.ERROR))
    reader = Reader(document, (), report)
    check_size(reader, kind, text)
    refuse_reserved_names(reader, kind)
    if kind is DocumentKind.WORKBOOK:
        return _read_workbook(text, source, document)
    return _read_list(text, document, kind)


def only_definition(found: tuple[Outline, ...], *, noun: str) -> Outline:
    """The one definition of a text that is to replace one.

    Raises:
        InvalidInput: There are several.
    """
    if len(found) != 1:
        raise InvalidInput(
            f"The text defines {len(found)} {noun}s, but the request names one to be updated",
            code="several-definitions",
            hint=f"send the text of that {noun} alone, or leave the identifier out to update all by name",
        )
    return found[0]


def _read_list(text: str, document: Node, kind: DocumentKind) -> Upload:
    entries = {name: value for name, value in document.value.items() if name != "version"}
    if kind is DocumentKind.ACTIONS:
        actions = (outline(name, data, definition=text, document=text) for name, data in entries.items())
        return Upload(text=text, actions=tuple(actions))
    workflows = []
    for name, data in entries.items():
        # A text with one workflow is kept as it is; others would drag their neighbours along.
        own = text if len(entries) == 1 else write_document(name, data)
        workflows.append(outline(name, data, definition=own, document=own))
    return Upload(text=text, workflows=tuple(workflows))


def _read_workbook(text: str, source: str, document: Node) -> Upload:
    workbook = str(document.value["name"])
    excerpts = Excerpts(source, document)
    members = {
        section: tuple(
            outline(f"{workbook}.{name}", data, definition=excerpts.member(section, name), document=text)
            for name, data in (document.value.get(section) or {}).items()
            if isinstance(data, dict)
        )
        for section in ("workflows", "actions")
    }
    own = outline(workbook, document.value, definition=text, document=text)
    return Upload(
        text=text,
        workflows=members["workflows"],
        actions=members["actions"],
        workbook=workbook,
        tags=own.tags,
    )
