"""Reading HDF5 files from unknown authors.

An HDF5 file can point to other files (by links, or by raw data stored elsewhere), and can declare
more data than fits into memory. So this module follows no pointer, and reads values only on demand,
after the caller has checked the declared shape. It rejects content on which the HDF5 library itself
would hang or crash.
"""

import errno
import io
import math
import mmap
import re
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from filter_atlas.base.errors import WeightsError
from filter_atlas.base.regular_files import check_regular, open_regular
from filter_atlas.readers.limits import LARGEST, largest_expansion

SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""The first bytes of an HDF5 file."""

_LARGEST_ATTRIBUTE = 2**26

_HEAP = re.compile(rb"GCOL\x01\0\0\0")
_HEAP_HEADER = _OBJECT_HEADER = 16


@contextmanager
def opened(content: Path | io.BytesIO, source: str) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; `source` names it in errors.

    Raises:
        WeightsError: the file is missing, no regular file, truncated or damaged. Damage may be
            found while it is read.
        MemoryError: there is too little memory to read it.
    """
    if isinstance(content, Path):
        try:
            check_regular(content)
        except OSError as error:
            raise WeightsError.from_os_error(source, error) from error
    try:
        _check_heaps(content)
        # No lock, because shared, read-only and network disks often do not support locks.
        with h5py.File(content, "r", locking=False) as file:
            yield file
    # h5py raises any of these errors for invalid bytes.
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, struct.error) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            raise MemoryError(source) from error
        raise WeightsError(
            f"{source}: truncated or damaged HDF5 ({_one_line(error)})", "fetch the file again"
        ) from error


def datasets(file: h5py.File, source: str) -> dict[str, h5py.Dataset]:
    """Every dataset of a file by its full path; the values are not read.

    Call this before reading any attribute, because it checks that attributes are safe to read.

    Raises:
        WeightsError: an item of the file points to another place or file.
        ValueError: an attribute cannot be read. `opened` reports this as damage.
    """
    found: dict[str, h5py.Dataset] = {}
    _check_attributes(file)
    # Not h5py's `visititems`, which raises SystemError for a damaged file. Groups can contain
    # each other in a cycle, so the addresses of all visited items are kept.
    visited = set()
    groups = [file]
    while groups:
        group = groups.pop()
        for name in group:
            path = f"{group.name}/{name}".lstrip("/")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise _pointer(source, path)
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in visited:
                continue
            visited.add(address)
            _check_attributes(item)
            if isinstance(item, h5py.Group):
                groups.append(item)
            elif isinstance(item, h5py.Dataset):
                if item.external or item.is_virtual:
                    raise _pointer(source, path)
                found[path] = item
    return found


def check_expansion(file: h5py.File, found: Iterable[h5py.Dataset], source: str) -> None:
    """Refuse datasets that declare far more bytes than their file holds.

    A dataset can be compressed, declare values without storing them, or refer to the same long
    text many times.

    Args:
        file: the open file.
        found: the datasets that will be read.
        source: names the file in errors.

    Raises:
        WeightsError: the datasets declare more than `limits.largest_expansion` bytes, or one of
            them holds texts or lists, whose length it does not declare.
    """
    declared, stored = 0, file.id.get_filesize()
    for dataset in found:
        if dataset.dtype.hasobject:
            raise WeightsError(
                f"{source}: {dataset.name} holds {dataset.dtype}, not numbers",
                "save the weights as float32",
            )
        declared += dataset.nbytes
    if declared > largest_expansion(stored):
        raise WeightsError(
            f"{source}: declares {declared} bytes of weights, more than a file of {stored} bytes "
            "can hold",
            "save the weights again, uncompressed",
        )


def values(dataset: h5py.Dataset, source: str) -> npt.NDArray[np.float32]:
    """Read a dataset of floating-point numbers, of any precision, as little-endian float32.

    Raises:
        WeightsError: it does not hold floating-point numbers, or declares too many bytes.
    """
    if dataset.dtype.kind != "f":
        raise WeightsError(
            f"{source}: {dataset.name} holds {dataset.dtype}, not floating-point numbers",
            "save the weights as float32",
        )
    return np.asarray(raw_values(dataset, source), dtype="<f4")


def raw_values(dataset: h5py.Dataset, source: str) -> Any:
    """Read a dataset of any type as it is.

    Raises:
        WeightsError: it declares more bytes than `LARGEST`.
    """
    if dataset.nbytes > LARGEST:
        raise WeightsError(
            f"{source}: {dataset.name} declares {dataset.nbytes} bytes, more than the {LARGEST} "
            "that are read",
            "give the file of a smaller network",
        )
    return dataset[()]


def _check_attributes(item: h5py.Group | h5py.Dataset) -> None:
    """Reject attributes that hold anything other than plain numbers and text.

    h5py follows an invalid pointer when it reads a list of unknown length whose type is damaged.

    Raises:
        ValueError: there is such an attribute.
    """
    for name in item.attrs:
        attribute = item.attrs.get_id(name)
        kind, shape = attribute.dtype, attribute.shape or ()  # an empty attribute has no shape
        size = math.prod(shape) * kind.itemsize
        plain = not kind.hasobject or h5py.check_string_dtype(kind)
        if not plain or size > _LARGEST_ATTRIBUTE:
            raise ValueError(f"the attribute {name!r} of {item.name} cannot be read safely")


def _check_heaps(content: Path | io.BytesIO) -> None:
    """Reject a heap whose objects do not follow each other; heaps hold the text of attributes.

    The HDF5 library (1.14) loops forever on an object that has no size or that points backwards.

    Raises:
        ValueError: there is such a heap, or the file is empty.
    """
    if isinstance(content, io.BytesIO):
        _walk_heaps(content.getvalue())
        return
    with (
        open_regular(content) as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        _walk_heaps(mapped)


def _walk_heaps(content: bytes | mmap.mmap) -> None:
    for heap in _HEAP.finditer(content):
        (size,) = struct.unpack_from("<Q", content, heap.end())
        position, end = heap.start() + _HEAP_HEADER, heap.start() + size
        while end - position >= _OBJECT_HEADER:
            number, size = struct.unpack_from("<H6xQ", content, position)
            # Object 0 is the free space, and its size includes its header.
            step = _OBJECT_HEADER + (size + 7) // 8 * 8 if number else size
            if not 0 < step <= end - position:
                raise ValueError(f"an endless heap at byte {heap.start()}")
            position += step


def _pointer(source: str, name: str) -> WeightsError:
    return WeightsError(
        f"{source}: {name!r} points out of the file or to another part of it, and pointers are "
        "never followed",
        "save the weights into one plain file",
    )


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
