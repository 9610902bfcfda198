"""Secrets in executions: they are used, they keep their mark, and no text tells them."""

import json
from typing import Any

import msgspec
import pytest

from maestrale.actions import Registry, action
from maestrale.core import Result
from maestrale.core.events import (
    ExecutionUpdateRequested,
    StopRequested,
    TaskRerunRequested,
)
from maestrale.engine.assignments import assignment_for
from maestrale.errors import InvalidInput
from maestrale.expressions import Json
from maestrale.expressions.secrets import has_marks, mask
from maestrale.testing.stage import ROOT, Stage, rows_of

from .staging import DONE, document, tasks

PASSWORD = "correct-horse-battery"
SECRET = {"$secret": PASSWORD}
OWNED = {"$secret": {"user": "alice-the-owner", "tokens": ["token-one", "token-two"]}}


def seen(stage: Stage) -> str:
    """Everything in the rows that anybody may look at."""
    return msgspec.json.encode(mask(msgspec.to_builtins(rows_of(stage.state)["tasks"]))).decode() + "".join(
        msgspec.json.encode(mask(msgspec.to_builtins(rows_of(stage.state)[kind], enc_hook=dict))).decode()
        for kind in ("executions", "runs")
    )


def given(stage: Stage, task: str) -> list[dict[str, Json]]:
    """What the worker gets for the runs of a task."""
    return [dict(assignment_for(stage.state, run).input) for run in stage.runs(task)]


def assert_told_nobody(stage: Stage, *secrets: str) -> None:
    assert [secret for secret in (PASSWORD, *secrets) if secret in seen(stage)] == []
    assert rows_of(stage.replayed()) == rows_of(stage.state)


def with_password(text: str, **options: Any) -> Stage:
    head = options.pop("head", "input: [pw]")
    return tasks(text, head=head, input={"pw": SECRET}, **options)


def test_a_secret_input_is_used_by_the_action_and_masked_in_every_row() -> None:
    stage = with_password("""
        a:
          action: std.command
          input: {script: "login <% $.pw %>", stdin: <% $.pw %>, cwd: /tmp}
          publish: {said: "<% task().result.out.toUpper() %>", plain: 1, login: "me:<% $.pw %>"}
    """)
    stage.complete("a", Result(value={"out": f"hello {PASSWORD}!", "code": 0}))

    assert given(stage, "a") == [{"script": f"login {PASSWORD}", "stdin": PASSWORD, "cwd": "/tmp"}]
    assert mask(stage.runs("a")[0].input) == {"script": "***", "stdin": "***", "cwd": "/tmp"}
    assert mask(stage.runs("a")[0].result) == {"out": "***", "code": 0}
    assert stage.task("a").published == {
        "said": {"$secret": f"HELLO {PASSWORD.upper()}!"},
        "plain": 1,
        "login": {"$secret": f"me:{PASSWORD}"},
    }
    assert stage.state.tree is not None and stage.state.tree.has_secrets
    assert_told_nobody(stage, PASSWORD.upper())


def test_a_tree_without_marks_has_no_secrets() -> None:
    stage = tasks("a: {action: std.echo output=1, publish: {x: <% task().result %>}}")

    assert stage.state.tree is not None and not stage.state.tree.has_secrets


@pytest.mark.parametrize("language", ["<% $.pw = '{}' %>", "{{{{ _.pw == '{}' }}}}"])
@pytest.mark.parametrize(("text", "then"), [(PASSWORD, "yes"), ("something else", "no")])
def test_conditions_go_by_the_secret_itself(language: str, text: str, then: str) -> None:
    condition = language.format(text)
    stage = with_password(f"""
        a:
          action: std.noop
          on-success: [{{"yes": "{condition}"}}, {{"no": "<% $.pw != '{text}' %>"}}]
        "yes": {{action: std.noop}}
        "no": {{action: std.noop}}
    """)

    assert [task.name for task in stage.tasks()] == ["a", then]


def test_policies_go_by_secret_values() -> None:
    stage = with_password(
        """
        a:
          action: std.async_noop
          wait-before: <% $.n %>
          fail-on: <% $.pw = 'nothing' %>
          keep-result: <% $.pw = 'nothing' %>
          safe-rerun: <% $.pw = 'nothing' %>
          retry: {count: <% $.n %>, delay: 0, break-on: "<% $.pw = 'nothing' %>"}
        """,
        head="input: [pw]\nvars: {n: {$secret: 3}}",
    )
    waiting = stage.task("a").state
    stage.pass_time(3)
    stage.complete("a", Result(value=5))

    assert (waiting, stage.root.state, stage.runs("a")[0].result) == ("DELAYED", "SUCCESS", None)
    assert not stage.runs("a")[0].safe_rerun


