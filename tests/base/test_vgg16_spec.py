"""The architecture is that of the paper's table."""

import pytest

from filter_atlas.base import vgg16_spec
from filter_atlas.base.vgg16_spec import BY_NAME, KERAS_NAMES, LAYERS


def test_vgg16_has_thirteen_convolutions_with_4224_filters() -> None:
    filters = [layer.filters for layer in LAYERS]

    assert filters == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    assert sum(filters) == 4_224


def test_layers_have_the_names_of_keras_and_of_the_paper() -> None:
    names = [(layer.name, layer.paper_name) for layer in LAYERS]

    assert names == [
        ("block1_conv1", "conv1_1"),
        ("block1_conv2", "conv1_2"),
        ("block2_conv1", "conv2_1"),
        ("block2_conv2", "conv2_2"),
        ("block3_conv1", "conv3_1"),
        ("block3_conv2", "conv3_2"),
        ("block3_conv3", "conv3_3"),
        ("block4_conv1", "conv4_1"),
        ("block4_conv2", "conv4_2"),
        ("block4_conv3", "conv4_3"),
        ("block5_conv1", "conv5_1"),
        ("block5_conv2", "conv5_2"),
        ("block5_conv3", "conv5_3"),
    ]
    assert {paper_name: name for name, paper_name in names} == KERAS_NAMES
    assert [name for name, _ in names] == list(BY_NAME)


def test_each_layer_has_as_many_input_channels_as_the_previous_layer_has_filters() -> None:
    assert [layer.in_channels for layer in LAYERS] == [3, *(layer.filters for layer in LAYERS[:-1])]


def test_the_convolutional_part_has_14714688_parameters() -> None:
    parameters = 0
    for layer in LAYERS:
        height, width, channels, filters = layer.kernel_shape
        parameters += height * width * channels * filters + filters

    assert parameters == 14_714_688


def test_a_picture_is_halved_between_blocks_and_only_there() -> None:
    assert [layer.pools_before for layer in LAYERS] == [0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]


@pytest.mark.parametrize(("name", "layers"), [("block1_conv1", 1), ("block3_conv1", 5)])
def test_the_layers_up_to_a_layer_include_it(name: str, layers: int) -> None:
    found = vgg16_spec.layers_up_to(name)

    assert found == LAYERS[:layers]
    assert found[-1].name == name


def test_the_smallest_picture_survives_all_five_poolings() -> None:
    side = vgg16_spec.MINIMUM_SIZE

    for _ in range(5):
        assert side % 2 == 0
        side //= 2

    assert side == 1
