"""VGG16's forward pass, up to the input of a layer.

It consists of plain TensorFlow operations on the canonical tensors. So the worker needs no Keras
model, and only the layers below the target are computed.
"""

from collections.abc import Iterable, Mapping
from copy import copy

import numpy as np
import tensorflow as tf

from filter_atlas.base.precision import Precision
from filter_atlas.base.preprocessing import PREPROCESSINGS
from filter_atlas.base.vgg16_spec import LAYERS, layers_up_to
from filter_atlas.networks.base import Network, SeparateFilters, preprocess
from filter_atlas.networks.interval_bounds import upper_bounds
from filter_atlas.networks.kernels import Kernel
from filter_atlas.networks.receptive_field import ReceptiveField, vgg16_receptive_fields
from filter_atlas.networks.sources import PICTURE, Source, Step


class Vgg16(Network):
    """VGG16's convolutional part, fed as it was trained: BGR less ImageNet's mean.

    A convolution computes in the type of its kernel.

    Args:
        weights: canonical weights as tensors, `<layer>/kernel` (HWIO) and `<layer>/bias`, float32.
        precision: the type of all convolutions except the first. The first one stays float32: it is
            cheap, and bfloat16 is too coarse for the small changes of the picture that it gets.
    """

    def __init__(self, weights: Mapping[str, tf.Tensor], precision: Precision = "float32") -> None:
        self._preprocessing = PREPROCESSINGS["caffe"]
        exact = f"{LAYERS[0].name}/kernel"
        self.weights = {
            name: tf.cast(tensor, precision)
            if name.endswith("/kernel") and name != exact
            else tensor
            for name, tensor in weights.items()
        }

    def input_features(self, pictures: tf.Tensor, layers: Iterable[str]) -> dict[str, tf.Tensor]:
        """The inputs of layers, by name, computed in one pass up to the deepest layer.

        Args:
            pictures: (batch, height, width, 3) float32, **BGR**.
            layers: names of convolutions, at least one.

        Returns:
            (batch, height / 2**pools, width / 2**pools, channels) for each, in the type of the
            kernel below it.
        """
        wanted = set(layers)
        deepest = max((layers_up_to(layer) for layer in wanted), key=len)
        found: dict[str, tf.Tensor] = {}
        features, pools = preprocess(pictures, self._preprocessing), 0
        for convolution in deepest:
            for _ in range(convolution.pools_before - pools):
                features = tf.nn.max_pool2d(features, ksize=2, strides=2, padding="VALID")
            pools = convolution.pools_before
            if convolution.name in wanted:
                found[convolution.name] = features
            if len(found) < len(wanted):
                features = tf.nn.relu(_convolve(features, *self._parameters(convolution.name)))
        return found

    def pre_activations(
        self, features: tf.Tensor, layer: str, filters: tf.Tensor | None = None
    ) -> tf.Tensor:
        """The pre-activations of a layer; only the filters in `filters` are computed."""
        kernel, bias = self._parameters(layer)
        if filters is not None:
            kernel, bias = tf.gather(kernel, filters, axis=3), tf.gather(bias, filters)
        return tf.cast(_convolve(features, kernel, bias), tf.float32)

    def unit_response(self, layer: str, filters: tf.Tensor) -> SeparateFilters:
        """The response of one filter per picture; no other filters are computed."""
        return SeparateFilters(self, layer, *self._parameters(layer), filters)

    def receptive_fields(self, size: int) -> dict[str, ReceptiveField]:
        """The receptive fields of all layers, by name."""
        return vgg16_receptive_fields(size)

    def kernel(self, layer: str) -> Kernel:
        """The kernel of a layer."""
        return Kernel(*(tf.cast(one, tf.float32).numpy() for one in self._parameters(layer)))

    def sources(self, layer: str) -> tuple[Source, ...]:
        """The convolution below, behind its ReLU and perhaps a pooling; or the picture."""
        *below, own = layers_up_to(layer)
        steps: tuple[Step, ...] = (Step("ReLU"),) if below else ()
        if below and own.pools_before > below[-1].pools_before:
            steps += (Step("max pooling", (2, 2), (2, 2)),)
        channels = np.arange(own.in_channels, dtype=np.int32)
        factors = np.ones(own.in_channels, np.float32)
        return (Source(below[-1].name if below else PICTURE, channels, factors, steps),)

    @property
    def colours(self) -> tuple[str, ...]:
        """Blue, green and red."""
        return ("blue", "green", "red")

    def stride(self, layer: str) -> int:
        """2 to the power of the number of poolings before the layer."""
        return 1 << layers_up_to(layer)[-1].pools_before

    def is_stride_aligned(self, layer: str) -> bool:
        """Always true: padding is `same`, and every pooling halves the side exactly."""
        return True

    def upper_bounds(self, layer: str) -> np.ndarray | None:
        """See `interval_bounds.upper_bounds`."""
        weights = {name: tensor.numpy() for name, tensor in self.weights.items()}
        return upper_bounds(layer, weights, self._preprocessing)

    def fed(self, as_trained: bool) -> "Vgg16":
        """The same weights, fed BGR less ImageNet's mean, or grey levels as in the article."""
        chosen = copy(self)
        chosen._preprocessing = PREPROCESSINGS["caffe" if as_trained else "raw_bgr"]
        return chosen

    def _parameters(self, layer: str) -> tuple[tf.Tensor, tf.Tensor]:
        return self.weights[f"{layer}/kernel"], self.weights[f"{layer}/bias"]


def _convolve(features: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    products = tf.nn.conv2d(tf.cast(features, kernel.dtype), kernel, strides=1, padding="SAME")
    return tf.nn.bias_add(products, tf.cast(bias, kernel.dtype))
