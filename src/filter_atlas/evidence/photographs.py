"""Finding the photographs of a run: by their content, in folders of any size."""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filter_atlas.base import devices, digests
from filter_atlas.base.addresses import from_address, to_address
from filter_atlas.base.atomic_files import write_atomically
from filter_atlas.base.errors import PhotoError, one_line
from filter_atlas.base.regular_files import read_regular
from filter_atlas.base.sample_photos import sample_photos
from filter_atlas.readers.photograph import identify_photograph
from filter_atlas.readers.scaled_photograph import ScaledPhotograph, read_scaled, read_unchanged
from filter_atlas.settings.photos import SAMPLE, PhotoSettings

SETTLED = 2.0
"""Seconds after its last change from which a file's size and time are trusted to tell any change.
Within one tick of the clock, a file that is still being written can change without a trace."""

NAMED = 3
"""Number of files that a warning names."""


@dataclass(frozen=True)
class FoundPhotograph:
    """A photograph of a run.

    Attributes:
        digest: sha256 of its file.
        address: the path of its file, percent-encoded, because names of files are bytes and need
            not be text.
        name: its name for people: below the folder of the settings, on one printable line.
    """

    digest: str
    address: str
    name: str

    @property
    def path(self) -> Path:
        """The path of its file."""
        return from_address(self.address)


