"""From the text of a test file to its tests, or everything that is wrong with it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from maestrale.actions import Registry
from maestrale.expressions import Json
from maestrale.lang import Problem, Severity, Workflow
from maestrale.lang.callers import uncalled_workflows
from maestrale.lang.problems import Mark
from maestrale.lang.reader import Reader
from maestrale.lang.report import listed
from maestrale.lang.source_text import read_source
from maestrale.lang.yaml_tree import read_yaml
from maestrale.testing.cases.answers import read_rules
from maestrale.testing.cases.codes import CASE_CODES
from maestrale.testing.cases.documents import Shelf, Unreadable, file_beside, read_text
from maestrale.testing.cases.durations import read_duration
from maestrale.testing.cases.layout import FILE
from maestrale.testing.cases.model import Bounds, Case, CaseFile, Document
from maestrale.testing.cases.operations import read_operations
from maestrale.testing.cases.references import References
from maestrale.testing.clocks import NOON


def read_case_file(path: str, shelf: Shelf, registry: Registry) -> CaseFile:
    """The tests of a file, with their workflows. It never raises, whatever the file holds."""
    data = read_text(path)
    if isinstance(data, Unreadable):
        problem = Problem(
            code="file-missing", message=f"the test file cannot be read: {data.reason}", file=path
        )
        return CaseFile(path, "", (), (problem,))
    text, report = read_source(data, file=path, codes=CASE_CODES)
    node = read_yaml(text, report) if text is not None else None
    cases: tuple[Case, ...] = ()
    if node is not None:
        document = Reader(node, (), report)
        FILE.check(document)
        if not report.has_errors:
            cases = _FileReader(path, document, shelf, registry).cases()
    problems = tuple(map(_judged, report.problems()))
    is_wrong = any(problem.severity is Severity.ERROR for problem in problems)
    return CaseFile(path, data.decode(errors="replace"), () if is_wrong else cases, problems)


def _judged(problem: Problem) -> Problem:
    """A key that appears twice is an error here: one of two tests of a name would silently not be run."""
    return replace(problem, severity=Severity.ERROR) if problem.code == "duplicate-key" else problem


class _Given(Struct, frozen=True):
    """What `defaults` and a test give, put together."""

    input: Mapping[str, Json]
    params: Mapping[str, Json]
    now: datetime
    bounds: Bounds
    tags: tuple[str, ...]


class _FileReader:
    """Reads a file whose shape is right."""

    def __init__(self, path: str, file: Reader, shelf: Shelf, registry: Registry) -> None:
        self._path = path
        self._file = file
        self._shelf = shelf
        self._registry = registry
        self._defaults = file.find("defaults")

    def cases(self) -> tuple[Case, ...]:
        documents = self._documents()
        if documents is None:
            return ()
        references = References(documents, self._registry)
        if self._defaults is not None:
            references.check_given(self._defaults)
        found = [self._case(name, reader, documents, references) for name, reader in self._tests()]
        cases = tuple(case for case in found if case is not None)
        if len(cases) == len(found):
            self._check_default_input(cases)
        return cases

    def _check_default_input(self, cases: Sequence[Case]) -> None:
        """An input in the defaults is for the workflows that take it: one of those tested must."""
        taken = {parameter.name for case in cases for parameter in case.workflow.input}
        defaults = self._defaults.find("input") if self._defaults else None
        for name, field in defaults.fields() if defaults else ():
            if name not in taken:
                hint = field.report.suggestions.hint(name, sorted(taken))
                message = f"no workflow that is tested here takes the input `{name}`"
                field.error("unknown-key", message, hint=hint, at=field.key_mark, shown=name)

    def _tests(self) -> Iterator[tuple[str, Reader]]:
        tests = self._file.find("tests")
        assert tests is not None
        return tests.fields()

    def _case(
        self, name: str, reader: Reader, documents: tuple[Document, ...], references: References
    ) -> Case | None:
        workflow = self._workflow(reader, documents)
        if workflow is None:
            return None
        references.check_given(reader)
        references.check_expectations(reader, workflow)
        given = self._given(reader, workflow)
        description, skip = reader.find("description"), reader.find("skip")
        return Case(
            file=self._path,
            name=name,
            mark=reader.key_mark,
            description=description.value if description else None,
            workflow=workflow,
            documents=documents,
            input=given.input,
            params=given.params,
            now=given.now,
            rules=read_rules(reader, self._defaults),
            operations=read_operations(reader, references),
            expect=reader.find("expect"),
            bounds=given.bounds,
            tags=given.tags,
            skip=skip.value if skip else None,
        )

    # The files.

    def _documents(self) -> tuple[Document, ...] | None:
        """The files with the definitions, the one under test first. None: see the report."""
        file, include = self._file.find("file"), self._file.find("include")
        places = [*([file] if file else []), *(include.elements() if include else ())]
        if file is None:
            beside = file_beside(self._path)
            if beside is None:
                self._refuse_no_file()
                return None
            found = [self._document(beside, self._file)]
        else:
            found = []
        found += [self._document(self._beside(place.value), place) for place in places]
        documents = tuple(document for document in found if document is not None)
        complete = len(documents) == len(found) and self._check_names(documents)
        return documents if complete else None

    def _refuse_no_file(self) -> None:
        hint = "name it with `file`, or call this file like the workflow's with `_test` before the `.yaml`"
        message = "which file holds the workflow? There is none beside this file"
        self._file.error("definition-missing", message, hint=hint, at=Mark(1, 1), shown=...)

    def _beside(self, written: str) -> str:
        """A path as it is meant: from the test file on."""
        return os.path.normpath(os.path.join(os.path.dirname(self._path), written))

    def _document(self, path: str, place: Reader) -> Document | None:
        found = self._shelf.take(path)
        if isinstance(found, Document):
            return found
        shown = place.mark if place.path else Mark(1, 1)
        if found.problems:
            first = found.problems[0]
            more = f", and {len(found.problems) - 1} more errors" if len(found.problems) > 1 else ""
            told = f"{first.file}:{first.line}:{first.column}: {first.message} [{first.code}]{more}"
            place.error("definition-refused", f"the definitions have errors: {told}", at=shown, shown=path)
        else:
            message = f"the file `{path}` cannot be read: {found.reason}"
            place.error("definition-missing", message, at=shown, shown=path)
        return None

    def _check_names(self, documents: tuple[Document, ...]) -> bool:
        owners: dict[tuple[str, str], str] = {}
        twice = False
        for document in documents:
            definitions = document.definitions
            for kind, names in (("workflow", definitions.workflows), ("action", definitions.actions)):
                for name in names:
                    owner = owners.setdefault((kind, name), document.path)
                    if owner != document.path:
                        twice = True
                        message = f"the {kind} `{name}` is defined in `{owner}` and in `{document.path}`"
                        self._file.error("definition-twice", message, at=Mark(1, 1), shown=name)
        return not twice

    def _workflow(self, case: Reader, documents: tuple[Document, ...]) -> Workflow | None:
        """The workflow that is meant, by its full name or as a member of its workbook."""
        place = case.find("workflow") or self._file.find("workflow")
        if place is None:
            return self._only_workflow(case, documents[0])
        for document in documents:
            for name in (place.value, f"{document.definitions.workbook}.{place.value}"):
                if name in document.definitions.workflows:
                    return document.definitions.workflows[name]
        known = [name for document in documents for name in document.definitions.workflows]
        hint = place.report.suggestions.hint(place.value, known) or f"there are {listed(known)}"
        place.error("unknown-workflow", f"the files define no workflow `{place.value}`", hint=hint)
        return None

    def _only_workflow(self, case: Reader, document: Document) -> Workflow | None:
        candidates = uncalled_workflows(document.definitions)
        if len(candidates) == 1:
            return document.definitions.workflows[candidates[0]]
        if not candidates:
            message = f"`{document.path}` defines no workflow"
            case.error("unknown-workflow", message, hint="name its file with `file`", at=case.key_mark)
            return None
        message = f"`{document.path}` defines several workflows that could be meant: {listed(candidates)}"
        case.error("which-workflow", message, hint="name one with `workflow`", at=case.key_mark, shown=...)
        return None

    # What a test is given.

    def _given(self, case: Reader, workflow: Workflow) -> _Given:
        env, params = self._merged(case, "env"), self._merged(case, "params")
        now, tags = self._own(case, "now"), [*self._texts(self._defaults, "tags"), *self._texts(case, "tags")]
        taken = {parameter.name for parameter in workflow.input}
        own = case.find("input")
        return _Given(
            # What the test gives itself is given, whether the workflow takes it or not.
            input={
                name: value
                for name, value in self._merged(case, "input").items()
                if name in taken or (own is not None and name in own.value)
            },
            params={**params, **({"env": env} if env else {})},
            now=_instant(now.value) if now else NOON,
            bounds=self._bounds(case),
            tags=tuple(dict.fromkeys(tags)),
        )

    def _own(self, case: Reader, key: str) -> Reader | None:
        """What the test says, else what the defaults say."""
        return case.find(key) or (self._defaults.find(key) if self._defaults else None)

    def _merged(self, case: Reader, key: str) -> dict[str, Json]:
        default = self._defaults.find(key) if self._defaults else None
        own = case.find(key)
        return {**(default.value if default else {}), **(own.value if own else {})}

    def _texts(self, owner: Reader | None, key: str) -> list[str]:
        found = owner.find(key) if owner else None
        return list(found.value) if found else []

    def _bounds(self, case: Reader) -> Bounds:
        limits = self._merged(case, "limits")
        bounds = Bounds()
        if "decisions" in limits:
            bounds = replace(bounds, decisions=limits["decisions"])
        length = read_duration(limits.get("time"))
        return replace(bounds, time=length) if length is not None else bounds


def _instant(text: str) -> datetime:
    """A point of time; without a zone it is UTC."""
    instant = datetime.fromisoformat(text)
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
