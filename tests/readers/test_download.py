"""Downloads from a server that resumes, disconnects, returns errors, or sends another file."""

import hashlib
import resource
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from filter_atlas.base.errors import OriginUnavailable, WeightsError
from filter_atlas.readers import download

CONTENT = bytes(range(256)) * 12_000
SHA256 = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
HALF = len(CONTENT) // 2


class Server(ThreadingHTTPServer):
    """Serves CONTENT on 127.0.0.1, with the faults that a test sets."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/vgg16.h5"
        self.resumes = True
        self.breaks = 0
        """Number of responses that break off in the middle."""
        self.stalls = 0
        """Number of responses that stop in the middle, until `wakes` is set."""
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
    """A server without faults, unless a test sets them."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.wakes.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    """Path of the file, in a folder that does not exist yet."""
    return tmp_path / "cache" / "vgg16.h5"


@pytest.fixture
def part(destination: Path) -> Path:
    """The part that an earlier download left: the first half of the file."""
    destination.parent.mkdir()
    part = destination.with_name("vgg16.h5.part")
    part.write_bytes(CONTENT[:HALF])
    return part


@pytest.mark.parametrize("expected", [SHA256, MD5])
def test_a_file_is_downloaded_and_nothing_else_remains(
    server: Server, destination: Path, expected: str
) -> None:
    download.fetch(server.url, destination, expected)

    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]


def test_an_existing_file_is_not_downloaded_again(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.write_bytes(CONTENT)

    download.fetch(server.url, destination, SHA256)

    assert server.ranges == []


def test_an_existing_file_with_a_wrong_hash_is_replaced(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.write_bytes(b"wrong")

    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT


def test_a_broken_connection_is_resumed_where_it_broke(server: Server, destination: Path) -> None:
    server.breaks = 2

    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={HALF}-", f"bytes={HALF + HALF // 2}-"]


def test_a_silent_connection_is_resumed_where_it_stopped(server: Server, destination: Path) -> None:
    server.stalls = 1

    download.fetch(server.url, destination, SHA256, timeout=10)

    assert destination.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={HALF}-"]


@pytest.mark.usefixtures("part")
def test_a_later_run_resumes_the_part_of_an_earlier_one(server: Server, destination: Path) -> None:
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


def test_a_server_that_cannot_resume_and_always_disconnects_is_unavailable(
    server: Server, destination: Path
) -> None:
    server.resumes, server.breaks = False, 99

    with pytest.raises(OriginUnavailable, match=f"broke after {HALF} of {len(CONTENT)} bytes"):
        download.fetch(server.url, destination, SHA256)

    assert len(server.ranges) == 2
    assert not destination.exists()


def test_a_complete_part_is_used_as_it_is(server: Server, destination: Path, part: Path) -> None:
    part.write_bytes(CONTENT)

    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT
    assert server.ranges == [f"bytes={len(CONTENT)}-"]


def test_a_part_longer_than_the_file_is_discarded(
    server: Server, destination: Path, part: Path
) -> None:
    part.write_bytes(CONTENT + b"more")

    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT


def test_a_file_with_another_hash_is_discarded_and_both_hashes_are_named(
    server: Server, destination: Path
) -> None:
    published = f"sha256:{'0' * 64}"

    with pytest.raises(OriginUnavailable, match=rf"sent another file \({SHA256}\).*{published}"):
        download.fetch(server.url, destination, published)

    assert list(destination.parent.iterdir()) == []


def test_a_part_of_another_file_does_not_affect_the_next_run(
    server: Server, destination: Path, part: Path
) -> None:
    part.write_bytes(b"\0" * HALF)
    with pytest.raises(OriginUnavailable):
        download.fetch(server.url, destination, SHA256)

    download.fetch(server.url, destination, SHA256)

    assert destination.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 407, 503])
def test_an_error_of_the_server_is_reported_with_url_reason_and_remedy(
    server: Server, destination: Path, part: Path, status: int
) -> None:
    server.status = status

    with pytest.raises(OriginUnavailable, match=f"{server.url}: answered {status} .*; check the"):
        download.fetch(server.url, destination, SHA256)

    assert part.read_bytes() == CONTENT[:HALF]


def test_a_host_that_does_not_exist_is_unavailable(destination: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/vgg16.h5"

        with pytest.raises(OriginUnavailable, match="Connection refused"):
            download.fetch(url, destination, SHA256)


def test_a_host_that_does_not_respond_is_unavailable(destination: Path) -> None:
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


def test_a_folder_that_cannot_be_created_is_reported(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")

    with pytest.raises(WeightsError, match=r"cannot be written .*fix") as caught:
        download.fetch(server.url, tmp_path / "cache" / "vgg16.h5", SHA256)

    assert not isinstance(caught.value, OriginUnavailable)


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Limit the size of files to a part of CONTENT, which acts like a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_reported(server: Server, destination: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot be written \(File too large\); free space"):
        download.fetch(server.url, destination, SHA256)

    assert not destination.exists()
