"""What drawing costs, in floating-point operations: those of the convolutions, for one filter.

A multiply-add counts as two operations. Pooling, ReLU, resizing and the like are left out.
"""

from filter_atlas import vgg16
from filter_atlas.recipe import Recipe
from filter_atlas.twins.turn import side_seen, turns

QUALITY_CHANGES = 4
"""Shifts and turns under which `quality` measures the filter's own activation again."""


def ascent(layer: str, recipe: Recipe) -> int:
    """Operations of one filter's ascent, without restarts.

    A step goes forward and back through every convolution below the layer and through the one
    filter of the layer itself. First and last picture are measured by a forward pass each.
    """
    cell = 1 << vgg16.BY_NAME[layer].pools_before
    wrapped = 2 * recipe.wrap if cell <= recipe.wrap else 0
    steps = sum(
        4 * phase.steps * _own(layer, phase.size + recipe.margin + wrapped)
        for phase in recipe.schedule
    )
    ends = (recipe.schedule[0].size, recipe.size)
    return recipe.pictures * (steps + sum(2 * _own(layer, size) for size in ends))


def quality(layer: str, recipe: Recipe) -> int:
    """Operations of measuring one filter's finished picture."""
    everything = sum(one.multiply_adds(recipe.size) for one in vgg16.layers_up_to(layer))
    changed = QUALITY_CHANGES * _own(layer, recipe.size)
    return recipe.pictures * 2 * (everything + changed)


def twins(layer: str, size: int, step: int, compared: int) -> int:
    """Operations of asking `compared` filters of a layer about one filter's picture in every turn.

    Args:
        layer: Keras name of the layer.
        size: side of the picture, in pixels.
        step: the angle that all turns are multiples of, in degrees.
        compared: how many filters are asked.
    """
    side = side_seen(size, step)
    *below, target = vgg16.layers_up_to(layer)
    once = sum(one.multiply_adds(side) for one in below) + target.multiply_adds(side, compared)
    return 2 * len(turns(step)) * once


def _own(layer: str, size: int) -> int:
    """Multiply-adds of all convolutions below a layer, and of one filter of its own."""
    *below, target = vgg16.layers_up_to(layer)
    return sum(one.multiply_adds(size) for one in below) + target.multiply_adds(size, 1)
