"""From names to actions and workflows: dynamic names, ad-hoc actions, workbooks. Sections 1.2.4, 2.2, 5.4."""

import pytest

from maestrale.core import Result
from maestrale.testing.stage import Stage

from .staging import DONE, document, ran, tasks

ADHOC = """
outer:
  input: [text, {mark: "?"}]
  base: inner
  base-input: {text: "<% $.text %><% $.mark %>"}
  output: {o: <% $ %>}
inner: {input: [text], base: std.async_noop, output: {i: <% $ %>}}
loud: {input: [text], base: std.echo, base-input: {output: <% $.text %>}, output: <% $ + "!" %>}
circle: {base: round}
round: {base: circle}
orphan: {base: acme.missing}
scalar: {base: std.echo, base-input: {output: <% $.no.such.thing + 1 %>}}
"""


def test_the_name_of_an_action_may_come_from_data_and_nothing_means_noop() -> None:
    stage = tasks(
        "a: {action: <% $.name %>}\nb: {action: <% $.nothing %>}\nc: {workflow: <% $.child %>}",
        head="vars: {name: std.async_noop, nothing: '', child: other}",
        more="other:\n  tasks:\n    t: {}\n",
    )

    assert [(run.action, str(run.state)) for run in stage.runs()] == [
        ("std.async_noop", "RUNNING"),
        ("std.noop", "SUCCESS"),
        ("std.noop", "SUCCESS"),
    ]


@pytest.mark.parametrize("name", ["<% 5 %>", "acme.missing", "circle"])
def test_a_name_of_nothing_fails_the_workflow_past_on_error(name: str) -> None:
    stage = document(f"w:\n  tasks:\n    a: {{action: {name}, on-error: b}}\n    b: {{}}\n", ADHOC)

    assert (ran(stage), str(stage.root.state)) == ([("a", "ERROR")], "ERROR")


def test_an_ad_hoc_action_whose_base_is_missing_fails_the_task_only() -> None:
    stage = document("w:\n  tasks:\n    a: {action: orphan, on-error: b}\n    b: {}\n", ADHOC)

    assert ran(stage) == [("a", "ERROR"), ("b", "SUCCESS")]
    assert stage.task("a").state_info == (
        "Failed to find action [action_name=acme.missing]: looked for `acme.missing` among the built-in "
        "actions and in the default namespace; it is the base of `orphan`"
    )


@pytest.mark.parametrize(
    ("value", "told"), [("null", "null"), ("''", "an empty text"), ("5", "a number"), ("[w]", "a list")]
)
def test_a_workflow_whose_name_is_no_name_fails_the_task_only(value: str, told: str) -> None:
    stage = tasks("a: {workflow: <% $.name %>, on-error: b}\nb: {}", head=f"vars: {{name: {value}}}")

    assert ran(stage) == [("a", "ERROR"), ("b", "SUCCESS")]
    assert stage.task("a").state_info == f"Failed to find workflow: `<% $.name %>` gives {told}, not a name"


def test_actions_based_on_each_other_are_named_in_their_circle() -> None:
    stage = document("w:\n  tasks:\n    a: {action: circle}\n", ADHOC)

    assert "Found a cycle in an ad-hoc action chain [circle → round → circle]" in str(stage.root.state_info)


def test_ad_hoc_actions_around_each_other_transform_the_result_from_within() -> None:
    stage = document("w:\n  tasks:\n    a: {action: \"outer text='hi'\"}\n", ADHOC)
    (run,) = stage.runs()

    stage.complete("a", Result(value=1))

    assert (run.name, run.action, run.input) == ("outer", "std.async_noop", {"text": "hi"})
    assert stage.runs()[0].result == {"o": {"i": 1}}


def test_an_ad_hoc_action_around_a_pure_one_ends_at_once() -> None:
    stage = document(
        "w:\n  tasks:\n    a: {action: \"loud text='hi'\", publish: {x: <% task().result %>}}\n", ADHOC
    )

    assert stage.root.output == {"x": "hi!"}


def test_an_input_that_an_ad_hoc_action_does_not_declare_fails_the_workflow() -> None:
    stage = document(
        "w:\n  tasks:\n    a: {action: \"loud text='hi' more=1\", on-error: b}\n    b: {}\n", ADHOC
    )

    assert ran(stage) == [("a", "ERROR")]
    told = "Invalid input [name=loud, unexpected=['more']]: the action takes: text"
    assert told in str(stage.root.state_info)


def test_a_base_input_that_cannot_be_evaluated_fails_the_workflow() -> None:
    stage = document("w:\n  tasks:\n    a: {action: scalar, on-error: b}\n    b: {}\n", ADHOC)

    assert (ran(stage), stage.runs()) == ([("a", "ERROR")], [])


def test_a_workbook_looks_among_its_own_first() -> None:
    stage = document(
        """
        name: book
        workflows:
          w:
            tasks:
              a: {action: "loud text='x'"}
              b: {workflow: other}
          other:
            tasks:
              t: {}
        actions:
          loud: {input: [text], base: std.echo, base-input: {output: "<% $.text %>, from the book"}}
        """,
        ADHOC,
        "other:\n  tasks:\n    wrong: {}\n",
        workflow="book.w",
    )

    assert stage.runs("a")[0].result == "x, from the book"
    assert "t" in stage.states() and "wrong" not in stage.states()


def test_what_was_not_deployed_is_asked_for_and_the_answer_is_part_of_the_history() -> None:
    asked: list[str] = []
    stage = tasks("a: {workflow: other, on-error: noop}", answer=asked.append)

    assert asked == ['workflow {"name": "other", "namespace": "", "project": "<default-project>"}']
    stage.replayed()

    assert (len(asked), [len(entry.facts) for entry in stage.history]) == (1, [1])


def test_the_environment_presets_the_input_of_actions_that_are_named_literally() -> None:
    env = {"__actions": {"std.echo": {"output": "preset", "delay": 0}}}
    stage = tasks(
        "a: {action: std.echo}\n"
        "b: {action: std.echo output='own'}\n"
        "c: {action: <% 'std.echo' %>, input: {output: 1}}",
        params={"env": env},
    )

    assert [run.result for run in stage.runs()] == ["preset", "own", 1]
    assert [run.input for run in stage.runs()][2] == {"output": 1}


def test_an_asynchronous_ad_hoc_action_is_completed_like_any_other() -> None:
    stage = document("w:\n  tasks:\n    a: {action: \"inner text='x'\"}\n", ADHOC)

    stage.complete("a", DONE)

    assert stage.runs()[0].result == {"i": "done"}


@pytest.mark.parametrize(
    ("task", "says"),
    [
        (
            "a: {workflow: other, on-error: b}",
            "Failed to start workflow other: the stored definition is wrong",
        ),
        ("a: {action: other, on-error: b}", "Failed to read action other: the stored definition is wrong"),
    ],
)
def test_a_definition_that_was_stored_unchecked_and_is_wrong_fails_the_task_that_needs_it(
    task: str, says: str
) -> None:
    wrong = {"document": "wrong", "id": "w1"}
    stage = Stage(f"version: '2.0'\nw:\n  tasks:\n    {task}\n    b: {{}}\n", answer=lambda question: wrong)
    stage.documents["wrong"] = "version: '2.0'\nother: {tasks: 7}\n"

    stage.start("w")

    assert says in str(stage.task("a").state_info)
    assert str(stage.task("a").state) == "ERROR"
