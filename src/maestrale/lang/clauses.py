"""Transition clauses: `on-success` and its like, in all their forms (sections 2.5.2 and 2.6.1)."""

import re
from collections.abc import Collection, Mapping
from itertools import chain

from msgspec import Struct

from maestrale.expressions import Template, compile_template
from maestrale.lang.inline import check_parameters, find_parameters, warn_of_lost_values
from maestrale.lang.model import ENGINE_COMMANDS, Clause, Publish, Transition
from maestrale.lang.reader import Reader
from maestrale.lang.report import extract
from maestrale.lang.templates import NOTHING, read_expression, read_templates

CLAUSES = ("on-success", "on-error", "on-complete", "on-skip")
ADVANCED = ("publish", "next")
SCOPES = ("branch", "global", "atomic")

CALL = re.compile(r"(?P<target>\w+)\((?P<parameters>.*)\)\s*", re.DOTALL)
WITH_PARAMETERS = re.compile(r"(?P<target>\w+)\s+(?P<parameters>[-\w]+=.*)", re.DOTALL)
WHITE_SPACE = re.compile(r"\s")
HINT = 'write a task\'s name, `name: <% condition %>` in a list, or a command such as `fail msg="…"`'


class Targets(Struct, frozen=True):
    """What a transition may name: the tasks of the workflow, and the engine's commands.

    `owner` is what a message calls the place the transition starts from, such as "task `greet`".
    """

    tasks: Collection[str]
    owner: str

    def check(self, reader: Reader, target: str) -> None:
        if target in ENGINE_COMMANDS:
            if target in self.tasks:
                message = f"`{target}` is the engine's command here, not the task of that name"
                reader.warn("command-hides-task", message, hint="give the task another name")
        elif target not in self.tasks:
            message = f"{self.owner} continues to `{extract(target)}`, which is not defined"
            hint = reader.report.suggestions.hint(target, chain(ENGINE_COMMANDS, self.tasks))
            hint = hint or "add a task of that name, or name one that there is"
            reader.error("undefined-task", message, hint=hint, shown=target)


def read_clause(reader: Reader, targets: Targets) -> Clause:
    """A clause in any form. What cannot be read is left out and reported."""
    if isinstance(reader.value, dict) and any(key in reader.value for key in ADVANCED):
        return _read_advanced(reader, targets)
    return Clause(next=_read_next(reader, targets))


def _read_advanced(reader: Reader, targets: Targets) -> Clause:
    reader.check_keys(ADVANCED, of=f"{reader.name} with `publish` or `next`")
    next_, publish = reader.find("next"), reader.find("publish")
    return Clause(
        next=_read_next(next_, targets) if next_ else (),
        publish=_read_scopes(publish) if publish else None,
    )


def _read_scopes(reader: Reader) -> Publish | None:
    if not reader.is_mapping():
        return None
    reader.check_keys(SCOPES, of="`publish` in a clause")
    scopes: dict[str, Mapping[str, Template]] = {
        name: read_templates(scope) for name, scope in reader.fields() if name in SCOPES
    }
    atomic = reader.find("atomic")
    if atomic is not None:
        message = "`atomic` is read, as in Mistral, but publishes nothing"
        atomic.warn("no-effect", message, hint="use `global`", at=atomic.key_mark)
    return Publish(branch=scopes.get("branch"), global_=scopes.get("global"))


def read_basic_publish(reader: Reader) -> Publish:
    """`publish`, `publish-on-error` or `publish-on-skip` of a task: branch variables."""
    return Publish(branch=read_templates(reader))


def _read_next(reader: Reader, targets: Targets) -> tuple[Transition, ...]:
    if isinstance(reader.value, list):
        items = reader.elements() if reader.is_list() else iter(())
    else:
        items = iter((reader,))
    found = (_read_item(item, targets) for item in items)
    return tuple(transition for transition in found if transition is not None)


def _read_item(reader: Reader, targets: Targets) -> Transition | None:
    """A text, or a mapping of one text to a condition."""
    if isinstance(reader.value, str):
        return _read_target(reader, targets, None)
    if not isinstance(reader.value, dict):
        reader.must_be("a transition", hint=HINT)
        return None
    if not reader.is_mapping():
        return None
    if len(reader.value) > 1:
        message = f"{reader.name} names {len(reader.value)} targets in one mapping"
        reader.error("transition-syntax", message, hint="make it a list with one item for each target")
        return None
    ((_, condition),) = reader.fields()
    hint = "for a way that is always taken, name the target alone" if condition.value is True else None
    return _read_target(condition.key(), targets, read_expression(condition, hint=hint))


def _read_target(reader: Reader, targets: Targets, condition: Template | None) -> Transition | None:
    """A target with its parameters, in one text."""
    text: str = reader.value
    if not text:
        reader.must_not_be_empty()
        return None
    match = CALL.fullmatch(text) or WITH_PARAMETERS.fullmatch(text)
    if match is not None and match["target"] in ENGINE_COMMANDS:
        targets.check(reader, match["target"])
        return Transition(match["target"], condition, _read_message(reader, text, match))
    if not WHITE_SPACE.search(text):
        targets.check(reader, text)
        return Transition(text, condition)
    if match is None:
        reader.error("transition-syntax", f"the transition `{extract(text)}` cannot be read", hint=HINT)
        return None
    ignored = f"parameters mean nothing to a task such as `{extract(match['target'])}`, only to a command"
    reader.warn("no-effect", ignored, hint="publish what the task is to see")
    targets.check(reader, match["target"])
    return Transition(match["target"], condition)


def _read_message(reader: Reader, text: str, match: re.Match[str]) -> Template | None:
    found = find_parameters(text, match.start("parameters"))
    if match["parameters"].strip() and not found.values and not found.lost:
        message = f"the parameters of `{extract(text)}` cannot be read"
        reader.error("transition-syntax", message, hint=HINT)
        return None
    warn_of_lost_values(reader, found)
    for key in found.values:
        if key != "msg":
            message = f"`{match['target']}` has no parameter `{extract(key)}`"
            hint = reader.report.suggestions.hint(key, ("msg",)) or "its only parameter is `msg`"
            reader.warn("no-effect", message, hint=hint)
    if "msg" not in found.values:
        return None
    return compile_template(found.values["msg"]) if check_parameters(reader, found) else NOTHING
