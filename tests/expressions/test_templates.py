"""Values with expressions in them: what is evaluated, what keeps its type, what is shared."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maestrale.expressions import EvaluationError, Layers, compile_template, has_expression, is_expression
from maestrale.testing.scopes import a_scope

SITE = {"name": "north", "disks": [{"gb": 10}, {"gb": 30}], "__env": {"zone": "eu"}}


def value_of(source: Any, data: Any = SITE) -> Any:
    return compile_template(source).evaluate(a_scope(data))


def in_new_process(program: str, *, hash_seed: str = "0") -> str:
    source = Path(__file__).resolve().parents[2] / "src"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(source), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_value_without_expressions_is_its_own_value() -> None:
    source = {"a": [1, {"b": "text with {braces} and <angles>"}]}

    template = compile_template(source)

    assert template.is_constant
    assert template.evaluate(a_scope()) is source


def test_expressions_are_evaluated_in_values_at_any_depth_and_never_in_keys() -> None:
    source = {"<% $.name %>": ["<% $.name %>", {"x": "{{ _.name }}!"}, 5], "plain": [1]}

    value = value_of(source)

    assert value == {"<% $.name %>": ["north", {"x": "north!"}, 5], "plain": [1]}
    assert source["<% $.name %>"] == ["<% $.name %>", {"x": "{{ _.name }}!"}, 5]


def test_a_result_is_not_evaluated_again() -> None:
    assert value_of("<% $.text %>", {"text": "<% 1 + 1 %>"}) == "<% 1 + 1 %>"


@pytest.mark.parametrize("data", [{}, [], "", 0, None, False])
def test_an_expression_over_falsy_data_is_evaluated(data: Any) -> None:
    assert compile_template("<% $ %>").evaluate(a_scope({}) if data is None else a_scope(data)) == (
        {} if data is None else data
    )
    assert value_of("{{ 1 + 1 }}", data) == 2


def test_data_of_the_scope_is_shared_with_the_result() -> None:
    assert value_of("<% $.disks %>") is SITE["disks"]
    assert value_of("<% $.disks.where($.gb > 10) %>")[0] is SITE["disks"][1]


def test_layers_are_one_mapping_to_both_languages() -> None:
    layers = Layers({"a": 1}, {"a": 2, "b": {"c": 3}})

    assert value_of("<% $ %>", layers) == {"a": 1, "b": {"c": 3}}
    assert value_of("{{ _ }}", layers) == {"a": 1, "b": {"c": 3}}
    assert value_of("<% $.keys().toList() + [$.b.c] %>", layers) == ["a", "b", 3]
    assert value_of("{{ _|tojson }}{{ _ }}", layers) == """{"a": 1, "b": {"c": 3}}{'a': 1, 'b': {'c': 3}}"""
    assert type(value_of("<% $ %>", layers)) is dict


class Touchy(dict[str, Any]):
    """Variables of which only some may be read."""

    def __getitem__(self, key: str) -> Any:
        assert key in ("a", "b"), f"`{key}` was touched"
        return super().__getitem__(key)


@pytest.mark.parametrize(
    "text", ["<% $.a.x %>", "<% $.a.x + $.b %>", "{{ _.a.x }}", "{{ _.a.x + _.b }}", "<% $ and $.b %>"]
)
def test_variables_that_an_expression_does_not_name_are_not_touched(text: str) -> None:
    data = Layers(Touchy({"a": {"x": 1}, "b": 2, "c": 3}))

    assert compile_template(text).evaluate(a_scope(data)) in (1, 2, 3)


def test_importing_the_layer_imports_no_language() -> None:
    program = (
        "import sys\n"
        "from maestrale.expressions import Layers, compile_template\n"
        "from maestrale.testing.scopes import a_scope\n"
        "values = ['text', '<% $.a.b %>', '<% task(t).result %>', '{{ _.a.b }}', 'x<% env().z %>']\n"
        "scope = a_scope({'a': {'b': 1}, '__env': {'z': 2}}, tasks=[{'name': 't', 'result': 3}])\n"
        "print([compile_template(value).evaluate(scope) for value in values])\n"
        "print(sorted({'yaql', 'jinja2', 'yaml'} & set(sys.modules)))\n"
    )

    assert in_new_process(program) == "['text', 1, 3, 1, 'x2']\n[]\n"


def test_another_process_gives_the_same_values() -> None:
    program = (
        "from maestrale.expressions import compile_template\n"
        "from maestrale.testing.scopes import a_scope\n"
        "texts = [\n"
        "    '<% $.names.toSet() %>', '<% $.names.toSet().join(\",\") %>', '<% set(x, y, z, 1, 2) %>',\n"
        "    '<% uuid() %>', '<% random() %>', '<% random(1, 1000000) %>', '<% now() %>',\n"
        "    '<% characters(digits => true, octdigits => true) %>', '<% str($.names.where(true)) %>',\n"
        "    '<% datetime(\"10:00\") %>', '{{ _.names|random }}', '{{ uuid() }}', '{{ lipsum(1) }}',\n"
        "    '<% yaml_parse(\"!!set {x, y, z}\") %>',\n"
        "]\n"
        "scope = a_scope({'names': ['north', 'south', 'east', 'west']})\n"
        "print([compile_template(text).evaluate(scope) for text in texts])\n"
    )

    assert in_new_process(program, hash_seed="1") == in_new_process(program, hash_seed="2")


@pytest.mark.parametrize(
    ("text", "contains", "whole"),
    [
        ("<% $.a %>", True, True),
        ("<% $.a %> \n", True, True),
        ("{{ _.a }}", True, True),
        ("<% 1 %> and <% 2 %>", True, True),
        (" <% $.a %>", True, False),
        ("x<% $.a %>", True, False),
        ("<% $.a %>x", True, False),
        ("{% if a %}{% endif %}", True, False),
        ("<% $.a\n %>", False, False),
        ("{{ _.a\n }}", False, False),
        ("{{ _.a }", False, False),
        ("plain", False, False),
        ("", False, False),
    ],
)
def test_a_text_holds_an_expression_or_is_one(text: str, contains: bool, whole: bool) -> None:
    assert (has_expression(text), is_expression(text)) == (contains, whole)
    assert compile_template(text).is_constant is not contains


def test_templates_are_equal_if_they_were_written_alike() -> None:
    assert compile_template({"a": "<% 1 %>"}) == compile_template({"a": "<% 1 %>"})
    assert hash(compile_template(["x"])) == hash(compile_template(["x"]))
    assert compile_template(1) != compile_template(True)
    assert compile_template("<% 1 %>") != "<% 1 %>"
    assert repr(compile_template("<% 1 %>")) == "Template('<% 1 %>')"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(json_values)
def test_plain_data_comes_out_of_both_languages_as_it_went_in(data: Any) -> None:
    scope = a_scope({"x": data})

    for text in ("<% $.x %>", "{{ _.x }}", "<% let($.x) -> $ %>", "<% [$.x].first() %>", "{{ [_.x][0] }}"):
        assert repr(compile_template(text).evaluate(scope)) == repr(data)


def test_the_value_of_a_text_with_too_much_in_it_is_an_error() -> None:
    data = {"big": "x" * 9_000_000}

    with pytest.raises(EvaluationError, match="more than 16777216 characters"):
        value_of("<% $.big %><% $.big %>", data)
