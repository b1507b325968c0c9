"""Parametrisations: the start, the pictures, and resizing."""

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.optimize import parametrisations
from filter_atlas.settings.recipe import PRESETS, Phase, Recipe


def recipe_of_size(size: int, **changes: object) -> Recipe:
    schedule = (Phase(size=size, steps=1, step_size=1.0),)
    return Recipe(schedule=schedule).model_copy(update=changes)


def some_pictures(size: int, count: int = 2) -> tf.Tensor:
    random = np.random.RandomState(0)
    return tf.constant(random.normal(120, 40, (count, size, size, 3)), tf.float32)


def coefficients(size: int, std: float) -> tuple[parametrisations.Parametrisation, tf.Tensor]:
    recipe = recipe_of_size(size, parametrisation="fourier", fourier_start=std)
    fourier = parametrisations.build_parametrisation(recipe)
    return fourier, tf.constant(fourier.start(np.random.RandomState(3))[np.newaxis])


def before_sigmoid(pictures: np.ndarray) -> np.ndarray:
    """The values before the sigmoid that gave these pictures."""
    share = np.asarray(pictures, float) / 255
    return np.log(share / (1 - share))


# --- pixels ---


@pytest.mark.parametrize(("floor", "noise"), [(128.0, 20.0), (0.0, 255.0), (118.0, 1.0)])
def test_pixels_start_in_their_range(floor: float, noise: float) -> None:
    pixels = parametrisations.build_parametrisation(
        recipe_of_size(40, start_floor=floor, start_noise=noise)
    )

    start = pixels.start(np.random.RandomState(0))

    assert start.shape == (40, 40, 3)
    assert start.dtype == np.float32
    assert floor <= start.min() < floor + 0.01 * noise
    assert floor + 0.99 * noise < start.max() <= floor + noise
    assert start.mean() == pytest.approx(floor + noise / 2, abs=0.02 * noise)


def test_pixels_are_the_pictures() -> None:
    pictures = some_pictures(32)

    np.testing.assert_array_equal(
        parametrisations.build_parametrisation(recipe_of_size(32)).pictures(pictures, 32), pictures
    )


@pytest.mark.parametrize("requantise", [0.0, 0.25])
@pytest.mark.parametrize("resize", ["bilinear", "bicubic"])
def test_pixels_resized_to_the_same_size_are_the_same(resize: str, requantise: float) -> None:
    pixels = parametrisations.build_parametrisation(
        recipe_of_size(32, resize=resize, requantise=requantise)
    )
    pictures = some_pictures(32)

    np.testing.assert_array_equal(pixels.resize(pictures, 32, 32), pictures)


def test_bilinear_interpolation_to_the_same_size_is_the_identity() -> None:
    pixels = parametrisations.Pixels(recipe_of_size(32))
    pictures = some_pictures(32)

    np.testing.assert_array_equal(pixels._interpolated(pictures, 32), pictures)


@pytest.mark.parametrize("resize", ["bilinear", "bicubic"])
def test_an_enlarged_slope_is_a_slope(resize: str) -> None:
    pixels = parametrisations.build_parametrisation(recipe_of_size(32, resize=resize))
    slope = np.broadcast_to(np.arange(32, dtype=np.float32)[:, None, None], (32, 32, 3))

    enlarged = pixels.resize(tf.constant(slope[np.newaxis]), 32, 64)

    # Positions refer to centres of pixels, so the first new centre lies a quarter pixel higher.
    expected = (np.arange(64) + 0.5) / 2 - 0.5
    np.testing.assert_allclose(enlarged[0, 8:-8, 5, 1], expected[8:-8], atol=1e-2)


@pytest.mark.parametrize("resize", ["bilinear", "bicubic"])
def test_requantising_computes_as_keras2019(resize: str) -> None:
    contrast = 0.25
    pictures = some_pictures(32)
    pixels = parametrisations.build_parametrisation(
        recipe_of_size(32, resize=resize, requantise=contrast)
    )

    found = pixels.resize(pictures, 32, 39)

    for resized, picture in zip(found, pictures.numpy(), strict=True):
        mean, std = picture.mean(), picture.std()
        levels = np.clip((picture - mean) / (std + 1e-5) * contrast + 0.5, 0, 1) * 255
        levels = levels.astype(np.uint8).astype(np.float32)
        enlarged = np.clip(tf.image.resize(levels, [39, 39], method=resize), 0, 255)
        expected = (np.round(enlarged) / 255 - 0.5) / contrast * std + mean
        level = std / contrast / 255
        # A value between two levels may be rounded to either, which changes its neighbours too.
        assert np.abs(resized - expected).max() < 1.5 * level
        assert (np.abs(resized - expected) > 0.01 * level).mean() < 0.01


