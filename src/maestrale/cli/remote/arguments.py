"""Arguments and options that several commands have, and what they stand for."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from maestrale.cli.files import read_file, shown
from maestrale.cli.inputs import MOST_BYTES, read_mapping, read_pairs
from maestrale.cli.remote.kinds import Kind
from maestrale.errors import InvalidInput


def add_key(kind: Kind, parser: ArgumentParser) -> None:
    """What names one thing of a kind."""
    parser.add_argument("key", metavar=kind.key, help=f"which {kind.noun}")
    add_namespace(kind, parser)


def add_json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="write JSON")


def add_namespace(kind: Kind, parser: ArgumentParser) -> None:
    if kind.namespaced:
        parser.add_argument("--namespace", metavar="NAME", default="", help="without it: the default one")


def namespace_of(kind: Kind, given: Namespace) -> dict[str, str]:
    """The namespace as an argument of the client, where the kind has them."""
    return {"namespace": given.namespace} if kind.namespaced else {}


def add_scope(parser: ArgumentParser) -> None:
    """`--public`. What is not made public again by an update is private."""
    parser.add_argument(
        "--public",
        dest="scope",
        action="store_const",
        const="public",
        default="private",
        help="for all projects; only administrators may",
    )


def add_input(parser: ArgumentParser) -> None:
    parser.add_argument(
        "-i",
        "--input",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an input; repeatable. A value that is JSON is read as JSON, any other as text",
    )
    parser.add_argument(
        "--input-file", metavar="FILE", help="a mapping of inputs in JSON or YAML; --input wins over it"
    )


def input_of(given: Namespace) -> dict[str, Any]:
    """The input: that of the file, and over it the pairs."""
    pairs = read_pairs(given.input)
    if given.input_file is None:
        return pairs
    return {**read_mapping(given.input_file, what="input file"), **pairs}


def add_env_file(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--env-file", metavar="FILE", help="merged into the environment: a mapping in JSON or YAML"
    )


def mapping_of(path: str | None, *, what: str) -> Mapping[str, Any] | None:
    """The mapping in a file; None where none is named."""
    return None if path is None else read_mapping(path, what=what)


def read_text(path: str) -> str:
    """The text of a file. Raises: InvalidInput: it cannot be read, or is not UTF-8."""
    data = read_file(path, what="file", limit=MOST_BYTES)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"the file `{shown(path)}` is not UTF-8 text: byte {error.start} is 0x{data[error.start]:02x}",
            code="file-not-text",
            hint="save it in UTF-8",
        ) from error
