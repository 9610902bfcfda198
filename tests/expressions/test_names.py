"""The names of functions, as completion offers them."""

from maestrale.expressions import jinja_names, yaql_names


def test_yaql_has_functions_methods_and_what_the_compiler_handles_itself() -> None:
    names = yaql_names()

    assert {"len", "task", "env", "let", "with", "range"} <= set(names.functions)
    assert {"where", "select", "len", "keys"} <= set(names.methods)
    assert "where" not in names.functions
    assert all(name.isidentifier() for name in (*names.functions, *names.methods))
    assert names.functions == tuple(sorted(names.functions))


def test_jinja_has_functions_and_filters() -> None:
    names = jinja_names()

    assert {"task", "env", "range"} <= set(names.functions)
    assert {"upper", "length", "json_dump"} <= set(names.methods)
    assert "upper" not in names.functions
