"""Writing files so that a reader sees the whole of one or none of it.

Standard library only, and little of it: the client of every ascend job imports this.
"""

import os


def write_atomically(path: str | os.PathLike[str], data: bytes, *, durably: bool = True) -> None:
    """Write `data` to `path` so that the final name never holds half a file.

    The bytes go to a file beside `path`, reach the disk (fsync), and take the final name by a
    rename. On failure the file beside is removed and whatever stood at `path` stays.

    Args:
        path: the file's final name.
        data: what it is to hold.
        durably: false where the caller sees to it that the bytes of many files reach the disk
            together; until then a power cut can leave an empty file.

    Raises:
        OSError: the folder is not writable, the disk is full; it names `path`.
    """
    path = os.fspath(path)
    beside = f"{path}.{os.getpid()}.part"
    try:
        with open(beside, "wb") as file:
            file.write(data)
            if durably:
                file.flush()
                os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException as error:
        if os.path.exists(beside):
            os.unlink(beside)
        if isinstance(error, OSError):
            error.filename, error.filename2 = path, None
        raise


def is_left_behind(name: str) -> bool:
    """Whether a file is what a writer that was killed has left beside a final name.

    A writer on another machine counts as killed.
    """
    *_, writer, end = ["", "", *name.split(".")]
    if end != "part" or not writer.isdecimal():
        return False
    try:
        os.kill(int(writer), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:  # it is somebody else's
        pass
    return False
