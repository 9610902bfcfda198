"""The names of the functions of both languages, for whoever completes or lists them.

Importing this imports neither language.
"""

from functools import cache

from msgspec import Struct

_FORMS = ("call", "def", "let", "unpack", "with")
"""What the compiler of YAQL handles itself, as it is about scopes."""


class FunctionNames(Struct, frozen=True):
    """What one language has, in alphabetical order.

    Args:
        functions: Called with their arguments: `len(x)`.
        methods: Called on a value: `x.len()` in YAQL, the filters of Jinja.
    """

    functions: tuple[str, ...]
    methods: tuple[str, ...]


@cache
def yaql_names() -> FunctionNames:
    """The functions and the methods of YAQL."""
    import maestrale.expressions.yaql.library  # noqa: F401  # It registers the functions.
    from maestrale.expressions.installed_functions import installed_functions
    from maestrale.expressions.yaql.signatures import OVERLOADS

    # What is called by an operator has a name that nobody can write.
    known = {name: overloads for name, overloads in OVERLOADS.items() if name.isidentifier()}
    functions = [name for name, overloads in known.items() if any(one.is_function for one in overloads)]
    methods = [name for name, overloads in known.items() if any(one.is_method for one in overloads)]
    functions.extend(function.name for function in installed_functions())
    return FunctionNames(tuple(sorted({*functions, *_FORMS})), tuple(sorted({*methods, "unpack"})))


@cache
def jinja_names() -> FunctionNames:
    """The functions and the filters of Jinja."""
    from maestrale.expressions import jinja_language

    functions, filters = jinja_language.function_names()
    return FunctionNames(tuple(sorted(functions)), tuple(sorted(filters)))
