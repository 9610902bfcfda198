"""Many nodes in several cells behind one address, and how well the model knows what was measured.

    python -m benchmarks.cells [FIGURES.toml] [--executions-a-minute N] [--nodes N] [--help]

The figures are those of `python -m benchmarks model_figures`. A cell is a cluster with a PostgreSQL of its
own; each project is in one cell.
"""

import argparse
import statistics
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.model import Cell, Load, Outcome, Simulation
from benchmarks.stations import Costs

FIGURES = Path(__file__).parent / "figures.toml"

VALIDATED_SECONDS = 10.0
SECONDS, WARM_UP = 1.0, 1.0
PROJECTS = 1_000
NUMBERS = (2, 4, 5, 10)
"""Of cells. A cluster has 64 shards, so that more than 64 nodes in a cell are of no use."""


class Work(Struct, frozen=True, kw_only=True):
    """What an execution of one kind costs, measured in one process. See `model.Costs`."""

    tasks: int
    steps: int
    decide: float
    encode: float
    encode_commit: float
    write: float
    write_commit: float
    log_bytes: float


class Http(Struct, frozen=True, kw_only=True):
    """Seconds of a processor for an execution over HTTP, of the node in all and of the client."""

    node: float
    client: float


class Measured(Struct, frozen=True, kw_only=True):
    """Tasks a second of a real load, on one machine with two processors."""

    load: str
    way: str
    nodes: int
    at_once: int
    rate: float
    slowest: float

    @property
    def is_over_http(self) -> bool:
        return self.way == "over HTTP"


class Figures(Struct, frozen=True, kw_only=True):
    """All that was measured: costs in seconds, and loads to compare the model with."""

    flush: float
    round_trips: float
    inside: Work
    asking: Work
    http: Http
    measured: tuple[Measured, ...]
    processors: int = 2

    def costs(self, kind: str, *, over_http: bool = False, client: bool = False) -> Costs:
        work: Work = getattr(self, kind)
        http = self._http_seconds if over_http else 0.0
        return Costs(
            decide=work.decide + http / work.steps,
            encode=work.encode,
            encode_commit=work.encode_commit,
            write=work.write,
            write_commit=work.write_commit,
            flush=self.flush,
            round_trips=self.round_trips,
            client=self.http.client if client else 0.0,
            log_bytes=work.log_bytes,
        )

    @property
    def _http_seconds(self) -> float:
        """What a request adds to an execution that was measured without."""
        return max(0.0, self.http.node - self.inside.decide - self.inside.encode)


def read_figures(path: Path = FIGURES) -> Figures:
    return msgspec.convert(tomllib.loads(path.read_text()), Figures)


# How well the model knows what was measured.


class Compared(Struct, frozen=True):
    """Tasks a second, as measured and as the model has them."""

    measured: Measured
    modelled: float

    @property
    def error(self) -> float:
        return self.modelled / self.measured.rate - 1


def validate(figures: Figures) -> list[Compared]:
    """Run the model under each load that was measured."""
    return [Compared(each, _modelled(figures, each)) for each in figures.measured]


def _modelled(figures: Figures, measured: Measured) -> float:
    work: Work = getattr(figures, measured.load)
    over_http = measured.is_over_http
    cell = Cell(nodes=measured.nodes, server_processors=figures.processors, is_one_machine=True)
    simulation = Simulation(
        cell,
        figures.costs(measured.load, over_http=over_http, client=over_http),
        Load(at_once=measured.at_once, steps=work.steps),
    )
    return work.tasks * simulation.run(VALIDATED_SECONDS, warm_up=WARM_UP).rate


def model_validation() -> str:
    """Tasks a second in the model over those that were measured, for every load of `figures.toml`."""
    return _validation(read_figures())


def _validation(figures: Figures) -> str:
    compared = validate(figures)
    error = statistics.mean(abs(each.error) for each in compared)
    return f"off by {100 * error:.0f} % on average\n{table(compared)}"


def table(compared: Sequence[Compared]) -> str:
    """The loads that were measured, as `docs/operations/sizing.md` shows them."""
    head = "| actions | | nodes | at a time | measured | slowest round | model | |\n" + "|---" * 8 + "|\n"
    return head + "".join(
        f"| {each.measured.load} | {each.measured.way} | {each.measured.nodes} | {each.measured.at_once}"
        f" | {each.measured.rate:,.0f} | {each.measured.slowest:,.0f} | {each.modelled:,.0f}"
        f" | {100 * each.error:+.0f} % |\n"
        for each in compared
    )


# Many cells.


class Service(Struct, frozen=True, kw_only=True):
    """What is asked of all cells together, and of what they are made.

    Args:
        kind: `asking`, where actions go outside, or `inside`.
        outside_seconds: What an action takes.
        flush: Seconds that PostgreSQL waits for its disk.
        round_trips: Seconds of the network between a node and PostgreSQL, for a commit.
        log_rate: Bytes that the disk of its log takes in a second.
        skew: How much more the larger projects start: the exponent of Zipf's law.
    """

    executions_a_minute: float = 1_000_000
    nodes: int = 100
    kind: str = "asking"
    outside_seconds: float = 0.05
    server_processors: int = 32
    flush: float = 0.001
    round_trips: float = 0.0012
    log_rate: float = 500e6
    skew: float = 0.8

    @property
    def rate(self) -> float:
        return self.executions_a_minute / 60


