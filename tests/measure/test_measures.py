"""The table of measures: declared once, computed in one way, and right."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import measures_table
from filter_atlas.measure import measures
from filter_atlas.measure.contributions import Contributions
from filter_atlas.measure.measures import (
    MEASURES,
    PICTURE_MEASURES,
    Measure,
    PictureResponse,
    Value,
    known_numbers,
    measure_values,
    picture_values,
)
from samples import RECORD, VALUES

SIZE = 32
RESPONSE = PictureResponse(
    pixels=np.full((SIZE, SIZE, 3), 128, np.uint8),
    filter=1,
    activations=np.array([10.0, 20.0, 40.0, 10.0], np.float32),
    peak=90.0,
    path=np.array([0.5, 1.0, 0.0, 0.0], np.float16),
    shifted=15.0,
    rotated=10.0,
    contributions=Contributions(np.zeros(3, np.float32), 90.0, (0, 0)),
)


# --- the declarations ---


def test_every_measure_has_a_unique_name_and_a_meaning() -> None:
    names = [measure.name for measure in MEASURES]

    assert len(set(names)) == len(names)
    assert all(measure.meaning for measure in MEASURES)


@pytest.mark.parametrize(
    "ways",
    [
        {},
        {"from_record": lambda record: 1, "from_picture": lambda response: 1},
        {"from_picture": lambda response: 1, "from_both": lambda record, values: 1},
    ],
    ids=["none", "two", "another two"],
)
def test_a_measure_without_exactly_one_function_is_rejected(ways: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="measure new: give exactly one function that computes it"):
        Measure(name="new", type="number", meaning="something", **ways)


def test_a_measure_that_pages_show_as_a_number_is_a_number() -> None:
    for measure in MEASURES:
        if measure.orders or measure.display != "number":
            assert measure.type in ("number", "integer")


def test_the_documentation_is_that_of_the_declarations() -> None:
    page = measures_table.PAGE.read_text()

    assert page == measures_table.filled(page), (
        "docs/measures.md is not up to date: run `python docs/measures_table.py` and commit it"
    )


# --- values ---


def test_all_values_of_a_filter_come_from_its_record_and_its_pictures_values() -> None:
    values = measure_values(RECORD, VALUES)

    assert list(values) == [measure.name for measure in MEASURES]
    assert values == {
        **VALUES,
        "layer": "block1_conv1",
        "filter": 0,
        "alive": True,
        "start_activation": 0.5,
        "final_activation": 200.0,
        "final_peak": 900.0,
        "gain": 400.0,
        "final_pre_activation": 150.0,
        "attempts": 1,
        "shown_share": 0.9,
        "robustness": 0.625,
        "certificate": None,
    }


def test_a_filter_that_was_silent_has_no_ratio_and_no_robustness() -> None:
    silent = replace(RECORD, start_activation=0.0, final_activation=0.0)
    picture = {**VALUES, "shift_robustness": None, "rotation_robustness": None}

    values = measure_values(silent, picture)

    assert values["alive"] is False
    assert [values[name] for name in ("gain", "shown_share", "robustness")] == [None] * 3


def test_the_values_of_a_picture_are_those_of_its_response() -> None:
    values = picture_values([RESPONSE])

    assert tuple(values) == PICTURE_MEASURES
    assert values == {
        "shown_activation": 20.0,
        "article_activation": None,
        "shown_peak": 90.0,
        "shift_robustness": 0.75,
        "rotation_robustness": 0.5,
        "noisiness": 0.0,
        "saturated": 0.0,
        "rank": 2,
        "z_score": 0.0,
    }


def test_several_pictures_have_the_mean_of_their_values_and_the_worst_rank() -> None:
    weaker = replace(
        RESPONSE,
        activations=np.array([30.0, 10.0, 20.0, 40.0], np.float32),
        peak=70.0,
        pixels=np.zeros((SIZE, SIZE, 3), np.uint8),
    )

    values = picture_values([RESPONSE, weaker])

    assert values["shown_activation"] == 15.0
    assert values["shown_peak"] == 80.0
    assert values["saturated"] == 0.5
    assert values["rank"] == 4


def test_pictures_that_lack_a_value_do_not_count_in_its_mean() -> None:
    silent = replace(RESPONSE, activations=np.array([1.0, 0.0, 2.0, 3.0], np.float32))

    values = picture_values([silent, RESPONSE])

    assert values["shift_robustness"] == 0.75
    assert picture_values([silent])["shift_robustness"] is None
    assert picture_values([silent])["rotation_robustness"] is None


def test_filters_that_fire_alike_share_a_rank_and_have_no_z_score() -> None:
    alike = replace(RESPONSE, activations=np.full(4, 7.0, np.float32))

    values = picture_values([alike])

    assert values["rank"] == 1
    assert values["z_score"] is None


def test_ranks_and_z_scores_compare_with_all_filters_of_the_layer() -> None:
    activations = RESPONSE.activations
    responses = [replace(RESPONSE, filter=filter) for filter in range(4)]

    assert [measures.rank(response) for response in responses] == [3, 2, 1, 3]
    found: list[Any] = [measures.z_score(response) for response in responses]
    np.testing.assert_allclose(
        found,
        (activations - activations.mean()) / activations.std(),
        rtol=1e-6,
    )


def test_numbers_that_are_not_known_are_left_out() -> None:
    some: list[dict[str, Value]] = [{"z_score": 1.5}, {"z_score": None}, {"z_score": -2.0}]

    assert known_numbers(some, "z_score") == [1.5, -2.0]


# --- measures of the pixels ---


def test_a_picture_of_one_colour_has_no_noise() -> None:
    plain = np.broadcast_to(np.array([10, 200, 255], np.uint8), (SIZE, SIZE, 3))

    assert measures.noisiness(plain) == 0


def test_a_checkerboard_is_nothing_but_noise() -> None:
    board = (np.indices((SIZE, SIZE)).sum(axis=0) % 2 * 255).astype(np.uint8)

    assert measures.noisiness(np.stack([board] * 3, axis=-1)) == pytest.approx(1)


def test_a_slow_wave_has_next_to_no_noise() -> None:
    wave = 127.5 + 100 * np.sin(2 * np.pi * 2 * np.arange(64) / 64)
    pixels = np.broadcast_to(wave[:, None, None], (64, 64, 3)).astype(np.uint8)

    assert measures.noisiness(pixels) < 0.001


def test_the_noise_of_half_a_wave_and_half_a_checkerboard_is_a_half() -> None:
    wave = 60 * np.sqrt(2) * np.sin(2 * np.pi * 2 * np.arange(64) / 64)[:, None]
    board = np.where(np.indices((64, 64)).sum(axis=0) % 2, 60, -60)
    pixels = (127.5 + (wave + board) * 0.8).astype(np.uint8)

    found = measures.noisiness(np.stack([pixels] * 3, axis=-1))

    assert found == pytest.approx(0.5, abs=0.05)


def test_random_pixels_have_the_noise_of_a_white_spectrum() -> None:
    pixels = np.random.RandomState(0).randint(0, 256, (64, 64, 3)).astype(np.uint8)

    # Outside a circle of a quarter of the sampling frequency lies 1 - π/16 of the square.
    assert measures.noisiness(pixels) == pytest.approx(1 - np.pi / 16, abs=0.03)


def test_saturated_is_the_share_of_values_that_are_0_or_255() -> None:
    pixels = np.full((10, 10, 3), 128, np.uint8)
    pixels[:2] = 0
    pixels[5, :, 1] = 255
    pixels[6] = 254
    pixels[7] = 1

    assert measures.saturated(pixels) == pytest.approx((2 * 30 + 10) / 300)
    assert measures.saturated(np.zeros((4, 4, 3), np.uint8)) == 1
    assert measures.saturated(np.full((4, 4, 3), 128, np.uint8)) == 0