def test_every_item_of_a_secret_list_is_secret() -> None:
    stage = tasks(
        """
        a:
          with-items: ["t in <% $.own.tokens %>", "k in <% [1, 2] %>"]
          action: std.command
          input: {script: "use <% $.t %>", cwd: <% $.k %>}
        """,
        head="input: [own]",
        input={"own": OWNED},
    )

    assert given(stage, "a") == [{"script": "use token-one", "cwd": 1}, {"script": "use token-two", "cwd": 2}]
    assert [mask(run.input) for run in stage.runs("a")] == [
        {"script": "***", "cwd": 1},
        {"script": "***", "cwd": 2},
    ]
    assert_told_nobody(stage, "token-one", "token-two")


def test_loops_walk_through_secret_texts_and_mappings_as_through_any() -> None:
    stage = tasks(
        "a: {with-items: [c in <% $.own.user %>], action: std.command script=<% $.c %>}",
        head="input: [own]",
        input={"own": OWNED},
    )

    assert [run["script"] for run in given(stage, "a")] == list("alice-the-owner")
    assert all(has_marks(run.input) for run in stage.runs("a"))


@pytest.mark.parametrize("command", ["fail", "succeed", "pause"])
def test_what_a_command_says_of_a_secret_is_masked(command: str) -> None:
    stage = with_password(
        f"""
        a: {{action: std.noop, on-success: [{command}: "<% $.pw %>"]}}
    """.replace(f'[{command}: "<% $.pw %>"]', f"['{command} msg=<% $.pw %>']")
    )

    assert stage.root.state_info == "***"
    assert_told_nobody(stage)


@pytest.mark.parametrize(
    "text",
    [
        "a: {action: <% $.pw %>}",
        "a: {action: \"<% concat('std.', $.pw) %>\"}",
        "a: {workflow: <% $.pw %>}",
        "a: {action: std.noop, retry: {count: <% $.pw %>, delay: 0}}",
        "a: {action: std.noop, input: <% $.pw %>}",
        "a: {with-items: x in <% $.pw.len() %>, action: std.noop}",
        "a: {action: std.echo, input: '<% {$.pw => 1} %>'}",
        "a: {action: std.echo output=<% int($.pw) %>}",
        "a: {action: std.echo output=<% $.pw.nothing %>}",
        "a: {action: std.echo output=<% dict(a=>$.pw).get(b).c %>}",
        "a: {action: std.fail, input: {error_data: <% $.pw %>}}",
        "a: {action: std.fail, input: {error_data: {why: 'it was <% $.pw %>'}}}",
        "a: {action: std.test_dict, input: {size: <% $.pw %>}}",
        "a: {action: std.noop, publish: {x: <% $.pw.foo() %>}}",
    ],
)
def test_what_goes_wrong_with_a_secret_does_not_tell_it(text: str) -> None:
    stage = with_password(text)

    assert stage.root.state == "ERROR"
    assert_told_nobody(stage)


def test_the_error_of_an_action_loses_the_secrets_it_was_given() -> None:
    stage = with_password("a: {action: std.command script=<% $.pw %>}")
    stage.complete("a", Result(error=f"sh: {PASSWORD}: not found"))

    assert stage.runs("a")[0].result == "sh: ***: not found"
    assert stage.task("a").state_info == "sh: ***: not found"
    assert "sh: ***: not found" in str(stage.root.state_info)
    assert_told_nobody(stage)


def test_a_secret_is_known_in_whatever_it_was_put_into() -> None:
    stage = tasks(
        "a: {workflow: inner, input: {script: 'echo <% $.pw %> | login'}}",
        head="input: [pw]",
        more="inner: {input: [script], tasks: {b: {action: std.command script=<% $.script %>}}}",
        input={"pw": SECRET},
    )
    stage.complete("b", Result(error={"exit_code": 1, "stderr": f"got '{PASSWORD}'"}))

    assert stage.runs("b")[0].result == {"exit_code": 1, "stderr": "got '***'"}
    assert_told_nobody(stage)


def test_of_many_secrets_the_first_are_kept_for_later_turns() -> None:
    many = [f"secret-number-{number:04}" for number in range(500)]
    stage = tasks("a: {action: std.async_noop}", head="input: [all]", input={"all": {"$secret": many}})

    assert stage.state.tree is not None
    assert len(set(stage.state.tree.secrets)) == 200 and set(stage.state.tree.secrets) < set(many)


