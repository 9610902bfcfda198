"""No expression changes the data that it reads."""

from copy import deepcopy

import pytest

from maestrale.expressions import compile_template
from maestrale.testing.scopes import a_scope

DATA = {"list": [1], "dict": {"a": [1]}, "text": "x", "__env": {"list": [1]}}

CHANGES = [
    "{{ _.list.append(2) }}",
    "{{ _.list.clear() or _.list }}",
    "{{ _.list.sort() }}",
    "{{ _['list']['append'](2) }}",
    "{{ (_.list|attr('append'))(2) }}",
    "{{ (_|attr('get'))('list') }}",
    "{{ _.dict.update(b=1) or _.dict }}",
    "{{ _.dict.setdefault('c', []).append(1) }}",
    "{{ _.dict.pop('a') }}",
    "{{ _.dict.a.extend([1, 2]) }}",
    "{{ env().list.append(2) }}",
    "{{ env().update(x=1) }}",
    "{{ __env.list.append(2) }}",
    "{{ task('t').result.append(2) }}",
    "{{ global('g').append(1) }}",
    "{% for item in [_.list] %}{{ item.append(3) }}{% endfor %}",
    "{% set x = _.dict.a %}{% if x.append(1) %}{% endif %}{{ x }}",
    "{% set ns = namespace(_.dict) %}{% set ns.a = 2 %}{{ ns.a }}",
    "<% $.list.append(2) %>",
    "<% $.dict.set(a, 2) %>",
    "<% env().list + [1] %>",
    "<% env().delete(list) %>",
    "<% env().list.insert(0, 9) %>",
    "<% task(t).result.append(1) %>",
]


@pytest.mark.parametrize("text", CHANGES)
def test_no_expression_changes_the_data_of_the_scope(text: str) -> None:
    data = deepcopy(DATA)
    tasks = [{"name": "t", "result": [1]}]
    variables = {"g": [1]}

    compile_template(text).evaluate(a_scope(data, tasks=tasks, global_variables=variables))

    assert (data, tasks, variables) == (DATA, [{"name": "t", "result": [1]}], {"g": [1]})


def test_a_template_sees_the_changes_it_made_itself() -> None:
    text = "{% if _.list.append(2) or env().list.append(5) %}{% endif %}{{ _.list }}{{ uuid() == uuid() }}"

    assert compile_template(text).evaluate(a_scope(DATA)) == "[1, 2]False"
