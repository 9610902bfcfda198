"""What strangers' expressions must not reach: Python, the clock, and the engine's own data."""

from copy import deepcopy

import pytest

from maestrale.expressions import EvaluationError, compile_template
from maestrale.testing.scopes import a_scope

DATA = {"list": [1], "dict": {"a": [1]}, "text": "x", "__env": {"list": [1]}}

FORBIDDEN = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ ['']|map(attribute='__class__')|list }}",
    "{{ ['']|groupby('__class__') }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{a.__class__}'.format_map({'a': 1}) }}",
    "{{ ('{0.__class__}'|attr('format'))(1) }}",
    "{{ '{0.__class__}'['for' ~ 'mat'](1) }}",
    "{{ [].__class__.__base__.__subclasses__() }}",
    "{{ env.__globals__ }}",
    "{{ (env|attr('__globals__')) }}",
    "{{ env.__wrapped__ }}",
    "{{ lipsum.__globals__['os'] }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ namespace.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__ }}",
    "{% macro m() %}{% endmacro %}{{ m.__call__ }}",
    "{% for i in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{{ (1).__class__ }}",
    "{{ range.__self__ }}",
    "{{ dict.mro() }}",
    "{{ ([1]|map('upper')).gi_frame }}",
    "{{ _._layers }}",
    "{{ uuid.__closure__ }}",
    "{% include 'x' %}{{ 1 }}",
    "{% import 'os' as os %}{{ 1 }}",
    "{% extends 'x' %}{{ 1 }}",
    "{{ yaml_parse('!!python/name:os.system') }}",
    "{{ yaml_parse('!!python/object/apply:os.getpid []') }}",
    "{{ yaml_parse('2020-01-01').today() }}",
    "{{ yaml_parse('2020-01-01 10:00:00').now() }}",
    "{{ yaml_parse('2020-01-01 10:00:00').utcnow() }}",
    "{{ yaml_parse('2020-01-01 10:00:00')['now']() }}",
    "{{ yaml_parse('2020-01-01 10:00:00').astimezone() }}",
    "<% ''.__class__ %>",
    "<% ''.upper %>",
    "<% ''.upper() %>",
    "<% $.list.append %>",
    "<% $.dict.a.pop() %>",
    "<% call('__import__', [os], {}) %>",
    "<% call(format, [1], {}, '{0.__class__}') %>",
    "<% now().__class__ %>",
    "<% now().today() %>",
    "<% yaml_parse('!!python/name:os.system') %>",
    "<% regex(a).pattern %>",
    "<% let(a => 1).parent %>",
    "<% $.text.format(1) %>",
    "<% lambda($) %>",
    "<% $ -> 1 %>",
]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_an_expression_that_reaches_for_what_it_must_not_have_fails(text: str) -> None:
    with pytest.raises(EvaluationError):
        compile_template(text).evaluate(a_scope(DATA))


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
