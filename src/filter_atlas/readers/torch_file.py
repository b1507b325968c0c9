"""Reading the tensors in a file of PyTorch (`.pth`), without PyTorch.

Such a file consists of pickles, and unpickling can run any code. So nothing is unpickled here. The
opcodes are interpreted, and only those that a mapping of names to tensors needs are known: no
function is called, and no attribute is set.

Only the format before PyTorch 1.6 is read. It has five pickles (a magic number, the version, facts
about the machine, the mapping, the keys of the storages), and then the values of each storage.
"""

import io
import math
import pickletools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from filter_atlas.base.errors import WeightsError
from filter_atlas.base.formatting import short
from filter_atlas.readers.limits import largest_expansion

SIGNATURE = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The first pickle of every file in this format: the magic number."""

Kind = TypeVar("Kind")

_VERSION = 1001
_MOST_OPCODES = 1_000_000
_COUNT_BYTES = 8
_HIGHEST_RANK = 8

_MAPPING = "collections OrderedDict"
_REBUILD = "torch._utils _rebuild_tensor_v2"
_DTYPES: dict[str, np.dtype[Any]] = {
    "torch FloatStorage": np.dtype("<f4"),
    "torch LongStorage": np.dtype("<i8"),
}
_GLOBALS = {_MAPPING, _REBUILD, *_DTYPES}

_AGAIN = "fetch the file again"
_ONLY_TENSORS = "give a file that holds only tensors by name (a `state_dict`)"


@dataclass(frozen=True)
class _Global:
    """A class or function that a pickle names; it is never looked up."""

    name: str


@dataclass(frozen=True)
class _Storage:
    """Values that tensors share: their key in the file, their type, and their number."""

    key: str
    dtype: np.dtype[Any]
    size: int


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage; offset and strides are in values."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(content: bytes, source: str) -> dict[str, np.ndarray]:
    """Read all tensors in a file's bytes, by name, in the file's order.

    Args:
        content: the bytes.
        source: names the file in errors.

    Returns:
        Contiguous arrays, float32 or int64.

    Raises:
        WeightsError: the bytes are truncated or damaged, are in another format, or hold anything
            but tensors of these types.
    """
    if not content.startswith(SIGNATURE):
        raise WeightsError(
            f"{source}: not PyTorch's format before 1.6 (begins with {content[:8]!r})", _AGAIN
        )
    stream = io.BytesIO(content)
    stream.seek(len(SIGNATURE))
    interpreter = _Interpreter(source)
    # Malformed opcodes cause errors of many types, because they take values that are not there.
    try:
        version, machine, tensors, keys = (interpreter.run(stream) for _ in range(4))
        if version != _VERSION or machine["little_endian"] is not True:
            raise ValueError("of another version, or of a big-endian machine")
        _check_tensors(tensors, source)
        storages = dict(_read_storages(content, stream.tell(), keys, interpreter.storages))
        return _arrays(tensors, storages, source, largest_expansion(len(content)))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{source}: truncated or damaged file of PyTorch ({str(error)[:80]})", _AGAIN
        ) from error


class _Interpreter:
    """Interprets the opcodes of pickles: only texts, numbers, containers, and the classes above."""

    def __init__(self, source: str) -> None:
        self.storages: dict[str, _Storage] = {}
        self._source = source
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def run(self, stream: io.BytesIO) -> Any:
        """Interpret one pickle, and return its value; the stream is then at the pickle's end."""
        for state in (self._stack, self._marks, self._memo):
            state.clear()
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if count == _MOST_OPCODES:
                raise ValueError("a pickle that is far longer than that of any network")
            self._interpret(opcode.name, argument)
        return self._stack.pop()

    def _interpret(self, opcode: str, argument: Any) -> None:
        stack = self._stack
        match opcode:
            case "PROTO" | "STOP":
                pass
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINUNICODE":
                stack.append(argument)
            case "NONE":
                stack.append(None)
            case "NEWTRUE" | "NEWFALSE":
                stack.append(opcode == "NEWTRUE")
            case "EMPTY_TUPLE":
                stack.append(())
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_DICT":
                stack.append({})
            case "MARK":
                self._marks.append(len(stack))
            case "TUPLE":
                stack.append(tuple(self._pop_to_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(self._pop(int(opcode[-1]))))
            case "APPENDS":
                items = self._pop_to_mark()
                _checked(list, stack[-1]).extend(items)
            case "SETITEM":
                self._set_items(self._pop(2))
            case "SETITEMS":
                self._set_items(self._pop_to_mark())
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self._memo[argument])
            case "GLOBAL":
                stack.append(self._global(argument))
            case "BINPERSID":
                stack.append(self._storage(stack.pop()))
            case "REDUCE":
                stack.append(_reduced(*self._pop(2)))
            case "BUILD":
                # The versions of a network's modules, an attribute of the mapping.
                stack.pop()
                _checked(dict, stack[-1])
            case _:
                raise WeightsError(f"{self._source}: holds the opcode {opcode}", _ONLY_TENSORS)

    def _pop_to_mark(self) -> list[Any]:
        return self._pop(len(self._stack) - self._marks.pop())

    def _pop(self, count: int) -> list[Any]:
        if not 0 <= count <= len(self._stack):
            raise IndexError("a pickle that takes more than it has")
        start = len(self._stack) - count
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _set_items(self, items: list[Any]) -> None:
        mapping = _checked(dict, self._stack[-1])
        for name, value in zip(items[::2], items[1::2], strict=True):
            # Only texts, because Python crashes on the hash of a deeply nested tuple.
            mapping[_checked(str, name)] = value

    def _global(self, name: str) -> _Global:
        if name not in _GLOBALS:
            raise WeightsError(f"{self._source}: needs {short(name)}", _ONLY_TENSORS)
        return _Global(name)

    def _storage(self, identity: Any) -> _Storage:
        _, kind, key, _, size, view = _checked(tuple, identity)
        if view is not None:
            raise ValueError("a storage that is a view of another one")
        dtype = _DTYPES[_checked(_Global, kind).name]
        storage = _Storage(_checked(str, key), dtype, _checked(int, size))
        if self.storages.setdefault(storage.key, storage) != storage:
            raise ValueError("two storages with the same key")
        return storage


