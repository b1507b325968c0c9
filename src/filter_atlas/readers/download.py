"""Downloading one file over HTTP; an interrupted download continues where it stopped."""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filter_atlas.base.digests import file_digest
from filter_atlas.base.errors import OriginUnavailable, WeightsError

_CHUNK = 1 << 20


def fetch(url: str, destination: Path, expected: str, timeout: float = 10.0) -> None:
    """Download `url` to `destination`, unless the file is already there.

    Received bytes are kept in a file beside it (`.part`) until the file is complete and its hash is
    right. An interrupted download continues from that part, in this run or in a later one.

    Args:
        url: the address; proxies are taken from the environment.
        destination: the file; its folder is created if it is missing.
        expected: the file's published hash, as `sha256:<hexadecimal>` or `md5:<hexadecimal>`.
        timeout: seconds without data after which the host counts as unreachable.

    Raises:
        OriginUnavailable: the host cannot be reached, returns an error, or sends another file.
        WeightsError: the file cannot be written.
    """
    part = destination.with_name(f"{destination.name}.part")
    try:
        if destination.exists() and _hash(destination, expected) == expected:
            return
        destination.parent.mkdir(parents=True, exist_ok=True)
        _complete(url, part, timeout)
        found = _hash(part, expected)
        if found != expected:
            part.unlink()
            raise _unavailable(
                url, f"sent another file ({found}) than the published one ({expected})"
            )
        part.replace(destination)
    except OSError as error:
        raise WeightsError(
            f"{destination}: cannot be written ({error.strerror})",
            "free space on the disk, or fix the folder's permissions",
        ) from error


def _complete(url: str, part: Path, timeout: float) -> None:
    """Request the missing bytes, and repeat this while each response adds some of them."""
    while True:
        before = _size(part)
        total = _append(url, part, timeout)
        after = _size(part)
        if total is None or after == total:
            return
        if after <= before:
            raise _unavailable(url, f"the connection broke after {after} of {total} bytes")


def _append(url: str, part: Path, timeout: float) -> int | None:
    """Append the response to one request to the part; return the file's size, None if unknown."""
    received = _size(part)
    headers = {"Range": f"bytes={received}-"} if received else {}
    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and received:
            if error.headers.get("Content-Range") == f"bytes */{received}":
                return received  # nothing is missing
            part.unlink()  # longer than the file: it belongs to an older file
            return _append(url, part, timeout)
        raise _unavailable(url, f"answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _unavailable(url, str(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unavailable(url, str(error) or type(error).__name__) from error
    with response:
        # A server that cannot resume sends the whole file, from byte 0.
        start, total = _extent(response)
        part.touch()
        with part.open("r+b") as file:
            file.seek(start)
            file.truncate()
            file.writelines(_chunks(response))
    return total


def _extent(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """Position of a response's first byte in the file, and the file's size, None if unknown."""
    pattern = r"bytes (\d+)-\d+/(\d+)"
    if resumed := re.fullmatch(pattern, response.headers.get("Content-Range", "")):
        return int(resumed[1]), int(resumed[2])
    length = response.headers.get("Content-Length")
    return 0, int(length) if length else None


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    # Ends if the connection breaks. The caller notices this by the size, and keeps the bytes.
    with suppress(OSError, http.client.HTTPException):
        while chunk := response.read1(_CHUNK):
            yield chunk


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _hash(path: Path, expected: str) -> str:
    algorithm = expected.partition(":")[0]
    return f"{algorithm}:{file_digest(path, algorithm)}"


def _unavailable(url: str, reason: str) -> OriginUnavailable:
    return OriginUnavailable(
        f"{url}: {reason}",
        "check the network and its proxy, or give a path in `weights:` of config.yaml",
    )
