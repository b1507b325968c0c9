"""Tracing the graph of a Keras model: every convolution, and the layers that follow it.

A model is replayed on a symbolic picture of free size, including its nested models, and every call
of a layer is recorded. All properties of a layer are read from this graph, not from layer names.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import keras
import tensorflow as tf

from filter_atlas.base import digests
from filter_atlas.base.architecture import Architecture, Layer
from filter_atlas.base.errors import ModelError
from filter_atlas.base.paths import portable

CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)

INFERENCE_NOOPS = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.Identity,
)
"""Layers that do nothing outside training."""

SIZES = (32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 299, 331)
"""Sizes of pictures, in pixels, that are tried to find the smallest that a network accepts."""

LONGEST_NAME = 80
"""Maximum length of a layer's name that is kept unchanged; file systems allow 255 bytes."""

_RESERVED = re.compile(r".*_top|classes|dreams|overview|search|variants")
"""Names that other result files have."""


@dataclass(frozen=True)
class Convolution:
    """One convolution in a graph.

    Attributes:
        layer: the Keras layer.
        path: its name, preceded by the names of the models in which it is nested.
        input: its symbolic input.
        output: its symbolic output.
        normalisations: the batch norms between it and its activation, in order.
    """

    layer: Any
    path: str
    input: Any
    output: Any
    normalisations: tuple[Any, ...]

    @property
    def filters(self) -> int:
        """Number of filters."""
        return int(self.output.shape[-1])

    @property
    def is_separable_by_filter(self) -> bool:
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
    """One call of a layer on symbolic tensors."""

    layer: Any
    path: str
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    output: Any

    @property
    def inputs(self) -> list[Any]:
        """The symbolic tensors that the layer is called on."""
        return list(_tensors(self.arguments))

    @property
    def outputs(self) -> list[Any]:
        """The symbolic tensors that it returns."""
        return list(_tensors(self.output))

    def repeat(self, values: Mapping[int, Any]) -> Any:
        """Call the layer on values instead of the symbolic tensors.

        The call is never in training mode, in which some layers flip pictures or drop units at
        random.

        Args:
            values: the value of each symbolic tensor, by the tensor's `id`.
        """
        args, kwargs = keras.tree.map_structure(
            lambda leaf: values[id(leaf)] if isinstance(leaf, keras.KerasTensor) else leaf,
            self.arguments,
        )
        if "training" in signature(self.layer.call).parameters:
            kwargs["training"] = False
        return self.layer(*args, **kwargs)


