"""Reading zip archives from unknown authors, one member at a time.

Members are read into memory and never unpacked to disk, so their names are harmless.
"""

import io
import lzma
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filter_atlas.base.errors import WeightsError
from filter_atlas.base.regular_files import open_regular
from filter_atlas.readers.limits import LARGEST, largest_expansion

_CHUNK = 1 << 20


def is_zip(path: Path) -> bool:
    """Whether a file is a zip archive, or ends with one.

    Raises:
        OSError: the file cannot be read, or is not a regular file.
    """
    with open_regular(path) as file:
        return zipfile.is_zipfile(file)


def member_names(path: Path, source: str) -> list[str]:
    """The names of all members; `source` names the archive in errors.

    Raises:
        WeightsError: it is missing, no regular file, truncated or damaged.
    """
    with _opened(path, source) as archive:
        return archive.namelist()


def read_member(
    path: Path, name: str, source: str, largest: int = LARGEST, signature: bytes = b""
) -> bytes:
    """The content of one member.

    Args:
        path: the archive.
        name: the member.
        source: names the archive in errors.
        largest: maximum size of the member, in bytes.
        signature: the bytes with which the member must begin; they are read first.

    Raises:
        WeightsError: there is no such member, it declares more than `largest` bytes or far more
            than it has in the archive, it begins with other bytes, or the archive is truncated,
            damaged or encrypted.
    """
    with _opened(path, source) as archive:
        if name not in archive.namelist():
            raise WeightsError(f"{source}: a zip without {name}", "fetch or save the file again")
        # Python reads no more than the declared size, so a check of that size is enough.
        member = archive.getinfo(name)
        size = member.file_size
        if size > largest:
            raise WeightsError(
                f"{source}: {name} declares {size} bytes, more than the {largest} that are read",
                "give a file that contains only the weights",
            )
        # No member has more bytes than the archive, whatever it declares.
        stored = min(member.compress_size, path.stat().st_size)
        if size > largest_expansion(stored):
            raise WeightsError(
                f"{source}: {name} declares {size} bytes, more than {stored} compressed bytes of "
                "weights can hold",
                "save the file again, uncompressed",
            )
        with archive.open(member) as stream:
            content = io.BytesIO()
            content.write(stream.read(len(signature)))
            if content.getvalue() != signature:
                raise WeightsError(
                    f"{source}: {name} is of another kind (it begins with {content.getvalue()!r})",
                    "fetch or save the file again",
                )
            # In chunks, because `read` would need twice the memory.
            shutil.copyfileobj(stream, content, _CHUNK)
        return content.getvalue()


@contextmanager
def _opened(path: Path, source: str) -> Iterator[zipfile.ZipFile]:
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
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
