"""Functions, methods and filters that neither language has."""

from collections.abc import Iterable
from functools import cache

from maestrale.expressions.names import FunctionNames, jinja_names, yaql_names
from maestrale.expressions.references import Kind
from maestrale.expressions.texts import has_jinja
from maestrale.linter.reads import Read


def check_functions(reads: Iterable[Read]) -> None:
    """Report calls of what there is not. Texts that define functions of their own are left alone."""
    calls = [read for read in reads if read.reference.kind is Kind.FUNCTION]
    defining = {id(read.place.value) for read in calls if read.reference.name == "def"}
    for read in calls:
        text = str(read.place.value)
        is_jinja = has_jinja(text)
        if id(read.place.value) in defining or (is_jinja and "{%" in text):
            continue
        known = _known(jinja_names() if is_jinja else yaql_names())
        # YAQL heeds no underscore at the end of a name.
        name = read.reference.name if is_jinja else read.reference.name.rstrip("_")
        if name not in known:
            language = "Jinja" if is_jinja else "YAQL"
            hint = read.place.report.suggestions.hint(name, known)
            message = f"{language} has no function `{name}`"
            read.warn("unknown-function", message, hint or "the reference of the language lists all of them")


@cache
def _known(names: FunctionNames) -> frozenset[str]:
    return frozenset(names.functions).union(names.methods)
