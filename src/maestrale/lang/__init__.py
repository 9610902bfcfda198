"""The workflow language: YAML text → a checked, frozen `Definitions`, or all its problems at once.

`parse` never raises and never hangs, whatever the text. Every problem has a file, a line, a column, a
stable code (`CODES` lists them) and, where possible, a hint how to go on. What comes out is checked as far
as a text alone can be: names of actions and of other workflows are resolved when a task runs.
"""

from maestrale.lang.codes import CODES
from maestrale.lang.documents import DocumentKind
from maestrale.lang.model import (
    ENGINE_COMMANDS,
    AdHocAction,
    Clause,
    Definitions,
    Graph,
    Parameter,
    Policies,
    Publish,
    Retry,
    TaskDefinition,
    Transition,
    Workflow,
    WorkflowType,
)
from maestrale.lang.parsing import DefinitionError, Parsed, Source, parse, parse_or_raise
from maestrale.lang.problems import Mark, Problem, Severity

__all__ = [
    "CODES",
    "ENGINE_COMMANDS",
    "AdHocAction",
    "Clause",
    "DefinitionError",
    "Definitions",
    "DocumentKind",
    "Graph",
    "Mark",
    "Parameter",
    "Parsed",
    "Policies",
    "Problem",
    "Publish",
    "Retry",
    "Severity",
    "Source",
    "TaskDefinition",
    "Transition",
    "Workflow",
    "WorkflowType",
    "parse",
    "parse_or_raise",
]
