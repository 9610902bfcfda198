"""How a process shows that it lives: locks on the bytes of a file beside the database.

Node number n holds byte n of the file. The kernel drops the lock when the process ends, however it
ends, and keeps it while the process is merely stopped: there is no lease to prolong and no clock to
trust. The file stays empty; it must not be deleted while a process uses the database.

A process loses all its POSIX locks on a file as soon as it closes *any* descriptor of that file, and
never sees its own locks. Hence one shared descriptor for each file, and a list of our own numbers.
"""

import errno
import fcntl
import os
import threading
from typing import Protocol

from maestrale.store.file_errors import file_error


class NodeLocks(Protocol):
    """Which nodes live."""

    def hold(self, node_id: int) -> bool:
        """Take the lock of a node for this process. False: another process has it."""
        ...

    def is_held(self, node_id: int) -> bool:
        """Whether a living process, this one included, holds the lock of that node."""
        ...

    def close(self) -> None:
        """Give up the locks taken through this object."""
        ...


class PrivateLocks:
    """For a database that no other process can see: only our own nodes live."""

    def __init__(self) -> None:
        self._held: set[int] = set()

    def hold(self, node_id: int) -> bool:
        self._held.add(node_id)
        return True

    def is_held(self, node_id: int) -> bool:
        return node_id in self._held

    def close(self) -> None:
        self._held.clear()


class FileLocks:
    """The locks of the nodes of one database file; opened when first needed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: _LockFile | None = None
        self._held: set[int] = set()

    def hold(self, node_id: int) -> bool:
        if self._file is None:
            self._file = _open_shared(self._path)
        if self._file.hold(node_id):
            self._held.add(node_id)
        return node_id in self._held

    def is_held(self, node_id: int) -> bool:
        if self._file is None:
            if not os.path.exists(self._path):
                return False  # Whoever runs a tree has made the file before.
            self._file = _open_shared(self._path)
        return self._file.is_held(node_id)

    def close(self) -> None:
        if self._file is not None:
            for node_id in self._held:
                self._file.release(node_id)
            self._held.clear()
            _close_shared(self._file)
            self._file = None


class _LockFile:
    """The one descriptor this process has of a lock file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.users = 0
        self._held: set[int] = set()
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise file_error(path, error) from error

    def hold(self, node_id: int) -> bool:
        if node_id in self._held or not self._try(fcntl.LOCK_EX, node_id):
            return False
        self._held.add(node_id)
        return True

    def is_held(self, node_id: int) -> bool:
        if node_id in self._held:
            return True
        if not self._try(fcntl.LOCK_SH, node_id):  # Shared: two who ask at once do not see each other.
            return True
        self._unlock(node_id)
        return False

    def release(self, node_id: int) -> None:
        self._held.discard(node_id)
        self._unlock(node_id)

    def close(self) -> None:
        os.close(self._descriptor)

    def _try(self, kind: int, node_id: int) -> bool:
        try:
            fcntl.lockf(self._descriptor, kind | fcntl.LOCK_NB, 1, node_id)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            raise file_error(self.path, error) from error
        return True

    def _unlock(self, node_id: int) -> None:
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, node_id)


_shared: dict[str, _LockFile] = {}
_shared_guard = threading.Lock()


def _open_shared(path: str) -> _LockFile:
    real_path = os.path.realpath(path)
    with _shared_guard:
        file = _shared.get(real_path)
        if file is None:
            file = _shared[real_path] = _LockFile(real_path)
        file.users += 1
        return file


def _close_shared(file: _LockFile) -> None:
    with _shared_guard:
        file.users -= 1
        if not file.users:
            del _shared[file.path]
            file.close()
