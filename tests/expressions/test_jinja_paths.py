"""Jinja paths, which are evaluated without Jinja, give what Jinja gives."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from maestrale.expressions import EvaluationError, compile_template
from maestrale.expressions.jinja_paths import NO_PATH, jinja_path
from maestrale.testing.scopes import a_scope

names = st.sampled_from(["a", "b", "c", "keys", "get"])
trees = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(trees, st.lists(names, min_size=1, max_size=4))
def test_a_jinja_path_gives_what_jinja_gives(data: Any, steps: list[str]) -> None:
    inner = ".".join(["_", *steps])
    scope = a_scope(data)
    path = jinja_path(inner)
    if path is None:
        assert {"keys", "get"} & set(steps)
        return

    value = path(scope)

    try:
        expected = compile_template(f"{{{{ ({inner}) }}}}").evaluate(scope)
    except EvaluationError:
        assert value is NO_PATH
    else:
        assert value is NO_PATH or value == expected
