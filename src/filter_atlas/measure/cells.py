"""Cells of a layer: the one in which a filter fires most, and what all filters do in it.

The activations of all filters in one cell are the *path* of what the cell sees through the network,
after R. Geirhos et al., "Don't trust your eyes: on the (un)reliability of feature visualizations"
(ICML 2024).
"""

import tensorflow as tf


def greatest_cells(cells: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The greatest activation of each filter, and the first cell that has it.

    Args:
        cells: (batch, cells, filters) float32.

    Returns:
        (batch, filters) float32, and (batch, filters) int32.
    """
    greatest = tf.reduce_max(cells, axis=1)
    count = tf.shape(cells)[1]
    # Not `argmax`: which of several equal cells it returns is not defined.
    places = tf.range(count)[tf.newaxis, :, tf.newaxis]
    is_greatest = tf.equal(cells, greatest[:, tf.newaxis])
    # Nothing equals what is not a number; the last cell is at least a cell.
    return greatest, tf.reduce_min(tf.where(is_greatest, places, count - 1), axis=1)


def paths_in_cells(activations: tf.Tensor, cells: tf.Tensor) -> tf.Tensor:
    """The activations of all filters in some cells, as shares of the greatest in the cell.

    Path similarity compares only their order. Shares fit into 16 bits for every network, and halve
    the files; activations of some networks would be infinite in 16 bits.

    Args:
        activations: (batch, height, width, filters) float32, not negative.
        cells: (batch, wanted) int32, places of cells, row by row.

    Returns:
        (batch, wanted, filters) float16; zeros where no filter fires.
    """
    by_cell = tf.reshape(activations, [tf.shape(activations)[0], -1, activations.shape[-1]])
    found = tf.gather(by_cell, cells, axis=1, batch_dims=1)
    greatest = tf.reduce_max(found, axis=-1, keepdims=True)
    return tf.cast(tf.math.divide_no_nan(found, greatest), tf.float16)