@dataclass(frozen=True)
class FoundPhotographs:
    """All photographs of a run.

    Attributes:
        photographs: in the order of their digests, each content once.
        left_out: name of every file that is left out, and the reason.
    """

    photographs: tuple[FoundPhotograph, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def warning(self) -> str | None:
        """One line about the files that are left out; None if there are none."""
        return warn_of_left_out(self.left_out, len(self.left_out) + len(self.photographs))


def warn_of_left_out(left_out: Sequence[tuple[str, str]], total: int) -> str | None:
    """One line about files that are left out; None if there are none.

    Args:
        left_out: name of every file that is left out, and the reason.
        total: number of all files.
    """
    if not left_out:
        return None
    listed = ", ".join(f"{name} ({reason})" for name, reason in left_out[:NAMED])
    more = f", and {len(left_out) - NAMED:,} more" if len(left_out) > NAMED else ""
    return (
        f"photos: {len(left_out):,} of {total:,} files cannot be read and are left out: "
        f"{listed}{more}"
    )


def find_photographs(settings: PhotoSettings, cache: Path) -> FoundPhotographs:
    """Find the photographs that the settings name.

    Their headers are read, but only one of them is decoded: damage of the others shows when they
    are observed. Digests are kept in the cache, so a folder that has not changed is only listed.

    Args:
        settings: the settings.
        cache: folder in which digests are kept.

    Raises:
        PhotoError: a folder is missing, or no photograph can be read.
    """
    found: dict[str, FoundPhotograph] = {}
    left_out: list[tuple[str, str]] = []
    for folder in settings.folders:
        if folder == SAMPLE:
            entries: Iterable[_Entry] = _sample()
        else:
            entries = _entries(Path(os.path.abspath(Path(folder).expanduser())), folder, cache)
        for entry in entries:
            if entry.reason:
                left_out.append((entry.name, entry.reason))
            else:
                photograph = FoundPhotograph(entry.digest, entry.address, entry.name)
                found.setdefault(entry.digest, photograph)
    photographs = tuple(found[digest] for digest in sorted(found))
    where = " and ".join(settings.folders)
    if not photographs:
        example = (
            f"; the first of {len(left_out):,} files: {': '.join(left_out[0])}" if left_out else ""
        )
        raise PhotoError(
            f"config: photos: {where}: no photograph that can be read{example}; give a folder of "
            "JPEG, PNG or WebP files"
        )
    _check_that_one_can_be_read(photographs, where)
    return FoundPhotographs(photographs, tuple(left_out))


def read_again(photograph: FoundPhotograph, size: int) -> ScaledPhotograph:
    """Read a photograph that was observed.

    Args:
        photograph: the photograph.
        size: side of the square that the network saw, in pixels.

    Raises:
        PhotoError: it cannot be read, or has changed since it was found.
    """
    return read_unchanged(
        photograph.path,
        photograph.digest,
        size,
        lambda line: None,
        f"{photograph.name}: has changed since it was observed",
    )


def chunks(digests_: Sequence[str], most: int) -> dict[str, list[str]]:
    """Share photographs out to jobs.

    Photographs whose digests begin with the same bits are together. A chunk that would be too large
    is cut in two by the next bit. So a new photograph changes the chunk that it comes into, and no
    other one.

    Args:
        digests_: the photographs.
        most: maximum number of photographs in a chunk.

    Returns:
        The photographs of each chunk, in order, by the bits that their digests begin with; `all`
        if there is one chunk.
    """

    numbers = {digest: int(digest, 16) for digest in sorted(digests_)}

    def cut(bits: str, members: list[str]) -> Iterator[tuple[str, list[str]]]:
        if len(members) <= most:
            yield bits or "all", members
            return
        shift = 255 - len(bits)
        for bit in (0, 1):
            yield from cut(
                f"{bits}{bit}", [one for one in members if numbers[one] >> shift & 1 == bit]
            )

    return {name: members for name, members in cut("", list(numbers)) if members}


def is_in_chunk(digest: str, chunk: str) -> bool:
    """Whether a photograph belongs to a chunk of `chunks`, by its name."""
    return chunk == "all" or f"{int(digest, 16):0256b}".startswith(chunk)


@dataclass(frozen=True)
class _Entry:
    """A file that may be a photograph.

    Attributes:
        address, name: see `FoundPhotograph`.
        digest: sha256 of the file; "" if it is left out.
        reason: why it is left out; "" if it is a photograph.
    """

    address: str
    name: str
    digest: str = ""
    reason: str = ""


def _sample() -> Iterator[_Entry]:
    for photo in sample_photos():
        yield _Entry(to_address(photo.path), photo.path.name, photo.digest)


def _entries(root: Path, setting: str, cache: Path) -> list[_Entry]:
    """The files in a folder and in all folders in it, in order of their names."""
    if not root.exists():
        raise PhotoError(f"config: photos: {setting}: no such folder; give a folder of photographs")
    known = _Index.read(root, cache)
    files = list(_files(root))
    with ThreadPoolExecutor(devices.cores()) as pool:
        entries = list(pool.map(lambda file: known.entry(file, root), files, chunksize=64))
    known.write()
    return entries


def _files(root: Path) -> Iterator[str]:
    """The paths of all files; names of files and folders that begin with a dot are skipped."""
    if not root.is_dir():
        yield str(root)
        return
    for folder, folders, names in os.walk(root, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(folder, name) for name in sorted(names) if name[0] != ".")


def _refuse(error: OSError) -> None:
    raise PhotoError(
        f"config: photos: {error.filename}: {error.strerror}; fix its permissions"
    ) from error


class _Index:
    """What is known of the files of a folder, so that they are not read again in every run.

    A file is known as long as its size and the time of its last change are the same.
    """

    def __init__(self, file: Path, known: Mapping[str, list[object]]) -> None:
        self._file = file
        self._known = known
        self._now: dict[str, list[object]] = {}

    @classmethod
    def read(cls, root: Path, cache: Path) -> "_Index":
        """The index of a folder."""
        # Another version of the code may leave out other files.
        code = digests.code_digest(__name__)[:12]
        name = f"{digests.bytes_digest(os.fsencode(root))[:12]}-{code}.json"
        file = cache / "photographs" / name
        try:
            known = json.loads(read_regular(file))
        except (OSError, ValueError):
            known = {}
        return cls(file, known if isinstance(known, dict) else {})

    def entry(self, path: str, root: Path) -> _Entry:
        """What a file is."""
        address = to_address(path)
        below = os.path.relpath(path, root) if path != str(root) else os.path.basename(path)
        name = one_line(below)
        try:
            status = os.stat(path)
        except OSError as error:
            return _Entry(address, name, reason=str(error.strerror))
        state = [status.st_size, status.st_mtime_ns]
        known = self._known.get(address)
        if isinstance(known, list) and len(known) == 4 and known[:2] == state:
            digest, reason = str(known[2]), str(known[3])
        else:
            digest, reason = _identify(Path(path))
        if time.time() - status.st_mtime > SETTLED:
            self._now[address] = [*state, digest, reason]
        return _Entry(address, name, digest, reason)

    def write(self) -> None:
        """Keep what is known now."""
        if self._now != self._known:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, json.dumps(self._now).encode())


def _identify(path: Path) -> tuple[str, str]:
    try:
        return identify_photograph(path), ""
    except PhotoError as error:
        return "", str(error).removeprefix(f"{one_line(str(path))}: ")


def _check_that_one_can_be_read(photographs: Sequence[FoundPhotograph], where: str) -> None:
    reason = ""
    for photograph in photographs:
        try:
            read_scaled(photograph.path, 32, log=lambda line: None)
        except PhotoError as error:
            reason = reason or str(error)
        else:
            return
    raise PhotoError(f"config: photos: {where}: no photograph can be read; the first: {reason}")


def to_facts(found: FoundPhotographs) -> dict[str, Any]:
    """Found photographs as JSON values."""
    return {
        "photographs": [asdict(photograph) for photograph in found.photographs],
        "left_out": [list(entry) for entry in found.left_out],
    }


def from_facts(facts: Mapping[str, Any]) -> FoundPhotographs:
    """Found photographs from the values of `to_facts`."""
    photographs = tuple(FoundPhotograph(**photograph) for photograph in facts["photographs"])
    return FoundPhotographs(photographs, tuple(map(tuple, facts["left_out"])))