def place(shares: Sequence[float], cells: int) -> list[float]:
    """The share of each cell, where each project, the largest first, goes to the cell with the least."""
    loads = [0.0] * cells
    for share in sorted(shares, reverse=True):
        loads[loads.index(min(loads))] += share
    return loads


def shares_of_projects(skew: float, count: int = PROJECTS) -> list[float]:
    """What part of all executions each project starts, where few start most (Zipf)."""
    weights = [rank**-skew for rank in range(1, count + 1)]
    return [weight / sum(weights) for weight in weights]


def simulate_cells(figures: Figures, service: Service, cells: int) -> list[Outcome]:
    """Each cell under its part of the load, the fullest first."""
    parts = sorted(place(shares_of_projects(service.skew), cells), reverse=True)
    return [
        _cell(figures, service, cells, part, seed=number).run(SECONDS, warm_up=1.5 * WARM_UP)
        for number, part in enumerate(parts)
    ]


def _cell(figures: Figures, service: Service, cells: int, part: float, *, seed: int = 1) -> Simulation:
    work: Work = getattr(figures, service.kind)
    costs = msgspec.structs.replace(
        figures.costs(service.kind, over_http=True),
        flush=service.flush,
        round_trips=service.round_trips,
        log_rate=service.log_rate,
    )
    return Simulation(
        Cell(nodes=service.nodes // cells, server_processors=service.server_processors),
        costs,
        Load(rate=service.rate * part, steps=work.steps, outside_seconds=service.outside_seconds),
        seed=seed,
    )


def _told_cells(figures: Figures, service: Service, cells: int) -> str:
    outcomes = simulate_cells(figures, service, cells)
    steps = getattr(figures, service.kind).steps
    fullest = outcomes[0]
    rate = sum(each.rate for each in outcomes)
    return (
        f"\n| {cells} | {service.nodes // cells} | {60 * rate:,.0f} | {100 * fullest.node_use:.0f} %"
        f" | {100 * fullest.server_use:.0f} % | {fullest.log_bytes / 1e6:,.0f} MB/s"
        f" | {fullest.commit_steps:.0f} | {1000 * fullest.percentile(0.5) / steps:.1f} ms"
        f" | {1000 * fullest.percentile(0.5):.0f} ms | {1000 * fullest.percentile(0.99):.0f} ms |"
    )


def many_cells() -> str:
    """The model: 1,000,000 executions a minute of ten tasks on 100 nodes, in several numbers of cells."""
    return _many_cells(read_figures(), Service(), NUMBERS)


HEAD = (
    "\n| cells | nodes of each | executions a minute | nodes busy | PostgreSQL busy | its log"
    " | steps in a commit | a step | an execution, p50 | p99 |\n" + "|---" * 10 + "|"
)


def _many_cells(figures: Figures, service: Service, numbers: Sequence[int]) -> str:
    rows = "".join(_told_cells(figures, service, cells) for cells in numbers)
    return HEAD + rows + "\n" + _told_losses(figures, service, numbers[-1])


def _told_losses(figures: Figures, service: Service, cells: int) -> str:
    """What the fullest cell does when a node dies, and when its database is away."""
    part = max(place(shares_of_projects(service.skew), cells))
    at, seconds = 3.0, 9.0
    died = _cell(figures, service, cells, part)
    died.kill_node(at, taken_over_after=TAKE_OVER_SECONDS)
    away = _cell(figures, service, cells, part)
    away.stop_database(at, seconds=AWAY_SECONDS)
    return "".join(
        f"\n{what}: {_told_recovery(simulation, at, seconds)}"
        for what, simulation in (
            (f"a node dies, and is taken over after {TAKE_OVER_SECONDS} s", died),
            (f"PostgreSQL of a cell is away for {AWAY_SECONDS:.0f} s", away),
        )
    )


TAKE_OVER_SECONDS, AWAY_SECONDS = 2.7, 2.0


def _told_recovery(simulation: Simulation, at: float, seconds: float) -> str:
    outcome = simulation.run(at + seconds, warm_up=0.0)
    assert outcome.started == outcome.ended + outcome.left, "no execution is lost"
    before = sorted(latency for ended, latency in simulation.ends if 1.0 < ended <= at)
    usual = before[len(before) * 99 // 100]
    late = [(ended, latency) for ended, latency in simulation.ends if ended > at and latency > 2 * usual]
    if not late:
        return f"no execution takes more than twice the p99 of {1000 * usual:.0f} ms"
    return (
        f"{len(late):,} of {outcome.ended:,} executions take longer than twice the p99 of"
        f" {1000 * usual:.0f} ms, at most {max(latency for _, latency in late):.1f} s;"
        f" the last of them ends {max(ended for ended, _ in late) - at:.1f} s after it"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cells", description="See docs/operations/sizing.md."
    )
    parser.add_argument("figures", nargs="?", type=Path, default=FIGURES)
    default = Service()
    for name in default.__struct_fields__:
        value = getattr(default, name)
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=type(value), default=value, help=f"default {value}"
        )
    parser.add_argument("--cells", type=int, nargs="+", default=NUMBERS)
    given = vars(parser.parse_args(arguments))
    figures, cells = read_figures(given.pop("figures")), given.pop("cells")
    print("the model over what was measured:", _validation(figures))
    print("many cells:", _many_cells(figures, Service(**given), cells))


ALL: tuple[Callable[[], str], ...] = (model_validation, many_cells)


if __name__ == "__main__":
    main()
