"""The arithmetic of drawing, counted by hand."""

from filter_atlas import cost, quality
from filter_atlas.recipe import Phase, Recipe, Transform

RECIPE = Recipe(schedule=(Phase(size=32, steps=2, rate=1.0), Phase(size=64, steps=1, rate=1.0)))


def first_layer(side: int, filters: int = 1) -> int:
    return side * side * 27 * filters


def test_a_step_goes_forward_and_back_and_both_ends_are_measured() -> None:
    expected = 4 * (2 * first_layer(32) + first_layer(64)) + 2 * (first_layer(32) + first_layer(64))

    assert cost.ascent("block1_conv1", RECIPE) == expected


def test_layers_below_count_whole_and_the_layer_itself_by_one_filter() -> None:
    one = RECIPE.model_copy(update={"schedule": (Phase(size=32, steps=1, rate=1.0),)})
    below_and_own = first_layer(32, 64) + 32 * 32 * 9 * 64

    assert cost.ascent("block1_conv2", one) == (4 + 2 + 2) * below_and_own


def test_what_is_seen_beyond_the_picture_counts() -> None:
    plain = RECIPE.model_copy(update={"schedule": (Phase(size=32, steps=1, rate=1.0),)})
    wrapped = plain.model_copy(update={"wrap": 4})
    padded = plain.model_copy(update={"transforms": (Transform(pad=4),)})

    seen = 4 * first_layer(40) + 4 * first_layer(32)
    assert cost.ascent("block1_conv1", wrapped) == cost.ascent("block1_conv1", padded) == seen
    assert cost.ascent("block4_conv1", wrapped) == cost.ascent("block4_conv1", plain)


def test_every_picture_of_a_filter_counts() -> None:
    several = RECIPE.model_copy(update={"pictures": 3})

    for count in (cost.ascent, cost.quality):
        assert count("block2_conv1", several) == 3 * count("block2_conv1", RECIPE)


def test_twins_are_asked_about_every_turn_of_the_middle_of_a_picture() -> None:
    assert cost.twins("block1_conv1", 128, 90, 10) == 2 * 8 * first_layer(96, 10)
    assert cost.twins("block1_conv1", 128, 45, 10) == 2 * 16 * first_layer(80, 10)


def test_quality_looks_by_all_filters_once_and_by_its_own_under_each_change() -> None:
    expected = 2 * (first_layer(64, 64) + 4 * first_layer(64))

    assert cost.quality("block1_conv1", RECIPE) == expected
    assert len(quality._changes(64)) == cost.QUALITY_CHANGES
