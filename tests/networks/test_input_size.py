"""The size of the squares of photographs that a network sees."""

import keras
import pytest
from keras import layers

from filter_atlas.base.errors import ConfigError
from filter_atlas.networks.input_size import observed_size
from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.settings.network_source import NetworkSource

SOURCE = NetworkSource(kind="function", name="a:b", weights="own")


@pytest.mark.parametrize(
    ("side", "size", "expected"),
    [(None, None, 299), (None, 64, 64), (48, None, 48), (48, 48, 48), (48, 64, "48 pixels only")],
)
def test_a_network_sees_the_size_of_the_settings_or_of_its_training(
    side: int | None, size: int | None, expected: object
) -> None:
    picture = keras.Input((side, side, 3))
    tensor = layers.Conv2D(2, 3, name="first")(picture)
    if side:
        tensor = layers.Conv2D(2, 1, name="last")(layers.Reshape((46, 92, 1))(tensor))
    network = KerasNetwork(keras.Model(picture, tensor), SOURCE)

    if isinstance(expected, int):
        assert observed_size(network, size, trained=299) == expected
    else:
        with pytest.raises(ConfigError, match=str(expected)):
            observed_size(network, size, trained=299)
