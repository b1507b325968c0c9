"""The graph of a Keras model, laid open: every convolution, and what stands behind it.

A model is played once more on a symbolic picture of free size, nested models and all, and every
call of a layer is noted. What is needed of a layer is then told by the graph: no name is asked.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import keras

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
        """Call the layer on the values that stand in for the symbolic tensors."""
        args, kwargs = keras.tree.map_structure(
            lambda one: values[id(one)] if isinstance(one, keras.KerasTensor) else one,
            self.arguments,
        )
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
    """

    picture: Any
    calls: tuple[_Call, ...]
    convolutions: dict[str, Convolution]
    size: int | None
    channels: int

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
            if isinstance(layer, keras.Model) and len(args) == 1:
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
    try:
        inputs = model.inputs
    except (AttributeError, ValueError) as error:
        raise ModelError(
            f"{source}: a model whose graph is not known; build it with keras.Input"
        ) from error
    if not inputs or len(inputs) != 1 or len(inputs[0].shape) != 4 or not inputs[0].shape[-1]:
        raise ModelError(
            f"{source}: takes {[tuple(one.shape) for one in inputs or []]}, where a network of "
            "pictures takes one (None, height, width, channels); give such a model"
        )
    _, height, width, channels = inputs[0].shape
    expected = sum(isinstance(layer, CONVOLUTIONS) for layer in _layers(model))
    graph = _played(model, (None, None, channels), None)
    whole = {id(one.layer) for one in graph.convolutions.values()}
    if height and not (len(whole) == expected and graph.takes(height) and graph.takes(2 * height)):
        if height != width:
            raise ModelError(f"{source}: takes {width}×{height} pixels; give one of square ones")
        graph = _played(model, (height, width, channels), height)
    found = graph.convolutions.values()
    if any(one.layer.data_format != "channels_last" for one in found):
        raise ModelError(f"{source}: has channels first; convert it to channels last")
    if not found:
        raise ModelError(f"{source}: has no convolution over pictures; give a network that has")
    return graph


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


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


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
    named: dict[str, Convolution] = {}
    found = [call for call in calls if isinstance(call.layer, CONVOLUTIONS)]
    for call in {id(call.layer): call for call in reversed(found)}.values():
        named[safe_name(call.path, taken=named)] = Convolution(
            call.layer,
            call.path,
            next(_tensors(call.arguments)),
            call.output,
            tuple(_normalisations(call, users)),
        )
    return dict(reversed(named.items()))


def safe_name(path: str, taken: Any = ()) -> str:
    """A layer's name for files and addresses: its own, where that is safe there.

    Any other character becomes `-`; a piece of its hash keeps it apart from other names.
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", path).strip(".-") or "layer"
    if safe == path and safe not in taken:
        return safe
    return f"{safe[:60]}-{sha256(path.encode()).hexdigest()[:6]}"


def _normalisations(call: _Call, users: dict[int, list[_Call]]) -> Iterator[Any]:
    """Batch norms behind a convolution, as long as nothing else is done to its output."""
    if not linear(call.layer):
        return
    output = call.output
    while len(following := users.get(id(output), [])) == 1:
        layer = following[0].layer
        if isinstance(layer, keras.layers.BatchNormalization):
            yield layer
        elif not isinstance(layer, _IDLE):
            return
        output = following[0].output


def linear(layer: Any) -> bool:
    """Whether a layer has no activation of its own."""
    return getattr(layer.activation, "__name__", "") == "linear"
