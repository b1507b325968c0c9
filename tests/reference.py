"""The method in plain NumPy (float64), easy to read: the tests compare the product with it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from filter_atlas.base.vgg16_spec import ConvLayer

Weights = Mapping[str, np.ndarray]

IMAGENET_MEAN = np.array([103.939, 116.779, 123.68])
"""BGR, in grey levels. VGG16 was trained on pictures less this mean."""

TINY_LAYERS = (
    ConvLayer("one", "one", in_channels=3, filters=4, pools_before=0),
    ConvLayer("two", "two", in_channels=4, filters=5, pools_before=0),
    ConvLayer("three", "three", in_channels=5, filters=3, pools_before=1),
)
"""A small network of the same kind: 3×3 convolutions, ReLUs, a pooling before the last."""


def tiny_weights(seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights for `TINY_LAYERS`."""
    random = np.random.RandomState(seed)
    return {
        name: tensor
        for layer in TINY_LAYERS
        for name, tensor in {
            f"{layer.name}/kernel": random.normal(0, 0.2, layer.kernel_shape),
            f"{layer.name}/bias": random.normal(0, 1, layer.filters),
        }.items()
    }


def convolve(features: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """3×3 convolution with zeros beyond the border: (h, w, in), (3, 3, in, out) → (h, w, out)."""
    height, width, _ = features.shape
    padded = np.pad(features, [(1, 1), (1, 1), (0, 0)])
    output = np.broadcast_to(bias, (height, width, bias.size)).copy()
    for row in range(3):
        for column in range(3):
            output += padded[row : row + height, column : column + width] @ kernel[row, column]
    return output


def convolve_backwards(gradient: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """From the gradient at a convolution's output to that at its input."""
    flipped = kernel[::-1, ::-1].swapaxes(2, 3)
    return convolve(gradient, flipped, np.zeros(flipped.shape[3]))


def relu_and_convolve_backwards(
    pre_activation: np.ndarray, kernel: np.ndarray, gradient: np.ndarray
) -> np.ndarray:
    """From the gradient behind a layer's ReLU to that at its input."""
    return convolve_backwards(np.where(pre_activation > 0, gradient, 0), kernel)


def pool(features: np.ndarray) -> np.ndarray:
    """2×2 max pooling: (h, w, c) → (h/2, w/2, c)."""
    corners = [features[row::2, column::2] for row in range(2) for column in range(2)]
    highest: np.ndarray = np.maximum.reduce(corners)
    return highest


def pool_backwards(features: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """From the gradient at a pooling's output to that at its input."""
    spread = gradient.repeat(2, axis=0).repeat(2, axis=1)
    highest = pool(features).repeat(2, axis=0).repeat(2, axis=1)
    return np.where(features == highest, spread, 0)


def loss_and_gradient(
    picture: np.ndarray, weights: Weights, filter: int, objective: str
) -> tuple[float, np.ndarray]:
    """The objective of one filter of the last tiny layer, and its gradient at the picture."""
    *below, target = TINY_LAYERS
    features = picture
    backwards: list[Callable[[np.ndarray], np.ndarray]] = []
    for layer in below:
        kernel = weights[f"{layer.name}/kernel"]
        pre_activation = convolve(features, kernel, weights[f"{layer.name}/bias"])
        backwards.append(partial(relu_and_convolve_backwards, pre_activation, kernel))
        features = np.maximum(pre_activation, 0)
    backwards.append(partial(pool_backwards, features))
    features = pool(features)

    kernel = weights[f"{target.name}/kernel"][..., [filter]]
    pre_activation = convolve(features, kernel, weights[f"{target.name}/bias"][[filter]])
    if objective == "activation":
        loss, is_active = np.maximum(pre_activation, 0).mean(), pre_activation > 0
    else:
        loss, is_active = pre_activation.mean(), np.ones_like(pre_activation)
    gradient = convolve_backwards(is_active / is_active.size, kernel)
    for backward in reversed(backwards):
        gradient = backward(gradient)
    return loss, gradient


def step(
    picture: np.ndarray,
    weights: Weights,
    filter: int,
    objective: str,
    step_size: float,
    floor: float = 1e-5,
) -> tuple[float, np.ndarray]:
    """One step of the article's ascent: the loss before it, and the picture after it."""
    loss, gradient = loss_and_gradient(picture, weights, filter, objective)
    gradient = gradient / (np.sqrt(np.mean(np.square(gradient))) + floor)
    return loss, picture + gradient * step_size


def steps(
    picture: np.ndarray,
    weights: Weights,
    filter: int,
    objective: str,
    step_sizes: Sequence[float],
    floor: float = 1e-5,
) -> tuple[list[float], np.ndarray]:
    """Several steps, one for each step size: the losses before them, and the last picture."""
    losses = []
    for step_size in step_sizes:
        loss, picture = step(picture, weights, filter, objective, step_size, floor)
        losses.append(loss)
    return losses, picture
