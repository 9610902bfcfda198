"""The keys of a task (section 2.1), its policies and what it takes over from `task-defaults` (2.3)."""

from typing import Any

import pytest

from maestrale.expressions import compile_template as template
from maestrale.lang import Policies, Publish, Retry, TaskDefinition

from .reading import body_codes, parse_body, plain, task_codes, task_problems, the_task, the_workflow, ways


def test_a_task_with_nothing_does_nothing() -> None:
    assert the_task("{}") == TaskDefinition(
        name="t",
        action=template("std.noop"),
        source={"name": "t", "type": "direct", "version": "2.0"},
    )


def test_every_key_has_its_place_in_the_definition() -> None:
    task = the_task(
        """\
        description: all of it
        tags: [a, b]
        action: std.echo
        input: {output: <% $.x %>}
        with-items: x in <% $.xs %>
        concurrency: 2
        publish: {y: <% task().result %>}
        keep-result: false
        safe-rerun: <% $.safe %>
        target: <% $.host %>
        retry: {count: 3, delay: 1}
        join: 0
        """
    )

    assert task == TaskDefinition(
        name="t",
        description="all of it",
        tags=("a", "b"),
        action=template("std.echo"),
        input=template({"output": "<% $.x %>"}),
        with_items=(("x", template("<% $.xs %>")),),
        publish=Publish(branch={"y": template("<% task().result %>")}),
        keep_result=template(False),
        safe_rerun=template("<% $.safe %>"),
        target=template("<% $.host %>"),
        policies=Policies(concurrency=template(2), retry=Retry(template(3), template(1))),
        source=task.source,
    )


def test_the_source_is_what_the_author_wrote_with_name_type_and_version() -> None:
    task = the_task("action: std.echo output=1\nwait-before: 0\nname: other")

    assert task.source == {
        "action": "std.echo output=1",
        "wait-before": 0,
        "name": "t",
        "type": "direct",
        "version": "2.0",
    }


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ("null", [("wrong-type", 1, 1)]),
        ("[]", [("wrong-type", 1, 1)]),
        ("acton: std.noop", [("unknown-key", 1, 1)]),
        ("name: x", [("no-effect", 1, 1)]),
        ("description: ''", [("empty-value", 1, 14)]),
        ("description: 7", [("wrong-type", 1, 14)]),
        ("tags: []", [("empty-value", 1, 7)]),
        ("tags: [a, a]", [("duplicate-item", 1, 11)]),
        ("tags: [1]", [("wrong-type", 1, 8)]),
        ("tags: a", [("wrong-type", 1, 7)]),
        ("action: ''", [("empty-value", 1, 9)]),
        ("action: {a: 1}", [("wrong-type", 1, 9)]),
        ("action: a\nworkflow: b", [("action-and-workflow", 2, 1)]),
        ("input: {}", [("empty-value", 1, 8)]),
        ("input: [1]", [("wrong-type", 1, 8)]),
        ("input: some text", [("not-an-expression", 1, 8)]),
        ("input: {a: {b: ['<% $. %>']}}", [("yaql-syntax", 1, 0)]),
        ("publish: [a]", [("wrong-type", 1, 10)]),
        ("publish: {a: '{{ 1 + }}'}", [("jinja-syntax", 1, 0)]),
        ("publish: {a: '<% 1 %>{{ 1 }}'}", [("mixed-languages", 1, 0)]),
        ("publish: {a: <% 1 >}", [("unclosed-expression", 1, 14)]),
        ("publish-on-error: {}", [("empty-value", 1, 19)]),
        ("publish-on-skip: 1", [("wrong-type", 1, 18)]),
        ("keep-result: maybe", [("wrong-type", 1, 14)]),
        ("safe-rerun: 1", [("wrong-type", 1, 13)]),
        ("target: ''", [("empty-value", 1, 9)]),
        ("wait-before: -1", [("out-of-range", 1, 14)]),
        ("wait-after: 1.5", [("wrong-type", 1, 13)]),
        ("timeout: '5'", [("wrong-type", 1, 10)]),
        ("timeout: true", [("wrong-type", 1, 10)]),
        ("timeout: in <% 5 %> s", [("wrong-type", 1, 10)]),
        ("timeout: '{% if true %}5{% endif %}'", [("wrong-type", 1, 10)]),
        ("timeout: |\n  <% 5\n  + 5 %>", [("wrong-type", 1, 10)]),
        ("pause-before: 0", [("wrong-type", 1, 15)]),
        ("fail-on: 'yes'", [("wrong-type", 1, 10)]),
        ("concurrency: 2", [("no-effect", 1, 1)]),
        ("join: true", [("wrong-type", 1, 7)]),
        ("join: most", [("unknown-word", 1, 7)]),
        ("join: '2'", [("unknown-word", 1, 7)]),
        ("join: 1.0", [("wrong-type", 1, 7)]),
        ("join: -1", [("out-of-range", 1, 7)]),
        ("requires: u", [("wrong-workflow-type", 1, 1)]),
    ],
)
def test_what_is_wrong_with_a_task_is_reported_at_its_place(
    body: str, problems: list[tuple[str, int, int]]
) -> None:
    found = task_problems(body)

    if problems[0][2] == 0:  # The place within an expression is the language's to say.
        found = [(code, line, 0) for code, line, _ in found]
    assert found == problems


