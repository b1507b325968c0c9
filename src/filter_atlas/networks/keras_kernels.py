"""The kernels of the convolutions of a Keras model."""

import keras
import numpy as np

from filter_atlas.networks.keras_graph import Convolution
from filter_atlas.networks.keras_sources import batch_norm
from filter_atlas.networks.kernels import Kernel


def keras_kernel(convolution: Convolution) -> Kernel:
    """The kernel of a convolution, with the batch norms that follow it folded into it."""
    layer = convolution.layer
    weights = _dense(layer)
    filters = weights.shape[3]
    bias = np.asarray(layer.bias, np.float32) if layer.use_bias else np.zeros(filters, np.float32)
    for normalisation in convolution.normalisations:
        scale, offset = batch_norm(normalisation)
        weights, bias = weights * scale, bias * scale + offset
    return Kernel(weights, bias, tuple(layer.strides), tuple(layer.dilation_rate), layer.padding)


def _dense(layer: keras.layers.Layer) -> np.ndarray:
    """The weights of every filter on every channel: (rows, columns, channels, filters) float32."""
    if isinstance(layer, keras.layers.SeparableConv2D):
        depthwise = _of_each_channel(np.asarray(layer.depthwise_kernel, np.float32))
        pointwise = np.asarray(layer.pointwise_kernel, np.float32)[0, 0]
        both: np.ndarray = np.einsum("rkcm,mf->rkcf", depthwise, pointwise)
        return both
    kernel = np.asarray(layer.kernel, np.float32)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return _of_each_channel(kernel)
    groups, (rows, columns, channels, filters) = layer.groups, kernel.shape
    dense = np.zeros((rows, columns, groups * channels, filters), np.float32)
    for group in range(groups):
        own = slice(group * filters // groups, (group + 1) * filters // groups)
        dense[:, :, group * channels : (group + 1) * channels, own] = kernel[..., own]
    return dense


def _of_each_channel(kernel: np.ndarray) -> np.ndarray:
    """The dense weights of a depthwise convolution, which has filters for each channel alone."""
    rows, columns, channels, multiple = kernel.shape
    dense = np.zeros((rows, columns, channels, channels, multiple), np.float32)
    each = np.arange(channels)
    dense[:, :, each, each] = kernel
    return dense.reshape(rows, columns, channels, channels * multiple)