def test_each_requantised_picture_has_8_bits_at_its_own_contrast() -> None:
    pixels = parametrisations.build_parametrisation(recipe_of_size(32, requantise=0.25))
    pictures = some_pictures(32)
    faint = tf.concat([pictures[:1], pictures[1:] * 0.01], axis=0)

    found = pixels.resize(faint, 32, 48).numpy()

    for resized, before in zip(found, faint.numpy(), strict=True):
        levels = ((resized - before.mean()) / before.std() * 0.25 + 0.5) * 255
        np.testing.assert_allclose(levels, np.round(levels), atol=0.05)
        assert len(np.unique(np.round(levels))) > 100


def test_only_keras2019_requantises() -> None:
    assert [name for name, preset in PRESETS.items() if preset.requantise] == ["keras2019"]


# --- Fourier ---


@pytest.mark.parametrize("std", [0.01, 1.0])
def test_coefficients_start_with_their_standard_deviation(std: float) -> None:
    _, start = coefficients(64, std)

    assert start.shape == (1, 2, 3, 64, 33)
    assert start.dtype == tf.float32
    assert np.std(start) == pytest.approx(std, rel=0.05)
    assert np.mean(start) == pytest.approx(0, abs=0.05 * std)


@pytest.mark.parametrize("std", [0.01, 1.0, 10.0])
@pytest.mark.parametrize("size", [32, 33])
def test_fourier_pictures_stay_between_black_and_white(size: int, std: float) -> None:
    fourier, start = coefficients(size, std)

    pictures = fourier.pictures(start, size)

    assert pictures.shape == (1, size, size, 3)
    assert np.min(pictures) >= 0
    assert np.max(pictures) <= 255


def test_zero_coefficients_give_mid_grey() -> None:
    fourier, start = coefficients(32, 1.0)

    np.testing.assert_allclose(
        fourier.pictures(tf.zeros_like(start), 32), parametrisations.MID_GREY
    )


def test_a_fourier_picture_is_the_series_of_its_coefficients_in_bgr() -> None:
    fourier, start = coefficients(32, 0.5)

    found = fourier.pictures(start, 32)[0].numpy()

    real, imaginary = start[0].numpy().astype(float)
    rows, columns = np.fft.fftfreq(32)[:, None], np.fft.rfftfreq(32)[None]
    frequency = np.maximum(np.sqrt(rows**2 + columns**2), 1 / 32)
    image = np.fft.irfft2((real + 1j * imaginary) * 32 / frequency, s=(32, 32)) / 4
    matrix = parametrisations.COLOUR_CORRELATION.astype(float)
    matrix = matrix / np.sqrt((matrix**2).sum(axis=0)).max()
    rgb = 255 / (1 + np.exp(-np.moveaxis(image, 0, -1) @ matrix.T))
    np.testing.assert_allclose(found, rgb[..., ::-1], atol=0.02)


@pytest.mark.parametrize("size", [32, 33])
def test_coefficients_resized_to_the_same_size_are_the_same(size: int) -> None:
    fourier, start = coefficients(size, 0.1)

    np.testing.assert_array_equal(fourier.resize(start, size, size), start)


@pytest.mark.parametrize(("before", "after"), [(32, 64), (32, 49), (33, 66), (48, 36), (64, 33)])
def test_a_resized_fourier_picture_keeps_its_low_frequencies(before: int, after: int) -> None:
    fourier, start = coefficients(before, 0.05)

    resized = fourier.resize(start, before, after)
    original_image = before_sigmoid(fourier.pictures(start, before)[0])
    resized_image = before_sigmoid(fourier.pictures(resized, after)[0])

    assert resized.shape == (1, 2, 3, after, after // 2 + 1)
    inside = (min(before, after) - 1) // 2
    rows = np.arange(-inside, inside + 1)
    columns = np.arange(inside + 1)

    def low(image: np.ndarray) -> np.ndarray:
        spectrum = np.fft.rfft2(image, axes=(0, 1)) / image[..., 0].size
        kept: np.ndarray = spectrum[rows[:, None], columns[None]]
        return kept

    np.testing.assert_allclose(
        low(resized_image),
        low(original_image),
        atol=1e-4 * np.abs(low(original_image)).max(),
    )


@pytest.mark.parametrize("size", [32, 33])
def test_an_enlarged_fourier_picture_goes_through_the_pixels_of_the_small_one(size: int) -> None:
    fourier, start = coefficients(size, 0.05)

    small = fourier.pictures(start, size)
    large = fourier.pictures(fourier.resize(start, size, 3 * size), 3 * size)

    np.testing.assert_allclose(large[:, ::3, ::3], small, atol=0.02)


@pytest.mark.parametrize("size", [32, 33])
def test_shrinking_an_enlarged_series_restores_it(size: int) -> None:
    fourier, start = coefficients(size, 0.05)

    there_and_back = fourier.resize(fourier.resize(start, size, 48), 48, size)

    np.testing.assert_allclose(there_and_back, start, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", ["pixels", "fourier"])
def test_a_start_depends_only_on_its_random_stream(name: str) -> None:
    parametrisation = parametrisations.build_parametrisation(
        recipe_of_size(32, parametrisation=name)
    )

    first, again, other = (parametrisation.start(np.random.RandomState(seed)) for seed in (0, 0, 1))

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
