"""Atomic writing: a reader sees a whole file or no file.

Standard library only, and little of it, because the client of every filter's job imports this.
"""

import os


def write_atomically(path: str | os.PathLike[str], data: bytes, *, durably: bool = True) -> None:
    """Write `data` to `path`. The final name never holds part of a file.

    The bytes go to a temporary file beside `path`, reach the disk (fsync), and get the final name
    through a rename. On failure the temporary file is removed, and `path` is unchanged.

    Args:
        path: the file's final name.
        data: its content.
        durably: false if the caller makes the bytes of many files reach the disk together; until
            then a power failure can leave an empty file.

    Raises:
        OSError: the folder is not writable, or the disk is full; the error names `path`.
    """
    path = os.fspath(path)
    temporary = f"{path}.{os.getpid()}.part"
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            if durably:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        if isinstance(error, OSError):
            error.filename, error.filename2 = path, None
        raise


def is_left_behind(name: str) -> bool:
    """Whether a file name belongs to a temporary file whose writer no longer runs.

    A writer on another machine does not count as running.
    """
    *_, writer, end = ["", "", *name.split(".")]
    if end != "part" or not writer.isdecimal():
        return False
    try:
        os.kill(int(writer), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:  # the process of another user
        pass
    return False
