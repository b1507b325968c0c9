"""Downloads from a server that resumes, breaks, refuses, or sends something else."""

import hashlib
import resource
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from filter_atlas.errors import OriginUnavailable, WeightsError
from filter_atlas.weights import download

CONTENT = bytes(range(256)) * 12_000
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
HALF = len(CONTENT) // 2


class Server(ThreadingHTTPServer):
    """Serves CONTENT on 127.0.0.1, as well or as badly as a test asks."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/vgg16.h5"
        self.resumes = True
        self.breaks = 0
        """How many answers break half way."""
        self.stalls = 0
        """How many answers fall silent half way, until `wakes` is set."""
        self.wakes = threading.Event()
        self.status = 200
        self.ranges: list[str | None] = []
        """The Range header of each request."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.ranges.append(wanted)
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if not self.server.resumes:
            start = 0
        if start >= len(CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            self.end_headers()
            return
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        if start:
            extent = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
            self.send_header("Content-Range", extent)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.breaks:
            self.server.breaks -= 1
            body = body[: len(body) // 2]
        if self.server.stalls:
            self.server.stalls -= 1
            self.wfile.write(body[: len(body) // 2])
            self.server.wakes.wait()
            return
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that behaves, until a test tells it otherwise."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.wakes.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    """Where the file goes, in a folder that is still to be made."""
    return tmp_path / "cache" / "vgg16.h5"


@pytest.fixture
def part(destination: Path) -> Path:
    """What an earlier download left: the first half."""
    destination.parent.mkdir()
    part = destination.with_name("vgg16.h5.part")
    part.write_bytes(CONTENT[:HALF])
    return part


@pytest.mark.parametrize("expected", [SHA256, MD5])
def test_a_file_is_fetched_and_nothing_is_left_beside(
    server: Server, destination: Path, expected: str
) -> None:
    download.fetch(server.url, destination, expected)

    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]


def test_a_file_that_is_there_is_not_fetched_again(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.write_bytes(CONTENT)

    download.fetch(server.url, destination, SHA256)

    assert server.ranges == []


def test_a_file_that_is_there_but_wrong_is_replaced(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.write_bytes(b"wrong")

    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT


def test_a_connection_that_breaks_is_taken_up_where_it_broke(
    server: Server, destination: Path
) -> None:
    server.breaks = 2

    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={HALF}-", f"bytes={HALF + HALF // 2}-"]


def test_a_connection_that_falls_silent_is_taken_up_where_it_fell(
    server: Server, destination: Path
) -> None:
    server.stalls = 1

    download.fetch(server.url, destination, SHA256, timeout=0.3)

    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={HALF}-"]


@pytest.mark.usefixtures("part")
def test_a_later_run_takes_up_what_an_earlier_one_left(server: Server, destination: Path) -> None:
    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT
    assert server.ranges == [f"bytes={HALF}-"]


@pytest.mark.usefixtures("part")
def test_a_server_that_cannot_resume_sends_everything_again(
    server: Server, destination: Path
) -> None:
    server.resumes = False

    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT
    assert server.ranges == [f"bytes={HALF}-"]


def test_a_server_that_cannot_resume_and_always_breaks_is_given_up(
    server: Server, destination: Path
) -> None:
    server.resumes, server.breaks = False, 99

    with pytest.raises(OriginUnavailable, match=f"broke after {HALF} of {len(CONTENT)} bytes"):
        download.fetch(server.url, destination, SHA256)

    assert len(server.ranges) == 2
    assert not destination.exists()


def test_a_part_that_is_already_whole_is_taken_as_it_is(
    server: Server, destination: Path, part: Path
) -> None:
    part.write_bytes(CONTENT)

    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT
    assert server.ranges == [f"bytes={len(CONTENT)}-"]


def test_a_part_longer_than_the_file_is_thrown_away(
    server: Server, destination: Path, part: Path
) -> None:
    part.write_bytes(CONTENT + b"more")

    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT


def test_another_file_than_published_is_thrown_away_and_both_hashes_are_told(
    server: Server, destination: Path
) -> None:
    published = f"sha256:{'0' * 64}"

    with pytest.raises(OriginUnavailable, match=rf"sent another file \({SHA256}\).*{published}"):
        download.fetch(server.url, destination, published)

    assert list(destination.parent.iterdir()) == []


def test_a_part_of_another_file_does_not_spoil_the_next_run(
    server: Server, destination: Path, part: Path
) -> None:
    part.write_bytes(b"\0" * HALF)
    with pytest.raises(OriginUnavailable):
        download.fetch(server.url, destination, SHA256)

    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 407, 503])
def test_a_refusal_tells_url_reason_and_remedy(
    server: Server, destination: Path, part: Path, status: int
) -> None:
    server.status = status

    with pytest.raises(OriginUnavailable, match=f"{server.url}: answered {status} .*; check the"):
        download.fetch(server.url, destination, SHA256)

    assert part.read_bytes() == CONTENT[:HALF]


def test_a_host_that_is_not_there_is_unavailable(destination: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/vgg16.h5"

        with pytest.raises(OriginUnavailable, match="Connection refused"):
            download.fetch(url, destination, SHA256)


def test_a_host_that_keeps_silent_is_unavailable(destination: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/vgg16.h5"

        with pytest.raises(OriginUnavailable, match="timed out"):
            download.fetch(url, destination, SHA256, timeout=0.2)


def test_a_host_that_does_not_speak_http_is_unavailable(destination: Path) -> None:
    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"220 mail.example ESMTP\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=(listener,)).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/vgg16.h5"

        with pytest.raises(OriginUnavailable, match="220 mail"):
            download.fetch(url, destination, SHA256)


def test_a_folder_that_cannot_be_made_is_the_users_to_mend(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")

    with pytest.raises(WeightsError, match=r"cannot be written .*mend") as refusal:
        download.fetch(server.url, tmp_path / "cache" / "vgg16.h5", SHA256)

    assert not isinstance(refusal.value, OriginUnavailable)


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Let no file grow beyond a part of CONTENT: a full disk, as a process without rights can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_the_users_to_mend(server: Server, destination: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot be written \(File too large\); free space"):
        download.fetch(server.url, destination, SHA256)

    assert not destination.exists()
