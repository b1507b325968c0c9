"""The graph of a Keras model, laid open: every convolution, and what stands behind it.

A model is played once more on a symbolic picture of free size, nested models and all, and every
call of a layer is noted. What is needed of a layer is then told by the graph: no name is asked.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from inspect import signature
from typing import Any

import keras
import tensorflow as tf

from filter_atlas.architecture import Architecture, Layer
from filter_atlas.errors import ModelError

CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)

_IDLE = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.Identity,
)
"""What does nothing when a network is not being trained."""

SIZES = (32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 299, 331)
"""Sizes of pictures, in pixels, of which the first is looked for that a network can take."""

LONGEST = 80
"""Letters of the longest name of a layer that stays as it is; file systems take 255 bytes."""

_RESERVED = re.compile(r".*_top|classes|dreams|overview|search|variants")
"""Names that would be those of other files among the results."""

LARGEST = 256
"""Size, in pixels, at which the side of a layer's cells is told, or a multiple of it."""


@dataclass(frozen=True)
class Convolution:
    """One convolution in a graph.

    Attributes:
        layer: the layer itself.
        path: its name, behind those of the models it is nested in.
        seen: the tensor that it is fed.
        output: the tensor that it gives.
        normalisations: batch norms between it and its activation, in order.
    """

    layer: Any
    path: str
    seen: Any
    output: Any
    normalisations: tuple[Any, ...]

    @property
    def filters(self) -> int:
        """How many filters it has."""
        return int(self.output.shape[-1])

    @property
    def plain(self) -> bool:
        """Whether one filter can be computed alone: stride 1, same padding, all channels."""
        return (
            type(self.layer) is keras.layers.Conv2D
            and self.layer.groups == 1
            and set(self.layer.strides) == set(self.layer.dilation_rate) == {1}
            and all(side % 2 for side in self.layer.kernel_size)
            and (self.layer.padding == "same" or set(self.layer.kernel_size) == {1})
        )


@dataclass(eq=False)
class _Call:
    """One call of one layer, on symbolic tensors."""

    layer: Any
    path: str
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    output: Any

    def again(self, values: Mapping[int, Any]) -> Any:
        """Call the layer on the values that stand in for the symbolic tensors.

        Never as in training: some layers, unless told, flip pictures or drop units at random.
        """
        args, kwargs = keras.tree.map_structure(
            lambda one: values[id(one)] if isinstance(one, keras.KerasTensor) else one,
            self.arguments,
        )
        if "training" in signature(self.layer.call).parameters:
            kwargs["training"] = False
        return self.layer(*args, **kwargs)