@dataclass(frozen=True)
class Graph:
    """The traced graph of a model.

    Attributes:
        picture: the symbolic picture.
        calls: every call of a layer, in an order in which they can be repeated.
        convolutions: the convolutions by name, in network order.
        size: side of the pictures, if the model accepts only one size; else None.
        channels: number of channels of the pictures.
        untraced: names of convolutions inside layers that are not models: their graph is unknown.
        output: the symbolic output; None if there are several, or if the last layers do not take
            pictures of this size.
    """

    picture: Any
    calls: tuple[_Call, ...]
    convolutions: dict[str, Convolution]
    size: int | None
    channels: int
    untraced: tuple[str, ...] = ()
    output: Any = None

    def architecture(self, title: str) -> Architecture:
        """The convolutions as plain facts, under the network's usual name."""
        layers = tuple(
            Layer(name, convolution.path, convolution.filters)
            for name, convolution in self.convolutions.items()
        )
        return Architecture(title, layers)

    def compute_inputs(self, pictures: Any, names: Iterable[str]) -> dict[str, Any]:
        """The inputs of convolutions; nothing beyond them is computed.

        Args:
            pictures: (batch, height, width, channels), preprocessed.
            names: names of the convolutions.
        """
        wanted = {name: self.convolutions[name].input for name in names}
        values = self._values(pictures, wanted.values())
        return {name: values[id(tensor)] for name, tensor in wanted.items()}

    def compute(self, pictures: Any, tensor: Any) -> dict[int, Any]:
        """The value of a symbolic tensor, and of all that it depends on, by their `id`.

        Args:
            pictures: (batch, height, width, channels), preprocessed.
            tensor: the symbolic tensor.
        """
        return self._values(pictures, [tensor])

    def compute_from(self, start: Any, values: Any, known: Mapping[int, Any], tensor: Any) -> Any:
        """The value of a symbolic tensor, if another one has other values than it had.

        Only what lies between them is computed.

        Args:
            start: the symbolic tensor that has other values.
            values: these values: (batch, ...).
            known: the values for one picture, from `compute`.
            tensor: the symbolic tensor whose value is wanted.
        """
        changed = {id(start): values}
        for call in self.calls:
            inputs = call.inputs
            is_needed = all(id(one) in known for one in call.outputs)
            if not is_needed or not any(id(one) in changed for one in inputs):
                continue
            outputs = call.repeat(
                {
                    id(one): changed[id(one)]
                    if id(one) in changed
                    else tf.repeat(known[id(one)], tf.shape(values)[0], axis=0)
                    for one in inputs
                }
            )
            pairs = zip(call.outputs, keras.tree.flatten(outputs), strict=True)
            changed |= {id(one): value for one, value in pairs}
        return changed[id(tensor)]

    def compute_in_bfloat16(self) -> None:
        """Compute everything after the first convolution in bfloat16; weights stay float32.

        The first convolution is cheap, and bfloat16 is too coarse for the small changes of the
        picture that it gets.
        """
        first = next(iter(self.convolutions.values()))
        exact = (first.layer, *first.normalisations)
        layers = [call.layer for call in self.calls]
        for layer in layers[layers.index(first.layer) :]:
            if isinstance(layer, keras.layers.Layer) and layer not in exact:
                layer.dtype_policy = keras.DTypePolicy("mixed_bfloat16")

    def output_sides(self, size: int) -> dict[str, int]:
        """The side of each convolution's output, in cells, for pictures of this size in pixels.

        Raises:
            ValueError: the network does not accept such pictures.
        """
        picture = keras.KerasTensor((1, size, size, self.channels))
        outputs = {name: convolution.output for name, convolution in self.convolutions.items()}
        values = self._values(picture, outputs.values())
        sides = {name: values[id(output)].shape[1] for name, output in outputs.items()}
        if min(sides.values()) < 1:
            raise ValueError("nothing is left of the picture")
        return sides

    def accepts(self, size: int) -> bool:
        """Whether the shapes of all layers fit pictures of this size."""
        try:
            self.output_sides(size)
        except (ValueError, TypeError):
            return False
        return True

    def can_compute(self, size: int) -> bool:
        """Whether a picture of this size can be computed; slower than `accepts`.

        Some layers have weights for every cell, and reject other sizes only when they compute.
        """
        outputs = [convolution.output for convolution in self.convolutions.values()]
        try:
            self._values(tf.zeros((1, size, size, self.channels)), outputs)
        except (ValueError, TypeError, tf.errors.InvalidArgumentError):
            return False
        return True

    def smallest_size(self) -> int:
        """The smallest of `SIZES` that the network accepts.

        Raises:
            ModelError: the network accepts none of them.
        """
        if self.size:
            return self.size
        for size in SIZES:
            if self.accepts(size):
                return size
        raise ModelError(
            f"the network takes no pictures of up to {SIZES[-1]} pixels; give one that does"
        )

    def _values(self, picture: Any, wanted: Iterable[Any]) -> dict[int, Any]:
        """The values of symbolic tensors, and of all tensors that they depend on, by their `id`."""
        needed = {id(tensor) for tensor in wanted}
        due = []
        for call in reversed(self.calls):
            if needed & {id(tensor) for tensor in _tensors(call.output)}:
                due.append(call)
                needed |= {id(tensor) for tensor in _tensors(call.arguments)}
        values = {id(self.picture): picture}
        for call in reversed(due):
            outputs = keras.tree.flatten(call.repeat(values))
            pairs = zip(_tensors(call.output), outputs, strict=True)
            values |= {id(tensor): value for tensor, value in pairs}
        return values


