"""The job of one task: hand it to the device's warm worker, and write the files that come back.

If there is no worker, the first client starts one; a lock decides which client is first. Standard
library only, and as little of it as possible: there is one such process for every filter.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Mapping

from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.errors import (
    INTERRUPTED,
    LOST_WORKER,
    FilterAtlasError,
    WorkerDied,
    WorkerError,
    format_error,
    print_error,
)
from filter_atlas.worker import protocol
from filter_atlas.worker.endpoint import WorkerEndpoint

ATTEMPTS = 5
"""Number of workers that a client tries, if each ends before it takes the task."""

SETTINGS = "FILTER_ATLAS_WORKER"
"""Environment variable with the worker's settings, as JSON: batch, idle_seconds, threads."""

NO_SETTINGS = "{}"
"""The default of this variable."""

CODE = "FILTER_ATLAS_WORKER_CODE"
"""Environment variable with the digest of the worker's code when the run was planned."""

RUN = "FILTER_ATLAS_RUN"
"""Environment variable with the process id of the Snakemake that runs the job."""

PENDING = "FILTER_ATLAS_PENDING"
"""Environment variable with the folder of the run's pending filters: one file per device."""

_NO_MESSAGE = "; it left no message: the system may have killed it for lack of memory"


class _NotTaken(Exception):
    """The worker went away before it took the task, so another worker can have it."""


def main(done: str, *arguments: str) -> None:
    """Run a task as a script: print one line for the log, or one line about an error.

    The status is 2 for an error that another attempt cannot mend, 1 if the worker died, and 130
    after Ctrl-C.

    Args:
        done: what the worker has done with the task, such as `drawn`.
        arguments: the arguments of `run_task`.
    """
    try:
        print(done, run_task(*arguments), file=sys.stderr)
    except WorkerDied as error:
        print_error(format_error(error), LOST_WORKER)
        sys.exit(1)
    except (FilterAtlasError, OSError) as error:
        print_error(format_error(error))
        sys.exit(2)
    except KeyboardInterrupt:
        print_error(INTERRUPTED)
        sys.exit(130)


def run_task(
    task: str, device: str, weights: str, *outputs: str, environment: Mapping[str, str] = os.environ
) -> str:
    """Have a worker run one task, and write the files that come back.

    Args:
        task: the plan's task, JSON.
        device: the device that it is assigned to, such as `cpu` or `gpu:0`.
        weights: path of the canonical weights.
        outputs: paths to write, in the order of the task's files; each file appears whole or not
            at all.
        environment: the environment variables of the worker, and those that tell about the run.

    Returns:
        Where and how the task was run.

    Raises:
        WorkerDied: the worker died while it ran the task.
        WorkerError: the worker could not be started, or could not run the task.
        OSError: the files could not be written.
    """
    endpoint = _endpoint(device, weights, environment)
    for _ in range(ATTEMPTS):
        try:
            endpoint.create()  # also checks that it belongs to this user alone
            connection = _connect(endpoint) or _start(endpoint, device, weights, environment)
            with connection:
                how, files = _exchange(connection, endpoint, device, task, environment)
            for path, content in zip(outputs, files, strict=True):
                write_atomically(path, content)
            return f"on {device} {how}"
        except _NotTaken:
            time.sleep(0.05)
    raise WorkerError(
        f"the worker on {device} went away {ATTEMPTS} times before it took the "
        f"task{_log_end(endpoint)}"
    )


def _endpoint(device: str, weights: str, environment: Mapping[str, str]) -> WorkerEndpoint:
    """The endpoint of the worker with the same weights file, code, device and settings.

    The visible GPUs are part of the identity, because `gpu:0` is the first of them. So is the Slurm
    job: a worker has the cores of the Slurm job in which it was started, and ends with it.
    """
    try:
        status = os.stat(weights)
    except OSError as error:
        raise WorkerError(f"{weights}: {error.strerror}; run snakemake to make it") from None
    return WorkerEndpoint.for_identity(
        f"{os.path.realpath(weights)} {status.st_mtime_ns} {status.st_size}",
        device,
        environment.get(SETTINGS, NO_SETTINGS),
        sys.executable,
        *(str(environment.get(name)) for name in (CODE, "CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID")),
    )


