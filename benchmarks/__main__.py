"""`python -m benchmarks [NAME …]`: print each figure beside its budget.

Each figure is taken in a process of its own, so that none warms up or weighs down another.
"""

import subprocess
import sys

from benchmarks import (
    cells,
    costs,
    expressions,
    fail_over,
    idle,
    isolation,
    large,
    measures,
    postgresql,
    service,
)

PARTS = (
    measures,
    service,
    postgresql,
    large,
    idle,
    fail_over,
    isolation,
    expressions,
    costs,
    cells,
)


def main(names: list[str]) -> None:
    known = {measure.__name__: measure for part in PARTS for measure in part.ALL}
    if unknown := [name for name in names if name.lstrip("=") not in known]:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(known)}")
    if len(names) == 1 and names[0].startswith("="):
        print(known[names[0][1:]]())
        return
    for name in names or known:
        about = " ".join((known[name].__doc__ or "").split())
        print(f"{name}: {about}", flush=True)
        subprocess.run([sys.executable, "-m", "benchmarks", f"={name}"], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