@pytest.mark.parametrize(
    ("value", "is_yaml"),
    [
        ("{a: <% dict(b => 1, c => 2) %>}", True),
        ("{a: <% dict(b => 1, c => 2) %>, d: <% 1 %>}", True),
        ("{a: <% 1 >, b: <% 2 %>}", False),
        ("{a: <% 1 >}", False),
        ('{a: "<% 1 %>\\n<% 2"}', False),
    ],
)
def test_an_expression_that_yaml_cuts_off_belongs_in_quotes(value: str, is_yaml: bool) -> None:
    first = parse_body(f"tasks:\n  t:\n    publish: {value}").problems[0]

    assert (first.code, first.hint) == (
        "unclosed-expression",
        "YAML ends the text before its `%>`, at a comma or a `#`: put it in quotes"
        if is_yaml
        else "end the expression with `%>`, in the line in which it begins",
    )


@pytest.mark.parametrize("value", ["5", "<% $.x %>", "'{{ _.x }}'", "'<% $.x %>  '", "<% 1 %> and <% 2 %>"])
def test_an_amount_is_a_whole_number_or_one_expression(value: str) -> None:
    assert task_problems(f"wait-before: {value}") == []


def test_join_counts_one_as_a_number_and_zero_as_none() -> None:
    body = (
        "tasks: {a: {on-success: [x, y, z, n]}, x: {join: one}, y: {join: all}, z: {join: 1}, n: {join: 0}}"
    )

    assert [task.join for task in the_workflow(body).tasks.values()] == [None, 1, "all", 1, None]


@pytest.mark.parametrize(
    ("retry", "expected"),
    [
        ("{count: 3, delay: <% $.d %>}", Retry(template(3), template("<% $.d %>"))),
        (
            "{count: 3, delay: 1, break-on: <% $.a %>, continue-on: '{{ _.b }}'}",
            Retry(template(3), template(1), template("<% $.a %>"), template("{{ _.b }}")),
        ),
        ("count=3 delay=1", Retry(template(3), template(1))),
        (
            "delay=<% $.d %> count=3 break-on=<% $.a %>",
            Retry(template(3), template("<% $.d %>"), template("<% $.a %>")),
        ),
        ("{count: 0, delay: 0}", Retry(template(0), template(0))),
    ],
)
def test_retry_is_a_mapping_or_one_line(retry: str, expected: Retry) -> None:
    assert the_task(f"retry: {retry}").policies == Policies(retry=expected)


