"""The definition files of a command: read, checked, and the workflow that is meant."""

from collections.abc import Sequence

from msgspec import Struct

from maestrale.cli.files import STDIN, read_file, shown
from maestrale.errors import Error, InvalidInput, NotFound
from maestrale.expressions.suggestions import Suggestions
from maestrale.lang import Definitions, Parsed, Problem, Workflow, parse
from maestrale.lang.callers import uncalled_workflows

MOST_BYTES = 32 * 1024 * 1024
"""Far more than a definition may have: which bound was passed is for the parser to say."""


class Document(Struct, frozen=True):
    """A definition file. `definitions` is None where it has errors, `parsed` where it cannot be read."""

    name: str
    text: str
    definitions: Definitions | None
    problems: tuple[Problem, ...]
    parsed: Parsed | None = None


def read_documents(paths: Sequence[str]) -> list[Document]:
    """Every file with its problems. A file that cannot be read has that as its one problem."""
    return [_read_document(path) for path in paths]


def _read_document(path: str) -> Document:
    name = shown(path)
    try:
        data = read_file(path, what="definition file", limit=MOST_BYTES)
    except Error as error:
        problem = Problem(code=error.code, message=error.message, file=name, hint=error.hint)
        return Document(name, "", None, (problem,))
    parsed = parse(data, file=name)
    return Document(name, data.decode(errors="replace"), parsed.definitions, parsed.problems, parsed)


def check_files(paths: Sequence[str]) -> None:
    """Refuse a list of files that cannot be read one after the other.

    Raises:
        InvalidInput: Stdin is named twice.
    """
    if paths.count(STDIN) > 1:
        raise InvalidInput("stdin (`-`) can be read only once", code="stdin-twice")


def check_names(documents: Sequence[Document]) -> None:
    """Refuse definitions of one name in two files: which of them is meant?

    Raises:
        InvalidInput: There are such.
    """
    owners: dict[tuple[str, str], str] = {}
    for document in documents:
        assert document.definitions is not None
        kinds = (("workflow", document.definitions.workflows), ("action", document.definitions.actions))
        for kind, names in kinds:
            for name in names:
                owner = owners.setdefault((kind, name), document.name)
                if owner != document.name:
                    raise InvalidInput(
                        f"the {kind} `{name}` is defined in `{owner}` and in `{document.name}`",
                        code="defined-twice",
                        hint="leave one of the files out, or rename one of the definitions",
                    )


def choose_workflow(file: Definitions, name: str | None, *, path: str) -> Workflow:
    """The workflow to run: the one named, else the only one that no other of the file calls.

    Raises:
        NotFound: The file has no workflow of that name, or none at all.
        InvalidInput: Several could be meant.
    """
    if not file.workflows:
        raise NotFound(
            f"`{path}` defines no workflow",
            code="no-workflow",
            hint="name the file with the workflow first, and others with --include",
        )
    if name is None:
        return file.workflows[_only_root(file, path)]
    for full_name in (name, f"{file.workbook}.{name}"):
        if full_name in file.workflows:
            return file.workflows[full_name]
    names = ", ".join(f"`{known}`" for known in file.workflows)
    raise NotFound(
        f"`{path}` defines no workflow `{name}`",
        code="unknown-workflow",
        hint=Suggestions().hint(name, file.workflows) or f"it defines {names}",
    )


def _only_root(file: Definitions, path: str) -> str:
    candidates = uncalled_workflows(file)
    if len(candidates) == 1:
        return candidates[0]
    names = ", ".join(f"`{name}`" for name in candidates)
    raise InvalidInput(
        f"`{path}` defines several workflows that could be meant: {names}",
        code="which-workflow",
        hint=f"name one of them: maestrale run {path} {candidates[0]}",
    )
