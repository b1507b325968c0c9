"""Reading HDF5 files that a stranger may have written.

HDF5 can point out of itself (links, raw data in other files) and can declare more data than any
memory holds, so nothing here follows a pointer, and values are read only on demand, once the
caller has judged the declared shape.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from filter_atlas.errors import WeightsError


@contextmanager
def opened(content: Path | io.BytesIO, source: str) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; `source` names it in errors.

    Raises:
        WeightsError: the file is truncated or damaged, whenever that comes to light.
    """
    try:
        # No lock: weights often lie on shared, read-only or network disks that refuse one.
        with h5py.File(content, "r", locking=False) as file:
            yield file
    # All that h5py raises where a file's bytes make no sense.
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise WeightsError(
            f"{source}: truncated or damaged HDF5 ({_one_line(error)})", "fetch the file again"
        ) from error


def datasets(file: h5py.File, source: str) -> dict[str, h5py.Dataset]:
    """Every dataset of a file by its full path, values still unread.

    Raises:
        WeightsError: something in the file points elsewhere.
    """
    found: dict[str, h5py.Dataset] = {}
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
        WeightsError: it holds something else than floating-point numbers.
    """
    if dataset.dtype.kind != "f":
        raise WeightsError(
            f"{source}: {dataset.name} holds {dataset.dtype}, not floating-point numbers",
            "save the weights as float32",
        )
    return np.asarray(dataset[()], dtype="<f4")


def _pointer(source: str, name: str) -> WeightsError:
    return WeightsError(
        f"{source}: {name!r} points out of the file or to another part of it, which is never "
        "followed",
        "save the weights into one plain file",
    )


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
