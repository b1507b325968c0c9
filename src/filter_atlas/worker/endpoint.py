"""The endpoint of a worker: a private folder with a socket and a key, where its clients find it.

The name of the folder is a hash of everything that a worker and a task must have in common. So a
task never reaches a worker with other weights, other code or another device.

Standard library only, and little of it: the client of every job imports this.
"""

import errno
import os
import stat
from contextlib import suppress
from hashlib import sha256

from filter_atlas.base.errors import WorkerError

# The path of a Unix socket holds about 100 bytes; the folder and names below take 50 of them.
LONGEST_TEMPORARY_FOLDER = 50


class WorkerEndpoint:
    """The folder of one worker.

    Args:
        folder: its path; `for_identity` computes it.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.socket = f"{self.folder}/socket"
        self.key = f"{self.folder}/key"
        self.lock = f"{self.folder}/lock"
        self.log = f"{self.folder}/log"

    @classmethod
    def for_identity(cls, *identity: str) -> "WorkerEndpoint":
        """The endpoint of the worker with this identity: all strings together."""
        name = sha256(repr(identity).encode()).hexdigest()[:16]
        return cls(f"{_parent_folder()}/{name}")

    def create(self) -> None:
        """Create the folder, for this user alone.

        Raises:
            WorkerError: the folder belongs to another user, or others can open it.
        """
        for folder in (os.path.dirname(self.folder), self.folder):
            status = _create_folder(folder)
            if (
                not stat.S_ISDIR(status.st_mode)
                or status.st_uid != os.getuid()
                or status.st_mode & 0o077
            ):
                raise WorkerError(
                    f"{folder}: must be a folder that only you can open, and is not; "
                    "remove it, or set TMPDIR to a folder of your own"
                )

    def has_listener(self) -> bool:
        """Whether a worker listens here, even if it has no time to answer."""
        import socket  # imported here, because not every client needs it

        with socket.socket(socket.AF_UNIX) as connection:
            connection.setblocking(False)
            return connection.connect_ex(self.socket) not in (errno.ECONNREFUSED, errno.ENOENT)

    def remove(self) -> None:
        """Remove the folder; only the process that holds the lock may do that.

        The lock is removed last: until then no client can start a worker here.
        """
        for path in (self.socket, self.key, self.log, self.lock):
            with suppress(FileNotFoundError):
                os.unlink(path)
        with suppress(OSError):  # a client is here already, with a lock of its own
            os.rmdir(self.folder)


def remove_stale() -> None:
    """Remove this user's endpoints whose workers were killed.

    An endpoint that has no lock yet, or whose lock is held, is just being created.
    """
    import fcntl  # imported here, because not every client needs it

    with suppress(FileNotFoundError):
        for name in os.listdir(_parent_folder()):
            endpoint = WorkerEndpoint(f"{_parent_folder()}/{name}")
            with suppress(OSError), open(endpoint.lock, "rb+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not endpoint.has_listener():
                    endpoint.remove()


def _parent_folder() -> str:
    """The folder of all endpoints of this user, inside the folder for temporary files."""
    temporary = os.path.abspath(os.environ.get("TMPDIR") or "/tmp")
    if len(os.fsencode(temporary)) > LONGEST_TEMPORARY_FOLDER or not os.path.isdir(temporary):
        temporary = "/tmp"
    return f"{temporary}/filter-atlas-{os.getuid()}"


def _create_folder(folder: str) -> os.stat_result:
    """Create a folder, unless something has its name already; return the status of that name."""
    while True:
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        with suppress(FileNotFoundError):  # a worker that ended has just removed it
            return os.lstat(folder)
