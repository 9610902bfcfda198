"""What the system says about a file of the database, in the words of `maestrale.errors`."""

import errno

from maestrale.errors import Error, InvalidInput, Unavailable

NO_RIGHT = "this user must be allowed to write the database file, its directory and the files beside it"
FREE_SPACE = "nothing that was stored is lost: free some space, then resume"
LOOK_AT_DISK = "look at the disk and the system's log; nothing that was stored is lost"

_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_SUCH_PLACE = (errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.EEXIST)


def file_error(path: str, error: OSError) -> Error:
    """The error to raise where `path`, a file of the database or a directory of it, gave `error`."""
    message = f"`{path}` cannot be used: {error.strerror}"
    if error.errno in _FORBIDDEN:
        return Unavailable(message, code="database-readonly", hint=NO_RIGHT)
    if error.errno in _FULL:
        return Unavailable(message, code="database-full", hint=FREE_SPACE)
    if error.errno in _NO_SUCH_PLACE:
        return InvalidInput(message, code="database-url", hint="look at the path in the database URL")
    return Unavailable(message, code="database-io", hint=LOOK_AT_DISK)
