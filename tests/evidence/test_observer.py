"""What is observed is what the network computes, to the bit in any company."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from filter_atlas.base.errors import ModelError
from filter_atlas.base.vgg16_spec import BY_NAME
from filter_atlas.evidence.observations import BINS, edges
from filter_atlas.evidence.observer import Observer
from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.settings.network_source import NetworkSource
from keras_models import residual

LAYERS = ["block1_conv1", "block1_conv2", "block2_conv1"]
SIZE = 48
SOURCE = NetworkSource(kind="function", name="a:b", weights="own")


@pytest.fixture(scope="module")
def vgg16() -> Vgg16:
    """The first layers of VGG16 with random weights."""
    random = np.random.RandomState(0)
    return Vgg16(
        {
            f"{name}/{kind}": tf.constant(random.normal(0, 0.1, shape), tf.float32)
            for name in LAYERS
            for kind, shape in (
                ("kernel", BY_NAME[name].kernel_shape),
                ("bias", (BY_NAME[name].filters,)),
            )
        }
    )


def squares(count: int) -> list[np.ndarray]:
    random = np.random.RandomState(1)
    return list(random.randint(0, 256, (count, SIZE, SIZE, 3)).astype(np.uint8))


def test_every_number_is_that_of_the_networks_activations(vgg16: Vgg16) -> None:
    observer = Observer(vgg16, LAYERS, SIZE)

    observations = observer.observe(squares(5))

    assert len(observations) == 5
    assert observer.layout.filters == 64 + 64 + 128
    bgr = tf.constant(squares(5)[4][np.newaxis, ..., ::-1].astype(np.float32))
    features = vgg16.input_features(bgr, LAYERS)
    first = 0
    for layer in LAYERS:
        activations = tf.nn.relu(vgg16.pre_activations(features[layer], layer))[0].numpy()
        cells = activations.reshape(-1, activations.shape[-1])
        rows = observations[4].rows[first : first + cells.shape[1]]
        counts = observations[4].counts[first : first + cells.shape[1]]
        np.testing.assert_allclose(rows["maximum"], cells.max(axis=0), rtol=1e-5)
        np.testing.assert_allclose(rows["mean"], cells.mean(axis=0), rtol=1e-4)
        fires = cells.max(axis=0) > 0
        np.testing.assert_array_equal(rows["cell"][fires], cells.argmax(axis=0)[fires])
        bounds = [-np.inf, np.finfo(float).tiny, *edges()[2:], np.inf]
        expected = [np.histogram(one, bounds)[0] for one in cells.T.astype(float)]
        np.testing.assert_array_equal(counts.sum(axis=1), len(cells))
        # A value may lie on either side of an edge if it is summed in another order.
        assert np.abs(counts - expected).sum() <= 2
        first += cells.shape[1]


def test_an_observation_has_the_same_bits_in_any_company_on_any_number_of_cores(
    vgg16: Vgg16,
) -> None:
    together = Observer(vgg16, LAYERS, SIZE, threads=3).observe(squares(11))

    alone = Observer(vgg16, LAYERS, SIZE, threads=1).observe(squares(11)[6:7])

    np.testing.assert_array_equal(alone[0].rows, together[6].rows)
    np.testing.assert_array_equal(alone[0].counts, together[6].counts)


def test_of_equal_cells_the_first_is_taken_row_by_row(vgg16: Vgg16) -> None:
    blind = Vgg16({**vgg16.weights, "block1_conv1/kernel": tf.zeros([3, 3, 3, 64])})

    [observation] = Observer(blind, LAYERS[:1], SIZE).observe(squares(1))

    assert (observation.rows["cell"] == 0).all()  # every cell has the bias
    assert (observation.counts.max(axis=1) == SIZE * SIZE).all()


def test_counts_of_extreme_activations_are_in_the_outer_bins() -> None:
    picture = keras.Input((None, None, 3))
    model = keras.Model(picture, layers.Conv2D(4, 1, name="only")(picture))
    model.layers[1].set_weights([np.zeros((1, 1, 3, 4)), np.array([0, 1e-30, 1.0, 1e30])])
    [observation] = Observer(KerasNetwork(model, SOURCE), ["only"], SIZE).observe(squares(1))

    assert observation.counts.argmax(axis=1).tolist() == [0, 1, edges().index(1.0), BINS - 1]


def test_the_layout_has_the_maps_and_the_fields_of_any_network() -> None:
    observer = Observer(KerasNetwork(residual(), SOURCE), ["stem", "depthwise", "wide"], 33)

    layout = observer.layout.layers

    assert {name: (one.filters, one.cells) for name, one in layout.items()} == {
        "stem": (6, (17, 17)),
        "depthwise": (6, (17, 17)),
        "wide": (3, (17, 17)),
    }
    assert layout["wide"].field
    assert layout["wide"].field.box(8, 8) == (9, 9, 24, 24)


def test_activations_that_are_no_numbers_are_refused(vgg16: Vgg16) -> None:
    weights = {**vgg16.weights, "block2_conv1/bias": tf.fill([128], np.inf)}
    broken = Vgg16(weights)

    with pytest.raises(ModelError, match="not finite"):
        Observer(broken, LAYERS, SIZE).observe(squares(1))
