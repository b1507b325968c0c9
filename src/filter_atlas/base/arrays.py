"""Writing and reading the files of NumPy arrays among the results."""

import io
import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from filter_atlas.base.errors import ResultsError


def npy(array: np.ndarray) -> bytes:
    """An array as the bytes of a `.npy` file."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def npz(compressed: bool = False, **arrays: np.ndarray) -> bytes:
    """Arrays as the bytes of an `.npz` file; equal arrays give equal bytes."""
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def read_npz(path: Path, error_text: str) -> dict[str, np.ndarray]:
    """All arrays of an archive, by name.

    Args:
        path: the `.npz`.
        error_text: what an error message says of any other file.

    Raises:
        ResultsError: the file is missing or damaged.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes())) as stored:
            return dict(stored)
    # RuntimeError: an encrypted member, or (NotImplementedError) an unknown compression.
    # TypeError: an array on its own.
    except (
        OSError,
        ValueError,
        TypeError,
        EOFError,
        RuntimeError,
        BadZipFile,
        zlib.error,
    ) as error:
        raise ResultsError(f"{path}: {error_text} ({error}); delete it and run again") from error
