"""How much memory this process may have."""

import os
from collections.abc import Iterable
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_GROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory_limit(groups: Iterable[Path] = _GROUPS) -> int:
    """What the container may hold, or the machine has where there is no container."""
    limits = [_PAGE_BYTES * os.sysconf("SC_PHYS_PAGES")]
    for path in groups:
        try:
            limits.append(int(path.read_text()))
        except (OSError, ValueError):  # There is no such file, or it says `max`.
            continue
    return min(limits)
