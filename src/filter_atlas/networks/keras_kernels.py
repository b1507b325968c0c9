"""The kernels of the convolutions of a Keras model."""

import keras
import numpy as np

from filter_atlas.networks.keras_graph import Convolution
from filter_atlas.networks.keras_sources import batch_norm
from filter_atlas.networks.kernels import Kernel


def keras_kernel(convolution: Convolution) -> Kernel:
    """The kernel of a convolution, with the batch norms that follow it folded into it."""
    layer = convolution.layer
    weights, groups = _weights(layer)
    filters = weights.shape[3]
    bias = np.asarray(layer.bias, np.float32) if layer.use_bias else np.zeros(filters, np.float32)
    for normalisation in convolution.normalisations:
        scale, offset = batch_norm(normalisation)
        weights, bias = weights * scale, bias * scale + offset
    return Kernel(
        weights, bias, tuple(layer.strides), tuple(layer.dilation_rate), layer.padding, groups
    )


def _weights(layer: keras.layers.Layer) -> tuple[np.ndarray, int]:
    """The weights, (rows, columns, channels of a group, filters) float32, and number of groups."""
    if isinstance(layer, keras.layers.SeparableConv2D):
        depthwise = np.asarray(layer.depthwise_kernel, np.float32)
        rows, columns, channels, multiple = depthwise.shape
        pointwise = np.asarray(layer.pointwise_kernel, np.float32)[0, 0]
        by_channel = pointwise.reshape(channels, multiple, -1)
        both: np.ndarray = np.einsum("rkcm,cmf->rkcf", depthwise, by_channel)
        return both, 1
    kernel = np.asarray(layer.kernel, np.float32)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        rows, columns, channels, multiple = kernel.shape
        return kernel.reshape(rows, columns, 1, channels * multiple), channels
    return kernel, layer.groups
