"""The warm worker of one device: takes tasks from a socket and runs them in batches.

Requests that wait at the same time for the same layer and recipe are drawn together, with some that
are still pending; a result does not depend on its batch. Each layer is measured alone. The worker
ends when it has been idle for a while, or as soon as the runs that it served are over.
"""

import asyncio
import fcntl
import hmac
import json
import os
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import psutil
from pydantic import ValidationError

from filter_atlas.base.architecture import CONTEXT, VGG16, Architecture
from filter_atlas.base.errors import MORE_MEMORY, FilterAtlasError
from filter_atlas.settings.worker import WorkerSettings
from filter_atlas.worker import protocol
from filter_atlas.worker.endpoint import WorkerEndpoint, remove_stale
from filter_atlas.worker.prefetch import PrefetchQueue
from filter_atlas.worker.task import BatchKey, DrawTask, Engine, Files, MeasureTask, Request, Task

WATCH_SECONDS = 0.5
"""How often a worker checks whether it is still needed."""

REQUEST_SECONDS = 10.0
"""How long a client may take to send its request."""

BACKLOG = 1024


async def run_worker(
    endpoint: WorkerEndpoint,
    load: Callable[[], Engine],
    settings: WorkerSettings,
    ready: Callable[[], None],
    architecture: Architecture = VGG16,
) -> None:
    """Run a worker: listen, load the engine, serve clients, and end when no longer needed.

    Args:
        endpoint: the worker's endpoint, which exists already, with the key.
        load: makes the engine. It takes seconds; clients may connect and wait meanwhile.
        settings: batch and idle time.
        ready: called once, as soon as clients can connect.
        architecture: the architecture of the network that the worker computes with.
    """
    with open(endpoint.key) as file:
        server = Server(file.read(), load, settings, architecture)
    if os.path.exists(endpoint.socket):
        os.unlink(endpoint.socket)
    listener = await asyncio.start_unix_server(server.serve, endpoint.socket, backlog=BACKLOG)
    socket = os.stat(endpoint.socket)
    ready()
    remove_stale()
    work = asyncio.create_task(server.work())
    while server.needed() or not _shutdown(endpoint, socket):
        await asyncio.wait([work], timeout=WATCH_SECONDS)
        if work.done():  # it ends only with an error
            work.result()
    server.closed = True
    listener.close()
    work.cancel()