def _reduced(function: Any, arguments: Any) -> Any:
    """The value that a call would give; nothing is called."""
    name = _checked(_Global, function).name
    if name == _MAPPING and arguments == ():
        return {}
    if name != _REBUILD:
        raise ValueError(f"a call of {name}")
    storage, offset, shape, strides, _, _ = _checked(tuple, arguments)
    return _Tensor(
        _checked(_Storage, storage),
        _checked(int, offset),
        tuple(_checked(int, side) for side in _checked(tuple, shape)),
        tuple(_checked(int, stride) for stride in _checked(tuple, strides)),
    )


def _checked(kind: type[Kind], value: Any) -> Kind:
    """The value, if it has exactly this type."""
    if type(value) is not kind:
        raise TypeError(f"a {type(value).__name__} instead of a {kind.__name__}")
    return value


def _check_tensors(mapping: Any, source: str) -> None:
    """Refuse a mapping with other values than tensors."""
    for name, value in _checked(dict, mapping).items():
        if not isinstance(value, _Tensor):
            raise WeightsError(f"{source}: {short(name)} is not a tensor", _ONLY_TENSORS)


def _read_storages(
    content: bytes, start: int, keys: Any, storages: Mapping[str, _Storage]
) -> Iterator[tuple[str, np.ndarray]]:
    """The values of each storage, by its key: first their number, then the values."""
    for key in _checked(list, keys):
        storage = storages[_checked(str, key)]
        size = int.from_bytes(content[start : start + _COUNT_BYTES], "little")
        start += _COUNT_BYTES
        if size != storage.size or size * storage.dtype.itemsize > len(content) - start:
            raise ValueError("a storage of another size than declared")
        yield key, np.frombuffer(content, storage.dtype, size, start)
        start += size * storage.dtype.itemsize
    if start != len(content):
        raise ValueError("other bytes than storages at the end")


def _arrays(
    tensors: Mapping[str, _Tensor],
    storages: Mapping[str, np.ndarray],
    source: str,
    largest: int,
) -> dict[str, np.ndarray]:
    """The tensors of a mapping as arrays; `largest` is the maximum number of bytes in total."""
    arrays = {}
    for name, tensor in tensors.items():
        # Strides of 0 repeat values, and tensors can share storages.
        largest -= math.prod(tensor.shape) * tensor.storage.dtype.itemsize
        if largest < 0:
            raise WeightsError(
                f"{source}: declares far more values than it holds", "save the file again"
            )
        arrays[name] = _array(tensor, storages[tensor.storage.key])
    return arrays


def _array(tensor: _Tensor, values: np.ndarray) -> np.ndarray:
    """A tensor's values, contiguous."""
    pairs = list(zip(tensor.shape, tensor.strides, strict=True))
    if len(pairs) > _HIGHEST_RANK:
        raise ValueError("a tensor of too many dimensions")
    if min((tensor.offset, *tensor.strides)) < 0 or min(tensor.shape, default=1) < 1:
        raise ValueError("a tensor with a negative stride or without values")
    # A stride has no effect along a side of 1, and PyTorch may store any number there.
    strides = [stride if side > 1 else 0 for side, stride in pairs]
    last = tensor.offset + sum((side - 1) * stride for side, stride in pairs)
    if last >= values.size:
        raise ValueError("a tensor outside its storage")
    view = np.lib.stride_tricks.as_strided(
        values[tensor.offset :], tensor.shape, [stride * values.itemsize for stride in strides]
    )
    return np.array(view, order="C")
