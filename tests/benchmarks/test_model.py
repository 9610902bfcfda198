"""The queueing model of nodes and cells: what must be true of any such model, and of ours."""

import statistics
from pathlib import Path

import pytest
from benchmarks.cells import Service, place, read_figures, shares_of_projects, simulate_cells, table, validate
from benchmarks.model import Cell, Load, Outcome, Simulation
from benchmarks.stations import Calendar, Costs, Log, Processors
from msgspec.structs import replace

COSTS = Costs(
    decide=0.0005,
    encode=0.0001,
    encode_commit=0.0004,
    write=0.0002,
    write_commit=0.0003,
    flush=0.001,
    round_trips=0.0005,
    log_bytes=5_000,
)
CELL = Cell(nodes=3, server_processors=4)
CHAIN = Load(rate=200, steps=5, outside_seconds=0.05)

SIZING = Path(__file__).parents[2] / "docs" / "operations" / "sizing.md"


def run(load: Load = CHAIN, cell: Cell = CELL, *, seconds: float = 20, seed: int = 1) -> Outcome:
    return Simulation(cell, COSTS, load, seed=seed).run(seconds, warm_up=2)


@pytest.mark.parametrize("load", [CHAIN, Load(at_once=40), Load(at_once=40, steps=3, outside_seconds=0.01)])
def test_as_many_are_underway_as_come_in_the_time_that_one_takes(load: Load) -> None:
    outcome = run(load)

    outside = (load.steps - 1) * load.outside_seconds
    seconds = statistics.mean(outcome.latencies) + outside

    assert outcome.underway == pytest.approx(outcome.rate * seconds, rel=0.02)


def test_a_station_is_busy_for_what_its_visits_cost() -> None:
    outcome = run()

    steps = outcome.rate * CHAIN.steps
    commits = steps / outcome.commit_steps
    node = steps * (COSTS.decide + COSTS.encode) + commits * COSTS.encode_commit
    server = steps * COSTS.write + commits * COSTS.write_commit

    assert outcome.node_use == pytest.approx(node / CELL.nodes, rel=0.02)
    assert outcome.server_use == pytest.approx(server / CELL.server_processors, rel=0.02)
    assert outcome.log_bytes == pytest.approx(steps * COSTS.log_bytes, rel=0.02)


def test_no_execution_is_lost_or_doubled_when_a_node_dies_and_the_database_is_away() -> None:
    simulation = Simulation(CELL, COSTS, Load(rate=300, steps=5, outside_seconds=0.05))
    simulation.kill_node(2.0, taken_over_after=1.0)
    simulation.stop_database(5.0, seconds=1.0)

    outcome = simulation.run(10.0, warm_up=0.0)

    assert outcome.started == outcome.ended + outcome.left
    assert len(outcome.latencies) == outcome.ended
    assert 0.9 < max(outcome.latencies) < 4.0
    assert outcome.left < 300


def test_the_same_seed_gives_the_same_outcome() -> None:
    assert run(seed=7) == run(seed=7) != run(seed=8)


def test_commits_grow_with_the_load_and_each_step_gets_cheaper() -> None:
    few, many = run(Load(at_once=3)), run(Load(at_once=300))

    assert few.commit_steps == 1.0
    assert many.commit_steps > 10
    assert many.rate > 3 * few.rate


def test_processors_are_shared_evenly_by_those_who_are_ready() -> None:
    calendar = Calendar()
    processors = Processors(calendar, 2)
    ended: list[tuple[str, float]] = []
    for name, seconds in (("short", 1.0), ("middle", 2.0), ("long", 3.0)):
        processors.do(seconds, lambda name=name: ended.append((name, calendar.now)))  # type: ignore[misc]

    calendar.run(10.0)

    # Three share two for the first second of work; then each of two has one.
    assert ended == [("short", 1.5), ("middle", 2.5), ("long", 3.5)]
    assert processors.busy == pytest.approx(6.0)


def test_commits_that_come_during_a_flush_share_the_next_one() -> None:
    calendar = Calendar()
    log = Log(calendar, 1.0)
    ended: list[tuple[int, float]] = []
    for number, at in enumerate((0.0, 0.2, 0.9)):
        calendar.at(at, lambda number=number: log.flush(0, lambda: ended.append((number, calendar.now))))  # type: ignore[misc]

    calendar.run(5.0)

    assert ended == [(0, 1.0), (1, 2.0), (2, 2.0)]
    assert log.busy == 2.0


def test_a_flush_takes_as_long_as_its_bytes() -> None:
    calendar = Calendar()
    log = Log(calendar, 1.0, rate=100)
    ended: list[float] = []
    log.flush(0, lambda: log.flush(300, lambda: ended.append(calendar.now)))

    calendar.run(10.0)

    assert ended == [5.0]


def test_the_documented_comparison_is_what_the_model_makes_of_the_stored_figures() -> None:
    compared = validate(read_figures())

    assert table(compared) in SIZING.read_text()
    assert statistics.mean(abs(each.error) for each in compared) < 0.25


def test_every_execution_of_a_service_is_in_one_cell() -> None:
    shares = shares_of_projects(0.8)

    for cells in (1, 3, 10):
        loads = place(shares, cells)
        assert sum(loads) == pytest.approx(1.0)
        assert max(loads) - min(loads) <= max(shares)


def test_cells_do_together_what_is_asked_of_all() -> None:
    service = replace(Service(), executions_a_minute=60_000, nodes=8, outside_seconds=0.05)

    outcomes = simulate_cells(read_figures(), service, 2)

    assert sum(each.rate for each in outcomes) == pytest.approx(1_000, rel=0.1)
