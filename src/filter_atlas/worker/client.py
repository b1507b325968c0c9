"""The job of one filter: hand its task to the device's warm worker, write what comes back.

If there is no worker the first client starts one; a lock decides who is first. Standard library
only, and as little of it as possible: there is one such process for every filter.
"""

import json
import os
import socket
import sys
import time

from filter_atlas.errors import WorkerError
from filter_atlas.files import write_atomically
from filter_atlas.worker import protocol
from filter_atlas.worker.home import Home

ATTEMPTS = 5
"""How often a client looks for a worker that vanishes before it takes the task."""

SETTINGS = "FILTER_ATLAS_WORKER"
"""Environment variable with the worker's settings, as JSON: batch, idle_seconds, threads."""

RUN = "FILTER_ATLAS_RUN"
"""Environment variable with the process id of the Snakemake that runs the job."""

AHEAD = "FILTER_ATLAS_AHEAD"
"""Environment variable with the folder in which the run has left word of all that it lacks."""


_NO_WORDS = "; it left no message: the system may have killed it for lack of memory"


class _NotTaken(Exception):
    """The worker went away before it had taken the task: another one can have it."""


def ascend(task: str, device: str, weights: str, picture: str, record: str) -> str:
    """Have one filter drawn, and write its picture and record.

    Args:
        task: the plan's task, JSON.
        device: the device it is assigned to, such as `cpu` or `gpu:0`.
        weights: path of the canonical weights.
        picture, record: paths to write; each appears whole or not at all.

    Returns:
        A line for the log: how it was drawn.

    Raises:
        WorkerError: the worker could not be started, died, or could not do the task.
        OSError: the results could not be written.
    """
    settings = os.environ.get(SETTINGS, "{}")
    home = _home(task, device, weights, settings)
    for _ in range(ATTEMPTS):
        try:
            home.create()  # and see that it is nobody else's
            connection = _connect(home) or _start(home, device, weights, settings)
            with connection:
                how, picture_bytes, record_bytes = _exchange(connection, home, device, task)
            write_atomically(picture, picture_bytes)
            write_atomically(record, record_bytes)
            return f"drawn on {device} {how}"
        except _NotTaken:
            time.sleep(0.05)
    raise WorkerError(
        f"the worker on {device} went away {ATTEMPTS} times before it took the task{_tail(home)}"
    )


def _home(task: str, device: str, weights: str, settings: str) -> Home:
    """The home of the worker that fits a task: same weights file, code, device and settings.

    The visible GPUs belong to it, as `gpu:0` is the first of them. So does the job of a cluster: a
    worker lives on the cores, and within the life, of the Slurm job whose client has started it.
    """
    try:
        status = os.stat(weights)
    except OSError as error:
        raise WorkerError(f"{weights}: {error.strerror}; run snakemake to make it") from None
    weights_file = f"{os.path.realpath(weights)} {status.st_mtime_ns} {status.st_size}"
    return Home.of(
        weights_file,
        json.loads(task)["code"],
        device,
        str(os.environ.get("CUDA_VISIBLE_DEVICES")),
        str(os.environ.get("SLURM_JOB_ID")),
        settings,
        sys.executable,
    )


def _connect(home: Home) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(home.socket)
    except OSError:
        connection.close()
        return None
    return connection


def _start(home: Home, device: str, weights: str, settings: str) -> socket.socket:
    """Start the worker, unless another client has meanwhile; return a connection to it."""
    with _Lock(home) as lock:
        connection = _connect(home)
        if connection:
            return connection
        _spawn(home, lock, device, weights, settings)
        connection = _connect(home)
    if not connection:
        raise WorkerError(f"the worker on {device} did not start{_tail(home)}")
    return connection


class _Lock:
    """The right to start (or end) a worker, held by one process of the host at a time."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def __enter__(self) -> int:
        import fcntl

        while True:
            self.home.create()
            try:
                self.file = open(self.home.lock, "ab")
            except FileNotFoundError:
                continue
            fcntl.flock(self.file, fcntl.LOCK_EX)
            # A worker that ends takes its lock file away: a lock on a lost file is no lock.
            if _same_file(self.file.fileno(), self.home.lock):
                return self.file.fileno()
            self.file.close()

    def __exit__(self, *_: object) -> None:
        self.file.close()


def _same_file(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _spawn(home: Home, lock: int, device: str, weights: str, settings: str) -> None:
    """Start a worker and wait until it listens (it loads TensorFlow after that).

    The worker holds the lock too until then: should this client be killed meanwhile, the next
    one still waits for this worker and starts no other.
    """
    import subprocess

    with open(os.open(home.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(os.urandom(32).hex())
    ready, told = os.pipe()
    with open(home.log, "ab") as log:
        subprocess.Popen(
            [
                sys.executable,
                "-P",  # nothing in the folder of the run is a module
                "-m",
                "filter_atlas.worker",
                home.folder,
                device,
                weights,
                settings,
                str(told),
                str(lock),
            ],
            env={**os.environ, "PYTHONPATH": _python_path()},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[told, lock],
        )
    os.close(told)
    with open(ready, "rb") as pipe:
        pipe.read()


def _python_path() -> str:
    """The folder of this package, then what the user has set (clusters' modules do)."""
    own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.pathsep.join(filter(None, [own, os.environ.get("PYTHONPATH")]))


def _exchange(
    connection: socket.socket, home: Home, device: str, task: str
) -> tuple[str, bytes, bytes]:
    """Say the task, wait; return how it was done, the picture's and the record's bytes."""
    try:
        with open(home.key) as file:
            key = file.read()
        run, ahead = os.environ.get(RUN), os.environ.get(AHEAD)
        request = {
            "key": key,
            "run": int(run) if run else None,
            "ahead": f"{ahead}/{device}.json" if ahead else None,
            "task": json.loads(task),
        }
        connection.sendall(protocol.frame(json.dumps(request).encode()))
        _receive(connection)
    except (OSError, EOFError):
        raise _NotTaken from None
    try:
        answer = json.loads(_receive(connection))
        if answer["status"] != "done":
            raise WorkerError(answer["message"])
        how = f"in a batch of {answer['batch']}: {answer['seconds']:.3f} s"
        return how, _receive(connection), _receive(connection)
    except (OSError, EOFError):
        raise WorkerError(f"the worker died while it drew this filter{_tail(home)}") from None


def _receive(connection: socket.socket) -> bytes:
    size = protocol.length(_exactly(connection, protocol.LENGTH_BYTES), protocol.LONGEST_ANSWER)
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            raise EOFError
        received += part
    return bytes(received)


def _tail(home: Home) -> str:
    """The worker's last words, to go with a message about its end."""
    try:
        with open(home.log, errors="replace") as file:
            lines = file.read()[-4000:].strip().splitlines()[-5:]
    except OSError:
        lines = []
    return f"; its last words: {' | '.join(lines)}" if lines else _NO_WORDS
