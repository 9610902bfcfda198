"""Expressions over their budget: each fails its own execution, within a bound of CPU time."""

import gc
import time
from contextlib import nullcontext

import pytest

from maestrale.core import Entry, Fact, Limits, State, World, decide
from maestrale.core.events import ExecutionRequested, TurnContinued
from maestrale.core.state import Pin
from maestrale.engine.ledger import Ledger
from maestrale.engine.library import DocumentLibrary
from maestrale.engine.stopwatch import SLICE, Stopwatch
from maestrale.errors import InvalidInput
from maestrale.expressions import EvaluationError, OverBudget, budget, compile_template
from maestrale.lang import parse
from maestrale.testing.clocks import NOON
from maestrale.testing.laws import check_same, copy_of
from maestrale.testing.scopes import a_scope

from .house import REGISTRY

LOOP = "range(100000).select(range(100000).len()).len()"  # What a function of the library does is no step.
REGEX = "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' =~ '(a+)+$'"
MEMORY = f"range(900000).select(str($) + '{'x' * 5_000}').toList().len()"

INPUT = """
version: '2.0'
wf:
  tasks:
    a:
      action: std.echo output="<% {} %>"
"""


class Play:
    """A workflow of pure actions in a ledger, gone as far as it goes."""

    def __init__(self, text: str, stopwatch: Stopwatch) -> None:
        definitions = parse(text).definitions
        assert definitions is not None, parse(text).problems
        library = DocumentLibrary(lambda document: text)
        library.add("doc", definitions)
        self.world = World(library, REGISTRY, Limits())
        self.ledger = Ledger(
            self.world, answer=lambda question: None, seed=lambda: "seed", guard=stopwatch.guard
        )
        self.pins = (
            *(Pin("workflow", "", name, "doc") for name in definitions.workflows),
            *(Pin("action", "", name, "doc") for name in definitions.actions),
        )

    def run(self, root_id: str = "root") -> State:
        self.ledger.plant(root_id)
        event = ExecutionRequested(execution_id=root_id, workflow="wf", document="doc", pins=self.pins)
        self.ledger.handle(root_id, event, now=NOON)
        while self.ledger.state(root_id).has_work:
            self.ledger.handle(root_id, TurnContinued(), now=NOON)
        return self.ledger.state(root_id)

    def history(self) -> list[Entry]:
        batch = self.ledger.take()
        assert batch is not None
        return [entry for _, entry in batch.pending["root"].entries]


@pytest.mark.parametrize(
    ("expression", "stopwatch", "reason"),
    [
        (LOOP, Stopwatch(seconds=0.2), "it took more than 0.2 s"),
        (REGEX, Stopwatch(seconds=0.2), "it took more than 0.2 s"),
        (MEMORY, Stopwatch(seconds=60, memory=16 * 1024 * 1024), "it took more than 16 MiB of memory"),
    ],
    ids=["loop", "regular expression", "memory"],
)
def test_an_expression_over_its_budget_fails_in_time_and_is_never_evaluated_again(
    expression: str, stopwatch: Stopwatch, reason: str
) -> None:
    play = Play(INPUT.format(expression), stopwatch)
    began = time.process_time()
    state = play.run()
    used = time.process_time() - began
    history = play.history()

    began = time.process_time()
    replayed = State()
    for entry in history:  # Without a stopwatch: what is not heeded would not end.
        replayed.apply(decide(play.world, replayed, entry).changes)
    used_by_replay = time.process_time() - began

    assert [fact for entry in history for fact in entry.facts] == [Fact(f"over-budget {expression}", reason)]
    assert state.root.state == "ERROR"
    assert reason in (state.root.state_info or "")
    check_same(copy_of(replayed), copy_of(state), "the history gives the rows")
    assert used < 20 * SLICE
    assert used_by_replay < SLICE


PLACES = {
    "loop": "with-items: 'i in <% X %>'",
    "publish": "publish: {v: '<% X %>'}",
    "condition": "on-success: [{b: '<% X %>'}]",
    "wait-before": "wait-before: '<% X %>'",
    "keep-result": "keep-result: '<% X %>'",
    "fail-on": "fail-on: '<% X %>'",
}

TASK = """
version: '2.0'
wf:
  tasks:
    a:
      action: std.noop
      {}
    b: {{action: std.noop}}
"""

OUTPUT = """
version: '2.0'
wf:
  output: {v: '<% X %>'}
  tasks: {a: {action: std.noop}}
"""

TARGET = """
version: '2.0'
wf:
  tasks: {a: {action: test.once, target: '<% X %>'}}
"""

NAME = """
version: '2.0'
wf:
  tasks: {a: {action: '<% X %>'}}
"""

BREAK = """
version: '2.0'
wf:
  tasks: {a: {action: std.fail, retry: {count: 2, delay: 0, break-on: '<% X %>'}}}
"""


@pytest.mark.parametrize("text", [*map(TASK.format, PLACES.values()), OUTPUT, TARGET, NAME, BREAK])
def test_wherever_the_expression_stands_the_decision_comes_to_an_end(text: str) -> None:
    play = Play(text.replace("X", LOOP), Stopwatch(seconds=SLICE))

    state = play.run()

    facts = {fact.question for entry in play.history() for fact in entry.facts}
    assert (state.root.state, facts) == ("ERROR", {f"over-budget {LOOP}"})


