"""Fetching one file over HTTP, such that a broken download costs only what was still missing."""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filter_atlas.errors import OriginUnavailable, WeightsError
from filter_atlas.weights.fingerprint import file_hash

_CHUNK = 1 << 20


def fetch(url: str, destination: Path, expected: str, timeout: float = 10.0) -> None:
    """Download `url` to `destination`, unless that holds it already.

    What arrives is kept in a file beside (`.part`) until it is whole and its hash is right;
    a download that broke is resumed from there, now or in a later run.

    Args:
        url: where to fetch from; proxies are taken from the environment.
        destination: final name; its folder is made if need be.
        expected: the file's published hash, as `sha256:<hexadecimal>` or `md5:<hexadecimal>`.
        timeout: seconds of silence after which the host counts as unreachable.

    Raises:
        OriginUnavailable: the host cannot be reached, refuses, or sends something else.
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
            raise _unavailable(url, f"sent another file ({found}) than published ({expected})")
        part.replace(destination)
    except OSError as error:
        raise WeightsError(
            f"{destination}: cannot be written ({error.strerror})",
            "free space on the disk, or mend the folder's permissions",
        ) from error


def _complete(url: str, part: Path, timeout: float) -> None:
    """Ask for what is missing, again and again as long as each answer brings more of it."""
    while True:
        before = _size(part)
        total = _append(url, part, timeout)
        after = _size(part)
        if total is None or after == total:
            return
        if after <= before:
            raise _unavailable(url, f"the connection broke after {after} of {total} bytes")


def _append(url: str, part: Path, timeout: float) -> int | None:
    """Add what one request brings to the part; returns the whole's size where it is stated."""
    have = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            if error.headers.get("Content-Range") == f"bytes */{have}":
                return have  # nothing is missing
            part.unlink()  # longer than the file: of an older one
            return _append(url, part, timeout)
        raise _unavailable(url, f"answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _unavailable(url, str(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unavailable(url, str(error) or type(error).__name__) from error
    with response:
        # A server that cannot resume sends the whole, from 0.
        start, total = _extent(response)
        part.touch()
        with part.open("r+b") as file:
            file.seek(start)
            file.truncate()
            file.writelines(_chunks(response))
    return total


def _extent(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """Where in the file an answer begins, and how long the whole file is, if stated."""
    pattern = r"bytes (\d+)-\d+/(\d+)"
    if resumed := re.fullmatch(pattern, response.headers.get("Content-Range", "")):
        return int(resumed[1]), int(resumed[2])
    length = response.headers.get("Content-Length")
    return 0, int(length) if length else None


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    # Ends where the connection breaks: the size tells, and what came this far is kept.
    with suppress(OSError, http.client.HTTPException):
        while chunk := response.read1(_CHUNK):
            yield chunk


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _hash(path: Path, expected: str) -> str:
    algorithm = expected.partition(":")[0]
    return f"{algorithm}:{file_hash(path, algorithm)}"


def _unavailable(url: str, reason: str) -> OriginUnavailable:
    return OriginUnavailable(
        f"{url}: {reason}",
        "check the network and its proxy, or give a path in `weights:` of config.yaml",
    )
