"""The codes that problems of a test file can have: those of definitions, and these."""

from collections.abc import Mapping

from maestrale.lang import CODES

OWN_CODES: Mapping[str, str] = {
    "duration-syntax": "A length of time that cannot be read.",
    "instant-syntax": "A point of time that cannot be read.",
    "pattern-syntax": "A regular expression that cannot be read.",
    "path-syntax": "A path to a task that cannot be read.",
    "conflicting-keys": "Keys that exclude each other.",
    "definition-missing": "A file with definitions that cannot be read.",
    "definition-refused": "A file with definitions that has errors.",
    "definition-twice": "A workflow or an action that two of the files define.",
    "unknown-workflow": "A workflow that none of the files defines.",
    "unknown-action": "An action that neither the files nor this installation know.",
    "misplaced-key": "A key that belongs to another operation.",
    "which-workflow": "Several workflows could be meant.",
}

CASE_CODES: Mapping[str, str] = {**CODES, **OWN_CODES}
