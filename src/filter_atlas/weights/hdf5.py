"""Reading HDF5 files that a stranger may have written.

HDF5 can point out of itself (links, raw data in other files) and can declare more data than any
memory holds, so nothing here follows a pointer, and values are read only on demand, once the
caller has judged the declared shape. What would make the HDF5 library itself hang or crash is
refused before it comes to that.
"""

import errno
import io
import math
import mmap
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from filter_atlas.errors import WeightsError

LARGEST = 2**31
"""Bytes to take into memory at once. VGG16 with its top and an optimizer's state fills 1.7 GB."""

_LARGEST_ATTRIBUTE = 2**26

_HEAP = re.compile(rb"GCOL\x01\0\0\0")
_HEAP_HEADER = _OBJECT_HEADER = 16


@contextmanager
def opened(content: Path | io.BytesIO, source: str) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; `source` names it in errors.

    Raises:
        WeightsError: the file is truncated or damaged, whenever that comes to light.
        MemoryError: there is too little to read it.
    """
    try:
        _check_heaps(content)
        # No lock: weights often lie on shared, read-only or network disks that refuse one.
        with h5py.File(content, "r", locking=False) as file:
            yield file
    # All that h5py raises where a file's bytes make no sense.
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, struct.error) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            raise MemoryError(source) from error
        raise WeightsError(
            f"{source}: truncated or damaged HDF5 ({_one_line(error)})", "fetch the file again"
        ) from error


def datasets(file: h5py.File, source: str) -> dict[str, h5py.Dataset]:
    """Every dataset of a file by its full path, values still unread.

    Only when this has returned may the values of attributes be read.

    Raises:
        WeightsError: something in the file points elsewhere.
        ValueError: an attribute cannot be read (which `opened` tells as damage).
    """
    found: dict[str, h5py.Dataset] = {}
    _check_attributes(file)
    # A walk of our own: h5py's `visititems` ends in a SystemError where a file is damaged. What
    # was met is remembered by its address, for groups can contain one another in a ring.
    met = set()
    groups = [file]
    while groups:
        group = groups.pop()
        for name in group:
            path = f"{group.name}/{name}".lstrip("/")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise _pointer(source, path)
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in met:
                continue
            met.add(address)
            _check_attributes(item)
            if isinstance(item, h5py.Group):
                groups.append(item)
            elif isinstance(item, h5py.Dataset):
                if item.external or item.is_virtual:
                    raise _pointer(source, path)
                found[path] = item
    return found


def values(dataset: h5py.Dataset, source: str) -> npt.NDArray[np.float32]:
    """Read a dataset of floating-point numbers, of any precision, as little-endian float32.

    Raises:
        WeightsError: it holds something else than floating-point numbers, or absurdly many.
    """
    if dataset.nbytes > LARGEST:
        raise WeightsError(
            f"{source}: {dataset.name} declares {dataset.nbytes} bytes, more than the {LARGEST} "
            "that are read",
            "give the file of a smaller network",
        )
    if dataset.dtype.kind != "f":
        raise WeightsError(
            f"{source}: {dataset.name} holds {dataset.dtype}, not floating-point numbers",
            "save the weights as float32",
        )
    return np.asarray(dataset[()], dtype="<f4")


def _check_attributes(item: h5py.Group | h5py.Dataset) -> None:
    """Refuse attributes that hold something else than plain numbers and text.

    Of a list of unknown length h5py makes, where its type is damaged, a pointer into nowhere.

    Raises:
        ValueError: there is such an attribute.
    """
    for name in item.attrs:
        attribute = item.attrs.get_id(name)
        kind, shape = attribute.dtype, attribute.shape or ()  # an empty one has none
        size = math.prod(shape) * kind.itemsize
        plain = not kind.hasobject or h5py.check_string_dtype(kind)
        if not plain or size > _LARGEST_ATTRIBUTE:
            raise ValueError(f"the attribute {name!r} of {item.name}")


def _check_heaps(content: Path | io.BytesIO) -> None:
    """Refuse a heap, where attributes keep their text, whose objects do not lie one after another.

    On one that takes no room, or leads back, the HDF5 library (1.14) goes round for ever.

    Raises:
        ValueError: there is such a heap, or the file is empty.
    """
    if isinstance(content, io.BytesIO):
        _walk_heaps(content.getvalue())
        return
    with (
        content.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        _walk_heaps(mapped)


def _walk_heaps(content: bytes | mmap.mmap) -> None:
    for heap in _HEAP.finditer(content):
        (size,) = struct.unpack_from("<Q", content, heap.end())
        place, end = heap.start() + _HEAP_HEADER, heap.start() + size
        while end - place >= _OBJECT_HEADER:
            number, size = struct.unpack_from("<H6xQ", content, place)
            # Number 0 is what is free; its size counts its header too.
            step = _OBJECT_HEADER + (size + 7) // 8 * 8 if number else size
            if not 0 < step <= end - place:
                raise ValueError(f"an endless heap at byte {heap.start()}")
            place += step


def _pointer(source: str, name: str) -> WeightsError:
    return WeightsError(
        f"{source}: {name!r} points out of the file or to another part of it, which is never "
        "followed",
        "save the weights into one plain file",
    )


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
