"""The architecture, as the paper's table gives it."""

import pytest

from filter_atlas import vgg16
from filter_atlas.vgg16 import BY_NAME, KERAS_NAMES, LAYERS


def test_vgg16_has_thirteen_convolutions_with_4224_filters() -> None:
    filters = [layer.filters for layer in LAYERS]

    assert filters == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    assert sum(filters) == 4_224


def test_layers_go_by_the_names_of_keras_and_of_the_paper() -> None:
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


def test_each_layer_takes_what_the_one_before_it_gives() -> None:
    assert [layer.in_channels for layer in LAYERS] == [3, *(layer.filters for layer in LAYERS[:-1])]


def test_the_convolutional_part_has_14714688_parameters() -> None:
    parameters = 0
    for layer in LAYERS:
        height, width, channels, filters = layer.kernel_shape
        parameters += height * width * channels * filters + filters

    assert parameters == 14_714_688


def test_a_picture_is_halved_between_blocks_and_only_there() -> None:
    assert [layer.pools_before for layer in LAYERS] == [0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]


def test_a_whole_layer_costs_each_of_its_filters() -> None:
    layer = BY_NAME["block2_conv2"]

    assert layer.multiply_adds(128) == 64 * 64 * 9 * 128 * 128
    assert layer.multiply_adds(128, filters=3) == 64 * 64 * 9 * 128 * 3


def test_one_filter_of_block5_conv1_costs_4_6_billion_multiply_adds_at_128_pixels() -> None:
    *below, last = vgg16.layers_up_to("block5_conv1")

    cost = sum(layer.multiply_adds(128) for layer in below) + last.multiply_adds(128, filters=1)

    by_hand = 9 * (
        128**2 * (3 * 64 + 64 * 64)
        + 64**2 * (64 * 128 + 128 * 128)
        + 32**2 * (128 * 256 + 2 * 256 * 256)
        + 16**2 * (256 * 512 + 2 * 512 * 512)
        + 8**2 * 512 * 1
    )
    assert cost == by_hand
    assert cost == pytest.approx(4.6e9, rel=0.01)


@pytest.mark.parametrize(("name", "layers"), [("block1_conv1", 1), ("block3_conv1", 5)])
def test_the_way_to_a_layer_ends_with_it(name: str, layers: int) -> None:
    way = vgg16.layers_up_to(name)

    assert way == LAYERS[:layers]
    assert way[-1].name == name


def test_the_smallest_picture_survives_all_five_poolings() -> None:
    side = vgg16.MINIMUM_SIZE

    for _ in range(5):
        assert side % 2 == 0
        side //= 2

    assert side == 1