@pytest.mark.parametrize(
    ("retry", "expected"),
    [
        ("{count: 3}", ["missing-key"]),
        ("{delay: 3}", ["missing-key"]),
        ("{}", ["empty-value"]),
        ("[]", ["wrong-type"]),
        ("3", ["wrong-type"]),
        ("{count: -1, delay: 1}", ["out-of-range"]),
        ("{count: many, delay: 1}", ["wrong-type"]),
        ("{count: 1, delay: 1, break-on: true}", ["not-an-expression"]),
        ("{count: 1, delay: 1, breakon: <% 1 %>}", ["unknown-key"]),
        ("count=3", ["missing-key", "missing-key"]),
        ("count=3 delay=soon", ["inline-value-dropped", "missing-key"]),
        ("count='3' delay=1", ["wrong-type"]),
        ("count=3 delay=1 break-on='yes'", ["not-an-expression"]),
        ("count=3 delay=1 often=1", ["unknown-key"]),
        ("count=3 delay=<% $. %>", ["yaql-syntax"]),
    ],
)
def test_a_retry_that_cannot_be_read_is_refused(retry: str, expected: list[str]) -> None:
    assert sorted(task_codes(f"retry: {retry}")) == expected


@pytest.mark.parametrize(
    ("loop", "expected"),
    [
        ("i in <% $.xs %>", (("i", "<% $.xs %>"),)),
        ("i in {{ _.xs }}", (("i", "{{ _.xs }}"),)),
        ("  my-var   in<% $.xs %>", (("my-var", "<% $.xs %>"),)),
        ('i in [1, "<% $.a %>", {"b": null}]', (("i", [1, "<% $.a %>", {"b": None}]),)),
        ("i in <% $.xs %> and so on", (("i", "<% $.xs %>"),)),
    ],
)
def test_a_loop_is_a_variable_in_a_list(loop: str, expected: Any) -> None:
    assert plain(the_task(f"with-items: {loop!r}").with_items) == expected


def test_several_loops_keep_their_order_and_the_last_of_a_name_counts() -> None:
    body = "with-items: ['a in <% 1 %>', 'b in <% 2 %>', 'a in <% 3 %>']"

    assert plain(the_task(body).with_items) == (("a", "<% 3 %>"), ("b", "<% 2 %>"))
    assert task_codes(body) == ["duplicate-variable"]


@pytest.mark.parametrize(
    ("loop", "expected"),
    [
        ("'i in []'", ["with-items-syntax"]),
        ("i in $.x", ["with-items-syntax"]),
        ("a.b in <% $.x %>", ["with-items-syntax"]),
        ("i over <% $.x %>", ["with-items-syntax"]),
        ("\"i in ['a']\"", ["with-items-syntax"]),
        ("'i in [" + "[" * 200 + "]" * 200 + "]'", ["with-items-syntax"]),
        ("i in <% $. %>", ["yaql-syntax"]),
        ("'i in [\"<% $. %>\"]'", ["yaql-syntax"]),
        ("[]", ["empty-value"]),
        ("['a in <% 1 %>', 'a in <% 1 %>']", ["duplicate-item", "duplicate-variable"]),
        ("[1]", ["wrong-type"]),
        ("{a: <% 1 %>}", ["wrong-type"]),
        ("i in <% $.x %> rest", ["no-effect"]),
    ],
)
def test_a_loop_that_cannot_be_read_is_reported(loop: str, expected: list[str]) -> None:
    assert task_codes(f"with-items: {loop}") == expected


DEFAULTS = """\
task-defaults:
  retry: {count: 5, delay: 5}
  wait-before: 3
  timeout: <% $.t %>
  pause-before: true
  safe-rerun: true
  on-error: [clean, {u: <% $.x %>}]
  on-complete: {publish: {branch: {a: 1}}, next: u}
tasks:
  s: {on-success: t}
  u: {}
  clean: {}
  t:
    wait-before: 0
    pause-before: false
    timeout: 7
    safe-rerun: false
    retry: {count: 0, delay: 0}
    on-error: {publish: {branch: {b: 1}}}
    on-complete: noop
"""


