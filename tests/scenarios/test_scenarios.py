"""The specification of the language, run: on the pure core, and on the engine with a database."""

from pathlib import Path

import pytest

from maestrale.core.status import TaskState
from maestrale.errors import Error
from maestrale.lang import parse
from maestrale.testing.paths import find_run
from maestrale.testing.stage import rows_of

from .observing import NO_ROWS, changes, read_fact, rows_now
from .players import CorePlayer, EnginePlayer, Player, event_of
from .scenario import Fact, Result, Scenario, ScenarioError, Step, matches, read_scenario

SCENARIOS = sorted(path for path in Path(__file__).parent.glob("*.md") if path.name != "README.md")
IMPLIED = {"succeed": TaskState.SUCCESS, "fail": TaskState.ERROR, "cancel run": TaskState.CANCELLED}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_core_leaves_the_trace(path: Path) -> None:
    scenario = read_scenario(path)
    if not _is_about_a_definition(scenario):
        _play(scenario, CorePlayer(scenario.documents))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_engine_leaves_the_trace(path: Path, tmp_path: Path) -> None:
    scenario = read_scenario(path)
    if not _is_about_a_definition(scenario):
        with EnginePlayer(scenario.documents, tmp_path / "trees.db", restless=False) as player:
            _play(scenario, player)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_trace_is_the_same_when_nodes_take_over_from_each_other(path: Path, tmp_path: Path) -> None:
    scenario = read_scenario(path)
    kinds = {step.kind for step in scenario.trace if isinstance(step, Step)}
    if kinds & {"define", "begin", "crash"}:
        pytest.skip("it is about a definition, or tells of nodes itself")
    with EnginePlayer(scenario.documents, tmp_path / "trees.db", restless=True) as player:
        _play(scenario, player)


def _is_about_a_definition(scenario: Scenario) -> bool:
    """Whether the definition is refused; that is checked here."""
    first = scenario.trace[0]
    if not isinstance(first, Step) or first.kind != "define":
        return False
    assert len(scenario.trace) == 1, f"{scenario.path.name}: nothing can follow `define`"
    refused = [f"refused {problem.code}" for text in scenario.documents for problem in parse(text).errors]
    assert refused == [result.head for result in first.results]
    return True


def _play(scenario: Scenario, player: Player) -> None:
    for entry in scenario.trace:
        place = f"{scenario.path.name}:{entry.line}"
        try:
            if isinstance(entry, Fact):
                seen = read_fact(player.world, player.state(), entry)
                assert matches(entry.value, seen), f"{place}: {entry.what} is {seen!r}"
            else:
                _check(place, entry.results, _do(player, entry))
        except (ScenarioError, LookupError) as error:
            pytest.fail(f"{place}: {error}")
    assert rows_of(player.folded()) == rows_of(player.state()), "the history gives other rows"


def _do(player: Player, step: Step) -> list[Result]:
    """Make it happen; what followed."""
    state, arguments = player.state(), step.arguments
    before = NO_ROWS if state.tree is None else rows_now(state)
    implied = None
    of_a_run = "attempt" in arguments or {"[", "@"} & set(arguments.get("path", "").rpartition("/")[2])
    if step.kind in IMPLIED and not of_a_run:
        implied = (find_run(state, arguments["path"]).task_id, IMPLIED[step.kind])
    known = len(player.log)
    try:
        match step.kind:
            case "start":
                params = {"task_name": arguments.get("target"), "env": arguments.get("env")}
                given = {name: value for name, value in params.items() if value is not None}
                player.start(arguments["workflow"], arguments.get("input", {}), given)
            case "time":
                player.pass_time(arguments["seconds"])
            case "crash":
                player.crash()
            case kind:
                player.send(event_of(state, kind, arguments))
    except Error as error:
        return [Result(f"refused {error.code}", error.message)]
    after = player.state()
    return list(changes(before, after, player.log[known:], implied))


def _check(place: str, written: tuple[Result, ...], seen: list[Result]) -> None:
    heads = ", ".join(result.head for result in seen) or "nothing"
    assert [result.head for result in written] == [result.head for result in seen], f"{place}: -> {heads}"
    for one, other in zip(written, seen, strict=True):
        assert one.info is None or matches(one.info, other.info), f"{place}: {other.head} {other.info!r}"
        assert one.input is None or matches(one.input, other.input), f"{place}: {other.head} {other.input}"
