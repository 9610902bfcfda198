"""What runs as a process, built out of its parts: the only layer that knows them all.

A `Node` is a store, an engine and a worker; a `Server` (in `main.server`, since it takes longer to load)
is a node with the API on a port.
"""

from maestrale.main.node import Node

__all__ = ["Node"]