def trace_model(model: Any, source: str) -> Graph:
    """Find every convolution of a model.

    The graph accepts pictures of any size if the convolutions do, even if later layers do not.

    Args:
        model: a functional or sequential model with one input: pictures with channels last.
        source: the model's name in errors.

    Raises:
        ModelError: it is another kind of model, or has no convolution.
    """
    if not _has_graph(model):
        raise ModelError(f"{source}: a model whose graph is not known; build it with keras.Input")
    convolutions = [layer for layer in _graph_layers(model) if isinstance(layer, CONVOLUTIONS)]
    if any(layer.data_format != "channels_last" for layer in convolutions):
        raise ModelError(f"{source}: has channels first; convert it to channels last")
    height, width, channels = _picture_shape(model, source)
    for layer in _all_layers(model):
        if layer.weights and layer.variable_dtype != "float32":
            raise ModelError(
                f"{source}: {layer.name} has weights in {layer.variable_dtype}; convert them to "
                "float32"
            )
        # Mixed precision is for training: gradients of the picture would vanish with it.
        if layer.compute_dtype != "float32":
            layer.dtype_policy = "float32"
    graph = _trace(model, (None, None, channels))
    complete = len(graph.convolutions) == len(convolutions)
    if height and not (complete and graph.accepts(height) and _is_size_free(graph, height)):
        if height != width:
            raise ModelError(
                f"{source}: takes {width}×{height} pixels; give a network that takes squares"
            )
        graph = replace(_trace(model, (height, width, channels)), size=height)
    traced = {id(convolution.layer) for convolution in graph.convolutions.values()}
    untraced = tuple(
        layer.name
        for layer in _all_layers(model)
        if isinstance(layer, CONVOLUTIONS) and id(layer) not in traced
    )
    if not traced:
        inside = f" ({untraced[0]} is inside a layer of another kind)" if untraced else ""
        raise ModelError(
            f"{source}: has no 2-D convolution over pictures{inside}; give a network that has one"
        )
    return replace(graph, untraced=untraced)


def trace_whole(model: Any, size: int, channels: int) -> Graph:
    """Trace a model with all of its layers, for pictures of one size.

    Its `output` is None if its last layers do not take pictures of this size.

    Args:
        model: a model that `trace_model` has accepted.
        size: side of the pictures, in pixels.
        channels: number of channels of its pictures.
    """
    return _trace(model, (size, size, channels))


def _picture_shape(model: Any, source: str) -> tuple[int | None, int | None, int]:
    """Height, width and channels of a model's pictures; None if any height or width is accepted.

    Raises:
        ModelError: the model does not take pictures; for example, it has two inputs.
    """
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 4 or not shapes[0][-1]:
        kind = {3: "one-dimensional data", 5: "three-dimensional data"}.get(len(shapes[0]), "data")
        raise ModelError(
            f"{source}: takes {kind} of shape {' and '.join(map(str, shapes))}, and only filters "
            "over pictures are drawn; give a network of one input (None, height, width, channels)"
        )
    _, height, width, channels = shapes[0]
    return height, width, channels


def _is_size_free(graph: Graph, size: int) -> bool:
    """Whether a network can also compute pictures of another size than its own."""
    accepted = (other for other in SIZES if other != size and graph.accepts(other))
    other = next(accepted, None)
    return other is not None and graph.can_compute(other)


