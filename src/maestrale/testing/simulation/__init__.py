"""Weeks of bad luck in a second: the real rules, engines and store, with everything around them failing.

`Simulation` has one node at a time, as on a file; `ClusterSimulation` has several, which share a database. A
seed gives one course of events, for ever; the laws are checked after every step, and a `LawBroken` names the
seed.
"""

from maestrale.testing.simulation.faults import Faults
from maestrale.testing.simulation.many_nodes import ClusterSimulation
from maestrale.testing.simulation.node import Node
from maestrale.testing.simulation.one_node import Simulation
from maestrale.testing.simulation.worker import Answered

__all__ = ["Answered", "ClusterSimulation", "Faults", "Node", "Simulation"]
