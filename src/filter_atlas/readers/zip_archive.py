"""Reading zip archives from unknown authors, one member at a time.

Members are read into memory and never unpacked to disk, so their names are harmless.
"""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filter_atlas.base.errors import WeightsError
from filter_atlas.readers.hdf5 import LARGEST


def member_names(path: Path, source: str) -> list[str]:
    """The names of all members; `source` names the archive in errors.

    Raises:
        WeightsError: it is truncated or damaged.
    """
    with _opened(path, source) as archive:
        return archive.namelist()


def read_member(path: Path, name: str, source: str, largest: int = LARGEST) -> bytes:
    """The content of one member; `source` names the archive in errors.

    Raises:
        WeightsError: there is no such member, it declares more than `largest` bytes, or the
            archive is truncated, damaged or encrypted.
    """
    with _opened(path, source) as archive:
        if name not in archive.namelist():
            raise WeightsError(f"{source}: a zip without {name}", "fetch or save the file again")
        # Python reads no more than the declared size, so a check of that size is enough.
        size = archive.getinfo(name).file_size
        if size > largest:
            raise WeightsError(
                f"{source}: {name} declares {size} bytes, more than the {largest} that are read",
                "give a file that contains only the weights",
            )
        return archive.read(name)


@contextmanager
def _opened(path: Path, source: str) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    # zipfile raises any of these errors for invalid bytes. RuntimeError: an encrypted member, or
    # an unknown compression (NotImplementedError).
    except (
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        lzma.LZMAError,
        struct.error,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise WeightsError(
            f"{source}: truncated or damaged zip ({error})", "fetch the file again"
        ) from error
