"""Floating-point operations of making results: of VGG16, and roughly of other networks.

Only convolutions count; pooling, ReLU, resizing and the like do not. A multiply-add counts as two
operations.
"""

from collections.abc import Iterable

from filter_atlas.base.architecture import VGG16, Architecture
from filter_atlas.base.rotations import symmetries, visible_side
from filter_atlas.base.vgg16_spec import BY_NAME, KERNEL_SIZE, LAYERS, ConvLayer, layers_up_to
from filter_atlas.settings.dreams import Dream
from filter_atlas.settings.recipe import Recipe

CHANGES = 2
"""Changes of a picture, a shift and a rotation, for which a layer's response is computed again."""


def ascent(layer: str, recipe: Recipe) -> int:
    """Operations of one filter's ascent, without restarts.

    A step goes forward and back through every convolution below the layer, and through one filter
    of the layer. The first and the last picture take one forward pass each.
    """
    stride = 1 << BY_NAME[layer].pools_before
    padding = 2 * recipe.circular_padding if stride <= recipe.circular_padding else 0
    steps = sum(
        4 * phase.steps * _one_filter(layer, phase.size + recipe.margin + padding)
        for phase in recipe.schedule
    )
    ends = (recipe.schedule[0].size, recipe.size)
    return recipe.pictures * (steps + sum(2 * _one_filter(layer, size) for size in ends))


def measures(layer: str, recipe: Recipe) -> int:
    """Operations of measuring one filter's finished picture."""
    all_filters = sum(multiply_adds(one, recipe.size) for one in layers_up_to(layer))
    changes = CHANGES * _one_filter(layer, recipe.size)
    return recipe.pictures * 2 * (all_filters + changes)


def twins(layer: str, size: int, rotation_step: int, compared: int) -> int:
    """Operations of comparing one filter's picture, in all symmetries, with filters of its layer.

    Args:
        layer: Keras name of the layer.
        size: side of the picture, in pixels.
        rotation_step: pictures are rotated by all multiples of this angle, in degrees.
        compared: number of filters.
    """
    side = visible_side(size, rotation_step)
    *below, target = layers_up_to(layer)
    once = sum(multiply_adds(one, side) for one in below) + multiply_adds(target, side, compared)
    return 2 * len(symmetries(rotation_step)) * once


def observation(size: int) -> int:
    """Operations of observing how all filters of VGG16 respond to one photograph.

    Args:
        size: side of the square that the network sees, in pixels.
    """
    return 2 * sum(multiply_adds(layer, size) for layer in LAYERS)


def expansion(layer: str, filters: int, convolutions: int) -> int:
    """Operations of expanding the kernels of filters over several convolutions.

    Args:
        layer: Keras name of the layer.
        filters: number of filters.
        convolutions: number of convolutions.
    """
    operations, side = 0, 1
    below = layers_up_to(layer)[::-1][:convolutions]
    for place, one in enumerate(below):
        operations += 2 * filters * side**2 * KERNEL_SIZE**2 * one.in_channels * one.filters
        side += KERNEL_SIZE - 1
        if place + 1 < len(below) and below[place + 1].pools_before < one.pools_before:
            side *= 2
    return operations


def dream(layers: Iterable[str], settings: Dream) -> float:
    """Operations of a dream, for a photograph of 4:3 that is at least as large as it may be.

    Args:
        layers: Keras names of the layers that are excited.
        settings: the dream.
    """
    longest = settings.longest_side
    frames = 1.0
    if settings.zoom:
        frames += (settings.zoom.frames - 1) * settings.zoom.steps / max(settings.steps, 1)
    areas = sum(settings.octave_scale ** (-2 * octave) for octave in range(settings.octaves))
    deepest = max(_one_filter(layer, longest) for layer in layers)
    return 4 * deepest * 0.75 * areas * settings.steps * frames


def vgg16_layer(architecture: Architecture, layer: str) -> str:
    """The layer of VGG16 at the relative depth of a layer of any network.

    With it, the arithmetic of another network grows with the depth, as it does in VGG16. Its
    amount is not right.

    Args:
        architecture: the network.
        layer: name of its layer.
    """
    if architecture == VGG16:
        return layer
    return VGG16.at_depth(list(architecture.by_name).index(layer) / len(architecture.layers)).name


def multiply_adds(layer: ConvLayer, size: int, filters: int | None = None) -> int:
    """Multiply-adds of one layer's convolution for one square picture.

    Args:
        layer: the layer.
        size: side of the picture, in pixels.
        filters: number of filters that are computed; None means all.
    """
    side = size >> layer.pools_before
    outputs = layer.filters if filters is None else filters
    return side * side * KERNEL_SIZE * KERNEL_SIZE * layer.in_channels * outputs


def _one_filter(layer: str, size: int) -> int:
    """Multiply-adds of all convolutions below a layer, and of one filter of the layer."""
    *below, target = layers_up_to(layer)
    return sum(multiply_adds(one, size) for one in below) + multiply_adds(target, size, 1)
