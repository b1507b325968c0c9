"""The warm worker of one device: takes tasks from a socket, draws them in batches.

Requests in flight for the same layer and recipe are drawn together, with some of those that are
still to come; a result does not depend on the batch it was drawn in. The worker ends by itself:
when it has had no work for a while, or as soon as the runs that it served are over.
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

from filter_atlas.architecture import CONTEXT, VGG16, Architecture
from filter_atlas.config import WorkerSettings
from filter_atlas.errors import MORE_MEMORY, FilterAtlasError
from filter_atlas.worker import protocol
from filter_atlas.worker.home import Home, sweep
from filter_atlas.worker.outlook import Outlook
from filter_atlas.worker.task import Drawn, Engine, Request, Task

WATCH_SECONDS = 0.5
"""How often a worker looks whether it is still needed."""

GREETING_SECONDS = 10.0
"""How long a client may take to say what it wants."""

BACKLOG = 1024


async def live(
    home: Home,
    load: Callable[[], Engine],
    settings: WorkerSettings,
    ready: Callable[[], None],
    architecture: Architecture = VGG16,
) -> None:
    """Live as a worker: listen, load the engine, serve, and go when no longer needed.

    Args:
        home: where clients come; already there, with the key.
        load: makes the engine. Takes seconds; clients may come and wait meanwhile.
        settings: batch and idle time.
        ready: called once, as soon as clients can connect.
        architecture: that of the network that it draws.
    """
    with open(home.key) as file:
        server = Server(file.read(), load, settings, architecture)
    if os.path.exists(home.socket):
        os.unlink(home.socket)
    listener = await asyncio.start_unix_server(server.serve, home.socket, backlog=BACKLOG)
    socket = os.stat(home.socket)
    ready()
    sweep()
    work = asyncio.create_task(server.work())
    while server.needed() or not _leave(home, socket):
        await asyncio.wait([work], timeout=WATCH_SECONDS)
        if work.done():  # which only an error makes it
            work.result()
    server.closed = True
    listener.close()
    work.cancel()


def _leave(home: Home, socket: os.stat_result) -> bool:
    """Take the home away, unless a client is just about to start a worker in it.

    A home that is no longer that of `socket` (somebody removed it, and another worker has come)
    stays.
    """
    try:
        with open(home.lock, "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.stat(home.socket), socket):
                home.remove()
    except FileNotFoundError:
        pass
    except OSError:  # the lock is held, or too many files are open to look: later, then
        return False
    return True


@dataclass(eq=False)
class _Waiting:
    task: Task
    result: asyncio.Future[Drawn]
    drawn_with: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, task: Task) -> "_Waiting":
        result: asyncio.Future[Drawn] = asyncio.get_running_loop().create_future()
        # Nobody may ever ask what became of it, which asyncio would complain about.
        result.add_done_callback(lambda result: result.cancelled() or result.exception())
        return cls(task, result)


class Server:
    """The state of a worker: who waits, who is connected, which runs it serves.

    Attributes:
        closed: no request is taken any more; whoever comes late finds the next worker.
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
        self._outlook = Outlook(architecture)
        self._ahead: dict[Task, _Waiting] = {}  # drawn, or being drawn, before anybody asks
        self._arrival = asyncio.Event()
        self._connections = 0
        self._last_work = time.monotonic()
        self._runs: set[psutil.Process] = set()
        # One thread computes and one encodes, so that the device never waits for PNG.
        self._compute = ThreadPoolExecutor(1, "compute")
        self._encode = ThreadPoolExecutor(1, "encode")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client, from its greeting to its result."""
        self._connections += 1
        try:
            request = await self._greeting(reader)
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
        """Draw batch after batch, for as long as the worker lives."""
        loop = asyncio.get_running_loop()
        loading = loop.run_in_executor(self._compute, self._load)
        while True:
            await self._arrival.wait()
            try:
                engine = await loading  # others come meanwhile, and some go
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
                finishers = await loop.run_in_executor(self._compute, engine.draw, tasks)
            except Exception as error:
                _fail(batch, error)
                continue
            seconds = time.monotonic() - began
            for waiting, finish in zip(batch, finishers, strict=True):
                waiting.drawn_with, waiting.seconds = len(batch), seconds
                encoding = loop.run_in_executor(self._encode, finish)
                encoding.add_done_callback(partial(_pass_on, waiting))

    def needed(self) -> bool:
        """Whether somebody is connected, or may yet come."""
        if self._connections:
            return True
        if self._runs and not any(map(_runs_on, self._runs)):
            return False
        if self._ahead:
            return True
        return time.monotonic() - self._last_work < self._settings.idle_seconds

    async def _greeting(self, reader: asyncio.StreamReader) -> Request | None:
        """The client's request; None if it is not well-formed or does not know the key."""
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                prefix = await reader.readexactly(protocol.LENGTH_BYTES)
                size = protocol.length(prefix, protocol.LONGEST_REQUEST)
                said = await reader.readexactly(size)
                request = Request.model_validate_json(said, context=self._context)
        except (asyncio.IncompleteReadError, TimeoutError, ValidationError, ValueError):
            return None
        return request if hmac.compare_digest(request.key.encode(), self._key.encode()) else None

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if request.run:
            self._remember(request.run)
            if request.ahead:
                self._outlook.learn(request.ahead, request.run)
        self._outlook.is_asked(request.task)
        waiting = self._ahead.pop(request.task, None)
        if not waiting:
            waiting = _Waiting.of(request.task)
            self._waiting.append(waiting)
        self._arrival.set()
        _say(writer, {"status": "queued"})
        # A client says nothing more, so this ends when it goes away.
        gone = asyncio.ensure_future(reader.read(1))
        either: list[asyncio.Future[Any]] = [waiting.result, gone]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not waiting.result.done():
            waiting.result.cancel()
        elif error := waiting.result.exception():
            _say(writer, {"status": "failed", "message": _message(error)})
        else:
            drawn = waiting.result.result()
            _say(
                writer,
                {"status": "done", "batch": waiting.drawn_with, "seconds": waiting.seconds},
            )
            writer.write(protocol.frame(drawn.picture) + protocol.frame(drawn.record))

    def _remember(self, run: int) -> None:
        with suppress(psutil.NoSuchProcess, OSError):
            self._runs.add(psutil.Process(run))

    def _next_batch(self, engine: Engine) -> list[_Waiting]:
        """The oldest request and others of its kind, no more than fit; they leave the queue.

        The room that is left goes to requests of the kind that are still to come. Where nobody
        waits a batch is made of these alone, unless a batch of them is at hand already.
        """
        self._waiting = [waiting for waiting in self._waiting if not waiting.result.done()]
        kind = self._waiting[0].task.kind if self._waiting else self._outlook.next_kind()
        if not kind:
            return []
        most = engine.most(kind)
        batch = [one for one in self._waiting if one.task.kind == kind][:most]
        self._waiting = [waiting for waiting in self._waiting if waiting not in batch]
        if batch or len(self._ahead) <= most:
            room = min(most - len(batch), self._outlook.limit - len(self._ahead))
            ahead = [_Waiting.of(task) for task in self._outlook.following(kind, room)]
            self._ahead.update((one.task, one) for one in ahead)
            batch += ahead
        return batch


def _runs_on(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except OSError:  # too many files are open to look
        return True


def _say(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(protocol.frame(json.dumps(answer).encode()))


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.result.done():
            waiting.result.set_exception(error)


def _pass_on(waiting: _Waiting, encoding: "asyncio.Future[Drawn]") -> None:
    if error := encoding.exception():
        _fail([waiting], error)  # type: ignore[arg-type]  # executors raise no BaseException here
    elif not waiting.result.done():
        waiting.result.set_result(encoding.result())


def _message(error: BaseException) -> str:
    """An error as a client should log it: one line where it is ours, else all we know."""
    if isinstance(error, FilterAtlasError):
        return str(error)
    # By its name, for TensorFlow is not imported here.
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        reason = str(error).partition("\n")[0][:200]
        return f"the worker is out of memory ({reason}); lower `worker: batch`, {MORE_MEMORY}"
    return "".join(traceback.format_exception(error)).strip()
