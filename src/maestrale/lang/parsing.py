"""The front door: a text in, checked definitions or all its problems out."""

from msgspec import Struct

from maestrale.errors import Error
from maestrale.lang.documents import DocumentKind, kind_of_document, read_document
from maestrale.lang.model import Definitions
from maestrale.lang.problems import Problem, Severity
from maestrale.lang.reader import Reader
from maestrale.lang.source_text import read_source
from maestrale.lang.yaml_tree import Node, read_yaml

MOST_SHOWN = 20


class Source(Struct, frozen=True):
    """A text that is YAML, with the place of everything in it."""

    file: str
    text: str
    root: Node


class Parsed(Struct, frozen=True):
    """What became of a text. `definitions` is None when any problem is an error.

    `problems` has errors and warnings alike, in order of place. `source` is for who has more to say about
    the text; None: it is not YAML.
    """

    definitions: Definitions | None
    problems: tuple[Problem, ...]
    source: Source | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)


class DefinitionError(Error):
    """A text that is no definition. `problems` are all its errors, in order of place."""

    code = "invalid-definition"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        shown = [str(problem) for problem in problems[:MOST_SHOWN]]
        if len(problems) > MOST_SHOWN:
            shown.append(f"… and {len(problems) - MOST_SHOWN} more")
        super().__init__("\n".join(shown))
        self.problems = problems

    def __str__(self) -> str:
        return self.message  # Every problem in it has its own code.


def parse(text: str | bytes, *, file: str = "<text>", kind: DocumentKind | None = None) -> Parsed:
    """Read and check a document. It never raises, whatever the text is.

    Args:
        file: What problems call the text, such as a path.
        kind: None: told from the shape of the document.
    """
    source, report = read_source(text, file=file)
    node = read_yaml(source, report) if source is not None else None
    if source is None or node is None:
        return Parsed(None, report.problems())
    document = Reader(node, (), report)
    definitions = read_document(document, kind or kind_of_document(document))
    found = None if report.has_errors else definitions
    return Parsed(found, report.problems(), Source(file, source, node))


def parse_or_raise(
    text: str | bytes, *, file: str = "<text>", kind: DocumentKind | None = None
) -> Definitions:
    """Read and check a document, for callers that want nothing else.

    Raises:
        DefinitionError: With every error of the document.
    """
    parsed = parse(text, file=file, kind=kind)
    if parsed.definitions is None:
        raise DefinitionError(parsed.errors)
    return parsed.definitions
