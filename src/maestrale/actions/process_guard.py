"""Nothing that a command started outlives this process, even when it is killed with SIGKILL.

A dead process cannot clean up, and `PR_SET_PDEATHSIG` reaches only the direct child, when the thread
that made it ends. So a watcher stands by: a tiny shell in a session of its own that reads from a pipe
which groups of processes are alive. The pipe ends when this process does, however it ends, and the
watcher kills the groups that are left. A leftover command would double its step once another node
repeats it.

A process that leaves its group on purpose (`setsid`, a daemon) is out of reach.
"""

import atexit
import os
import subprocess
import threading

WATCHER = """
groups=" "
while read -r what group; do
    case "$what" in
        watch) groups="$groups$group " ;;
        forget)
            case "$groups" in
                *" $group "*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;;
            esac ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group"; done 2>/dev/null
"""

GATE = 'read -r _maestrale_gate && exec "$@"'
"""The shell text before a command: it waits for a line on its standard input, so that no command
begins before its group is watched; if this process dies first, the line never comes."""


class ProcessGuard:
    """The watcher of this process. It starts with the first group."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._watcher: subprocess.Popen[bytes] | None = None

    def watch(self, group: int) -> None:
        """From here on, the group does not outlive this process."""
        with self._lock:
            self._groups.add(group)
            self._tell(f"watch {group}\n")

    def forget(self, group: int) -> None:
        """The group has ended."""
        with self._lock:
            self._groups.discard(group)
            self._tell(f"forget {group}\n")

    def close(self) -> None:
        """End the watcher; it kills the groups that are left."""
        with self._lock:
            if self._watcher is not None:
                self._end_watcher(self._watcher)
                self._watcher = None

    def _tell(self, line: str) -> None:
        if self._watcher is not None:
            try:
                self._write(self._watcher, line)
                return
            except OSError:  # Somebody killed it: the next one has to know all groups.
                self._end_watcher(self._watcher)
        self._watcher = self._start_watcher()
        self._write(self._watcher, "".join(f"watch {group}\n" for group in sorted(self._groups)))

    def _start_watcher(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["/bin/sh", "-c", WATCHER],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # The terminal's Ctrl-C is not for it.
            cwd="/",
            env={"PATH": os.defpath},
        )

    def _write(self, watcher: subprocess.Popen[bytes], text: str) -> None:
        assert watcher.stdin is not None
        os.write(watcher.stdin.fileno(), text.encode())

    def _end_watcher(self, watcher: subprocess.Popen[bytes]) -> None:
        assert watcher.stdin is not None
        watcher.stdin.close()
        watcher.wait()


GUARD = ProcessGuard()
atexit.register(GUARD.close)
