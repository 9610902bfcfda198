"""What a name may be (sections 1.2.3 and 1.2.4)."""

import re

from maestrale.lang.reader import Reader
from maestrale.lang.report import extract

LONGEST_NAME = 255
LONGEST_JOIN_NAME = 208

UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
WORD = re.compile(r"[\w-]+")
NO_WORD = re.compile(r"[^\w-]")
SPACE = re.compile(r"\s")


def check_definition_name(reader: Reader, name: str) -> None:
    """The rules for workflows, actions and workbooks. `reader` stands at the name."""
    if not name:
        reader.error("empty-value", "a name must not be empty")
    space = SPACE.search(name)
    if space:
        hint = f"write `{extract(SPACE.sub('_', name))}`"
        reader.error("name-with-space", f"the name `{extract(name)}` must not contain spaces", hint=hint)
    check_length(reader, name)


def check_workflow_name(reader: Reader, name: str) -> None:
    """Besides the rules for all: not like an id, or nobody could tell the two apart in a request."""
    check_definition_name(reader, name)
    if UUID.fullmatch(name):
        message = f"the workflow name `{name}` looks like an id (a UUID)"
        reader.error("name-like-uuid", message, hint="put a word before it")


def check_member_name(reader: Reader, name: str, workbook: str) -> None:
    """The name of a workbook's member, alone and after the workbook's name."""
    if not WORD.fullmatch(name):
        message = f"`{extract(name)}` may have letters, digits, `_` and `-` only, as a member of a workbook"
        hint = f"write `{extract(NO_WORD.sub('_', name))}`" if name else None
        reader.error("name-not-a-word", message, hint=hint)
    check_length(reader, f"{workbook}.{name}")


def check_task_name(reader: Reader, name: str, *, is_join: bool) -> None:
    if not name:
        reader.error("empty-value", "the name of a task must not be empty")
    check_length(reader, name, longest=LONGEST_JOIN_NAME if is_join else LONGEST_NAME)


def check_length(reader: Reader, name: str, *, longest: int = LONGEST_NAME) -> None:
    if len(name) > longest:
        message = f"the name `{extract(name)}` has {len(name)} characters; it may have {longest}"
        reader.error("name-too-long", message)