@dataclass(frozen=True)
class Graph:
    """A model laid open.

    Attributes:
        picture: the symbolic picture.
        calls: every call of a layer, in an order in which they can be made.
        convolutions: by name, in network order.
        size: side of the pictures that it takes, where that is fixed; else None.
        channels: of the pictures.
        hidden: names of convolutions inside layers that are no models, whose graph is not known.
    """

    picture: Any
    calls: tuple[_Call, ...]
    convolutions: dict[str, Convolution]
    size: int | None
    channels: int
    hidden: tuple[str, ...] = ()

    def seen(self, pictures: Any, names: Iterable[str]) -> dict[str, Any]:
        """What some convolutions see of pictures; nothing beyond them is computed.

        Args:
            pictures: (batch, height, width, channels), as the network is fed them.
            names: of the convolutions.
        """
        wanted = {name: self.convolutions[name].seen for name in names}
        values = self._values(pictures, wanted.values())
        return {name: values[id(tensor)] for name, tensor in wanted.items()}

    def compute_in_bfloat16(self) -> None:
        """Have what stands behind the first convolution compute in bfloat16; weights stay float32.

        The first convolution is cheap, and bfloat16 is too coarse for the small changes of a
        picture that it sees.
        """
        first = next(iter(self.convolutions.values()))
        exact = (first.layer, *first.normalisations)
        layers = [call.layer for call in self.calls]
        for layer in layers[layers.index(first.layer) :]:
            if isinstance(layer, keras.layers.Layer) and layer not in exact:
                layer.dtype_policy = keras.DTypePolicy("mixed_bfloat16")

    def sides(self, size: int) -> dict[str, int]:
        """The side of each convolution's output, in cells, for pictures of a size.

        Raises:
            ValueError: the network does not take such pictures.
        """
        picture = keras.KerasTensor((1, size, size, self.channels))
        outputs = {name: one.output for name, one in self.convolutions.items()}
        values = self._values(picture, outputs.values())
        sides = {name: values[id(output)].shape[1] for name, output in outputs.items()}
        if min(sides.values()) < 1:
            raise ValueError("nothing is left of the picture")
        return sides

    def takes(self, size: int) -> bool:
        """Whether every convolution can see pictures of a size."""
        try:
            self.sides(size)
        except (ValueError, TypeError):
            return False
        return True

    def sees(self, size: int) -> bool:
        """Whether a picture of a size goes through; slower to tell than `takes`.

        Some layers have weights for every cell, and refuse other sizes only when they compute.
        """
        outputs = [one.output for one in self.convolutions.values()]
        try:
            self._values(tf.zeros((1, size, size, self.channels)), outputs)
        except (ValueError, TypeError, tf.errors.InvalidArgumentError):
            return False
        return True

    def smallest(self) -> int:
        """Side of the smallest pictures, of `SIZES`, that every convolution can see.

        Raises:
            ModelError: there are none.
        """
        if self.size:
            return self.size
        for size in SIZES:
            if self.takes(size):
                return size
        raise ModelError(
            f"the network takes no pictures of up to {SIZES[-1]} pixels; give one that does"
        )

    def _values(self, picture: Any, wanted: Iterable[Any]) -> dict[int, Any]:
        """The values of some tensors, and of all that they are made of."""
        needed = {id(tensor) for tensor in wanted}
        due = []
        for call in reversed(self.calls):
            if needed & {id(tensor) for tensor in _tensors(call.output)}:
                due.append(call)
                needed |= {id(tensor) for tensor in _tensors(call.arguments)}
        values = {id(self.picture): picture}
        for call in reversed(due):
            made = zip(_tensors(call.output), keras.tree.flatten(call.again(values)), strict=True)
            values |= {id(tensor): value for tensor, value in made}
        return values


@dataclass
class _Tape:
    calls: list[_Call] = field(default_factory=list)

    def play(self, model: keras.Model, picture: Any, path: str = "") -> Any:
        """Play a model on a picture and note every call; return its output."""

        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            name = f"{path}{layer.name}"
            if _has_graph(layer) and len(args) == 1:
                return self.play(layer, args[0], f"{name}/")
            output = layer(*args, **kwargs)
            self.calls.append(_Call(layer, name, (args, kwargs), output))
            return output

        # A Sequential becomes a functional model of the same layers, which alone can be replayed.
        functional = keras.Model(model.inputs, model.outputs)
        # What `keras.models.clone_model` runs, which would make a model of it as well.
        outputs = functional._run_through_graph([picture], lambda layer: layer, call)
        return outputs[0] if len(outputs) == 1 else outputs


def lay_open(model: Any, source: str) -> Graph:
    """Find every convolution of a model.

    Of free size where the model's convolutions allow it, though its end may not: what stands
    behind the last convolution does not matter.

    Args:
        model: a functional or sequential model of one input, pictures with channels last.
        source: what the model is called in errors.

    Raises:
        ModelError: it is no such model, or has no convolution.
    """
    if not _has_graph(model):
        raise ModelError(f"{source}: a model whose graph is not known; build it with keras.Input")
    shapes = [tuple(one.shape) for one in model.inputs]
    convolutions = [one for one in _layers(model) if isinstance(one, CONVOLUTIONS)]
    if any(one.data_format != "channels_last" for one in convolutions):
        raise ModelError(f"{source}: has channels first; convert it to channels last")
    if len(shapes) != 1 or len(shapes[0]) != 4 or not shapes[0][-1]:
        raise ModelError(
            f"{source}: takes {shapes}, where a network of pictures takes one (None, height, "
            "width, channels); give such a model"
        )
    for layer in _every(model):
        if layer.weights and layer.variable_dtype != "float32":
            raise ModelError(
                f"{source}: {layer.name} has weights in {layer.variable_dtype}; convert them to "
                "float32"
            )
        # Mixed precision is for training: gradients in the picture would vanish in it.
        if layer.compute_dtype != "float32":
            layer.dtype_policy = "float32"
    _, height, width, channels = shapes[0]
    graph = _played(model, (None, None, channels), None)
    whole = len(graph.convolutions) == len(convolutions)
    if height and not (whole and graph.takes(height) and _sees_others(graph, height)):
        if height != width:
            raise ModelError(f"{source}: takes {width}×{height} pixels; give one of square ones")
        graph = _played(model, (height, width, channels), height)
    shown = {id(one.layer) for one in graph.convolutions.values()}
    hidden = tuple(
        one.name for one in _every(model) if isinstance(one, CONVOLUTIONS) and id(one) not in shown
    )
    if not shown:
        where = f" outside of layers of other kinds, in which {hidden[0]} is" if hidden else ""
        raise ModelError(
            f"{source}: has no convolution over pictures{where}; give a network that has"
        )
    return replace(graph, hidden=hidden)


