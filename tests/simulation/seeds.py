"""Which seeds a test plays: `MAESTRALE_SEEDS=5000` plays so many, `MAESTRALE_SEEDS=17,42` just these."""

import os
from collections.abc import Sequence

GIVEN = os.environ.get("MAESTRALE_SEEDS", "")


def seeds(count: int) -> Sequence[int]:
    """Those that were asked for; else the first `count`."""
    if "," in GIVEN:
        return [int(seed) for seed in GIVEN.split(",") if seed]
    return range(int(GIVEN or count))
