"""Play one seed and print all that happens, or many and print those that break a law.

python -m tests.simulation nodes 17
python -m tests.simulation nodes 0-5000
python -m tests.simulation bad-day 0-5000
python -m tests.simulation file 17
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from maestrale.testing.laws import LawBroken

from .plays import PLAYS


def broken_by(kind: str, seed: int) -> str | None:
    """What is broken. None: nothing."""
    try:
        PLAYS[kind](seed).run()
    except LawBroken as broken:
        return str(broken)
    return None


def tell(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


def main(kind: str, which: str) -> int:
    first, _, last = which.partition("-")
    if not last:
        play = PLAYS[kind](int(first))
        try:
            play.run()
            broken = None
        except LawBroken as error:
            broken = error
        tell([*play.log, str(broken or "no law is broken")])
        return int(broken is not None)
    with ProcessPoolExecutor() as pool:
        found = pool.map(broken_by, repeat(kind), range(int(first), int(last)), chunksize=20)
        faults = [broken for broken in found if broken is not None]
    tell([*faults, f"{len(faults)} of {int(last) - int(first)} seeds break a law"])
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