def _shutdown(endpoint: WorkerEndpoint, socket: os.stat_result) -> bool:
    """Remove the endpoint, unless a client is just starting a worker in it.

    An endpoint with another socket than `socket` stays: somebody removed the endpoint of this
    worker, and another worker has created it again.

    Returns:
        Whether the worker may end.
    """
    try:
        with open(endpoint.lock, "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.stat(endpoint.socket), socket):
                endpoint.remove()
    except FileNotFoundError:
        pass
    except OSError:  # the lock is held, or too many files are open to check: try again later
        return False
    return True


@dataclass(eq=False)
class _Waiting:
    """A task that waits for its result.

    Attributes:
        task: the task.
        result: the contents of its files, once they are known.
        batch: number of tasks that were run together with it.
        seconds: how long that took.
    """

    task: Task
    result: asyncio.Future[Files]
    batch: int = 0
    seconds: float = 0.0

    @classmethod
    def for_task(cls, task: Task) -> "_Waiting":
        result: asyncio.Future[Files] = asyncio.get_running_loop().create_future()
        # Without this, asyncio logs an error if nobody reads the result.
        result.add_done_callback(lambda result: result.cancelled() or result.exception())
        return cls(task, result)

    @property
    def key(self) -> BatchKey | None:
        """The key that tasks of one batch share; None for a task that is run alone."""
        return self.task.batch_key if isinstance(self.task, DrawTask) else None


class Server:
    """The state of a worker: waiting tasks, connected clients, and the runs that it serves.

    Attributes:
        closed: whether requests are refused; a client that comes later finds the next worker.
    """

    def __init__(
        self,
        key: str,
        load: Callable[[], Engine],
        settings: WorkerSettings,
        architecture: Architecture = VGG16,
    ) -> None:
        self.closed = False
        self._key = key
        self._load = load
        self._settings = settings
        self._waiting: list[_Waiting] = []
        self._context = {CONTEXT: architecture}
        self._prefetch = PrefetchQueue(architecture)
        self._prefetched: dict[Task, _Waiting] = {}  # drawn, or in a batch, but not requested yet
        self._arrival = asyncio.Event()
        self._connections = 0
        self._last_work = time.monotonic()
        self._runs: set[psutil.Process] = set()
        # One thread computes and one encodes, so that the device never waits for the encoding.
        self._compute = ThreadPoolExecutor(1, "compute")
        self._encode = ThreadPoolExecutor(1, "encode")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client, from its request to its result."""
        self._connections += 1
        try:
            request = await self._receive_request(reader)
            if request and not self.closed:
                await self._answer(request, reader, writer)
            writer.close()
            await writer.wait_closed()
        except ConnectionError:
            pass
        finally:
            writer.close()
            self._connections -= 1
            self._last_work = time.monotonic()

    async def work(self) -> None:
        """Run batch after batch, until the worker ends."""
        loop = asyncio.get_running_loop()
        loading = loop.run_in_executor(self._compute, self._load)
        while True:
            await self._arrival.wait()
            try:
                engine = await loading  # meanwhile clients come and go
            except Exception as error:
                _fail(self._waiting, error)
                self._waiting.clear()
                self._arrival.clear()
                continue
            batch = self._next_batch(engine)
            if not batch:
                self._arrival.clear()
                continue
            tasks = [waiting.task for waiting in batch]
            began = time.monotonic()
            try:
                finishers = await loop.run_in_executor(self._compute, _run, engine, tasks)
            except Exception as error:
                _fail(batch, error)
                continue
            seconds = time.monotonic() - began
            for waiting, finish in zip(batch, finishers, strict=True):
                waiting.batch, waiting.seconds = len(batch), seconds
                encoding = loop.run_in_executor(self._encode, finish)
                encoding.add_done_callback(partial(_pass_on, waiting))

    def needed(self) -> bool:
        """Whether a client is connected, or another one may still connect."""
        if self._connections:
            return True
        if self._runs and not any(map(_is_running, self._runs)):
            return False
        if self._prefetched:
            return True
        return time.monotonic() - self._last_work < self._settings.idle_seconds

    async def _receive_request(self, reader: asyncio.StreamReader) -> Request | None:
        """The client's request; None if it is not well-formed or has the wrong key."""
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                prefix = await reader.readexactly(protocol.LENGTH_BYTES)
                size = protocol.length(prefix, protocol.LONGEST_REQUEST)
                content = await reader.readexactly(size)
                request = Request.model_validate_json(content, context=self._context)
        except (asyncio.IncompleteReadError, TimeoutError, ValidationError, ValueError):
            return None
        return request if hmac.compare_digest(request.key.encode(), self._key.encode()) else None

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if request.run:
            self._watch(request.run)
            if request.pending:
                self._prefetch.load(request.pending, request.run)
        if isinstance(request.task, DrawTask):
            self._prefetch.mark_requested(request.task)
        waiting = self._prefetched.pop(request.task, None)
        if not waiting:
            waiting = _Waiting.for_task(request.task)
            self._waiting.append(waiting)
        self._arrival.set()
        _send(writer, {"status": "queued"})
        # A client sends nothing more, so this ends when it goes away.
        gone = asyncio.ensure_future(reader.read(1))
        either: list[asyncio.Future[Any]] = [waiting.result, gone]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not waiting.result.done():
            waiting.result.cancel()
        elif error := waiting.result.exception():
            _send(writer, {"status": "failed", "message": _message(error)})
        else:
            files = waiting.result.result()
            _send(
                writer,
                {
                    "status": "done",
                    "batch": waiting.batch,
                    "seconds": waiting.seconds,
                    "files": len(files),
                },
            )
            for content in files:
                writer.write(protocol.frame(content))

    def _watch(self, run: int) -> None:
        """Watch the process of a run, to end when all runs have ended."""
        with suppress(psutil.NoSuchProcess, OSError):
            self._runs.add(psutil.Process(run))

    def _next_batch(self, engine: Engine) -> list[_Waiting]:
        """Remove the oldest request and others with its key from the queue, at most one batch.

        Pending tasks with the same key fill the rest of the batch. If no request waits, the batch
        consists of pending tasks only, unless a batch of them is already drawn.
        """
        self._waiting = [waiting for waiting in self._waiting if not waiting.result.done()]
        key = self._waiting[0].key if self._waiting else self._prefetch.next_key()
        if not key:
            alone, self._waiting = self._waiting[:1], self._waiting[1:]
            return alone
        limit = engine.max_batch_size(key)
        batch = [waiting for waiting in self._waiting if waiting.key == key][:limit]
        self._waiting = [waiting for waiting in self._waiting if waiting not in batch]
        if batch or len(self._prefetched) <= limit:
            room = min(limit - len(batch), self._prefetch.limit - len(self._prefetched))
            early = [_Waiting.for_task(task) for task in self._prefetch.take(key, room)]
            self._prefetched.update((waiting.task, waiting) for waiting in early)
            batch += early
        return batch


def _run(engine: Engine, tasks: Sequence[Task]) -> Sequence[Callable[[], Files]]:
    """Run a batch: drawing tasks that share a key, or one measure task alone."""
    if isinstance(tasks[0], MeasureTask):
        return [engine.measure(tasks[0])]
    return engine.draw([task for task in tasks if isinstance(task, DrawTask)])


def _is_running(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except OSError:  # too many files are open to check
        return True


def _send(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(protocol.frame(json.dumps(answer).encode()))


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.result.done():
            waiting.result.set_exception(error)


def _pass_on(waiting: _Waiting, encoding: "asyncio.Future[Files]") -> None:
    if error := encoding.exception():
        _fail([waiting], error)  # type: ignore[arg-type]  # executors raise no BaseException here
    elif not waiting.result.done():
        waiting.result.set_result(encoding.result())


def _message(error: BaseException) -> str:
    """An error as the client logs it: one line for a `FilterAtlasError`, else the traceback."""
    if isinstance(error, FilterAtlasError):
        return str(error)
    # Recognised by its name, because TensorFlow is not imported here.
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        reason = str(error).partition("\n")[0][:200]
        return f"the worker is out of memory ({reason}); lower `worker: batch`, {MORE_MEMORY}"
    return "".join(traceback.format_exception(error)).strip()