def test_marks_travel_into_sub_workflows_and_back() -> None:
    stage = tasks(
        "a: {workflow: inner, input: {token: <% $.pw %>, more: 1}, publish: {got: <% task().result %>}}",
        head="input: [pw]\noutput: {got: <% $.got %>}",
        more="""
        inner:
          input: [token, more]
          output: {token: "<% $.token %>!", more: <% $.more %>}
          tasks: {b: {action: std.echo output=<% $.token %>}}
        """,
        input={"pw": SECRET},
    )

    assert stage.root.output == {"got": {"token": {"$secret": f"{PASSWORD}!"}, "more": 1}}
    assert mask(stage.runs("b")[0].result) == "***"
    assert_told_nobody(stage)


def test_an_input_that_is_secret_as_a_whole_is_one_of_secrets() -> None:
    stage = tasks(
        "a: {action: std.command, input: <% $.own %>}\nb: {workflow: inner, input: <% $.pair %>}",
        head="input: [own, pair]",
        more="inner: {input: [x, y], tasks: {c: {action: std.noop}}}",
        input={"$secret": {"own": {"script": PASSWORD}, "pair": {"x": PASSWORD, "y": 2}}},
    )

    assert stage.runs("a")[0].input == {"script": SECRET}
    inner = next(row for row in stage.state.executions.values() if row.workflow == "inner")
    assert inner.input == {"x": SECRET, "y": {"$secret": 2}}
    assert_told_nobody(stage)


def test_a_secret_mapping_is_one_value_where_branches_meet() -> None:
    stage = tasks(
        """
        a: {action: std.noop, publish: {own: <% $.first %>}, on-success: [j]}
        b: {action: std.noop, publish: {own: <% $.second %>}, on-success: [j]}
        j: {join: all, action: std.noop, publish: {global: {x: 1}}}
        """,
        head="input: [first, second]\noutput: {own: <% $.own %>}",
        input={"first": {"$secret": {"a": 1, "b": 1}}, "second": {"$secret": {"b": 2, "c": 2}}},
    )

    assert stage.root.output == {"own": {"$secret": {"b": 2, "c": 2}}}


def test_global_variables_keep_their_marks() -> None:
    stage = with_password("""
        a:
          action: std.noop
          on-success: {publish: {global: {g: {pw: <% $.pw %>, n: 1}}}, next: [b]}
        b:
          action: std.noop
          on-success: {publish: {global: {g: {m: "<% global(g).pw %>"}}}}
    """)

    assert stage.root.context == {"g": {"pw": SECRET, "n": 1, "m": SECRET}}
    assert_told_nobody(stage)


def test_what_functions_tell_of_tasks_and_executions_keeps_its_marks() -> None:
    stage = with_password("""
        a: {action: std.echo output=<% $.pw %>, on-success: [b]}
        b:
          action: std.noop
          publish:
            t: <% task(a).result %>
            ts: <% tasks(execution().id).select($.result) %>
            ex: <% execution().input.pw %>
            dump: <% json_dump(execution().input) %>
            jinja: "{{ task('a').result }} and {{ execution().input.pw }}"
            names: <% tasks(execution().id).select($.name) %>
    """)

    assert mask(stage.task("b").published) == {
        "t": "***",
        "ts": ["***", None],
        "ex": "***",
        "dump": "***",
        "jinja": "***",
        "names": ["a", "b"],
    }
    assert_told_nobody(stage)


def test_what_other_executions_hold_is_secret_here_too() -> None:
    stage = tasks(
        "a: {action: std.noop, publish: {x: '<% executions(other)[0].output.pw %>'}}",
        answer=lambda question: [{"created_at": "2024", "output": {"pw": SECRET}}],
    )

    assert stage.task("a").published == {"x": SECRET}
    assert_told_nobody(stage)


def test_the_environment_keeps_its_marks_and_a_mask_keeps_the_secret() -> None:
    stage = tasks(
        "a: {action: std.async_noop, publish: {x: <% env().deep.pw %>, y: <% env().url %>}}",
        params={"env": {"deep": {"pw": SECRET, "n": 1}, "url": "http://me:<% env().deep.pw %>@here"}},
    )
    stage.send(StopRequested(ROOT, "ERROR", "enough"))
    stage.send(
        ExecutionUpdateRequested(execution_id=ROOT, env={"deep": {"pw": "***", "n": 2}, "other": "***"})
    )

    env = stage.root.params["env"]
    assert env["deep"] == {"pw": SECRET, "n": 2}
    assert (mask(env["url"]), env["other"]) == ("***", "***")
    assert_told_nobody(stage)


