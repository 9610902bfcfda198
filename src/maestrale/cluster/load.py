"""How busy a node is, as it tells the others with every beat."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from maestrale.wire.nodes import NodeLoad


class Reported(Struct, frozen=True, kw_only=True):
    """What a node says of itself with a beat.

    Args:
        beat_seconds, lease_seconds: How often it means to say so, and for how long each holds: whoever reads
            this may have other settings. 0: it did not say.
    """

    load: NodeLoad = NodeLoad()
    beat_seconds: float = 0.0
    lease_seconds: float = 0.0


def to_row(load: NodeLoad, *, beat_seconds: float, lease_seconds: float) -> dict[str, Any]:
    """What goes into the node's row: the `load` of `MembershipStore.beat`."""
    return {**msgspec.to_builtins(load), "beat_seconds": beat_seconds, "lease_seconds": lease_seconds}


def from_row(row: Mapping[str, Any]) -> Reported:
    """What a node has said, whatever its version: what is missing is 0, what is unknown is passed over."""
    try:
        return Reported(
            load=msgspec.convert(row, NodeLoad),
            beat_seconds=float(row.get("beat_seconds", 0.0)),
            lease_seconds=float(row.get("lease_seconds", 0.0)),
        )
    except (msgspec.ValidationError, TypeError, ValueError):  # A later version says it in another way.
        return Reported()
