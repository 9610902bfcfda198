"""The ad-hoc definition that makes an action of a Python class.

It carries the source itself, so that executions pin the code together with the definition.
"""

import re
from base64 import b64encode

from msgspec.structs import replace

from maestrale.actions.python_source import ACTION
from maestrale.definitions.excerpts import write_document
from maestrale.definitions.outlines import action_signature
from maestrale.definitions.python_classes import ClassSignature, read_class
from maestrale.expressions import Json
from maestrale.store import Store
from maestrale.store.records import CodeSourceRecord, DynamicActionRecord

# Names that YAQL reads as a key after a dot; what it would read as a word of its own is asked for by name.
PLAIN_KEY = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")
YAQL_WORDS = frozenset({"and", "or", "not", "in", "mod", "true", "false", "null"})


def generate(store: Store, action: DynamicActionRecord, source: CodeSourceRecord) -> DynamicActionRecord:
    """The action as that source makes it, its document stored."""
    signature = read_class(source.content, action.class_name)
    text = write_definition(action.name, source.content, action.class_name, signature)
    return replace(
        action,
        code_source_id=source.id,
        code_source_name=source.name,
        document=store.put_document(action.name, text),
        input=action_signature(signature.parameters),
        description=signature.description,
    )


def write_definition(name: str, source: str, class_name: str, signature: ClassSignature) -> str:
    """The text of the definition: a document with one ad-hoc action."""
    declared: list[Json] = [p.name if p.required else {p.name: p.default} for p in signature.parameters]
    base_input: dict[str, Json] = {
        "source": b64encode(source.encode("utf-8", "surrogatepass")).decode(),
        "class_name": class_name,
        "arguments": {p.name: f"<% {_path(p.name)} %>" for p in signature.parameters},
        "omit_nulls": list(signature.computed),
    }
    definition: dict[str, Json] = {"base": ACTION, "base-input": base_input}
    if declared:
        definition["input"] = declared
    return write_document(name, definition)


def _path(name: str) -> str:
    is_plain = PLAIN_KEY.fullmatch(name) is not None and name not in YAQL_WORDS
    return f"$.{name}" if is_plain else f"$.get('{name}')"