def test_presets_of_the_environment_may_be_secret() -> None:
    stage = tasks(
        "a: {action: std.command script='true'}",
        params={"env": {"__actions": {"std.command": {"$secret": {"stdin": PASSWORD}}}}},
    )

    assert given(stage, "a") == [{"stdin": PASSWORD, "script": "true"}]
    assert_told_nobody(stage)


def test_a_definition_can_mark_what_it_makes() -> None:
    stage = tasks("""
        a:
          action: std.noop
          publish: {token: {$secret: "<% uuid() %>"}}
          on-success: [b]
        b: {action: std.command script=<% $.token %>}
    """)

    token = stage.task("a").published["token"]["$secret"]  # type: ignore[index]
    assert given(stage, "b") == [{"script": token}]
    assert stage.runs("b")[0].input == {"script": {"$secret": token}}
    assert_told_nobody(stage, token)


def test_a_refused_start_does_not_tell_what_it_was_given() -> None:
    with pytest.raises(InvalidInput) as refused:
        document(
            "w: {type: reverse, input: [pw], tasks: {a: {action: std.noop}}}",
            input={"pw": SECRET},
            params={"task_name": SECRET},
        )

    assert PASSWORD not in str(refused.value) and "***" in str(refused.value)


@action("acme.login", secret=["password"], pure=True)
def login(user: str, password: str) -> str:
    """Log in."""
    return f"{user} has {password}"


@action("acme.token", secret_result=True)
async def token() -> str:
    """Make a token."""
    return "fresh-token"


def on_acme(*texts: str) -> Stage:
    stage = Stage(*(f"version: '2.0'\n{text}" for text in texts), catalogue=Registry([login, token]))
    stage.start("w")
    return stage


def test_a_parameter_that_is_declared_secret_is_masked_though_nobody_marked_it() -> None:
    stage = on_acme(f"w: {{tasks: {{a: {{action: acme.login user='me' password='{PASSWORD}'}}}}}}")

    (run,) = stage.runs("a")
    assert run.input == {"user": "me", "password": SECRET}
    assert run.result == {"$secret": f"me has {PASSWORD}"}
    assert_told_nobody(stage)


def test_what_an_ad_hoc_action_hands_to_a_secret_parameter_is_masked_in_its_own_input() -> None:
    stage = on_acme(
        f"w: {{tasks: {{a: {{action: signin who='me' key='{PASSWORD}'}}}}}}",
        "signin: {input: [who, key], base: acme.login,"
        " base-input: {user: <% $.who %>, password: <% $.key %>}}",
    )

    (run,) = stage.runs("a")
    assert mask(run.input) == {"who": "me", "key": "***"}
    assert mask(run.arguments) == {"user": "me", "password": "***"}


def test_a_result_that_is_declared_secret_has_a_mark() -> None:
    stage = on_acme(
        "w: {output: {t: 'Bearer <% $.t %>'},"
        " tasks: {a: {action: acme.token, publish: {t: <% task().result %>}}}}"
    )
    stage.complete("a", Result(value="fresh-token"))

    assert stage.root.output == {"t": {"$secret": "Bearer fresh-token"}}
    assert_told_nobody(stage, "fresh-token")


def test_an_outcome_from_outside_may_be_marked() -> None:
    stage = tasks("a: {action: std.async_noop, publish: {x: '<% task().result.key %>!'}}")
    stage.complete("a", Result(value={"key": SECRET, "id": 1}))

    assert stage.task("a").published == {"x": {"$secret": f"{PASSWORD}!"}}
    assert_told_nobody(stage)


def test_a_rerun_may_bring_secrets() -> None:
    stage = tasks("a: {action: std.async_noop, publish: {x: <% env().pw %>}}", params={"env": {"pw": "old"}})
    stage.complete("a", Result(error="no"))
    stage.send(TaskRerunRequested(stage.task("a").id, env={"pw": SECRET}))
    stage.complete("a", DONE)

    assert stage.task("a").published == {"x": SECRET}
    assert_told_nobody(stage)


def test_publishers_are_told_no_secret_and_may_have_some() -> None:
    hook = {
        "type": "webhook",
        "url": "http://here/",
        "headers": {"authorization": {"$secret": "Bearer abcdef"}},
    }
    stage = with_password("a: {action: std.fail, input: {error_data: <% $.pw %>}}", params={"notify": [hook]})

    bodies = "".join(notice.body for notice in stage.notices)
    assert PASSWORD not in bodies and "***" in bodies
    assert {json.loads(notice.address)["headers"]["authorization"] for notice in stage.notices} == {
        "Bearer abcdef"
    }
    assert_told_nobody(stage, "Bearer abcdef")