def _trace(model: Any, shape: tuple[int | None, ...]) -> Graph:
    """Replay a model on a symbolic picture of this shape: height, width, channels."""
    calls: list[_Call] = []
    picture = keras.Input(shape)
    output = None
    # A layer after the convolutions may need a fixed size. The calls before it are enough.
    with suppress(ValueError, TypeError):
        output = _replay(model, picture, calls)
    channels = int(shape[-1] or 0)
    single = output if isinstance(output, keras.KerasTensor) else None
    return Graph(picture, tuple(calls), _named_convolutions(calls), None, channels, output=single)


def _replay(model: keras.Model, picture: Any, calls: list[_Call], path: str = "") -> Any:
    """Replay a model on a symbolic picture, add every call to `calls`, and return the output."""

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        name = f"{path}{layer.name}"
        if _has_graph(layer) and len(args) == 1:
            return _replay(layer, args[0], calls, f"{name}/")
        output = layer(*args, **kwargs)
        calls.append(_Call(layer, name, (args, kwargs), output))
        return output

    # Only a functional model can be replayed, so a Sequential becomes one with the same layers.
    functional = keras.Model(model.inputs, model.outputs)
    # The method behind `keras.models.clone_model`, which itself would also create a new model.
    outputs = functional._run_through_graph([picture], lambda layer: layer, call)
    return outputs[0] if len(outputs) == 1 else outputs


def _has_graph(layer: Any) -> bool:
    try:
        return isinstance(layer, keras.Model) and bool(layer.inputs)
    except (AttributeError, ValueError):
        return False


def _graph_layers(model: Any) -> Iterator[Any]:
    """The layers in a model's graph and in its nested models; a shared layer appears once."""
    found: dict[int, Any] = {}
    for layer in model.layers:
        for inner in _graph_layers(layer) if _has_graph(layer) else [layer]:
            found[id(inner)] = inner
    yield from found.values()


def _all_layers(layer: Any) -> Iterator[Any]:
    """All layers of a model, including those inside other layers."""
    return iter(layer._flatten_layers(include_self=False))


def _tensors(value: Any) -> Iterator[Any]:
    if isinstance(value, keras.KerasTensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)


def _named_convolutions(calls: list[_Call]) -> dict[str, Convolution]:
    """The convolutions by names that are safe in files; a shared layer appears once."""
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
    """A layer's name for files and web addresses: its own name, if that is safe.

    Otherwise unsafe characters become `-`, and a part of the name's hash is added, so that the name
    stays unique, even on file systems that ignore case. Names that Windows reserves are not safe.

    Args:
        path: the layer's own name.
        taken: names of other layers.
    """
    safe = portable(re.sub(r"[^A-Za-z0-9_.-]+", "-", path).strip(".-") or "layer")
    folded = safe.casefold()
    if (
        safe == path
        and len(safe) <= LONGEST_NAME
        and not _RESERVED.fullmatch(folded)
        and all(folded != name.casefold() for name in taken)
    ):
        return safe
    return f"{safe[:60]}-{digests.bytes_digest(path.encode())[:6]}"


def _normalisations(call: _Call, users: dict[int, list[_Call]]) -> Iterator[Any]:
    """The batch norms that follow a convolution, up to the first layer of another kind."""
    if not is_linear(call.layer):
        return
    output = call.output
    while len(following := users.get(id(output), [])) == 1:
        layer = following[0].layer
        if isinstance(layer, keras.layers.BatchNormalization) and layer.axis in (-1, 3):
            yield layer
        elif not isinstance(layer, INFERENCE_NOOPS):
            return
        output = following[0].output


def rename_for_tensorflow(layers: Iterable[Any]) -> None:
    """Rename layers whose names TensorFlow does not allow; Keras allows nearly any name."""
    for layer in layers:
        layer.name = re.sub(r"^[_-]|[^A-Za-z0-9_.-]", ".", layer.name)


def is_linear(layer: Any) -> bool:
    """Whether a layer has no activation of its own."""
    return getattr(layer.activation, "__name__", "") == "linear"
