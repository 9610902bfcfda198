"""What is played for each seed."""

from collections.abc import Callable

from maestrale.testing.simulation import ClusterSimulation, Faults, Node, Simulation

from .programs import ACTIONS, TEXT, WORKFLOWS


def on_a_file(seed: int, node_class: type[Node] = Node) -> Simulation:
    """One node at a time: some workflows, at times an action by itself, with more or less bad luck."""
    faults = Faults(crashes=(0, 10, 40)[seed % 3], failures=(5, 20, 40)[seed // 3 % 3])
    return Simulation(
        seed, TEXT, _workflows(seed), actions=_actions(seed), faults=faults, node_class=node_class
    )


def on_many_nodes(seed: int) -> ClusterSimulation:
    """Two to four nodes: the same."""
    faults = Faults(crashes=(4, 10, 25)[seed % 3], failures=(1, 6, 12)[seed // 3 % 3], steps=500)
    return _cluster(seed, faults)


def on_a_bad_day(seed: int) -> ClusterSimulation:
    """The same, while far more goes wrong."""
    faults = Faults(crashes=60, failures=(3, 12, 30)[seed % 3], steps=500)
    return _cluster(seed, faults)


def _cluster(seed: int, faults: Faults) -> ClusterSimulation:
    return ClusterSimulation(
        seed,
        TEXT,
        _workflows(seed),
        actions=_actions(seed),
        triggered="chain" if seed % 4 == 0 else None,
        faults=faults,
    )


def _workflows(seed: int) -> list[str]:
    return [WORKFLOWS[(seed + offset) % len(WORKFLOWS)] for offset in range(1 + seed % 3)]


def _actions(seed: int) -> dict[str, dict[str, object]]:
    """One of four runs has none."""
    return {name: ACTIONS[name] for name in list(ACTIONS)[seed % 4 : seed % 4 + 1]}


PLAYS: dict[str, Callable[[int], Simulation | ClusterSimulation]] = {
    "file": on_a_file,
    "nodes": on_many_nodes,
    "bad-day": on_a_bad_day,
}
