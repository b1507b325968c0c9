"""The cell in which a filter fires most, and the path: what all filters do in a cell."""

import numpy as np
import tensorflow as tf

from filter_atlas.measure.cells import greatest_cells, paths_in_cells


def test_the_first_of_equal_cells_is_the_greatest() -> None:
    cells = tf.constant(
        [[[1.0, 0.0], [3.0, 0.0], [3.0, 0.0]], [[5.0, 1.0], [0.0, 2.0], [5.0, 2.0]]]
    )

    greatest, first = greatest_cells(cells)

    np.testing.assert_array_equal(greatest, [[3, 0], [5, 2]])
    np.testing.assert_array_equal(first, [[1, 0], [0, 1]])


def test_cells_without_a_number_still_have_a_cell() -> None:
    _, first = greatest_cells(tf.constant([[[np.nan], [np.nan]]]))

    assert 0 <= int(first[0, 0]) < 2


def test_a_path_has_the_share_of_every_filter_in_its_cell() -> None:
    activations = np.zeros((2, 2, 3, 4), np.float32)
    activations[0, 1, 2] = [1e30, 5e29, 0, 1e30]
    activations[1, 0, 1] = [3, 4, 1, 2]

    paths = paths_in_cells(tf.constant(activations), tf.constant([[5, 0], [1, 1]]))

    assert paths.dtype == tf.float16
    np.testing.assert_array_equal(paths[0], [[1, 0.5, 0, 1], [0, 0, 0, 0]])
    np.testing.assert_array_equal(paths[1], [[0.75, 1, 0.25, 0.5]] * 2)