def test_a_default_holds_where_the_task_says_nothing() -> None:
    workflow = the_workflow(DEFAULTS)

    assert workflow.tasks["clean"].policies == Policies(
        retry=Retry(template(5), template(5)),
        wait_before=template(3),
        timeout=template("<% $.t %>"),
        pause_before=template(True),
    )
    assert workflow.tasks["clean"].safe_rerun == template(True)


def test_zero_and_false_do_not_switch_a_default_off_but_a_retry_and_a_safe_rerun_do() -> None:
    task = the_workflow(DEFAULTS).tasks["t"]

    assert task.policies == Policies(
        retry=Retry(template(0), template(0)),
        wait_before=template(3),
        timeout=template(7),
        pause_before=template(True),
    )
    assert task.safe_rerun == template(False)


def test_a_clause_of_the_task_that_leads_nowhere_takes_the_ways_of_the_default() -> None:
    tasks = the_workflow(DEFAULTS).tasks

    assert ways(tasks["t"].on_error) == [("clean", None, None), ("u", "<% $.x %>", None)]
    assert tasks["t"].on_error.publish == Publish(branch={"b": template(1)})
    assert ways(tasks["t"].on_complete) == [("noop", None, None)]


def test_a_default_never_leads_a_task_to_itself_and_never_publishes() -> None:
    tasks = the_workflow(DEFAULTS).tasks

    assert ways(tasks["clean"].on_error) == [("u", "<% $.x %>", None)]
    assert (ways(tasks["u"].on_complete), tasks["u"].on_complete.publish) == ([], None)
    assert body_codes(DEFAULTS) == ["no-effect"]


def test_the_ways_of_a_default_count_for_the_start_of_a_workflow() -> None:
    body = "task-defaults: {on-error: clean}\ntasks: {a: {}, clean: {}}"

    assert the_workflow(body).graph.start == ("a",)


@pytest.mark.parametrize(
    ("defaults", "expected"),
    [
        ("{}", ["empty-value"]),
        ("[]", ["wrong-type"]),
        ("{publish: {a: 1}}", ["unknown-key"]),
        ("{join: all}", ["unknown-key"]),
        ("{with-items: i in <% 1 %>}", ["unknown-key"]),
        ("{on-error: nowhere}", ["undefined-task"]),
        ("{retry: {count: 1}}", ["missing-key"]),
        ("{timeout: soon}", ["wrong-type"]),
        ("{description: x}", ["no-effect"]),
        ("{requires: a}", ["no-effect"]),
    ],
)
def test_what_is_wrong_with_the_defaults_is_said_once(defaults: str, expected: list[str]) -> None:
    assert body_codes(f"task-defaults: {defaults}\ntasks: {{a: {{}}, b: {{}}}}") == expected


def test_requirements_are_those_of_the_task_and_of_the_defaults_but_never_itself() -> None:
    body = (
        "type: reverse\ntask-defaults: {requires: [a, b]}\ntasks: {a: {}, b: {requires: c}, c: {requires: a}}"
    )

    problems = parse_body(body).problems

    assert [problem.code for problem in problems] == ["requires-cycle"]
    fixed = the_workflow(body.replace("[a, b]", "[a]"))
    assert {name: task.requires for name, task in fixed.tasks.items()} == {
        "a": (),
        "b": ("c", "a"),
        "c": ("a",),
    }


def test_a_misspelt_key_is_met_with_the_one_that_is_meant() -> None:
    (problem,) = parse_body("tasks: {t: {on-sucess: u}, u: {}}").problems

    assert (problem.line, problem.column, problem.message, problem.hint) == (
        3,
        15,
        "the task `t` has no key `on-sucess`",
        "did you mean `on-success`?",
    )
