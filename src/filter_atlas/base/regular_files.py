"""Opening files that users or strangers name: regular files only.

To open a pipe waits for another program, and a device such as /dev/zero has no end.
"""

import errno
import io
import os
import stat

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: str | os.PathLike[str]) -> io.BufferedReader:
    """Open a file for reading bytes; a link to a file counts as this file.

    Raises:
        OSError: it is missing, cannot be read, or is a folder, a pipe, a socket or a device.
    """
    # Before it is opened, because to open a device can start it.
    check_regular(path)
    return open(path, "rb", opener=_open_without_waiting)


def check_regular(path: str | os.PathLike[str]) -> None:
    """Refuse everything except a regular file, for libraries that open files themselves.

    Raises:
        OSError: as for `open_regular`.
    """
    _check(os.stat(path), os.fspath(path))


def read_regular(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: as for `open_regular`.
    """
    with open_regular(path) as file:
        return file.read()


def _open_without_waiting(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    try:
        _check(os.fstat(descriptor), path)  # again, because the name can have another file now
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _check(status: os.stat_result, path: str) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFDIR:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if kind != stat.S_IFREG:
        raise OSError(errno.EINVAL, f"Not a file but {_KINDS.get(kind, 'something else')}", path)