def test_a_start_whose_variables_take_too_long_is_refused() -> None:
    text = f"version: '2.0'\nwf:\n  vars: {{v: '<% {LOOP} %>'}}\n  tasks: {{a: {{action: std.noop}}}}\n"
    play = Play(text, Stopwatch(seconds=SLICE))

    with pytest.raises(InvalidInput, match="it took more than"):
        play.run()


GREEDY = [
    "<% range(100000).select(range(900000).sum()).len() %>",
    "<% range(100000).select(range(900000).len()).len() %>",
    "<% let(l => range(900000).toList()) -> range(100000).select($l.toSet().len()) %>",
    "<% let(l => range(900000).toList()) -> range(100000).select($l = $l + []) %>",
    "<% let(l => range(900000).toList()) -> range(100000).select($l.contains(-1)) %>",
    "<% let(l => range(900000).select(str($ * 7919)).toList()) -> $l.orderBy($).orderByDescending($) %>",
    "<% generateMany(1, [$, $]).len() %>",
    "<% yaml_parse('[' + '1,' * 1000000 + '1]') %>",
    "<% yaml_parse('[' * 100000) %>",
    "<% json_dump(range(900000).toList()) %>",
    "<% ('a' * 40) =~ '(a+)+b' %>",
    "<% ('a' * 9000) =~ 'a*a*a*b' %>",
    "<% ('a' * 10000000) =~ 'a*b' %>",
    "<% ('ab' * 5000000) =~ '(?:a|b)*c' %>",
    "<% ('x' * 1000000) =~ '.*x.*y' %>",
    "<% regex('(?:.(?=.*x))*y').replace('x' * 1000000, '') %>",
    "<% regex('(a|aa)+b').split('a' * 1000000) %>",
    "<% let(s => 'x' * 10000000) -> range(1000).select($s.toUpper()) %>",
    "<% datetime('1' * 1000000) %>",
    "a <% let(s => 'x' * 10000000) -> range(1000).select($s) %> b",
    "{% for a in range(9999) %}{{ range(99999)|sum }}{% endfor %}",
    "{% for a in range(9999) %}{{ range(99999)|list|sort|length }}{% endfor %}",
    "{% for a in range(9999) %}{{ ('x' * 9999999)|upper|length }}{% endfor %}",
    "{% macro f(n) %}{{ f(n - 1) ~ f(n - 1) if n else 1 }}{% endmacro %}{{ f(60) }}",
    "{{ (['x' * 9999999] * 9999)|string|length }}",
    "{{ (['x' * 9999999] * 9999) ~ 'a' }}",
    "{{ ('x y ' * 500000)|wordwrap(1)|length }}",
    "{{ lipsum(9999) }}",
]


@pytest.mark.parametrize("text", GREEDY)
def test_whatever_an_expression_does_it_is_stopped_within_a_tenth_of_a_second(text: str) -> None:
    for warming in ("<% 1 %>", "{{ 1 + 1 }}", "<% datetime('2024-01-01') %>", "<% yaml_parse('1') %>"):
        compile_template(warming).evaluate(a_scope({}))  # Imports belong to no expression.
    stopwatch = Stopwatch(seconds=0.1, memory=256 * 1024 * 1024)
    gc.collect()
    gc.freeze()  # What other tests have left is not to be gone through again meanwhile.
    began = time.thread_time()

    with pytest.raises((OverBudget, EvaluationError)), stopwatch.guard():
        compile_template(text).evaluate(a_scope({}))

    used = time.thread_time() - began
    gc.unfreeze()
    assert used < 0.1 + 0.1


def be_stopped_in_between() -> None:
    with Stopwatch(seconds=SLICE).guard():
        budget.begin("stopped")
        raise OverBudget("stopped", "the signal came")


def test_an_evaluation_that_was_stopped_before_it_could_say_that_it_is_over_is_over() -> None:
    with pytest.raises(OverBudget):
        be_stopped_in_between()

    budget.interrupt("there is none")


def test_all_expressions_of_a_decision_together_have_a_share() -> None:
    once = compile_template("<% range(300000).sum() %>")
    stopwatch = Stopwatch(seconds=5 * SLICE)

    def evaluate_for_ever() -> None:
        with stopwatch.guard():
            while True:
                once.evaluate(a_scope({}))

    with pytest.raises(OverBudget) as caught:
        evaluate_for_ever()

    assert caught.value.reason == "with those before it in the same step it took more than 0.5 s"


def test_other_executions_go_on_after_one_went_over_its_budget() -> None:
    stopwatch = Stopwatch(seconds=SLICE)
    bad, good = Play(INPUT.format(LOOP), stopwatch), Play(INPUT.format("1 + 1"), stopwatch)

    states = [bad.run().root.state, good.run().root.state, bad.run("again").root.state]

    assert states == ["ERROR", "SUCCESS", "ERROR"]


def test_a_fact_that_is_not_heeded_is_a_bug_and_no_endless_loop() -> None:
    play = Play(INPUT.format("1"), Stopwatch())
    play.ledger._guard = AlwaysOver

    with pytest.raises(AssertionError, match="does not heed the fact `over-budget 1`"):
        play.run()


class AlwaysOver(nullcontext[None]):
    """Stops whatever is decided."""

    def __enter__(self) -> None:
        raise OverBudget("1", "it is Sunday")
