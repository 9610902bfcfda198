"""The definition files of a command: read, checked, and the workflow that is meant."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from maestrale.cli.files import STDIN, read_file, shown
from maestrale.errors import Error, InvalidInput, NotFound
from maestrale.lang import Definitions, Problem, Workflow, parse
from maestrale.lang.suggest import Suggestions

MOST_BYTES = 32 * 1024 * 1024
"""Far more than a definition may have: which bound was passed is for the parser to say."""


class Document(Struct, frozen=True):
    """A definition file. `definitions` is None where it has errors."""

    name: str
    text: str
    definitions: Definitions | None
    problems: tuple[Problem, ...]


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
    return Document(name, data.decode(errors="replace"), parsed.definitions, parsed.problems)


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
    called = {name for workflow in file.workflows.values() for name in _called_by(workflow, file.workflows)}
    roots = [name for name in file.workflows if name not in called]
    if len(roots) == 1:
        return roots[0]
    candidates = roots or list(file.workflows)
    if len(candidates) == 1:
        return candidates[0]
    names = ", ".join(f"`{name}`" for name in candidates)
    raise InvalidInput(
        f"`{path}` defines several workflows that could be meant: {names}",
        code="which-workflow",
        hint=f"name one of them: maestrale run {path} {candidates[0]}",
    )


def _called_by(workflow: Workflow, known: Mapping[str, Workflow]) -> Iterator[str]:
    """The other workflows of the file that a task names without an expression."""
    for task in workflow.tasks.values():
        if task.workflow is None or not task.workflow.is_constant:
            continue
        for name in (f"{workflow.workbook}.{task.workflow.source}", task.workflow.source):
            if name in known:
                if name != workflow.name:
                    yield name
                break
