"""Attacks: what strangers' expressions must not reach, in every way that is known to have worked somewhere.

Both languages run inside the server. Python's attributes, modules and files, its clocks and the names of the
code that is generated are out of their reach.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from maestrale.expressions import EvaluationError, Json, compile_template
from maestrale.expressions.yaql import kinds
from maestrale.expressions.yaql.compiler import build
from maestrale.expressions.yaql.parser import parse
from maestrale.expressions.yaql.signatures import ATTRIBUTES
from maestrale.testing.scopes import a_scope

DATA = {"list": [1], "dict": {"a": [1]}, "text": "x", "__env": {"list": [1]}}

DUNDERS = (
    *("__class__", "__base__", "__bases__", "__mro__", "__subclasses__", "__globals__", "__builtins__"),
    *("__init__", "__dict__", "__code__", "__closure__", "__func__", "__self__", "__wrapped__", "__module__"),
    *("__getattribute__", "__reduce__", "__reduce_ex__", "__import__", "__loader__", "__spec__", "__call__"),
    *("gi_frame", "gi_code", "f_globals", "f_back", "tb_frame", "cr_frame", "ag_frame", "func_globals"),
)
"""Names that lead from a value into Python."""

YAQL_VALUES = (
    *(
        "null",
        "true",
        "1",
        "1.5",
        "'x'",
        "[1]",
        "{a => 1}",
        "set(1)",
        "$",
        "$.list",
        "$.dict",
        "$.dict.keys()",
    ),
    *("$.dict.items()", "$.list.select($)", "range(3)", "now()", "timespan(days => 1)", "regex(a)"),
    *("$.list.orderBy($)", "let(a => 1)", "def(f, 1)", "env()", "datetime(2020, 1, 1)", "$.list.memorize()"),
)

JINJA_VALUES = (
    *("none", "true", "1", "1.5", "'x'", "[1]", "{'a': 1}", "(1,)", "_", "_.list", "_.dict"),
    *(
        "_.dict.keys()",
        "_.list|map('string')",
        "range(3)",
        "cycler(1)",
        "joiner()",
        "namespace(a=1)",
        "lipsum",
        "dict",
        "range",
    ),
    *(
        "cycler",
        "joiner",
        "namespace",
        "env",
        "env()",
        "task",
        "uuid()",
        "self",
        "_.list.append",
        "''.format",
    ),
    *("_.missing", "yaml_parse('2020-01-01')", "'x'|e", "1|string", "_.text.upper", "{}.items()"),
)


def refused(text: str) -> None:
    with pytest.raises(EvaluationError):
        compile_template(text).evaluate(a_scope(DATA))


@pytest.mark.parametrize("value", YAQL_VALUES)
def test_no_value_of_yaql_has_an_attribute_of_python(value: str) -> None:
    for name in DUNDERS:
        refused(f"<% ({value}).{name} %>")
        refused(f"<% ({value}).{name}() %>")
        refused(f"<% call({name}, [{value}], {{}}) %>")
        refused(f"<% call({name}, [], {{}}, {value}) %>")
        if not value.startswith(("null", "let", "def")):
            refused(f"<% ({value})?.{name} %>")


@pytest.mark.parametrize("value", JINJA_VALUES)
def test_no_value_of_jinja_has_an_attribute_of_python(value: str) -> None:
    for name in DUNDERS:
        refused(f"{{{{ ({value}).{name} }}}}")
        refused(f"{{{{ ({value})['{name}'] }}}}")
        refused(f"{{{{ ({value})|attr('{name}') }}}}")
        refused(f"{{{{ ({value})|attr('{name[:3]}' ~ '{name[3:]}') }}}}")
        refused(f"{{{{ [{value}]|map(attribute='{name}')|list|first }}}}")


CALLS = ["'{}'.format", "('{}'|attr('format'))", "'{}'['format']", "('{}'|e).format"]
FORMATS = ["{0.%s}", "{0[%s]}", "{a.%s}", "{0.%s.b}", "{0:{0.%s}}"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "call", ["'{}'.format", "('{}'|attr('format'))", "'{}'['format']", "('{}'|e).format"]
)
def test_formatting_does_not_walk_into_objects(form: str, call: str) -> None:
    for name in DUNDERS[:12]:
        refused("{{ " + call.replace("{}", form % name) + "(env, a=env) }}")
        refused("{{ '" + form % name + "'.format_map({'a': env, '0': env}) }}")


JINJA = [
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
    "{{ request.application.__globals__ }}",
    "{{ config.__class__.__init__.__globals__['os'].popen('id') }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''|attr('__cl' ~ 'ass__') }}",
    "{{ ''|attr(['__class', '__']|join) }}",
    "{{ ''|attr('%sclass%s'|format('__', '__')) }}",
    "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ ''|attr(_.text|replace('x', '__class__')) }}",
    "{{ ''|attr(dict(__class__=1)|list|first) }}",
    "{{ [lipsum]|map(attribute='__globals__.os')|list }}",
    "{{ [{'a': lipsum}]|map(attribute='a.__globals__')|list }}",
    "{{ [lipsum]|sum(attribute='__globals__') }}",
    "{{ [lipsum, lipsum]|sort(attribute='__globals__') }}",
    "{{ [lipsum]|groupby('__globals__')|list }}",
    "{{ [lipsum]|unique(attribute='__globals__')|list }}",
    "{{ [lipsum]|selectattr('__globals__')|list }}",
    "{{ [lipsum]|rejectattr('__globals__')|list }}",
    "{{ [lipsum]|max(attribute='__globals__') }}",
    "{{ [lipsum]|join(',', attribute='__globals__') }}",
    "{{ [lipsum]|map('attr', '__globals__')|list }}",
    "{{ ['{0.__class__}']|map('format', env)|map('attr', '__class__')|list }}",
    "{{ ['{0.__globals__}'.format]|map('attr', '__self__')|list }}",
    "{{ (['{0.__globals__}'.format]|first)(env) }}",
    "{% set f = '{0.__globals__}'.format %}{{ f(env) }}",
    "{{ {'f': '{0.__globals__}'.format}.f(env) }}",
    "{{ dict(f='{0.__globals__}'.format)['f'](env) }}",
    "{{ namespace(f='{0.__globals__}'.format).f(env) }}",
    "{{ cycler('{0.__globals__}'.format).next()(env) }}",
    "{{ ('{0.__globals__}'.format|default(1))(env) }}",
    "{% macro m(f) %}{{ f(env) }}{% endmacro %}{{ m('{0.__globals__}'.format) }}",
    "{% call(x) m() %}{{ x }}{% endcall %}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro m() %}{{ varargs.__class__ }}{% endmacro %}{{ m(1) }}",
    "{% for x in [1] recursive %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{{ joiner().__init__.__globals__.os }}",
    "{{ cycler(1).__init__.__globals__.os }}",
    "{{ cycler(1).next.__func__.__globals__ }}",
    "{{ namespace().__init__ }}",
    "{{ namespace()._Namespace__attrs }}",
    "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns.__class__ }}",
    "{{ self._TemplateReference__context.environment }}",
    "{{ (range|attr('__class__')).mro() }}",
    "{{ (1).real.__class__ }}",
    "{{ (1).from_bytes.__self__ }}",
    "{{ [].sort.__self__.__class__ }}",
    "{{ dict.fromkeys.__self__ }}",
    "{{ ''.join.__self__.__class__ }}",
    "{{ ''.maketrans.__self__ }}",
    "{{ environment }}",
    "{{ context }}",
    "{{ resolve }}",
    "{{ undefined }}",
    "{{ Markup }}",
    "{{ __builtins__ }}",
    "{{ open('/etc/passwd') }}",
    "{{ exec('1') }}",
    "{{ eval('1') }}",
    "{{ _.__class__ }}",
    "{{ _._layers }}",
    "{{ _.layers }}",
    "{{ (_|attr('layers')) }}",
    "{{ _.missing.__init__ }}",
    "{{ _.missing._undefined_obj }}",
    "{{ (_.missing|default(lipsum)).__globals__ }}",
    "{{ yaml_parse('!!python/object/new:os.system [id]') }}",
    "{{ yaml_parse('!!python/module:os') }}",
    "{{ yaml_parse('!!python/object/apply:subprocess.check_output [[id]]') }}",
    "{{ yaml_parse('2020-01-01').__reduce__() }}",
    "{{ yaml_parse('2020-01-01').strftime.__self__ }}",
    "{{ yaml_parse('2020-01-01').resolution.__class__ }}",
    "{{ yaml_parse('2020-01-01 10:00:00').today() }}",
    "{% include '/etc/passwd' %}{{ 1 }}",
    "{% include ['a', 'b'] %}{{ 1 }}",
    "{% from 'x' import y %}{{ y }}",
    "{% import 'x' as y with context %}{{ y }}",
    "{% debug %}{{ 1 }}",
    "{% do 1 %}{{ 1 }}",
    "{{ '' is __class__ }}",
    "{{ []|map('__class__')|list }}{{ [1]|map('__class__')|list }}",
]

YAQL = [
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
    "<% $.get(__class__).__base__ %>",
    "<% $.list.__len__() %>",
    "<% $.list.select($.__class__) %>",
    "<% $.list.select($.real) %>",
    "<% ''.format %>",
    "<% ''.join %>",
    "<% 'x'.encode() %>",
    "<% '{0.__class__}'.format(1) %>",
    "<% now().tzinfo %>",
    "<% now().fromtimestamp(0) %>",
    "<% now().strftime(`%Y`) %>",
    "<% now().utcoffset() %>",
    "<% now().resolution %>",
    "<% now().max %>",
    "<% now().min %>",
    "<% timespan(days => 1).total_seconds() %>",
    "<% timespan(days => 1).resolution %>",
    "<% regex(a).flags %>",
    "<% regex(a).groupindex %>",
    "<% regex(a).scanner(x) %>",
    "<% regex(a).fullmatch(x) %>",
    "<% regex('(a)').search(a, $.re) %>",
    "<% regex('(a)').search(a, $.string) %>",
    "<% call(eval, ['1'], {}) %>",
    "<% call(exec, ['1'], {}) %>",
    "<% call(open, ['/etc/passwd'], {}) %>",
    "<% call(getattr, [1, real], {}) %>",
    "<% call('__builtins__', [], {}) %>",
    "<% call(run, [], {}) %>",
    "<% call(tick, [], {}) %>",
    "<% call(fail, [a, b], {}) %>",
    "<% call(len, [], {__class__ => 1}) %>",
    "<% call(len, [$], {'a b' => 1}) %>",
    "<% call(len, [$], {'a): __import__(`os`) #' => 1}) %>",
    "<% call('#get_context_data', ['$'], {}) %>",
    "<% call('#finalize', [1], {}) %>",
    "<% call('#property#upper', [x], {}) %>",
    "<% call('#attribution', [x, upper], {}) %>",
    "<% call('#operator_.', [x, upper], {}) %>",
    "<% call('#call', [x], {}) %>",
    "<% context() %>",
    "<% getContextData(`$`) %>",
    "<% let(a => 1).collect() %>",
    "<% let(a => 1).functions %>",
    "<% let(a => 1).variables %>",
    "<% def(f, $) -> f.__code__ %>",
    "<% def(f, $) -> f.func_globals %>",
    "<% __import__(os) %>",
    "<% eval('1') %>",
    "<% open('/etc/passwd') %>",
    "<% scope %><% data.x %>",
    "<% scope.data %>",
    "<% KINDS.x %>",
    "<% $.list[__class__] %>",
    "<% $.list[real] %>",
    "<% $.dict[a][__class__] %>",
    "<% yaml_parse('!!python/object/apply:os.system [id]') %>",
    "<% yaml_parse('!!python/module:os') %>",
    "<% json_parse('{}').__class__ %>",
    "<% env().__class__ %>",
    "<% env().source %>",
    "<% $.layers %>",
    "<% $._layers %>",
    "<% $.dict.mapping %>",
    "<% $.dict.keys().mapping %>",
    "<% $.list.memorize()._source %>",
]


@pytest.mark.parametrize("text", [*JINJA, *YAQL])
def test_an_expression_that_reaches_for_what_it_must_not_have_fails(text: str) -> None:
    refused(text)


NAMES_OF_CODE = ["v1", "c0", "h0", "tick", "scope", "data", "KINDS", "fail", "run", "make", "type", "Layers"]


@pytest.mark.parametrize("name", NAMES_OF_CODE)
def test_the_names_of_generated_code_mean_nothing_to_an_author(name: str) -> None:
    assert compile_template(f"<% ${name} %>").evaluate(a_scope({})) is None
    assert compile_template(f"<% {name} %>").evaluate(a_scope({})) == name
    refused(f"<% {name}() %>")
    refused(f"<% $.{name} %>")


@pytest.mark.parametrize("literal", ["a\nb", "'", '"', "#1\n", "\\", "{}", "\x00", "});os("])
def test_a_text_never_becomes_code(literal: str) -> None:
    scope = a_scope({"key": literal, literal: "found"})

    assert compile_template("<% $.get($.key) %>").evaluate(scope) == "found"
    assert compile_template("<% {$.key => 1}.keys().first() %>").evaluate(scope) == literal
    assert compile_template("<% let(x => $.key) -> $x %>").evaluate(scope) == literal
    assert compile_template("<% call(str, [$.key], {}) %>").evaluate(scope) == literal


@pytest.mark.parametrize("name", ["a", "é", "ñandú", "名前", "x1"])
def test_names_of_an_author_are_no_names_of_python(name: str) -> None:
    assert compile_template(f"<% let({name} => 1) -> ${name} %>").evaluate(a_scope({})) == 1
    assert compile_template(f"<% def(f{name}, ${name}) -> f{name}({name} => 2) %>").evaluate(a_scope({})) == 2


def test_the_code_of_an_expression_has_no_builtins_that_do_anything() -> None:
    names = build(parse("$.a.b.select($ + 1)")).run.__globals__["__builtins__"]

    assert sorted(names) == ["dict", "float", "int", "len", "list", "str", "tuple", "type"]


def test_attributes_are_those_of_instants_and_timespans_and_no_others() -> None:
    masks = {name: [mask for mask, _ in computed] for name, computed in ATTRIBUTES.items()}

    assert {mask for each in masks.values() for mask in each} == {kinds.INSTANT, kinds.TIMESPAN}
    assert not any(name.startswith("_") for name in masks)


@pytest.fixture
def zone() -> Iterator[Callable[[str], None]]:
    before = os.environ.get("TZ")

    def change(name: str) -> None:
        os.environ["TZ"] = name
        time.tzset()

    yield change
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize("expression", ["now()", "localtz()", "now().timestamp", "datetime('10:00')"])
def test_no_expression_learns_the_zone_of_the_machine(expression: str, zone: Callable[[str], None]) -> None:
    def value() -> Json:
        return compile_template(f"<% str({expression}) %>").evaluate(a_scope({}))

    zone("UTC")
    here: Any = value()
    zone("EST5EDT")

    assert value() == here
