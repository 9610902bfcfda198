"""Every code a problem can have, with its meaning in one line.

The codes are stable: editors, scripts and people search for them. `docs/reference/problems.md` shows an
example of each; a test compares the page with this table and runs the examples.
"""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    # The text itself.
    "too-large": "The text is larger than a definition may be, in bytes or in values.",
    "too-deep": "Values are nested deeper than a definition may nest them.",
    "not-text": "The bytes are not UTF-8 text, or hold characters that YAML does not allow.",
    "yaml-syntax": "The text is not valid YAML.",
    "several-documents": "The text holds more than one YAML document.",
    "custom-tag": "A YAML tag other than the standard ones for plain data.",
    "merge-key": "The YAML merge key `<<`, which makes no sense in a language without anchors.",
    "key-not-text": "A key that YAML reads as something other than text.",
    "duplicate-key": "A key that appears twice in one mapping; the last one counts.",
    "not-json": "A number that JSON has no word for: infinity, or not a number.",
    "unreadable-value": "A value whose form says number, date or boolean, but which is none.",
    # The shape of the data.
    "wrong-type": "A value of the wrong type.",
    "out-of-range": "A number below zero where it counts or measures something.",
    "empty-value": "A text, list or mapping that must not be empty.",
    "duplicate-item": "An item that appears twice in a list of different items.",
    "missing-key": "A required key is absent.",
    "unknown-key": "A key that does not exist here.",
    "ignored-key": "A key that does not exist here and is ignored, as in Mistral.",
    "unknown-word": "A word other than the few that are allowed here.",
    "no-effect": "Something that is allowed, but has no effect here.",
    # Documents and names.
    "unusual-version": "The version of a list is not 2.0; it is read as 2.0.",
    "unsupported-version": "The version of a workbook is not 2.0.",
    "no-definitions": "The document defines nothing.",
    "name-like-uuid": "A workflow's name looks like the id of one.",
    "name-with-space": "A name with white space.",
    "name-too-long": "A name longer than 255 characters, or 208 for a task with `join`.",
    "name-not-a-word": "A workbook's member is named with more than letters, digits, `_` and `-`.",
    "duplicate-input": "An input that is declared twice; the last declaration counts.",
    # Expressions and inline parameters.
    "yaql-syntax": "A YAQL expression that cannot be read.",
    "jinja-syntax": "A Jinja expression that cannot be read.",
    "mixed-languages": "YAQL and Jinja in one text.",
    "unclosed-expression": "An expression that is not closed in its line and so is plain text.",
    "blocks-only": "A text for Jinja with blocks and no `{{ … }}`, which fails when it is evaluated.",
    "not-an-expression": "Something else where one whole expression must stand.",
    "inline-syntax": "An action, workflow or base whose name cannot be read.",
    "inline-value-dropped": "A `name=value` in one line whose value is not read, or not wholly.",
    "inline-with-expression-input": "Inline parameters beside an `input` that is one expression.",
    # Tasks.
    "action-and-workflow": "A task with both an `action` and a `workflow`.",
    "wrong-workflow-type": "A key of direct workflows in a reverse one, or the other way round.",
    "with-items-syntax": "A `with-items` that is not `variable in list`.",
    "duplicate-variable": "A loop variable that appears twice; the last list counts.",
    "transition-syntax": "A transition that cannot be read.",
    "undefined-task": "A transition or a requirement names a task that does not exist.",
    "command-hides-task": "A transition to an engine command that shares its name with a task.",
    # The graph.
    "no-start-task": "Every task comes after another one, so that none can be the first.",
    "unreachable-task": "No path leads from a start task to this task.",
    "join-without-inbound": "A `join: all` on a task that no task leads to.",
    "join-out-of-reach": "A join of more tasks than lead to it.",
    "requires-cycle": "Tasks that require each other in a circle.",
    # The list of problems.
    "more-problems": "There are more problems than are listed.",
}
