"""Mistral's functions, in both languages."""

from typing import Any

import pytest

from maestrale.errors import InvalidInput
from maestrale.expressions import EvaluationError, compile_template
from maestrale.testing.scopes import FixedScope, a_scope

EXECUTIONS = [
    {"id": "e1", "root_execution_id": "r", "state": "SUCCESS", "created_at": "2024-01-01 00:00:00"},
    {"id": "e2", "root_execution_id": "r", "state": "ERROR", "created_at": "2024-01-02 00:00:00"},
]
TASKS: list[dict[str, Any]] = [
    {"name": "t", "state": "ERROR", "result": 1, "workflow_execution_id": "e1"},
    {"name": "t", "state": "SUCCESS", "result": {"x": 2}, "workflow_execution_id": "e1"},
    {"name": "u", "state": "SUCCESS", "result": 3, "workflow_execution_id": "e2"},
]


@pytest.fixture
def scope() -> FixedScope:
    return a_scope(
        {"x": [1, {"y": 2}], "deep": {"a": {"b": {"c": {"d": 1}}}}},
        env={"zone": "eu", "list": [1]},
        execution=EXECUTIONS[0],
        executions=EXECUTIONS,
        tasks=TASKS,
        current_task="u",
        global_variables={"g": 5},
    )


@pytest.mark.parametrize(
    ("yaql", "jinja", "value"),
    [
        ("env().zone", "env().zone", "eu"),
        ("execution().state", "execution().state", "SUCCESS"),
        ("task(t).result.x + 0", "task('t').result.x", 2),
        ("task().name + ''", "task().name", "u"),
        ("task(taskName => u).result", "task(task_name='u').result", 3),
        ("task(nobody)", "task('nobody')", None),
        ("tasks().name.toList()", "tasks()|map(attribute='name')|list", ["t", "t", "u"]),
        ("tasks(e1, state => ERROR).len()", "tasks('e1', state='ERROR')|length", 1),
        (
            "tasks(workflowExecutionId => e2, recursive => true, flat => true).len()",
            "tasks('e2', true, flat=true)|length",
            1,
        ),
        ("executions().len()", "executions()|length", 2),
        ("executions(state => ERROR).id.first()", "executions(state='ERROR')[0].id", "e2"),
        (
            "executions(rootExecutionId => r, toTime => '2024-01-02').len()",
            "executions(to_time='2024-01-02')|length",
            1,
        ),
        ("global(g) + 1", "global('g') + 1", 6),
        ("json_parse('[1, {\"a\": null}]')", "json_parse('[1, {\"a\": null}]')", [1, {"a": None}]),
        ("json_dump($.x[1])", "json_dump(_.x[1])", '{\n    "y": 2\n}'),
        ("yaml_parse('a: [1, yes]')", "yaml_parse('a: [1, yes]')", {"a": [1, True]}),
        ("yaml_parse('a: *b')", "yaml_parse('a: *b')", {"a": "*b"}),
        ("yaml_dump($.x)", "yaml_dump(_.x)", "- 1\n- y: 2\n"),
        ("yaml_dump([$.x, $.x])", "yaml_dump([_.x, _.x])", "- - 1\n  - y: 2\n- - 1\n  - y: 2\n"),
        ("json_dump(task(t).result)", "json_dump(task('t').result)", '{\n    "x": 2\n}'),
    ],
)
def test_a_function_gives_the_same_in_both_languages(
    scope: FixedScope, yaql: str, jinja: str, value: Any
) -> None:
    assert compile_template(f"<% {yaql} %>").evaluate(scope) == value
    assert compile_template(f"{{{{ {jinja} }}}}").evaluate(scope) == value


def test_each_uuid_is_another_and_a_replay_draws_the_same_ones() -> None:
    def draw() -> Any:
        return compile_template(
            ["<% uuid() %>", "{{ uuid() }}", "<% random() %>", "{{ range(9)|random }}"]
        ).evaluate(a_scope(seed="one"))

    first = draw()

    assert first == draw()
    assert first[0] != first[1]
    assert [len(first[0]), 0 <= first[2] < 1, first[3] in range(9)] == [36, True, True]


@pytest.mark.parametrize(
    "arguments", ["2, 1", "1.5, 2", "a, b", "0, 10000000000000000000000000000000000000000"]
)
def test_random_takes_two_integers_in_order(arguments: str) -> None:
    with pytest.raises(EvaluationError, match="`random` takes"):
        compile_template(f"<% random({arguments}) %>").evaluate(a_scope())


@pytest.mark.parametrize(
    "text",
    ["<% json_dump(timespan(days => 1)) %>", "<% yaml_dump(set(1)) %>", "<% yaml_dump($.x.where(true)) %>"],
)
def test_what_is_no_plain_data_cannot_be_dumped(text: str) -> None:
    with pytest.raises(EvaluationError, match="takes plain data"):
        compile_template(text).evaluate(a_scope({"x": [1]}))


def test_a_dump_of_iterators_sets_and_instants_is_one_of_lists_and_text() -> None:
    text = "<% json_parse(json_dump([$.x.where($ > 1), set(1), now(), $.x.append(4), {a => 1}.keys()])) %>"

    value = compile_template(text).evaluate(a_scope({"x": [1, 2]}))

    assert value == [[2], [1], "2024-02-29T12:00:00.000000", [1, 2, 4], ["a"]]


class Unanswered(Exception):
    """What a scope raises that is no error of the expression."""


class SilentScope(FixedScope):
    """A scope that does not know yet."""

    def tasks(self, *args: Any, **kwargs: Any) -> list[Any]:
        raise Unanswered("ask again")

    def task(self, name: str | None = None) -> Any:
        raise InvalidInput("there is no task here")


@pytest.fixture
def silent() -> SilentScope:
    return SilentScope(
        {}, env=None, execution=None, executions=(), tasks=(), current_task=None, global_variables=None,
        now=a_scope().now, seed="", refused={}, has_secrets=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "<% tasks() %>",
        "x <% tasks().len() %>",
        "<% [1].groupBy($, $, tasks().nope($)) %>",
        "{{ tasks() }}",
        "{{ tasks()|default(1) }}!",
    ],
)
def test_a_scope_that_cannot_answer_is_no_error_of_the_expression(silent: SilentScope, text: str) -> None:
    with pytest.raises(Unanswered, match="ask again"):
        compile_template(text).evaluate(silent)


@pytest.mark.parametrize(
    "text", ["<% task() %>", "<% task(a).b + 1 %>", "{{ task() }}", "{{ task('a').b + 1 }}"]
)
def test_what_the_scope_says_is_wrong_is_the_reason(silent: SilentScope, text: str) -> None:
    with pytest.raises(EvaluationError, match="error=there is no task here"):
        compile_template(text).evaluate(silent)
