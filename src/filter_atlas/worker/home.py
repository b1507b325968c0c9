"""Where the clients of a device meet its worker: a private folder with a socket and a key.

The folder's name is a hash of all that makes a worker fit for a task, so that a task never
reaches a worker with other weights, other code or another device.

Standard library only, and little of it: the client of every ascend job imports this.
"""

import errno
import os
import stat
from contextlib import suppress
from hashlib import sha256

from filter_atlas.errors import WorkerError

# A Unix socket's path holds about 100 bytes; the folder and names below take 50 of them.
LONGEST_TEMPORARY_FOLDER = 50


class Home:
    """The folder of one worker.

    Args:
        folder: its path; `Home.of` finds it from what tells this worker from any other.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.socket = f"{self.folder}/socket"
        self.key = f"{self.folder}/key"
        self.lock = f"{self.folder}/lock"
        self.log = f"{self.folder}/log"

    @classmethod
    def of(cls, *identity: str) -> "Home":
        """The home of the worker that these strings, taken together, tell from any other."""
        name = sha256(repr(identity).encode()).hexdigest()[:16]
        return cls(f"{_folder_of_all()}/{name}")

    def create(self) -> None:
        """Make the folder, for this user alone.

        Raises:
            WorkerError: somebody else's folder, or an open one, stands in its place.
        """
        for folder in (os.path.dirname(self.folder), self.folder):
            status = _made(folder)
            if (
                not stat.S_ISDIR(status.st_mode)
                or status.st_uid != os.getuid()
                or status.st_mode & 0o077
            ):
                raise WorkerError(
                    f"{folder}: must be a folder that only you can open, and is not; "
                    "remove it, or set TMPDIR to a folder of your own"
                )

    def inhabited(self) -> bool:
        """Whether a worker listens here, even if it has no time to answer."""
        import socket  # which not every importer needs

        with socket.socket(socket.AF_UNIX) as connection:
            connection.setblocking(False)
            return connection.connect_ex(self.socket) not in (errno.ECONNREFUSED, errno.ENOENT)

    def remove(self) -> None:
        """Take the folder away; only for who holds the lock.

        The lock goes last: until then no client can start a worker here.
        """
        for path in (self.socket, self.key, self.log, self.lock):
            with suppress(FileNotFoundError):
                os.unlink(path)
        with suppress(OSError):  # a client is here already, with a lock of its own
            os.rmdir(self.folder)


def sweep() -> None:
    """Take away this user's homes whose workers were killed.

    One that has no lock yet, or whose lock is held, is just being made.
    """
    import fcntl  # which not every importer needs

    with suppress(FileNotFoundError):
        for name in os.listdir(_folder_of_all()):
            home = Home(f"{_folder_of_all()}/{name}")
            with suppress(OSError), open(home.lock, "rb+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not home.inhabited():
                    home.remove()


def _folder_of_all() -> str:
    """The folder of this user's homes, in the one for temporary files."""
    temporary = os.path.abspath(os.environ.get("TMPDIR") or "/tmp")
    if len(os.fsencode(temporary)) > LONGEST_TEMPORARY_FOLDER or not os.path.isdir(temporary):
        temporary = "/tmp"
    return f"{temporary}/filter-atlas-{os.getuid()}"


def _made(folder: str) -> os.stat_result:
    """Make a folder, unless something has its name; return what it is."""
    while True:
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        with suppress(FileNotFoundError):  # a worker that ended has just taken it away
            return os.lstat(folder)
