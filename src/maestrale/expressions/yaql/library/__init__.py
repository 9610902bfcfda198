"""The functions of YAQL, one module per subject. Importing this package registers them all.

How they are declared is told in `signatures`, what they compute with in `values`. Those that make scopes
(`let`, `with`, `def`, `unpack`) and `call` are not here: the compiler writes code for them.
"""

from maestrale.expressions.yaql.library import (
    branching,
    changes,
    collections,
    dates,
    grouping,
    mappings,
    numbers,
    operators,
    ordering,
    queries,
    regular_expressions,
    sets,
    sources,
    strings,
    workflows,
)

__all__ = [
    "branching",
    "changes",
    "collections",
    "dates",
    "grouping",
    "mappings",
    "numbers",
    "operators",
    "ordering",
    "queries",
    "regular_expressions",
    "sets",
    "sources",
    "strings",
    "workflows",
]
