"""What the linter claims, against what workflows do when they run."""

from collections.abc import Iterator
from random import Random

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from maestrale.core import Result
from maestrale.core.events import ActionCompleted, ResumeRequested
from maestrale.errors import InvalidInput
from maestrale.lang import Problem, parse
from maestrale.linter import lint
from maestrale.testing.stage import ROOT, Stage
from maestrale.testing.workflows import Program, programs

from .linting import KNOWN

MOST_STEPS = 150


def claims(program: Program) -> list[Problem]:
    parsed = [parse(text) for text in program.texts]
    known = KNOWN.with_definitions(*(each.definitions for each in parsed if each.definitions is not None))
    return [problem for each in parsed for problem in lint(each, known)]


def played(program: Program, random: Random) -> Stage:
    """A run in which nobody reruns, skips or stops anything, in an order that chance decides."""
    stage = Stage(*program.texts)
    try:
        stage.start(program.workflow, program.input, program.params)
    except InvalidInput:
        return stage
    for _ in range(MOST_STEPS):
        if stage.has_ended or not one_step(stage, random):
            break
    return stage


def one_step(stage: Stage, random: Random) -> bool:
    runs = stage.open_runs()
    if stage.root.state == "PAUSED" and (not runs or random.random() < 0.5):
        stage.send(ResumeRequested(ROOT))
        return True
    if runs and (not stage.state.timers or random.random() < 0.8):
        run = random.choice(runs)
        result = Result(error="broken") if random.random() < 0.4 else Result(value=random.choice([0, 1]))
        stage.send(ActionCompleted(run.id, run.attempt, result))
        return True
    return stage.pass_to_next_timer()


def ran(stage: Stage) -> Iterator[tuple[str, str]]:
    """Every workflow with every task of it that did its work."""
    for task in stage.state.tasks.values():
        if task.started_at is not None:
            yield stage.state.executions[task.execution_id].workflow, task.name


@given(programs(), st.integers(0, 1 << 32))
@settings(max_examples=20, suppress_health_check=[HealthCheck.filter_too_much])
def test_what_is_said_never_to_run_does_not_run(program: Program, seed: int) -> None:
    found = claims(program)
    never = {(p.path[0], p.path[2]) for p in found if p.code in ("task-never-runs", "join-never-fires")}
    assume(never)

    for offset in range(10):
        assert never.isdisjoint(ran(played(program, Random(seed + offset))))


@given(programs())
@settings(max_examples=25)
def test_a_variable_that_is_there_is_not_reported(program: Program) -> None:
    """`nothing` is the one variable of generated workflows that nothing defines."""
    reported = [problem.message for problem in claims(program) if problem.code == "undefined-variable"]

    assert all("`nothing`" in message for message in reported)


@given(programs())
@settings(max_examples=10)
def test_the_same_text_gives_the_same_findings(program: Program) -> None:
    assert claims(program) == claims(program)