def _connect(endpoint: WorkerEndpoint) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(endpoint.socket)
    except OSError:
        connection.close()
        return None
    return connection


def _start(
    endpoint: WorkerEndpoint, device: str, weights: str, environment: Mapping[str, str]
) -> socket.socket:
    """Start the worker, unless another client has started it; return a connection to it."""
    with _Lock(endpoint) as lock:
        connection = _connect(endpoint)
        if connection:
            return connection
        _spawn(endpoint, lock, device, weights, environment)
        connection = _connect(endpoint)
    if not connection:
        raise WorkerError(f"the worker on {device} did not start{_log_end(endpoint)}")
    return connection


class _Lock:
    """The lock for starting (or ending) a worker; one process of the host holds it at a time."""

    def __init__(self, endpoint: WorkerEndpoint) -> None:
        self.endpoint = endpoint

    def __enter__(self) -> int:
        import fcntl

        while True:
            self.endpoint.create()
            try:
                self.file = open(self.endpoint.lock, "ab")
            except FileNotFoundError:
                continue
            fcntl.flock(self.file, fcntl.LOCK_EX)
            # A worker that ends removes its lock file. A lock on a removed file is no lock.
            if _same_file(self.file.fileno(), self.endpoint.lock):
                return self.file.fileno()
            self.file.close()

    def __exit__(self, *_: object) -> None:
        self.file.close()


def _same_file(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _spawn(
    endpoint: WorkerEndpoint,
    lock: int,
    device: str,
    weights: str,
    environment: Mapping[str, str],
) -> None:
    """Start a worker and wait until it listens (it loads TensorFlow after that).

    Until then the worker holds the lock too. If this client is killed meanwhile, the next client
    still waits for this worker and starts no other.
    """
    import subprocess

    from filter_atlas.base import child_process

    with open(os.open(endpoint.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(os.urandom(32).hex())
    ready, inherited = os.pipe()
    with open(endpoint.log, "ab") as log:
        subprocess.Popen(
            child_process.python(
                "-m",
                "filter_atlas.worker",
                endpoint.folder,
                device,
                weights,
                environment.get(SETTINGS, NO_SETTINGS),
                str(inherited),
                str(lock),
            ),
            env=child_process.environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[inherited, lock],
        )
    os.close(inherited)
    with open(ready, "rb") as pipe:
        pipe.read()


def _exchange(
    connection: socket.socket,
    endpoint: WorkerEndpoint,
    device: str,
    task: str,
    environment: Mapping[str, str],
) -> tuple[str, list[bytes]]:
    """Send the task and wait; return how it was run, and the contents of its files."""
    try:
        with open(endpoint.key) as file:
            key = file.read()
        run, pending = environment.get(RUN), environment.get(PENDING)
        request = {
            "key": key,
            "run": int(run) if run else None,
            "pending": f"{pending}/{device}.json" if pending else None,
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
        return how, [_receive(connection) for _ in range(answer["files"])]
    except (OSError, EOFError):
        raise WorkerDied(f"the worker died while it ran this task{_log_end(endpoint)}") from None


def _receive(connection: socket.socket) -> bytes:
    prefix = _receive_exactly(connection, protocol.LENGTH_BYTES)
    return _receive_exactly(connection, protocol.length(prefix, protocol.LONGEST_ANSWER))


def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            raise EOFError
        received += part
    return bytes(received)


def _log_end(endpoint: WorkerEndpoint) -> str:
    """The end of the worker's log, as the last part of an error message."""
    try:
        with open(endpoint.log, errors="replace") as file:
            lines = file.read()[-4000:].strip().splitlines()
    except OSError:
        lines = []
    lines = [line for line in lines if not _is_chatter(line)][-5:]
    return f"; its last messages: {' | '.join(lines)}" if lines else _NO_MESSAGE


def _is_chatter(line: str) -> bool:
    """Whether a line is a remark of TensorFlow about itself: `I0000 00:00:…`, `W0000 …`."""
    return (line[:1] in "IW" and line[1:5].isdigit()) or line.startswith(
        ("WARNING: All log messages before absl", "To enable the following instructions:")
    )