def _sees_others(graph: Graph, size: int) -> bool:
    """Whether a network sees pictures of another size than the one that it was made for."""
    other = next((one for one in SIZES if one != size and graph.takes(one)), None)
    return other is not None and graph.sees(other)


def architecture(graph: Graph, title: str) -> Architecture:
    """What a plan needs to know of a graph."""
    return Architecture(
        title,
        tuple(Layer(name, one.path, one.filters) for name, one in graph.convolutions.items()),
    )


def _played(model: Any, shape: tuple[int | None, ...], size: int | None) -> Graph:
    tape, picture = _Tape(), keras.Input(shape)
    # Where a layer behind the convolutions wants a fixed size, what was noted so far counts.
    with suppress(ValueError, TypeError):
        tape.play(model, picture)
    convolutions = _named(tape.calls)
    return Graph(picture, tuple(tape.calls), convolutions, size, int(shape[-1] or 0))


def _has_graph(layer: Any) -> bool:
    try:
        return isinstance(layer, keras.Model) and bool(layer.inputs)
    except (AttributeError, ValueError):
        return False


def _layers(model: Any) -> Iterator[Any]:
    """The layers that a model's graph shows, with those of nested models; a shared one once."""
    every: dict[int, Any] = {}
    for layer in model.layers:
        for one in _layers(layer) if _has_graph(layer) else [layer]:
            every[id(one)] = one
    yield from every.values()


def _every(layer: Any) -> Iterator[Any]:
    """All layers in a model, also those inside of others."""
    return iter(layer._flatten_layers(include_self=False))


def _tensors(value: Any) -> Iterator[Any]:
    if isinstance(value, keras.KerasTensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _tensors(one)


def _named(calls: list[_Call]) -> dict[str, Convolution]:
    """The convolutions by names that are safe in files; a layer that is shared counts once."""
    users: dict[int, list[_Call]] = {}
    for call in calls:
        for tensor in _tensors(call.arguments):
            users.setdefault(id(tensor), []).append(call)
    first: dict[int, _Call] = {}
    for call in calls:
        if isinstance(call.layer, CONVOLUTIONS):
            first.setdefault(id(call.layer), call)
    named: dict[str, Convolution] = {}
    for call in first.values():
        named[safe_name(call.path, taken=named)] = Convolution(
            call.layer,
            call.path,
            next(_tensors(call.arguments)),
            call.output,
            tuple(_normalisations(call, users)),
        )
    return named


def safe_name(path: str, taken: Iterable[str] = ()) -> str:
    """A layer's name for files and addresses: its own, where that is safe there.

    Any other character becomes `-`; a piece of its hash keeps it apart from other names, also
    where files are the same whose names differ by case.

    Args:
        path: its own name.
        taken: names of other layers.
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", path).strip(".-") or "layer"
    folded = safe.casefold()
    if (
        safe == path
        and len(safe) <= LONGEST
        and not _RESERVED.fullmatch(folded)
        and all(folded != name.casefold() for name in taken)
    ):
        return safe
    return f"{safe[:60]}-{sha256(path.encode()).hexdigest()[:6]}"


def _normalisations(call: _Call, users: dict[int, list[_Call]]) -> Iterator[Any]:
    """Batch norms behind a convolution, as long as nothing else is done to its output."""
    if not linear(call.layer):
        return
    output = call.output
    while len(following := users.get(id(output), [])) == 1:
        layer = following[0].layer
        if isinstance(layer, keras.layers.BatchNormalization) and layer.axis in (-1, 3):
            yield layer
        elif not isinstance(layer, _IDLE):
            return
        output = following[0].output


def linear(layer: Any) -> bool:
    """Whether a layer has no activation of its own."""
    return getattr(layer.activation, "__name__", "") == "linear"
