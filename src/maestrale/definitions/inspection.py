"""What there is to say of a text that is not to be stored: whether it is valid, and what the linter finds.

It goes in three steps, because only the second needs the store, and the others take long: read the text, look
up what it names, lint it.
"""

from collections.abc import Iterable, Mapping
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from maestrale.definitions.frames import check_size, refuse_reserved_names
from maestrale.definitions.outlines import declared_parameters
from maestrale.errors import InvalidInput
from maestrale.lang import DefinitionError, Definitions, DocumentKind, Parsed, Problem, Severity, parse
from maestrale.lang.reader import Reader
from maestrale.lang.report import Report
from maestrale.linter import Interface, Known, lint, names_outside
from maestrale.store import StoreReader
from maestrale.store.listings import Access
from maestrale.store.records import ActionRecord, DynamicActionRecord, WorkflowRecord

MOST_LOOKUPS = 2_000
"""How many names of a text are looked up. In one with more of them, the linter has no say."""

MOST_DOCUMENTS = 50
"""Of how many stored texts the parameters of actions are read. Beyond that, nothing is said about them."""

UNKNOWN_INPUT = Interface((), accepts_any=True)


class Inspection(Struct, frozen=True):
    """A text that was read. `faults`: all that is wrong with it, for people; None: it is valid."""

    parsed: Parsed
    faults: str | None


class Stored(Struct, frozen=True):
    """What is stored under the names that a text uses.

    `actions` has the id of the document of each ad-hoc action, None of others; `documents` their texts.
    """

    actions: Mapping[str, str | None] = {}
    workflows: Mapping[str, Interface] = {}
    documents: Mapping[str, str] = {}


def inspect_text(text: str, kind: DocumentKind) -> Inspection:
    """Read a text as if it was to be stored."""
    parsed = parse(text, kind=kind)
    try:
        if parsed.definitions is None:
            raise DefinitionError(parsed.errors)
        assert parsed.source is not None, "what has definitions is YAML"
        document = Reader(parsed.source.root, (), Report(parsed.source.file, parsed.source.text))
        check_size(document, kind, text)
        refuse_reserved_names(document, kind)
    except (DefinitionError, InvalidInput) as error:
        return Inspection(parsed, str(error))
    return Inspection(parsed, None)


def find_stored(store: StoreReader, access: Access, inspection: Inspection) -> Stored:
    """What a text names and does not define itself, as far as the caller sees it; in whichever namespace."""
    definitions = inspection.parsed.definitions
    if definitions is None or inspection.faults is not None:
        return Stored()
    names = names_outside(definitions)
    actions: dict[str, str | None] = {}
    for name in _bounded(names.actions):
        action = store.find_record(ActionRecord, access, name=name)
        if action is not None:
            actions[name] = action.document
        elif store.find_record(DynamicActionRecord, access, name=name) is not None:
            actions[name] = None
    workflows = {
        name: Interface(declared_parameters(found.interface.get("input")), accepts_any=True)
        for name in _bounded(names.workflows)
        if (found := store.find_record(WorkflowRecord, access, name=name)) is not None
    }
    documents = list(dict.fromkeys(document for document in actions.values() if document is not None))
    texts = {document: store.get_document(document).text for document in documents[:MOST_DOCUMENTS]}
    return Stored(actions, workflows, texts)


def find_warnings(inspection: Inspection, stored: Stored, known: Known) -> tuple[Problem, ...]:
    """The warnings about a text. `known`: the actions of this service."""
    definitions = inspection.parsed.definitions
    outside = [] if definitions is None else [names_outside(definitions)]
    if any(max(len(names.actions), len(names.workflows)) > MOST_LOOKUPS for names in outside):
        return inspection.parsed.warnings  # Too much is not known to judge names.
    parsed = {document: parse(text).definitions for document, text in stored.documents.items()}
    actions = {
        name: _interface(parsed.get(document) if document is not None else None, name)
        for name, document in stored.actions.items()
    }
    found = lint(inspection.parsed, replace(known, actions=actions, workflows=stored.workflows))
    return tuple(problem for problem in found if problem.severity is Severity.WARNING)


def _bounded(names: Iterable[str]) -> Iterable[str]:
    return islice(sorted(names), MOST_LOOKUPS)


def _interface(definitions: Definitions | None, name: str) -> Interface:
    """What an ad-hoc action takes; of one that cannot be read, nothing is known."""
    action = definitions.actions.get(name) if definitions is not None else None
    return UNKNOWN_INPUT if action is None else Interface(action.input)
