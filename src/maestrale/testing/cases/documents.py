"""The files with definitions that tests name: each is read once."""

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from maestrale.lang import Definitions, Problem, parse
from maestrale.lang.reader import Reader
from maestrale.lang.report import Report
from maestrale.lang.source_text import MOST_BYTES
from maestrale.lang.yaml_tree import read_yaml
from maestrale.testing.cases.model import Document

SUFFIXES = (".yaml", ".yml")
TEST_SUFFIXES = tuple(f"_test{suffix}" for suffix in SUFFIXES)


class Unreadable(Struct, frozen=True):
    """Why a file gives no definitions. `problems` are those of a file that has errors."""

    reason: str
    problems: tuple[Problem, ...] = ()


def file_beside(path: str) -> str | None:
    """The file that `deploy_test.yaml` is about if it does not say it: `deploy.yaml` or `deploy.yml`."""
    stem = next((path.removesuffix(suffix) for suffix in TEST_SUFFIXES if path.endswith(suffix)), None)
    if stem is None:
        return None
    return next((stem + suffix for suffix in SUFFIXES if Path(stem + suffix).is_file()), None)


class Shelf:
    """Files with definitions, by path.

    Args:
        prepare: What is done with definitions before they are used.
    """

    def __init__(self, prepare: Callable[[str, Definitions], Definitions]) -> None:
        self._prepare = prepare
        self._found: dict[str, Document | Unreadable] = {}

    @property
    def documents(self) -> Mapping[str, Document]:
        """Every file that could be read so far, by its path."""
        return {path: found for path, found in self._found.items() if isinstance(found, Document)}

    def take(self, path: str) -> Document | Unreadable:
        """The file of this path."""
        if path not in self._found:
            self._found[path] = self._read(path)
        return self._found[path]

    def _read(self, path: str) -> Document | Unreadable:
        source = read_text(path)
        if isinstance(source, Unreadable):
            return source
        parsed = parse(source, file=path)
        if parsed.definitions is None:
            return Unreadable("it has errors", parsed.errors)
        text = source.decode("utf-8-sig")
        report = Report(path, text)
        node = read_yaml(text, report)
        assert node is not None, "a text with definitions is YAML"
        definitions = self._prepare(path, parsed.definitions)
        return Document(path, text, definitions, Reader(node, (), report))


def read_text(path: str) -> bytes | Unreadable:
    """The bytes of a file. What is too large to be a definition is left to the parser to refuse."""
    try:
        with open(path, "rb") as file:
            return file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return Unreadable("there is no such file")
    except (OSError, ValueError) as error:
        return Unreadable(getattr(error, "strerror", None) or str(error))
