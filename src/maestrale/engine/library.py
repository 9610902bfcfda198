"""The definitions that executions keep, parsed once and found by the content of their document."""

from collections import OrderedDict
from collections.abc import Callable

from maestrale.errors import InvalidInput
from maestrale.lang import parse
from maestrale.lang.model import AdHocAction, Definitions, Workflow

KEPT = 1_000
"""Parsed documents in memory; the least recently used ones go."""


class DocumentLibrary:
    """Implements `core.Library` on stored documents.

    Args:
        read: Gives the text of a document by its id.
    """

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read
        self._parsed: OrderedDict[str, Definitions] = OrderedDict()

    def add(self, document: str, definitions: Definitions) -> None:
        """Keep a document that is parsed already."""
        self._parsed[document] = definitions
        self._parsed.move_to_end(document)
        if len(self._parsed) > KEPT:
            self._parsed.popitem(last=False)

    def get_workflow(self, document: str, name: str) -> Workflow:
        return self._definitions(document).workflows[name]

    def get_action(self, document: str, name: str) -> AdHocAction:
        return self._definitions(document).actions[name]

    def _definitions(self, document: str) -> Definitions:
        found = self._parsed.get(document)
        if found is None:
            parsed = parse(self._read(document))
            if parsed.definitions is None:
                raise InvalidInput(
                    f"the stored definition is wrong: {parsed.problems[0]}",
                    code="definition-refused",
                    hint="mend it and upload it again; if an earlier version of maestrale took it, what "
                    "runs goes on with that version",
                )
            found = parsed.definitions
            self.add(document, found)
        else:
            self._parsed.move_to_end(document)
        return found
