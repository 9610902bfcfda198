"""Expressions: `<% yaql %>` and `{{ jinja }}` in the values of a definition.

A value is compiled once into a `Template` and evaluated many times, each time against a `Scope`, which
says what `$` is, what time it is, and what Mistral's functions read. This layer is pure: it reads no
clock and draws no random number, so the same scope gives the same value in every process. It changes
no data it is given. Templates are written by strangers: neither language reaches Python's attributes
or modules, single steps are bounded in size, and `budget.interrupt` stops an evaluation from outside.

Importing it imports neither language; the first expression that needs one does.
"""

from maestrale.expressions.budget import OverBudget
from maestrale.expressions.checking import check_text
from maestrale.expressions.installed_functions import provide_functions
from maestrale.expressions.names import FunctionNames, jinja_names, yaql_names
from maestrale.expressions.problems import EvaluationError, SyntaxProblem
from maestrale.expressions.results import to_json
from maestrale.expressions.scope import Json, Layers, Scope
from maestrale.expressions.secrecy import Secrets
from maestrale.expressions.secrets import has_marks, is_open_mapping, mask, reveal
from maestrale.expressions.template import Template, compile_template
from maestrale.expressions.texts import has_expression, is_expression

__all__ = [
    "EvaluationError",
    "FunctionNames",
    "Json",
    "Layers",
    "OverBudget",
    "Scope",
    "Secrets",
    "SyntaxProblem",
    "Template",
    "check_text",
    "compile_template",
    "has_expression",
    "has_marks",
    "is_expression",
    "is_open_mapping",
    "jinja_names",
    "mask",
    "provide_functions",
    "reveal",
    "to_json",
    "yaql_names",
]
