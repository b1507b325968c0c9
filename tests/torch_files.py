"""Files of PyTorch (`.pth`), written without PyTorch: opcodes by hand, so they can be hostile."""

import pickle
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from filter_atlas.readers.torch_file import SIGNATURE

MACHINE = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}

STORAGES = {np.dtype("<f4"): "torch FloatStorage", np.dtype("<i8"): "torch LongStorage"}


@dataclass(frozen=True)
class Named:
    """A class or function, named as in a pickle: module and name."""

    name: str


@dataclass(frozen=True)
class Call:
    """A call of a function, or a persistent identity if there is none."""

    function: Named | None
    arguments: tuple[Any, ...]


def opcodes(value: Any) -> bytes:
    """The opcodes that make a value in a pickle."""
    match value:
        case Named(name):
            return b"c" + name.replace(" ", "\n").encode() + b"\n"
        case Call(None, arguments):
            return opcodes(arguments) + b"Q"
        case Call(function, arguments):
            return opcodes(function) + opcodes(arguments) + b"R"
        case tuple():
            return b"(" + b"".join(map(opcodes, value)) + b"t"
        case dict():
            pairs = b"".join(opcodes(part) for pair in value.items() for part in pair)
            return b"}(" + pairs + b"u"
        case list():
            return b"](" + b"".join(map(opcodes, value)) + b"e"
        case _:
            return pickle.dumps(value, protocol=2)[2:-1]


def pickled(*parts: bytes) -> bytes:
    """A pickle of opcodes."""
    return b"\x80\x02" + b"".join(parts) + b"."


def storage(key: str, values: np.ndarray, **changes: Any) -> Call:
    """The identity of a storage; `kind`, `size` and `view` can be changed."""
    stated = {"kind": Named(STORAGES[values.dtype]), "size": values.size, "view": None, **changes}
    identity = ("storage", stated["kind"], key, "cpu", stated["size"], stated["view"])
    return Call(None, identity)


def tensor(identity: Any, offset: Any, shape: Any, strides: Any) -> Call:
    """A view of a storage; offset and strides in values."""
    hooks = Call(Named("collections OrderedDict"), ())
    function = Named("torch._utils _rebuild_tensor_v2")
    return Call(function, (identity, offset, shape, strides, False, hooks))


def torch_file(
    tensors: Mapping[str, Any] | bytes,
    storages: Mapping[str, np.ndarray],
    machine: Any = MACHINE,
    keys: Sequence[Any] | None = None,
) -> bytes:
    """A file with these tensors (or the opcodes of their mapping) and the values of storages."""
    mapping = tensors if isinstance(tensors, bytes) else opcodes(dict(tensors))
    head = [
        opcodes(1001),
        opcodes(machine),
        mapping,
        opcodes(list(storages if keys is None else keys)),
    ]
    values = [struct.pack("<q", array.size) + array.tobytes() for array in storages.values()]
    return SIGNATURE + b"".join(pickled(part) for part in head) + b"".join(values)


def of_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """A file with arrays, whose values are stored in the order of their memory, as in PyTorch."""
    storages, tensors = {}, {}
    for number, (name, array) in enumerate(arrays.items()):
        storages[str(number)] = array.flatten(order="K")
        strides = tuple(stride // array.itemsize for stride in array.strides)
        tensors[name] = tensor(storage(str(number), storages[str(number)]), 0, array.shape, strides)
    return torch_file(tensors, storages)
